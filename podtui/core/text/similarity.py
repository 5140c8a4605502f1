"""Distinguishes new output from output that only repeats itself.

Spinner frames, counters of time or tokens, redrawn progress bars and repeated lines are chatter: a
program prints them whether it gets on or not. A line is brought to a form in which such lines are
alike, and is chatter when that form was there `OFTEN` times within the last `REMEMBERED` lines. So
the first few of a series of numbered lines count as new and an endless counter does not.

Limits: a loop over more than about `REMEMBERED / OFTEN` different lines is taken for new, and so
are words made up anew each time; a long series of log lines that differ in their numbers only is
taken for chatter.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cache

import msgspec

from podtui.core.text import sequences
from podtui.core.text.boundaries import safe_end

OFTEN = 3
"""A form that was there so often lately is chatter when it comes again."""
REMEMBERED = 400
"""Lines: several full redraws of a tall screen."""
LONGEST_FORM = 200
"""Characters of a line that are compared; a line that only grows beyond them is not new."""
LONGEST_OPEN_LINE = 4096
"""Bytes a line without an end may have before it is taken as one."""

# Compiled when first needed: most commands judge no output.
_compiled = cache(re.compile)

# Titles, other strings and colours say nothing of progress.
_WITHOUT_EFFECT = (
    rb"(?:"
    + sequences.STRING_START
    + sequences.STRING_BODY
    + sequences.STRING_END
    + rb"|"
    + sequences.CSI
    + sequences.PARAMETERS
    + rb"m)"
)
# Programs that draw step forward where others print spaces.
_FORWARD = sequences.CSI + sequences.PARAMETERS + rb"C"
# Every other sequence that moves the cursor or erases begins another line.
_BREAK = (
    rb"(?:[\n\r\x08\x0b\x0c]|"
    + sequences.CSI
    + sequences.PARAMETERS
    + sequences.INTERMEDIATES
    + rb"[@-~]?+|\x1b"
    + sequences.INTERMEDIATES
    + rb"[0-~]?+)"
)
_GONE = "\0"

# A word with a digit in it is a number, an age, a size, a time or the id of a request. The
# lookbehind keeps the search linear: a long word is entered at its beginning only.
_NUMBER = r"(?<!\w)[^\W\d]*+\d\w*+"
_NUMBERS = r"0(?>(?:[ \t.,:/+%-]*+0)+)"
# Blanks, and what spinners, bars, frames and dots are drawn with.
_DRAWING = (
    r"[ \t|/\\=#>*.\u00b7\u2022\u2026+_~<(){}\[\]"
    r"\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2800-\u28ff\u2b00-\u2bff-]+"
)


class NewContent(msgspec.Struct, frozen=True):
    """What was found in a stretch of output.

    Attributes:
        taken: bytes that were judged; the rest is a line that has not ended yet.
        lines: lines that were judged; those without a word are not counted.
        newest_end: offset in the stretch just behind the last line that was new, None for none.
        lines_before: how many lines of the stretch were judged before that one.
    """

    taken: int
    lines: int = 0
    newest_end: int | None = None
    lines_before: int = 0


class Novelty:
    """Remembers the forms of the latest lines of one run; linear in what it is fed."""

    def __init__(self) -> None:
        self._latest: deque[int] = deque()
        self._counts: dict[int, int] = {}

    def feed(self, data: bytes, *, is_all: bool) -> NewContent:
        """Judge a stretch of output that follows what was fed before.

        With ``is_all`` a last line that has not ended is judged too. Otherwise it is left, to be
        fed again with what follows: cut anywhere, every piece of a repeated line would look new.
        """
        if not is_all:
            data = data[: safe_end(data)]
        data = _compiled(_WITHOUT_EFFECT).sub(_same_length_of_nothing, data)
        data = _compiled(_FORWARD).sub(_same_length_of_blanks, data)
        breaks = _compiled(_BREAK)
        ends = [match.span() for match in breaks.finditer(data)]
        begin = ends[-1][1] if ends else 0
        if begin < len(data) and (is_all or len(data) - begin > LONGEST_OPEN_LINE):
            ends.append((len(data), len(data)))
        if not ends:
            return NewContent(taken=0)
        text = breaks.sub(b"\n", data[: ends[-1][0]]).decode("utf-8", "replace")
        lines, newest, before = 0, None, 0
        for index, form in enumerate(forms(text)):
            if form:
                if self._is_new(form):
                    newest, before = index, lines
                lines += 1
        return NewContent(
            taken=ends[-1][1],
            lines=lines,
            newest_end=None if newest is None else ends[newest][0],
            lines_before=before,
        )

    def _is_new(self, form: str) -> bool:
        key = hash(form)
        before = self._counts.get(key, 0)
        self._counts[key] = before + 1
        self._latest.append(key)
        if len(self._latest) > REMEMBERED:
            oldest = self._latest.popleft()
            left = self._counts[oldest] - 1
            if left:
                self._counts[oldest] = left
            else:
                del self._counts[oldest]
        return before < OFTEN


def forms(text: str) -> list[str]:
    """Return the form of each line; "" for one that has no word in it."""
    text = text.replace(_GONE, "")
    text = _compiled(_NUMBER).sub("0", text)
    text = _compiled(_NUMBERS).sub("0", text)
    text = _compiled(_DRAWING).sub(" ", text)
    return [line.strip()[:LONGEST_FORM] for line in text.split("\n")]


def _same_length_of_nothing(sequence: re.Match[bytes]) -> bytes:
    return b"\0" * len(sequence[0])


def _same_length_of_blanks(sequence: re.Match[bytes]) -> bytes:
    return b" " * len(sequence[0])
