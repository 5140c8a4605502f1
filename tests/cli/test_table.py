"""Tables: aligned by cells, cut to the terminal, whole into a pipe."""

from __future__ import annotations

import pytest

from podtui.cli.table import Cell, Column, cells, cut, rendered

COLUMNS = (Column("NAME"), Column("AGE", right=True, dropped=1), Column("WHAT", flexible=True))


def rows(*texts: tuple[str, str, str]) -> list[list[Cell]]:
    return [[Cell(text) for text in row] for row in texts]


def test_columns_are_aligned_by_cells_not_by_characters() -> None:
    """A name in a wide script takes two cells a character, a combining mark none."""
    table = rendered(
        COLUMNS, rows(("日本", "1s", "x"), ("e\u0301a", "12m", "y")), width=None, colour=False
    )
    assert table == "NAME  AGE  WHAT\n日本   1s  x\ne\u0301a    12m  y\n"
    assert cells("日本") == 4
    assert cells("e\u0301") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u0e01\u0e31\u0e19", 2),  # Thai: a vowel sign above, of combining class 0
        ("\u0e17\u0e35\u0e48", 1),  # Thai: a vowel sign and a tone mark on one letter
        ("a\u20dd", 1),  # an enclosing circle
        ("a\u200db", 2),  # a joiner between letters
        ("\U0001f468\u200d\U0001f469", 4),  # a joiner between two wide figures
        ("\u2764\ufe0f", 1),  # a variation selector
    ],
)
def test_marks_and_joiners_take_no_cell(text: str, expected: int) -> None:
    """They are known by their category: some of them have no combining class."""
    assert cells(text) == expected


def test_a_table_fits_the_terminal_by_cutting_the_flexible_column() -> None:
    """No line is wider than the terminal, and what was cut says so."""
    table = rendered(COLUMNS, rows(("name", "1s", "word " * 30)), width=30, colour=False)
    assert all(cells(line) <= 30 for line in table.splitlines())
    assert table.splitlines()[1].endswith("…")


def test_columns_are_left_out_when_there_is_no_room_for_them() -> None:
    """On a very narrow terminal the age goes, the name stays."""
    table = rendered(COLUMNS, rows(("a-long-pod-name", "1s", "words")), width=22, colour=False)
    assert "AGE" not in table
    assert "a-long-pod-name" in table


def test_nothing_is_cut_without_a_terminal() -> None:
    """Into a pipe a row is as long as it takes."""
    table = rendered(COLUMNS, rows(("n", "1s", "w" * 500)), width=None, colour=False)
    assert "w" * 500 in table


def test_colour_is_written_only_where_a_state_is_told_and_colour_is_wanted() -> None:
    """Padding stays outside of the colour, and without colour there is no escape at all."""
    row = [[Cell("failed 1", "failed"), Cell(""), Cell("x")]]
    assert "\x1b[31mfailed 1\x1b[0m" in rendered(COLUMNS, row, width=None, colour=True)
    assert "\x1b" not in rendered(COLUMNS, row, width=None, colour=False)


def test_text_is_cut_between_characters_of_two_cells() -> None:
    """Half of a wide character is never shown."""
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 4) == "日…"
    assert cut("abc", 3) == "abc"
    assert cut("abc", 0) == ""
