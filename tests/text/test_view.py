"""What output looks like as text."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.text.safe import safe_text
from podtui.core.text.view import FARTHEST_COLUMN, LONGEST_EDITED_LINE, text_view
from tests.support.hostile import any_output


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"", ""),
        (b"plain\n", "plain\n"),
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b"doubled\r\r\n", "doubled\n"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"tab\tkept", "tab\tkept"),
        (b"bell\x07 null\x00 del\x7f.", "bell null del."),
        ("naïve 日本 😀".encode(), "naïve 日本 😀"),
        (b"bad \xff byte", "bad � byte"),
        (b"half \xe6\x97", "half �"),
        (b"\xc3\x00\xa9 \xc3\x1b[m\xa9", "�� ��"),
        (b"10%\r20%\r30%\n", "30%\n"),
        (b"a long line\rshort\n", "shortg line\n"),
        (b"downloading\r\x1b[Kdone\n", "done\n"),
        (b"spinning\x1b[2K\x1b[1Gdone\n", "done\n"),
        (b"spinning\x1b[1G\x1b[0Jdone\n", "done\n"),
        (b"typo\b\b\b\bword", "word"),
        (b"abc\b\x1b[Kx", "abx"),
        (b"name\x1b[6Cvalue", "name      value"),
        (b"name\x1b[12Gvalue", "name       value"),
        (b"abcdef\x1b[4Dxy", "abxyef"),
        (b"insert\x1b[6D\x1b[2@to", "toinsert"),
        (b"delete me\r\x1b[7P\n", "me\n"),
        (b"blank out\r\x1b[5X\n", "      out\n"),
        (b"half gone\x1b[4D\x1b[1K\n", "      one\n"),
        (b"one\x1b[5;1Htwo\x1b[9;1Hthree", "one\ntwo\nthree"),
        (b"\x1b[?1049h\x1b[2J\x1b[Hfull\x1b[2;1Hscreen\x1b[?1049l$ ", "full\nscreen\n$ "),
        (b"up\n\x1b[Aagain\n", "up\nagain\n"),
        (b"form\x0cfeed\x0btab", "form\nfeed\ntab"),
        ("next\x85line".encode(), "next\nline"),
        (b"\x1b]0;a title\x07prompt$ ", "prompt$ "),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1bPpayload\x1b\\after", "after"),
        (b"\xc2\x9b31mc1\xc2\x9b0m", "c1"),
        ("right\u202eto left".encode(), "right�to left"),
        ("zero\u200bwidth".encode(), "zero�width"),
        (b"\x1b]never ends", "never ends"),
        (b"cut \x1b[3", "cut "),
        (b"alone \x1b", "alone "),
    ],
)
def test_output_reads_as_a_terminal_leaves_it(output: bytes, text: str) -> None:
    """Sequences are gone, lines are as their last state was, and words stay apart."""
    assert text_view(output, fresh_line=True) == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"\r20%", "\n20%"),
        (b" more\r20%", " more\n20%"),
        (b"\r\n", "\n"),
        (b"\r", ""),
        (b"\r\x1b[K", "\n"),
        (b"\x1b[Hscreen", "\nscreen"),
        (b"goes on\n\x1b[Hscreen", "goes on\nscreen"),
        (b"\b\bshort", "short"),
    ],
)
def test_what_was_shown_already_is_not_taken_back(output: bytes, text: str) -> None:
    """A piece that begins within a line begins a new one where it would write over the old."""
    assert text_view(output) == text


WITHIN_A_LINE = (
    b"word", b"x", b" ", b"\r", b"\b", b"\x1b[1m", b"\x1b]0;title\x07",
    b"\x1b[K", b"\x1b[1K", b"\x1b[2K", b"\x1b[C", b"\x1b[7C", b"\x1b[D", b"\x1b[3D", b"\x1b[G",
    b"\x1b[5G",
    b"\x1b[P", b"\x1b[2P", b"\x1b[@", b"\x1b[2@", b"\x1b[X", b"\x1b[4X",
)  # fmt: skip


@given(st.lists(st.sampled_from(WITHIN_A_LINE), max_size=24).map(b"".join))
def test_a_line_is_left_as_an_emulator_leaves_it(output: bytes) -> None:
    """Of what stays within one line, a real terminal emulator shows the same text."""
    screen = pyte.Screen(columns=400, lines=1)
    pyte.ByteStream(screen).feed(output)
    assert text_view(output, fresh_line=True).rstrip() == screen.display[0].rstrip()


@given(any_output())
def test_a_view_is_safe_text(output: bytes) -> None:
    """Whatever the bytes are, their text is safe, with line breaks and tabs its only controls."""
    for fresh_line in (True, False):
        view = text_view(output, fresh_line=fresh_line)
        assert safe_text(view) == view
        assert "\x1b" not in view
        assert "\r" not in view


@pytest.mark.parametrize(
    "unit",
    [
        b"\x1b]",
        b"\x1b[",
        b"\x1b",
        b"\xc2\x9d",
        b"\r",
        b"\b",
        b"\x0b",
        b"a\r",
        b"\x1b[1K",
        b"\x1b[2Kx",
        b"\x1b[9999Cx",
        b"\x1b[9999@x",
        b"\x1b[P",
        b"\x1b]" + b"a" * 1000,
        "e\u0301".encode() * 3,
        b"\x1b[9999Cx\n",
    ],
)
def test_hostile_output_costs_no_more_than_its_length(unit: bytes) -> None:
    """No repeated sequence, on a long line or a short one, takes time or space beyond measure.

    Quadratic work on this much would run into the test's time limit.
    """
    repeated = unit * (200_000 // len(unit))
    for output in (repeated, b"y" * 100_000 + repeated, b"y" * 100_000 + b"\r" + repeated):
        view = text_view(output)
        assert len(view) <= len(output) * FARTHEST_COLUMN // 16


def test_a_few_bytes_do_not_swell_to_a_wide_line() -> None:
    """However far movements say they go, a line gets no wider than a wide terminal by them."""
    view = text_view(b"\x1b[9999Cx" * 1000)
    assert len(view) <= FARTHEST_COLUMN + 1000


def test_long_lines_are_written_over_but_not_edited() -> None:
    """On a line longer than any terminal's, inserting and deleting would cost too much."""
    long = b"y" * (LONGEST_EDITED_LINE + 1)
    for edit in (b"\x1b[P", b"\x1b[@", b"\x1b[1K", b"\x1b[X"):
        assert text_view(long + b"\x1b[9D" + edit, fresh_line=True) == long.decode()
    assert text_view(long + b"\rz", fresh_line=True) == "z" + long.decode()[1:]
