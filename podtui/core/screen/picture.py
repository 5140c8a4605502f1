"""A screen as data: safe text and styles; nothing of the raw output is passed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from podtui.core.text.safe import SafeText

Colour = int | tuple[int, int, int] | None
"""One of 256, red-green-blue (0 to 255 each), or None for the terminal's own."""


class Style(NamedTuple):
    """How a stretch of text looks."""

    foreground: Colour = None
    background: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Style()


class StyledText(NamedTuple):
    """A stretch of one line in one style.

    Attributes:
        columns: cells it takes on the screen; wide characters take two.
    """

    text: SafeText
    style: Style
    columns: int


Line = tuple[StyledText, ...]
"""One row; blank plain cells at its end are left out."""


class Cursor(NamedTuple):
    """Where the cursor is, from 0; ``x`` is the width when the next character wraps first."""

    x: int
    y: int
    visible: bool


@dataclass(frozen=True, slots=True)
class ScreenPicture:
    """The content of a terminal at one moment.

    Attributes:
        columns, rows: the terminal's size.
        lines: one per row.
        alternate: a full-screen program has the terminal.
        title: what the program named its window, "" for nothing.
        pen: the style in which the next character will be written.
        changed_rows: rows that differ from the picture before this one of the same screen.
        note: why the picture may be incomplete, "" when nothing is known against it.
    """

    columns: int
    rows: int
    lines: tuple[Line, ...]
    cursor: Cursor
    alternate: bool
    title: SafeText
    pen: Style
    changed_rows: frozenset[int]
    note: str = ""

    def plain_lines(self) -> tuple[SafeText, ...]:
        """Return the rows as text; blank rows at the end are left out."""
        lines = [SafeText("".join(part.text for part in line).rstrip()) for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return tuple(lines)
