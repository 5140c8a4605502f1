"""Which part of a terminal's screen is shown where there is no room for all of it: pure."""

from __future__ import annotations

from typing import NamedTuple

from podtui.core.screen.picture import ScreenPicture


class Frame(NamedTuple):
    """The first column and row that are shown."""

    left: int
    top: int


class Room(NamedTuple):
    """Cells there are to show it in."""

    width: int
    height: int


def following(picture: ScreenPicture, room: Room, before: Frame | None) -> Frame:
    """Return the frame that keeps the cursor in sight and stays where it was while it can.

    ``before`` is the frame so far; at first it is the lower left of what is written.
    """
    x, y, visible = picture.cursor
    written = max((row + 1 for row, line in enumerate(picture.lines) if line), default=0)
    bottom = max(written, y + 1 if visible else 0)
    frame = Frame(0, bottom - room.height) if before is None else before
    if visible:
        frame = Frame(_keeping(x, frame.left, room.width), _keeping(y, frame.top, room.height))
    return within(picture, room, frame)


def _keeping(place: int, first: int, length: int) -> int:
    """Return the first cell to show so that ``place`` is among ``length``, with some before it."""
    return min(max(first, place - length + 1), max(place - length // 4, 0))


def within(picture: ScreenPicture, room: Room, frame: Frame) -> Frame:
    """Return the nearest frame that shows nothing beyond the screen."""
    return Frame(
        max(min(frame.left, picture.columns - room.width), 0),
        max(min(frame.top, picture.rows - room.height), 0),
    )


def part_words(picture: ScreenPicture, room: Room, frame: Frame) -> str:
    """Return which part is shown: "the lower left", "the upper part", "" for all of it."""
    rows = _part(frame.top, room.height, picture.rows, ("upper", "middle", "lower"))
    columns = _part(frame.left, room.width, picture.columns, ("left", "middle", "right"))
    if rows and columns:
        return f"the {rows} {columns}" if rows != columns else "the middle"
    one = rows or columns
    return f"the {one} part" if one else ""


def _part(first: int, shown: int, total: int, words: tuple[str, str, str]) -> str:
    if shown >= total:
        return ""
    if first == 0:
        return words[0]
    return words[2] if first + shown >= total else words[1]
