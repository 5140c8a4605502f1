"""Finds where output may be cut without splitting a character or an escape sequence."""

from __future__ import annotations

import codecs
import re

from podtui.core.text import sequences

_LONGEST_CHARACTER = 4
_ESCAPE = b"\x1b"
# No open sequence is longer than this: its introducer, its body, and half of a terminator.
_LONGEST_HELD = sequences.LONGEST_STRING + 4

_OPEN_STRING = sequences.STRING_START + sequences.STRING_BODY + rb"\xc2?"
_OPEN = re.compile(
    rb"\x1b"
    + sequences.INTERMEDIATES
    + rb"|"
    + sequences.CSI
    + sequences.PARAMETERS
    + sequences.INTERMEDIATES
    + rb"|"
    + _OPEN_STRING
)
_STRING_SO_FAR = re.compile(_OPEN_STRING)


def safe_end(data: bytes) -> int:
    """Return the length of the longest beginning of ``data`` that ends between two things.

    ``data`` begins at such a place. The rest, if any, is the beginning of a UTF-8 character or of
    an escape sequence that needs more bytes. A sequence that is longer than any honest one does
    not hold the reader back: never more than 64 KiB and a few bytes are left over.
    """
    return min(_end_of_characters(data), _end_of_sequences(data))


def text_end(data: bytes) -> int:
    """Return `safe_end`, less a carriage return at the very end.

    What follows a carriage return decides what it meant: a line end, or the same line again.
    """
    end = safe_end(data)
    return end - 1 if data[end - 1 : end] == b"\r" else end


def line_end(data: bytes) -> int:
    """Return where to cut a piece out of the middle of an output: after a line, if there is one."""
    end = safe_end(data)
    cut = data.rfind(b"\n", end // 2, end) + 1
    # The newline may lie inside a sequence, which must not be cut.
    return cut if cut and safe_end(data[:cut]) == cut else text_end(data)


def _end_of_characters(data: bytes) -> int:
    last = data[-_LONGEST_CHARACTER:]
    # Bytes of one character cannot begin with a continuation, but `last` may: these decode as
    # errors, which take nothing from what follows.
    _, consumed = codecs.utf_8_decode(last, "replace", False)
    return len(data) - len(last) + consumed


def _end_of_sequences(data: bytes) -> int:
    lowest = max(len(data) - _LONGEST_HELD, 0)
    start = _last_introducer(data, lowest, len(data))
    if start < 0 or not _OPEN.fullmatch(data, start):
        return len(data)
    if data[start:] == _ESCAPE:
        # It may be the first half of a terminator: then the string before it is open as well.
        before = _last_introducer(data, lowest, start)
        if before >= 0 and _STRING_SO_FAR.fullmatch(data, before, start):
            return before
    return start


def _last_introducer(data: bytes, lowest: int, end: int) -> int:
    return max(data.rfind(introducer, lowest, end) for introducer in sequences.INTRODUCERS)
