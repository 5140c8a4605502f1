"""The emulator: what it draws, what it costs, and what it may not be hurt by."""

from __future__ import annotations

import random
import re

import pytest

from podtui.core.screen.emulator import AvtEmulator
from podtui.core.screen.paint import painted_screen, painted_state, sgr
from podtui.core.screen.picture import PLAIN, Cursor, ScreenPicture, Style
from podtui.core.screen.sanitize import sanitize
from podtui.core.screen.screen import PIECE, Screen
from podtui.core.text.safe import safe_line
from tests.screen.eyes import Eyes

ATOMS = [
    "\x1b[", "\x9b", "\x1b]0;", "\x1bP", "\x1b\\", "\x07", "\x18", "\x1b", "?", ";", ":", "1", "2",
    "0", "9", "25", "1049", "47", "6", "7", "38", "48", "5", "65535", "99999999999999999999", "h",
    "l", "m", "r", "H", "J", "K", "L", "M", "@", "P", "X", "S", "T", "b", "A", "B", "C", "D", "G",
    "d", "s", "u", "c", "g", "W", "Z", "I", "t", "!p", " ", "x", "漢", "e\u0301", "\u200d", "\n",
    "\r", "\b", "\t", "\x0e", "\x0f", "\x1b(0", "\x1b(B", "#8", "\x1b7", "\x1b8", "\x1bD", "\x1bM",
    "\x1bc", "\x1bH", "\x85", "\x84", "\U0001f469", "\x00", "\x7f", "\u202e", "\ud800",
]  # fmt: skip


def drawn(data: bytes | str, columns: int = 20, rows: int = 4) -> ScreenPicture:
    screen = Screen(columns, rows)
    screen.feed(data.encode() if isinstance(data, str) else data)
    return screen.picture()


def test_text_and_styles_are_told_as_data() -> None:
    """Colours of the palette, true colours and attributes become a style, and text stays text."""
    picture = drawn(
        "a\x1b[1;31mred\x1b[0;38;5;200;48;2;1;2;3;3;4;7;9;2mall\x1b[m[bold]x[/]\r\n\x1b[93;102mb"
    )
    assert [part.text for part in picture.lines[0]] == ["a", "red", "all", "[bold]x[/]"]
    assert [part.columns for part in picture.lines[0]] == [1, 3, 3, 10]
    assert picture.lines[0][1].style == Style(foreground=1, bold=True)
    assert picture.lines[0][2].style == Style(
        foreground=200, background=(1, 2, 3), dim=True, italic=True, underline=True, reverse=True,
        strike=True,
    )  # fmt: skip
    assert picture.lines[1][0].style == Style(foreground=11, background=10)
    assert picture.pen == Style(foreground=11, background=10)
    assert picture.plain_lines() == ("aredall[bold]x[/]", "b")


@pytest.mark.parametrize(
    "style",
    [
        PLAIN,
        Style(foreground=3),
        Style(foreground=12, background=250),
        Style(foreground=(9, 8, 7), background=(255, 254, 0), bold=True),
        Style(dim=True, italic=True, underline=True, reverse=True, strike=True),
    ],
)
def test_the_style_of_what_comes_next_is_known(style: Style) -> None:
    """A viewer that comes late goes on writing in the style the program has set."""
    assert drawn(sgr(style)).pen == style
    assert drawn("\x1b[?1049h\x1b[31m\x1b7" + sgr(style) + "\x1b[?25l\x1b[2;3r").pen == style


def test_a_full_screen_program_its_title_and_its_cursor_are_known() -> None:
    """What cannot be seen in the cells is told beside them."""
    picture = drawn("\x1b]2;my \x1b\\\x1b]0;title\u202e\x07\x1b[?1049h\x1b[?25l\x1b[3;5H")
    assert picture.alternate
    assert picture.title == "title\ufffd"
    assert picture.cursor == Cursor(4, 2, visible=False)
    assert not drawn("\x1b[?1049h\x1b[?1049l").alternate


def test_output_may_be_cut_anywhere() -> None:
    """A character or a sequence that comes in two pieces is drawn as if it came in one."""
    data = "\x1b[1;38;5;99mé漢\x1b]0;ti\x07\x1b[2;3H\x1b[?1049h\x1b[7mend".encode()
    whole = drawn(data)
    for cut in range(len(data)):
        screen = Screen(20, 4)
        screen.feed(data[:cut])
        screen.picture()
        screen.feed(data[cut:])
        again = screen.picture()
        assert (again.lines, again.cursor, again.title) == (whole.lines, whole.cursor, whole.title)


def test_only_rows_that_differ_are_told_as_changed() -> None:
    """What is drawn again as it was costs whoever shows it nothing."""
    screen = Screen(20, 4)
    screen.feed(b"one\r\ntwo")
    assert screen.picture().changed_rows == {0, 1, 2, 3}
    screen.feed(b"\x1b[Hone\r\n\x1b[31mTWO")
    assert screen.picture().changed_rows == {1}
    assert screen.picture().changed_rows == frozenset()
    screen.resize(10, 5)
    assert screen.picture().changed_rows == {0, 1, 2, 3, 4}


def test_characters_without_a_width_take_no_column() -> None:
    """Columns stay where the program believes them, and nothing invisible is left."""
    picture = drawn("e\u0301|\u200d|\ufe0f|\u202e|\u0e33|")
    assert picture.plain_lines()[0].startswith("é||||")
    assert "\u202e" not in picture.plain_lines()[0]
    assert picture.lines[0][0].columns == len(picture.lines[0][0].text)


