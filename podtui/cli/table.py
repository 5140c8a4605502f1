"""Tables of safe text, aligned by the cells a terminal gives each character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from podtui.core.model.appearance import Role

GAP = "  "
ELLIPSIS = "…"
_WITHOUT_CELL = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters drawn into the cell before them, or not at all. Some marks (Thai vowels)
have combining class 0, so that the class does not tell them."""
_COLOURS: dict[Role, str] = {
    "working": "32",
    "waiting": "33;1",
    "stalled": "33",
    "failed": "31",
    "lost": "31;1",
    "unknown": "35",
    "quiet": "2",
}


class Cell(NamedTuple):
    """One cell: safe text, and the role of its colour when the text is a state."""

    text: str
    role: Role | None = None


class Column(NamedTuple):
    """One column of a table.

    When the table is too wide, the columns with the highest ``dropped`` are left out, and the
    ``flexible`` one is cut.
    """

    title: str
    right: bool = False
    flexible: bool = False
    dropped: int = 0


def cells(text: str) -> int:
    """Return how many cells a terminal gives a text: East Asian wide 2, marks and joiners 0.

    A terminal joins the parts of an emoji sequence or not; each part is counted, as most draw it.
    """
    if text.isascii():
        return len(text)
    # Loaded here only: most names are ASCII.
    import unicodedata  # noqa: PLC0415

    wide, category = unicodedata.east_asian_width, unicodedata.category
    return sum(
        0 if category(each) in _WITHOUT_CELL else 2 if wide(each) in "WF" else 1 for each in text
    )


def cut(text: str, width: int) -> str:
    """Return the text in at most ``width`` cells, ending with "…" if it was cut."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for each in text:
        used += cells(each)
        if used > width - 1:
            break
        kept.append(each)
    return "".join(kept) + ELLIPSIS if width > 0 else ""


def rendered(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    width: int | None,
    colour: bool,
) -> str:
    """Return the table with its header row; with ``width`` None no line is cut."""
    header = [Cell(column.title) for column in columns]
    widths = [
        max(cells(row[index].text) for row in (header, *rows)) for index in range(len(columns))
    ]
    shown = _fitted(columns, widths, width)
    lines = [_line(columns, shown, header, colour=False)]
    lines += [_line(columns, shown, row, colour=colour) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _fitted(columns: Sequence[Column], widths: list[int], width: int | None) -> dict[int, int]:
    """Return the width of each shown column, by its index."""
    shown = dict(enumerate(widths))
    if width is None:
        return shown
    by_drop = sorted(shown, key=lambda index: columns[index].dropped, reverse=True)
    least = {
        index: min(8, size) if columns[index].flexible else size for index, size in shown.items()
    }
    for index in by_drop:
        if _total(least) <= width or not columns[index].dropped:
            break
        del shown[index], least[index]
    spare = max(width - _total(least), 0)
    fitted = {}
    for index, size in shown.items():
        more = min(size - least[index], spare)
        fitted[index] = least[index] + more
        spare -= more
    return fitted


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _line(
    columns: Sequence[Column], shown: dict[int, int], row: Sequence[Cell], *, colour: bool
) -> str:
    parts = []
    for index, size in shown.items():
        cell = row[index]
        text = cut(cell.text, size)
        space = " " * (size - cells(text))
        shown_text = painted(Cell(text, cell.role), colour=colour)
        parts.append(space + shown_text if columns[index].right else shown_text + space)
    return GAP.join(parts).rstrip()


def painted(cell: Cell, *, colour: bool) -> str:
    """Return the text of a cell, in the colour of its role if ``colour`` is set."""
    if not (colour and cell.role):
        return cell.text
    return f"\x1b[{_COLOURS[cell.role]}m{cell.text}\x1b[0m"
