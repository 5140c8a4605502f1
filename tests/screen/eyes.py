"""A second opinion on what a terminal shows: pyte, which shares nothing with our emulator."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pyte
from pyte.graphics import FG_AIXTERM, FG_ANSI, FG_BG_256

# The first sixteen colours of the palette have two names: pyte tells them apart, no terminal does.
_NAMES = dict(
    zip(FG_BG_256, [*map(FG_ANSI.get, range(30, 38)), *FG_AIXTERM.values()], strict=False)
)
_KEY_SETTING = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]")
_KEY_SETTING_BEGUN = re.compile(rb"\x1b(?:\[(?:[<=>][0-9;]*)?)?\Z")


class Cell(NamedTuple):
    """One cell: its character, colours and attributes."""

    data: str
    foreground: str
    background: str
    flags: tuple[bool, ...]


class _Screen(pyte.Screen):
    """pyte's screen without its mistakes that matter to us."""

    def insert_lines(self, count: int | None = None) -> None:
        self._fill()
        super().insert_lines(count)

    def delete_lines(self, count: int | None = None) -> None:
        self._fill()
        super().delete_lines(count)

    def _fill(self) -> None:
        # A row that was never written to is not there, and then another one is left in its place.
        for row in range(self.lines):
            self.buffer[row]

    def select_graphic_rendition(self, *attributes: int, **options: Any) -> None:
        if not options.get("private"):
            # With it, this is a key setting of xterm and not a colour; pyte raises.
            super().select_graphic_rendition(*attributes)

    def set_mode(self, *modes: int, **options: Any) -> None:
        super().set_mode(*modes, **options)
        if options.get("private") and 1049 in modes:
            self._covered = (self._copied(), self.cursor.x, self.cursor.y)
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        super().reset_mode(*modes, **options)
        if options.get("private") and 1049 in modes and self._covered is not None:
            buffer, self.cursor.x, self.cursor.y = self._covered
            self.buffer.clear()
            self.buffer.update(buffer)
            self._covered = None

    _covered: tuple[dict[int, Any], int, int] | None = None

    def _copied(self) -> dict[int, Any]:
        copied = {}
        for row, line in self.buffer.items():
            copied[row] = type(line)(line.default)
            copied[row].update(line)
        return copied


class Eyes:
    """What a person sees of a terminal that these bytes are written to."""

    def __init__(self, columns: int, rows: int) -> None:
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._begun = b""

    def see(self, data: bytes) -> None:
        """Take what is written to the terminal."""
        # pyte takes settings of keys for colours.
        data = _KEY_SETTING.sub(b"", self._begun + data)
        begun = _KEY_SETTING_BEGUN.search(data)
        self._begun = begun[0] if begun else b""
        self._stream.feed(data.removesuffix(self._begun))

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)

    def text(self) -> list[str]:
        """Return the rows without blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    def cursor(self) -> tuple[int, int, bool]:
        """Return column, row, and whether it is shown; behind the last column is on it."""
        cursor = self._screen.cursor
        return min(cursor.x, self._screen.columns - 1), cursor.y, not cursor.hidden

    def rows(self) -> list[list[Cell]]:
        return [
            [_cell(self._screen.buffer[y][x]) for x in range(self._screen.columns)]
            for y in range(self._screen.lines)
        ]

    def cells(self) -> tuple[list[list[Cell]], tuple[int, int, bool]]:
        """Return everything that is seen, to be compared."""
        return self.rows(), self.cursor()


def _cell(char: Any) -> Cell:
    flags = (char.bold, char.italics, char.underscore, char.strikethrough, char.reverse)
    # A blank has no foreground that anybody could see, unless it is underlined or reversed.
    foreground = _colour(char.fg) if char.data.strip() or any(flags[2:]) else "default"
    shown = flags if char.data.strip() else (False, False, *flags[2:])
    return Cell(char.data, foreground, _colour(char.bg), shown)


def _colour(name: str) -> str:
    return _NAMES.get(name) or name