@pytest.mark.parametrize(
    "data",
    [
        "x\x1b[65535b",
        "x\x1b[\x0065535b",
        "x\x1b\x07[65535b",
        "x\x9b65535;1b",
        "x\x1b[99999999999999999999b",
    ],
)
def test_a_repetition_is_bounded_however_it_is_written(data: str) -> None:
    """A few bytes cannot keep the emulator busy for seconds; over a line it is exact."""
    numbers = [int(number) for number in re.findall("[0-9]+", sanitize(data, 120))]
    assert max(numbers) <= 120
    assert drawn("x\x1b[5b").plain_lines() == ("xxxxxx",)


def test_nothing_written_against_the_emulator_ends_or_confuses_the_viewer() -> None:
    """Random sequences, cuts and sizes: it goes on, keeps its size, and gives safe text only."""
    dice = random.Random(20261120)  # noqa: S311 - the same every time
    for _ in range(150):
        screen = Screen(dice.randint(1, 90), dice.randint(1, 30))
        for _ in range(4):
            data = "".join(dice.choices(ATOMS, k=150)).encode("utf-8", "surrogatepass")
            cut = dice.randrange(len(data))
            size = screen.size
            for piece in (data[:cut], dice.randbytes(5), data[cut:]):
                screen.feed(piece)
            assert screen.size == size
            picture = screen.picture()
            for line in picture.lines:
                assert sum(part.columns for part in line) <= picture.columns
                assert all(safe_line(part.text) == part.text for part in line)
            assert screen.note == ""
            screen.resize(dice.randint(1, 90), dice.randint(1, 30))


class Panic(BaseException):
    """What a panic of a Rust library looks like: no Exception at all."""


class FailingEmulator(AvtEmulator):
    """Fails at one text."""

    def feed(self, text: str) -> None:
        if "bad" in text:
            raise Panic
        super().feed(text)


def test_an_emulator_that_fails_costs_only_what_was_drawn_and_says_so() -> None:
    """The screen begins anew, on the screen the program has, and goes on with what comes."""
    screen = Screen(20, 4, make=FailingEmulator)
    screen.feed(b"\x1b[?1049hbefore")
    assert screen.picture().note == ""
    screen.feed(b"bad")
    screen.feed(b"after")
    picture = screen.picture()
    assert picture.plain_lines() == ("after",)
    assert "began anew" in picture.note
    assert picture.alternate


def test_an_interrupt_is_not_taken_for_a_failure() -> None:
    """Ctrl-C in the middle of drawing reaches whoever waits for it."""

    class Interrupted(AvtEmulator):
        def feed(self, text: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Screen(20, 4, make=Interrupted).feed(b"x")


def test_the_screen_below_a_full_screen_program_is_known() -> None:
    """It can be shown without ending the program."""
    screen = Screen(20, 4)
    screen.feed(b"$ \x1b[32mvi\x1b[m\r\n\x1b[?1049h\x1b[2Jfile")
    screen.picture()
    under = screen.covered()
    assert under is not None
    assert under.plain_lines() == ("$ vi",)
    assert under.cursor[:2] == (0, 1)
    screen.feed(b"\x1b[?1049l")
    screen.picture()
    assert screen.covered() is None


def test_the_two_emulators_agree_on_random_painting() -> None:
    """Cell by cell, over thousands of well-formed sequences that programs use.

    Erasing, inserting and scrolling are done in the terminal's own colours: what colour new cells
    get otherwise is answered differently by terminals, too.
    """
    dice = random.Random(7)  # noqa: S311 - the same every time
    for _ in range(60):
        data = "".join(_painting(dice) for _ in range(80)).encode()
        eyes, painted = Eyes(40, 10), Eyes(40, 10)
        eyes.see(data)
        picture = drawn(data, 40, 10)
        shown = painted_screen(picture, columns=40, rows=10) + painted_state(picture)
        painted.see(shown.encode())
        assert painted.cells() == eyes.cells(), data


def _painting(dice: random.Random) -> str:
    row, column = dice.randint(1, 10), dice.randint(1, 30)
    return dice.choice(
        [
            f"\x1b[{row};{column}H",
            f"\x1b[{row};{column}Hword {row}",
            f"\x1b[{dice.choice([0, 1, 3, 4, 7, 9, 24, 27, 31, 44, 39, 49, 95, 102])}m",
            f"\x1b[38;5;{dice.randint(16, 255)}m",
            f"\x1b[48;2;{row};{column};7m",
            f"\x1b[m\x1b[{dice.randint(0, 2)}K",
            f"\x1b[m\x1b[{dice.choice([0, 1, 2])}J",
            f"\x1b[m\x1b[{1 + row % 4}P",
            f"\x1b[m\x1b[{1 + row % 4}@",
            f"\x1b[m\x1b[{1 + row % 4}X",
            # Terminals differ in the column the cursor has after these two.
            f"\x1b[m\x1b[{1 + row % 4}L\r",
            f"\x1b[m\x1b[{1 + row % 4}M\r",
            f"\x1b[{dice.choice('ABCD')}",
            "\x1b[m\r\n",
            "\x1b[m\x1b[10;1H\n",
            "\x1b[m\x1bM",
        ]
    )


def test_a_sequence_that_never_ends_holds_little_back() -> None:
    """An open string longer than any honest one is drawn past, wherever it began."""
    screen = Screen(20, 4)
    screen.feed(b"\x1b]0;" + b"a" * (20 * PIECE))
    assert len(screen.held) < 20 * PIECE
    screen.feed(b"\x1b\\\x1b[2J\x1b[Hback")
    assert screen.picture().plain_lines() == ("back",)
