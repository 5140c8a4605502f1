"""Lines of safe, styled text, and how they are fitted into cells and painted.

A `Span` names the role of its colour, never a colour: the theme says how a role looks.
Everything that is drawn comes through `own` (podtui's own words) or `safe` (anybody else's).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from podtui.core.text.safe import SafeText, safe_line

ELLIPSIS = "…"


class Span(NamedTuple):
    """A piece of a line: safe text and the role of its colour."""

    text: SafeText
    role: str = "text"


Line = tuple[Span, ...]


def own(text: str, role: str = "text") -> Span:
    """Return a span of podtui's own words."""
    return Span(SafeText(text), role)


def safe(text: str, role: str = "text", limit: int | None = None) -> Span:
    """Return a span of somebody else's words, as one safe line of at most ``limit`` characters."""
    return Span(safe_line(text, limit), role)


def width_of(line: Iterable[Span]) -> int:
    """Return the width of a line in cells."""
    return sum(cell_len(span.text) for span in line)


def cut(text: SafeText, width: int) -> SafeText:
    """Return text of at most ``width`` cells; a longer one ends with "…"."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return SafeText(ELLIPSIS[:width])
    return SafeText(set_cell_size(text, width - 1).rstrip() + ELLIPSIS)


def fit(text: SafeText, width: int) -> SafeText:
    """Return text of exactly ``width`` cells, cut or filled with blanks."""
    shown = cut(text, width)
    return SafeText(shown + " " * (width - cell_len(shown)))


def fit_right(text: SafeText, width: int) -> SafeText:
    """Return text of exactly ``width`` cells, aligned to the right."""
    shown = cut(text, width)
    return SafeText(" " * (width - cell_len(shown)) + shown)


def cut_line(line: Sequence[Span], width: int) -> Line:
    """Return a line of at most ``width`` cells; a longer one ends with "…"."""
    kept: list[Span] = []
    left = width
    for position, span in enumerate(line):
        cells = cell_len(span.text)
        followed = any(later.text for later in line[position + 1 :])
        if cells > left or (cells == left and followed):
            shortened = cut(SafeText(f"{span.text} "), left) if followed else cut(span.text, left)
            kept.append(Span(shortened, span.role))
            break
        kept.append(span)
        left -= cells
    return tuple(kept)


def wrap_words(line: Sequence[Span], width: int, indent: int = 0) -> list[Line]:
    """Break a line at blanks into lines of at most ``width`` cells; later ones are indented."""
    width = max(width, indent + 1)
    lines: list[list[Span]] = [[]]
    used = 0
    for span in line:
        for word in _words(span.text):
            cells = cell_len(word)
            if used and used + len(word.rstrip()) > width and used > indent:
                lines.append([own(" " * indent)] if indent else [])
                used = indent
                word = SafeText(word.lstrip())  # noqa: PLW2901 - the blank belongs to the line above
                cells = cell_len(word)
            for piece in _pieces(word, width - indent) if cells > width - used else (word,):
                if used and used + cell_len(piece.rstrip()) > width:
                    lines.append([own(" " * indent)] if indent else [])
                    used = indent
                lines[-1].append(Span(piece, span.role))
                used += cell_len(piece)
    return [_joined(each) for each in lines]


def _joined(spans: Sequence[Span]) -> Line:
    """Return spans without blanks at the end, with neighbours of one role made into one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].role == span.role:
            joined[-1] = Span(SafeText(joined[-1].text + span.text), span.role)
        else:
            joined.append(span)
    while joined and not joined[-1].text.rstrip():
        joined.pop()
    if joined:
        joined[-1] = Span(SafeText(joined[-1].text.rstrip()), joined[-1].role)
    return tuple(joined)


def _words(text: SafeText) -> list[SafeText]:
    """Return the words of a text, each with the blanks that follow it."""
    words = [part + " " for part in text.split(" ")]
    words[-1] = words[-1][:-1]
    return [SafeText(word) for word in words if word]


def _pieces(word: SafeText, width: int) -> list[SafeText]:
    """Return a word that is wider than a line in pieces that fit."""
    pieces: list[str] = [""]
    used = 0
    for character in word:
        cells = cell_len(character)
        if used + cells > width and pieces[-1]:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += cells
    return [SafeText(piece) for piece in pieces]


def paint(line: Sequence[Span], width: int, style_of: Callable[[str], Style]) -> Strip:
    """Return a strip of exactly ``width`` cells; blanks to the right have the style of "text"."""
    shown = cut_line(line, width)
    segments = [Segment(span.text, style_of(span.role)) for span in shown if span.text]
    used = sum(cell_len(segment.text) for segment in segments)
    if used < width:
        segments.append(Segment(" " * (width - used), style_of("text")))
        used = width
    return Strip(segments, used)
