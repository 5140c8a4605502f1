"""What the one function for safe text promises."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.text.safe import LONGEST_MARK_RUN, REPLACEMENT, safe_line, safe_text
from tests.support.hostile import HOSTILE_TEXTS, hostile_text

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# Format characters that are seen: signs that span numbers and words, joiners of hieroglyphs.
VISIBLE_FORMATS = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
) | {chr(number) for number in range(0x13430, 0x13440)}


def is_harmless(character: str, allowed: str) -> bool:
    """Whether a character neither steers, nor hides, nor reorders; by Unicode's own categories."""
    if character in allowed or character in VISIBLE_FORMATS:
        return True
    if 0xE0000 <= ord(character) <= 0xE0FFF or character in BIDI:
        return False
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def assert_safe(text: str, allowed: str) -> None:
    assert [each for each in text if not is_harmless(each, allowed)] == []
    text.encode("utf-8")
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        assert marks <= LONGEST_MARK_RUN


@given(hostile_text())
def test_safe_text_holds_only_what_it_shows(text: str) -> None:
    """Whatever comes in, nothing that steers, hides or reorders comes out."""
    assert_safe(safe_text(text), "\n\t")


@given(hostile_text())
def test_a_safe_line_is_one_line(text: str) -> None:
    """A line has no line breaks and no tabs either."""
    assert_safe(safe_line(text), "")


@given(hostile_text())
def test_safe_text_is_left_alone(text: str) -> None:
    """Making safe text safe again changes nothing."""
    assert safe_text(safe_text(text)) == safe_text(text)
    assert safe_line(safe_line(text)) == safe_line(text)
    assert safe_text(safe_line(text)) == safe_line(text)


@given(hostile_text(), hostile_text())
def test_safe_texts_joined_hold_nothing_unsafe(first: str, second: str) -> None:
    """No character of a joint becomes a control, wherever the text was split."""
    joined = safe_text(first) + safe_text(second)
    assert all(is_harmless(each, "\n\t") for each in joined)


def test_every_code_point_is_harmless_or_replaced() -> None:
    """No character of Unicode comes through that could steer a terminal or change the order."""
    for number in range(0x110000):
        character = chr(number)
        shown = safe_line(character)
        assert shown in {character, REPLACEMENT}
        if shown == character:
            assert is_harmless(character, ""), hex(number)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_the_known_attacks_are_replaced(text: str) -> None:
    """Each known attack leaves the sign that something was there."""
    assert REPLACEMENT in safe_line(text)
    assert_safe(safe_line(text), "")


def test_ordinary_text_is_untouched() -> None:
    """Languages, emoji, box drawings and markup are text like any other."""
    for text in (
        "naïve",
        "Привет",
        "日本語",
        "⚠️ 😀",
        "┌─┐",
        "[@click=app.quit]x[/]",
        "हिन्दी",
        "ไทย",
    ):
        assert safe_line(text) == text


def test_a_whole_sequence_becomes_one_sign() -> None:
    """A sequence is replaced once, and what stands around it stays."""
    assert safe_line("a\x1b[31mb\x1b]0;title\x07c\x1b(Bd\x9b1me") == "a�b�c�d�e"


def test_an_open_string_hides_nothing() -> None:
    """Text after a title sequence that never ends is still shown."""
    assert safe_text("\x1b]0;rm -rf\nnext line") == "�0;rm -rf\nnext line"


def test_two_hundred_thousand_marks_become_eight() -> None:
    """A pile of combining marks is cut to what a screen can draw, and the cut is seen."""
    assert safe_text("e" + "\u0301" * 200_000 + "!") == "e" + "\u0301" * 8 + REPLACEMENT + "!"


def test_a_limit_cuts_with_an_ellipsis() -> None:
    """A line that is too long ends with a sign for it and is never longer than asked for."""
    assert safe_line("abcdef", 6) == "abcdef"
    assert safe_line("abcdefg", 6) == "abcde…"
    assert safe_line("\x1b[31m" * 50, 6) == "�����…"
    assert len(safe_line("x" * 10_000_000, 80)) == 80


@given(hostile_text(), st.integers(1, 12))
def test_a_limit_holds_for_any_text(text: str, limit: int) -> None:
    """The limit counts characters of the safe line, and cutting leaves it safe."""
    line = safe_line(text, limit)
    assert len(line) <= limit
    assert safe_line(line) == line
