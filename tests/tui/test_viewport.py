"""Where in a page the reader is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from podtui.core.output.lines import OutputLine
from podtui.core.text.safe import SafeText
from podtui.tui.panes.output.viewport import Scroll, find, last_top, moved, visible, wrapped

TEXTS = st.lists(st.text(alphabet="ab 日", max_size=30), min_size=1, max_size=12)


def lines_of(texts: list[str]) -> list[OutputLine]:
    return [
        OutputLine(number * 10, 0, number * 10 + 10, SafeText(text))
        for number, text in enumerate(texts)
    ]


@given(st.text(alphabet="ab 日😀", max_size=60), st.integers(min_value=2, max_value=20))
def test_wrapping_keeps_every_character_and_fits(text: str, width: int) -> None:
    """Rows of a line are its characters, cut where the next one would not fit."""
    ranges = wrapped(SafeText(text), width)
    assert "".join(text[start:end] for start, end in ranges) == text
    assert all(cell_len(text[start:end].removesuffix(" ")) <= width for start, end in ranges)


@given(TEXTS, st.integers(min_value=0, max_value=40), st.integers(min_value=0, max_value=12))
def test_moving_down_and_up_again_comes_back(texts: list[str], rows: int, width: int) -> None:
    """As long as no end is met, up undoes down."""
    lines = lines_of(texts)
    there = moved(lines, Scroll(0, 0), rows, width)
    height = sum(len(wrapped(line.text, width)) for line in lines)
    assert moved(lines, there, -min(rows, height - 1), width) == Scroll(0, 0)


@given(TEXTS, st.integers(min_value=1, max_value=20), st.integers(min_value=1, max_value=12))
def test_the_last_screen_ends_with_the_last_row(texts: list[str], height: int, width: int) -> None:
    """From the last top the screen is full, if there are rows enough, and ends with the page."""
    lines = lines_of(texts)
    rows = visible(lines, last_top(lines, height, width), height, width)
    total = sum(len(wrapped(line.text, width)) for line in lines)
    assert len(rows) == min(height, total)
    assert rows[-1].line == lines[-1]
    assert rows[-1].end == len(lines[-1].text)


def test_a_page_can_be_left_out_of_neither_end() -> None:
    """Moving past an end stays at that end."""
    lines = lines_of(["a", "b", "c"])
    assert moved(lines, Scroll(1, 0), -9, 0) == Scroll(0, 0)
    assert moved(lines, Scroll(1, 0), 9, 0) == Scroll(2, 0)


def test_a_line_is_found_by_its_key() -> None:
    """After a new page the reader's place is the same line."""
    lines = lines_of(["a", "b", "c"])
    assert find(lines, lines[1].key) == 1
