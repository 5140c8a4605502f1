"""Ids that are unique, sort by time, and say nothing about names."""

from __future__ import annotations

import os

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
_RANDOM_BYTES = 10


def new_id(milliseconds: int, randomness: bytes | None = None) -> str:
    """Return a ULID: 48 bits of wall time in milliseconds, 80 random bits, 26 characters."""
    random_part = int.from_bytes(randomness or os.urandom(_RANDOM_BYTES), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random_part
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(LENGTH)))


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return len(text) == LENGTH and all(letter in ALPHABET for letter in text)


def milliseconds_of(an_id: str) -> int:
    """Return the wall time in milliseconds at which an id was made."""
    value = 0
    for letter in an_id:
        value = value << 5 | ALPHABET.index(letter)
    return value >> 80
