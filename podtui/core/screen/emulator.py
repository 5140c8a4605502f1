"""The terminal emulator: what is asked of one, and the one that is used.

pyavt was chosen after measuring (tests/bench/emulators.py): ten to fifty times faster than pyte,
and the two agree cell by cell on what full-screen programs print.
"""

from __future__ import annotations

import re
from typing import Protocol

import avt

from podtui.core.screen.picture import PLAIN, Colour, Cursor, Line, Style, StyledText
from podtui.core.text.safe import safe_line

SMALLEST_COLUMNS = 2
"""avt panics when a wide character is cut to one column."""
LARGEST_SIDE = 1000
_COLOURS_OF_PALETTE = 3
_COLOURS_OF_TRUE = 5
_SGR = re.compile("\x1b\\[([0-9;:]*)m")
_OTHER_SCREEN_IN_DUMP = "\x9b?1047h"
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_FOREGROUND, _BACKGROUND = 38, 48


class Emulator(Protocol):
    """A terminal that draws into memory.

    Everything may raise anything: the caller guards it.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        ...

    @property
    def cursor(self) -> Cursor: ...

    @property
    def alternate(self) -> bool:
        """Whether the other screen is shown."""
        ...

    @property
    def pen(self) -> Style: ...

    def covered(self) -> Emulator | None:
        """Return the screen that the other one covers, None when it is shown itself."""
        ...

    def feed(self, text: str) -> None:
        """Draw text that holds no half sequences."""
        ...

    def resize(self, columns: int, rows: int) -> None: ...

    def changed_lines(self) -> dict[int, Line]:
        """Return the rows that may have changed since the last call, all of them at first."""
        ...


class AvtEmulator:
    """The emulator of asciinema, bound by pyavt."""

    def __init__(self, columns: int, rows: int) -> None:
        columns, rows = allowed_size(columns, rows)
        self._vt = avt.Vt(columns, rows, 0)
        self._changed = set(range(rows))
        self._dump: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self._vt.size

    @property
    def cursor(self) -> Cursor:
        cursor = self._vt.cursor
        return Cursor(cursor.col, cursor.row, cursor.visible)

    @property
    def alternate(self) -> bool:
        # No cell can hold a C1 character, so this is found only where avt itself has written it.
        return _OTHER_SCREEN_IN_DUMP in self._dumped()

    @property
    def pen(self) -> Style:
        written = _SGR.findall(self._dumped())
        return _style_of(written[-1]) if written else PLAIN

    def covered(self) -> AvtEmulator | None:
        under, found, _ = self._dumped().partition(_OTHER_SCREEN_IN_DUMP)
        if not found:
            return None
        made = AvtEmulator(*self.size)
        made.feed(under)
        return made

    def feed(self, text: str) -> None:
        changed, _ = self._vt.feed_str(text)
        self._changed.update(changed)
        self._dump = None

    def resize(self, columns: int, rows: int) -> None:
        columns, rows = allowed_size(columns, rows)
        self._vt.resize(columns, rows)
        self._changed = set(range(rows))
        self._dump = None

    def changed_lines(self) -> dict[int, Line]:
        rows = self._vt.size[1]
        lines = {row: _line(self._vt[row]) for row in sorted(self._changed) if row < rows}
        self._changed.clear()
        return lines

    def _dumped(self) -> str:
        if self._dump is None:
            self._dump = self._vt.dump()
        return self._dump


def allowed_size(columns: int, rows: int) -> tuple[int, int]:
    """Return a size an emulator can have."""
    return (
        min(max(columns, SMALLEST_COLUMNS), LARGEST_SIDE),
        min(max(rows, 1), LARGEST_SIDE),
    )


def _line(line: avt.Line) -> Line:
    if line.is_empty():
        return ()
    parts = []
    for cells in line.chunks(_differ):
        # The second cell of a wide character has no width, and is left out by avt most times.
        text = "".join([cell.char for cell in cells if cell.width])
        columns = sum([cell.width for cell in cells])
        parts.append(StyledText(safe_line(text), _style(cells[0].pen), columns))
    return _without_blank_end(parts)


def _differ(one: avt.Cell, other: avt.Cell) -> bool:
    return one.pen != other.pen


def _without_blank_end(parts: list[StyledText]) -> Line:
    while parts and parts[-1].style == PLAIN:
        last = parts.pop()
        text = last.text.rstrip(" ")
        if text:
            columns = last.columns - (len(last.text) - len(text))
            parts.append(StyledText(safe_line(text), PLAIN, columns))
            break
    return tuple(parts)


def _style(pen: avt.Pen) -> Style:
    if pen.is_default():
        return PLAIN
    return Style(
        foreground=_colour(pen.foreground),
        background=_colour(pen.background),
        bold=pen.bold,
        dim=pen.faint,
        italic=pen.italic,
        underline=pen.underline,
        reverse=pen.inverse,
        strike=pen.strikethrough,
    )


def _colour(colour: avt.Color | None) -> Colour:
    if isinstance(colour, avt.Color.Indexed):
        return int(colour[0])
    if isinstance(colour, avt.Color.RGB):
        return (int(colour[0]), int(colour[1]), int(colour[2]))
    return None


def _style_of(parameters: str) -> Style:
    """Return the style of an SGR sequence as avt writes it in a dump."""
    facts: dict[str, bool] = {}
    colours: dict[int, Colour] = {}
    for parameter in parameters.split(";"):
        numbers = [int(number or 0) for number in parameter.split(":")]
        which, colour = _dumped_colour(numbers)
        if which:
            colours[which] = colour
        elif numbers[0] in _FLAGS:
            facts[_FLAGS[numbers[0]]] = True
    return Style(colours.get(_FOREGROUND), colours.get(_BACKGROUND), **facts)


def _dumped_colour(numbers: list[int]) -> tuple[int, Colour]:
    """Return which colour a parameter sets (38 or 48, 0 for none), and to what."""
    code = numbers[0]
    if len(numbers) == _COLOURS_OF_PALETTE:
        return code, numbers[2]
    if len(numbers) == _COLOURS_OF_TRUE:
        return code, (numbers[2], numbers[3], numbers[4])
    for first, which, base in ((30, 38, 0), (40, 48, 0), (90, 38, 8), (100, 48, 8)):
        if first <= code < first + 8:
            return which, code - first + base
    return 0, None
