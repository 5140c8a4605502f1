"""Output as text: what a person or a parent agent reads, with no escape sequence left in it.

A line is shown as the terminal would have left it: what a carriage return, a backspace or an
erase took back is gone. Across lines nothing is re-drawn: a jump of the cursor becomes a line
break, so that the words of full-screen programs are not glued together; how such a screen looks
is the business of an emulator.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from podtui.core.text import sequences
from podtui.core.text.safe import SafeText, safe_text

FARTHEST_STEP = 256
FARTHEST_COLUMN = 1024
"""Columns one cursor movement, and all of a line, may add: bounds what a few bytes can swell to."""
LONGEST_EDITED_LINE = 1024
"""Inserting into or deleting from the middle is followed on lines up to this length only."""

# A sequence that was dropped leaves this behind until the bytes are decoded: its neighbours must
# not become one character that was never written.
_DROPPED = b"\0"
# A line break unless the line is empty: what a jump of the cursor becomes.
_JUMP = b"\x0b"
_JUMP_TEXT = "\x0b"

# As an introducer always begins anew, sequences may be taken out kind by kind; the two that are
# frequent and leave nothing go first, since a fixed replacement is several times faster.
_STRING = re.compile(sequences.STRING_START + sequences.STRING_BODY + sequences.STRING_END)
_COLOUR = re.compile(rb"\x1b\[[0-?]{0,%d}+m" % sequences.LONGEST_PARAMETERS)
_SEQUENCE = re.compile(
    sequences.CSI
    + rb"(?P<params>"
    + sequences.PARAMETERS
    + rb")"
    + rb"(?P<between>"
    + sequences.INTERMEDIATES
    + rb")"
    + rb"(?P<final>[@-~]?+)"
    + rb"|\x1b"
    + sequences.INTERMEDIATES
    + rb"(?P<short>[0-~]?+)"
    + rb"|\xc2(?P<c1>[\x80-\x9f])"
)
_DROPPED_CONTROLS = re.compile(r"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]+")
_NEEDS_REPLAY = re.compile(r"[\r\x08\x1b]")
_STEP = re.compile(
    r"(?P<text>[^\r\x08\x1b]+)|(?P<back>\r)|\x08|\x1b\[(?P<count>[0-9]*)(?P<move>[A-Z@])"
)
_BREAKS = re.compile(r"([\n\x0b])")
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
_WITHOUT_EFFECT = _PLAIN + _DROPPED + bytes(range(0x80, 0x100))

_WITHIN_LINE = frozenset(b"CDKPX@")
_FINALS_OF_SAME_MEANING = {b"a": b"C", b"`": b"G"}
_JUMPS = frozenset(b"ABEFHdefk")
_SHORT_JUMPS = frozenset(b"DEMc")
_C1_JUMPS = frozenset(b"\x84\x85\x8d")
_OTHER_SCREEN = re.compile(rb"\?(?:47|1047|1049)\Z")


def text_view(data: bytes, *, fresh_line: bool = False) -> SafeText:
    r"""Return the escape-free text of a piece of output.

    Args:
        data: bytes that begin and end where `podtui.core.text.boundaries` allows it.
        fresh_line: the piece begins at the start of a line. Where it does not, what was shown
            before cannot be taken back: a carriage return begins a new line instead.

    Returns:
        Text with ``\n`` and ``\t`` as its only controls; ``safe_text`` leaves it as it is.
    """
    # A terminal's line discipline may double the carriage return of a program that sends its own.
    data = data.replace(b"\r\n", b"\n").replace(b"\r\n", b"\n")
    if not data.translate(None, _PLAIN):
        return SafeText(data.decode("ascii"))
    data = _without_sequences(data)
    text = data.decode("utf-8", "replace").replace("\0", "")
    if not data.translate(None, _WITHOUT_EFFECT):
        return safe_text(text)
    text = _DROPPED_CONTROLS.sub("", text.replace("\x0c", _JUMP_TEXT))
    if _NEEDS_REPLAY.search(text):
        text = _replayed(text, fresh_line=fresh_line)
    if _JUMP_TEXT in text:
        text = _broken(text, fresh_line=fresh_line)
    return safe_text(text)


def _without_sequences(data: bytes) -> bytes:
    for fixed in (_STRING, _COLOUR):
        if b"\x1b" not in data and b"\xc2" not in data:
            return data
        data = fixed.sub(_DROPPED, data)
    return _SEQUENCE.sub(_reduced, data)


def _reduced(sequence: re.Match[bytes]) -> bytes:
    """Return what is left of a sequence: a movement in its line, a jump, or nothing."""
    params, between, final, short, c1 = sequence.groups()
    if final:
        return _DROPPED if between else _reduced_csi(params, final)
    if (short and short[0] in _SHORT_JUMPS) or (c1 and c1[0] in _C1_JUMPS):
        return _JUMP
    return _DROPPED


def _reduced_csi(params: bytes, final: bytes) -> bytes:
    final = _FINALS_OF_SAME_MEANING.get(final, final)
    if params and not params[:1].isdigit() and params[:1] != b";":
        return _JUMP if final in b"hl" and _OTHER_SCREEN.match(params) else _DROPPED
    count = params.partition(b";")[0][:6]
    if final == b"J":
        # Erasing below erases the rest of the line as well; erasing all is a new screen.
        return b"\x1b[K" if count in {b"", b"0"} else _JUMP
    if final == b"G" and count in {b"", b"0", b"1"}:
        return b"\r"
    if final == b"G" or final[0] in _WITHIN_LINE:
        return b"\x1b[" + (count if count.isdigit() else b"") + final
    return _JUMP if final[0] in _JUMPS else _DROPPED


def _broken(text: str, *, fresh_line: bool) -> str:
    """Turn every jump into a line break, and those on an empty line into nothing."""
    text = re.sub(r"(?<=\n)\x0b+", "", text)
    if fresh_line:
        text = text.lstrip(_JUMP_TEXT)
    return re.sub(r"\x0b+", "\n", text)


def _replayed(text: str, *, fresh_line: bool) -> str:
    """Carry out, line by line, what moves the cursor within its line."""
    parts = _BREAKS.split(text)
    if not fresh_line:
        shown, _, again = parts[0].partition("\r")
        parts[0] = _line(shown) + ("\n" + _line(again) if again else "")
    for index in range(0 if fresh_line else 2, len(parts), 2):
        if _NEEDS_REPLAY.search(parts[index]):
            parts[index] = _line(parts[index])
    return "".join(parts)


def _line(text: str) -> str:
    if not _NEEDS_REPLAY.search(text):
        return text
    line = _Line()
    for step in _STEP.finditer(text):
        written, back, count, move = step.group("text", "back", "count", "move")
        if written:
            line.write(written)
        elif back:
            line.column = 0
        elif move:
            _MOVES[move](line, int(count or 0))
        else:
            line.move(-1)
    return "".join(line.cells)


class _Line:
    """One line of a terminal: its characters, and the column the next one is written to."""

    __slots__ = ("cells", "column")

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.column = 0

    def write(self, text: str) -> None:
        """Write over what is there, and fill up to the column if the line is shorter."""
        cells, start = self.cells, self.column
        if start > len(cells):
            cells.extend(" " * (start - len(cells)))
        cells[start : start + len(text)] = text
        self.column = start + len(text)

    def move(self, count: int) -> None:
        self.go_to(self.column + count)

    def go_to(self, column: int) -> None:
        length = len(self.cells)
        self.column = max(0, min(column, length + FARTHEST_STEP, max(length, FARTHEST_COLUMN)))

    def erase(self, which: int) -> None:
        """Erase to the end of the line (0), up to here (1), or all of it (2)."""
        cells = self.cells
        if which == 0:
            del cells[self.column :]
        elif which != 1 or self.column >= len(cells):
            cells.clear()
            self.go_to(self.column)
        else:
            self.blank(0, self.column + 1)

    def blank(self, start: int, end: int) -> None:
        if len(self.cells) <= LONGEST_EDITED_LINE:
            end = min(end, len(self.cells))
            self.cells[start:end] = " " * max(end - start, 0)

    def delete(self, count: int) -> None:
        if len(self.cells) <= LONGEST_EDITED_LINE:
            del self.cells[self.column : self.column + count]

    def insert(self, count: int) -> None:
        if self.column < len(self.cells) <= LONGEST_EDITED_LINE:
            self.cells[self.column : self.column] = " " * min(count, FARTHEST_STEP)


_MOVES: dict[str, Callable[[_Line, int], None]] = {
    "C": lambda line, count: line.move(count or 1),
    "D": lambda line, count: line.move(-(count or 1)),
    "G": lambda line, count: line.go_to(count - 1),
    "K": lambda line, which: line.erase(which),
    "P": lambda line, count: line.delete(count or 1),
    "X": lambda line, count: line.blank(line.column, line.column + (count or 1)),
    "@": lambda line, count: line.insert(count or 1),
}
