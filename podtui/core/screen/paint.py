"""A picture as bytes for a terminal, made of text and of sequences on a short list of our own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from podtui.core.screen.picture import PLAIN, Colour, Line, ScreenPicture, Style, StyledText
from podtui.core.text.safe import safe_line

RESET = "\x1b[0m"
ERASE_REST = "\x1b[K"
ERASE_BELOW = "\x1b[J"
_FLAGS = ((1, "bold"), (2, "dim"), (3, "italic"), (4, "underline"), (7, "reverse"), (9, "strike"))
_BASIC = 8
_BRIGHT = 16


def sgr(style: Style) -> str:
    """Return the sequence that sets exactly this style, whatever was set before."""
    codes = ["0", *(str(code) for code, flag in _FLAGS if getattr(style, flag))]
    codes += _colour_codes(style.foreground, 30, 90)
    codes += _colour_codes(style.background, 40, 100)
    return f"\x1b[{';'.join(codes)}m"


def _colour_codes(colour: Colour, basic: int, bright: int) -> list[str]:
    if colour is None:
        return []
    if isinstance(colour, tuple):
        return [f"{basic + 8};2;{';'.join(str(part & 0xFF) for part in colour)}"]
    if colour < _BASIC:
        return [str(basic + colour)]
    if colour < _BRIGHT:
        return [str(bright + colour - _BASIC)]
    return [f"{basic + 8};5;{colour & 0xFF}"]


def painted_line(line: Iterable[StyledText]) -> str:
    """Return a row with its styles; it begins and ends in the terminal's own style."""
    parts = []
    last = PLAIN
    for text, style, _ in line:
        if style != last:
            parts.append(sgr(style))
            last = style
        parts.append(text)
    if last != PLAIN:
        parts.append(RESET)
    return "".join(parts)


def move_to(column: int, row: int) -> str:
    """Return the sequence that moves the cursor; both from 0."""
    return f"\x1b[{row + 1};{column + 1}H"


def clipped(line: Line, columns: int) -> Line:
    """Return as much of a row as fits; half of a wide character is left out."""
    parts: list[StyledText] = []
    room = columns
    for part in line:
        if part.columns <= room:
            parts.append(part)
            room -= part.columns
            continue
        if room > 0:
            parts.append(_beginning(part, room))
        break
    return tuple(parts)


def _beginning(part: StyledText, columns: int) -> StyledText:
    end = room = 0
    while end < len(part.text) and room + _cells(part.text[end]) <= columns:
        room += _cells(part.text[end])
        end += 1
    return StyledText(safe_line(part.text[:end]), part.style, room)


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def painted_rows(picture: ScreenPicture, rows: Iterable[int], *, columns: int, top: int = 0) -> str:
    """Return what paints some rows at their places, nothing beyond ``columns``.

    ``top`` is the row of the picture that is in the terminal's first row.
    """
    parts = []
    for row in rows:
        line = picture.lines[row] if row < len(picture.lines) else ()
        parts.append(move_to(0, row - top) + RESET + ERASE_REST)
        parts.append(painted_line(clipped(line, columns)))
    return "".join(parts)


def painted_screen(picture: ScreenPicture, *, columns: int, rows: int) -> str:
    """Return what erases a terminal of this size and paints a picture from its first row on."""
    parts = [RESET, move_to(0, 0), ERASE_BELOW]
    for row, line in enumerate(picture.lines[:rows]):
        if line:
            parts.append(move_to(0, row) + painted_line(clipped(line, columns)))
    return "".join(parts)


def painted_state(picture: ScreenPicture, *, origin_row: int = 0) -> str:
    """Return what puts cursor and style where the program has left them.

    ``origin_row`` is the row from which the terminal counts, from 0.
    """
    x, y, _ = picture.cursor
    row = max(y - origin_row, 0)
    if x < picture.columns:
        return move_to(x, row) + sgr(picture.pen)
    # The next character wraps first: a terminal comes into this state by writing the last cell.
    last = last_cell(picture.lines[y] if y < len(picture.lines) else (), picture.columns)
    return move_to(picture.columns - last.columns, row) + painted_line([last]) + sgr(picture.pen)


def last_cell(line: Line, columns: int) -> StyledText:
    """Return the character in the last column, a space if nothing is there."""
    if not line or sum(part.columns for part in line) < columns:
        return StyledText(safe_line(" "), PLAIN, 1)
    character = line[-1].text[-1:]
    return StyledText(safe_line(character), line[-1].style, _cells(character))
