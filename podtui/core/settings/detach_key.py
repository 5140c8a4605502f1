"""The key that ends an attach session, found in what the terminal sends."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from podtui.core.errors import BadInput
from podtui.core.text.safe import safe_line

DEFAULT_KEY = "ctrl-]"
_FORMS = "ctrl-a to ctrl-z, ctrl-], ctrl-\\, ctrl-^, ctrl-_ or f1 to f12"
_CONTROL = re.compile(r"(?:ctrl[-+]|c-|\^)([a-z\]\\^_])", re.IGNORECASE)
_FUNCTION = re.compile(r"f([1-9]|1[0-2])", re.IGNORECASE)
_TAKEN = {"h": "Backspace", "i": "Tab", "j": "Enter", "m": "Enter"}
_FUNCTION_NUMBERS = (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24)
_PASTE_BEGINS = b"\x1b[200~"
_PASTE_ENDS = b"\x1b[201~"
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9:;]{0,24}|O)\Z")


class DetachKey(msgspec.Struct, frozen=True):
    """A key: its name for people, and every form in which a terminal may send it."""

    name: str
    pattern: re.Pattern[bytes]

    def or_also(self, other: DetachKey) -> DetachKey:
        """Return a key of this name that the other one presses too."""
        either = b"|".join((self.pattern.pattern, other.pattern.pattern))
        return DetachKey(self.name, re.compile(either))


class Typed(NamedTuple):
    """The bytes to be passed on, and whether the key was pressed after them."""

    passed: bytes
    detach: bool


def detach_key(text: str) -> DetachKey:
    """Return the key of "ctrl-]", "ctrl-b", "^]" or "f12".

    Raises:
        BadInput: it is none of these, or a key that every terminal needs for something else.
    """
    control = _CONTROL.fullmatch(text.strip())
    if control and (letter := control.group(1).lower()) not in _TAKEN:
        return DetachKey(f"Ctrl-{letter.upper()}", _control_pattern(letter))
    function = _FUNCTION.fullmatch(text.strip())
    if function:
        return DetachKey(f"F{function.group(1)}", _function_pattern(int(function.group(1))))
    taken = f": it is the {_TAKEN[control.group(1).lower()]} key" if control else ""
    raise BadInput(
        f"{safe_line(text, 20)!r} cannot be the detach key{taken}",
        next_step=f"one of {_FORMS}",
    )


def _control_pattern(letter: str) -> re.Pattern[bytes]:
    # Programs may have switched the terminal to the kitty or the xterm way of encoding keys, in
    # which a control key is no longer one byte. 64 and 128 are the two lock keys.
    byte = re.escape(bytes([ord(letter.upper()) & 0x1F]))
    code = b"%d" % ord(letter)
    modifiers = rb"(?:5|69|133|197)"
    kitty = rb"\x1b\[" + code + rb"(?::[0-9:]*)?;" + modifiers + rb"(?::[12])?(?:;[0-9:]*)?u"
    xterm = rb"\x1b\[27;5;" + code + rb"~"
    return re.compile(b"|".join((byte, kitty, xterm)))


def _function_pattern(number: int) -> re.Pattern[bytes]:
    forms = [rb"\x1b\[%d~" % _FUNCTION_NUMBERS[number - 1]]
    if number <= len("PQRS"):
        forms.append(rb"\x1b(?:O|\[)" + b"PQRS"[number - 1 : number])
    return re.compile(b"|".join(forms))


class KeyWatch:
    """Passes typed bytes on and stops at the detach key.

    What is pasted (between the marks of a bracketed paste) is content, never the key. An escape
    sequence that has only begun is held back until the rest comes, or until `flush`: a terminal
    sends a key whole, so the caller flushes after a moment.
    """

    def __init__(self, key: DetachKey) -> None:
        self._find = re.compile(
            b"(?P<paste>" + re.escape(_PASTE_BEGINS) + b")|(?P<key>" + key.pattern.pattern + b")"
        )
        self._key = key
        self._held = b""
        self._recent = b""
        self._pasting = False
        self._passed_escape = False

    @property
    def holds(self) -> bool:
        """Whether bytes are held back for `flush`."""
        return bool(self._held)

    def flush(self) -> bytes:
        """Return what was held back: it was a key of its own."""
        held, self._held = self._held, b""
        return held

    def feed(self, data: bytes) -> Typed:
        """Take typed bytes."""
        if self._pasting and self._key.pattern.fullmatch(data):
            # A key that comes alone was pressed, even if the end of a paste got lost.
            return Typed(b"", detach=True)
        # An Escape at the end of a read is a key of its own, most likely, and is passed on at
        # once; it may still be found to have been the beginning of more.
        already = b"\x1b" if self._passed_escape else b""
        data = already + self.flush() + data
        passed = bytearray()
        while data:
            if self._pasting:
                end = self._paste_end(data)
                passed += data[:end]
                data = data[end:]
                continue
            found = self._find.search(data)
            if found is None:
                passed += self._hold(data, len(already) if not passed else 0)
                break
            passed += data[: found.start()]
            if found["key"] is not None:
                return Typed(bytes(passed[len(already) :]), detach=True)
            passed += found["paste"]
            data = data[found.end() :]
            self._pasting, self._recent = True, b""
        self._passed_escape = passed.endswith(b"\x1b") and not self._held
        return Typed(bytes(passed[len(already) :]), detach=False)

    def _paste_end(self, data: bytes) -> int:
        """Return how many bytes belong to the paste; its end may have begun in an earlier piece."""
        joined = self._recent + data
        index = joined.find(_PASTE_ENDS)
        if index < 0:
            self._recent = joined[-(len(_PASTE_ENDS) - 1) :]
            return len(data)
        self._pasting = False
        return index + len(_PASTE_ENDS) - len(self._recent)

    def _hold(self, data: bytes, begin: int) -> bytes:
        begun = _UNFINISHED.search(data, begin)
        if begun is None:
            return data
        self._held = begun.group()
        return data[: begun.start()]
