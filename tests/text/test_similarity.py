"""What is new in output, and what only repeats itself."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.text.similarity import LONGEST_OPEN_LINE, OFTEN, REMEMBERED, Novelty, forms

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TURNS = 200


def frames(kind: str) -> list[bytes]:
    """Return many frames of one kind of chatter."""
    return [FRAMES[kind](number).encode() for number in range(TURNS)]


FRAMES: dict[str, Callable[[int], str]] = {
    "an ASCII spinner": lambda n: "\r" + "|/-\\"[n % 4],
    "a spinner that steps back": lambda n: "|/-\\"[n % 4] + "\b",
    "a braille spinner with words": lambda n: f"\r\x1b[2K\x1b[3{n % 8}m{SPINNER[n % 10]} Thinking…",
    "seconds elapsed": lambda n: f"\r{n}s elapsed",
    "minutes and seconds": lambda n: f"\rworking {n // 60}m {n % 60:02d}s · esc to interrupt",
    "a counter of tokens": lambda n: f"\r✻ Pondering… (↑ {n * 137:,} tokens)",
    "tokens in thousands": lambda n: f"\r{n / 10:.1f}k tokens",
    "a progress bar": lambda n: f"\r[{'=' * (n // 4)}>{' ' * (50 - n // 4)}] {n // 2}%",
    "a bar of blocks": lambda n: f"\r{'█' * (n // 10)}{'░' * (20 - n // 10)} {n}/200",
    "one line again and again": lambda n: "still waiting for the lock\r\n",
    "lines that differ in a number": lambda n: f"retry {n} failed, next in {n * 2} s\n",
    "lines with the time": lambda n: f"2026-05-04T12:{n % 60:02d}:{n % 60:02d}.123Z heartbeat ok\n",
    "errors with an id of their own": lambda n: f"error 529 overloaded (req_{n * 7919:x}a1)\n",
    "dots": lambda n: ".",
    "a screen drawn anew": lambda n: (
        "\x1b[H\x1b[2J"
        + "".join(f"\x1b[{row};1Hrow {chr(97 + row % 26)} of it" for row in range(40))
    ),
    "a title that turns": lambda n: f"\x1b]0;{SPINNER[n % 10]} claude\x07",
    "a row that is coloured anew": lambda n: f"\r\x1b[38;5;{n % 256}mThinking\x1b[0m",
}


@pytest.mark.parametrize("kind", FRAMES)
def test_chatter_stops_being_news_after_its_first_rounds(kind: str) -> None:
    """Spinners, counters, bars and repeated lines are news at most until they are known."""
    novelty = Novelty()
    for frame in frames(kind)[: TURNS // 2]:
        novelty.feed(frame, is_all=True)

    news = [novelty.feed(frame, is_all=True) for frame in frames(kind)[TURNS // 2 :]]

    assert all(each.newest_end is None for each in news)


WORDS = random.Random(4).choices(string.ascii_lowercase, k=4000)  # noqa: S311 - no secret
REAL: dict[str, Callable[[int], str]] = {
    "a build log": lambda n: f"  CC      src/{''.join(WORDS[n * 8 : n * 8 + 8])}.o\n",
    "a listing": lambda n: f"-rw-r--r-- 1 me me {n} Mar 1 {''.join(WORDS[n * 9 : n * 9 + 7])}\n",
    "words that stream in": lambda n: f"{''.join(WORDS[n * 6 : n * 6 + 6])} ",
    "a diff": lambda n: f"\x1b[32m+    {''.join(WORDS[n * 5 : n * 5 + 9])} = None\x1b[0m\r\n",
}


@pytest.mark.parametrize("kind", REAL)
def test_work_is_news_to_its_end(kind: str) -> None:
    """Output whose words differ is progress, however long it goes on."""
    novelty = Novelty()

    news = [novelty.feed(REAL[kind](number).encode(), is_all=True) for number in range(400)]

    assert all(each.newest_end is not None for each in news)


def test_the_first_of_a_numbered_series_count_and_the_endless_rest_does_not() -> None:
    """Three times a numbered line is progress; from then on the series is a counter."""
    novelty = Novelty()

    news = [novelty.feed(f"test {number} passed\n".encode(), is_all=True) for number in range(9)]

    assert [each.newest_end is not None for each in news] == [True] * OFTEN + [False] * (9 - OFTEN)


def test_one_new_line_among_chatter_is_found_where_it_is() -> None:
    """The place behind the new line is told, not the end of what was fed."""
    novelty = Novelty()
    spin = b"\r\x1b[K12s elapsed" * 50
    novelty.feed(spin, is_all=True)

    found = novelty.feed(spin + b"\r\nwrote parser.py\r\n" + spin, is_all=True)

    assert found.newest_end == len(spin + b"\r\nwrote parser.py")
    assert found.lines_before == 50


def test_what_was_forgotten_is_new_again() -> None:
    """A line that comes back after hundreds of others is no chatter."""
    novelty = Novelty()
    novelty.feed(b"done\n" * OFTEN, is_all=True)
    assert novelty.feed(b"done\n", is_all=True).newest_end is None
    for number in range(REMEMBERED):
        novelty.feed(f"{''.join(WORDS[number : number + 12])}\n".encode(), is_all=True)

    assert novelty.feed(b"done\n", is_all=True).newest_end is not None


def test_case_tells_lines_apart() -> None:
    """Only numbers, drawing and blanks are evened out."""
    assert forms("Error: Disk") != forms("error: disk")
    assert forms("  [####  ] 12% of 3,400 kB") == forms("[######] 99%  of 7 kB")


def test_a_line_that_has_not_ended_is_left_for_later() -> None:
    """A frame that is cut in the middle is not taken for two new lines."""
    novelty = Novelty()

    first = novelty.feed(b"\r12s ela", is_all=False)
    second = novelty.feed(b"12s elapsed\r", is_all=False)

    assert (first.taken, first.newest_end) == (1, None)
    assert (second.taken, second.newest_end, second.lines) == (12, 11, 1)


def test_a_line_without_an_end_is_judged_when_it_is_too_long_to_keep() -> None:
    """A stream of one line, as of a program that writes JSON, is not kept back for ever."""
    long = b"x" * (LONGEST_OPEN_LINE + 1)

    assert Novelty().feed(long, is_all=False).taken == len(long)


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\r\n", b"\x1b[2J\x1b[H", b"\x1b]0;title\x07", b"\xff\xfe", b"----", "⠋".encode()],
    ids=repr,
)
def test_what_has_no_word_in_it_is_no_line(data: bytes) -> None:
    """Frames, titles and movements alone are never news; bytes that are no text harm nobody."""
    found = Novelty().feed(data, is_all=True)

    assert found.taken == len(data)
    assert found.lines == (1 if data == b"\xff\xfe" else 0)


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_are_judged_to_their_end(pieces: list[bytes]) -> None:
    """Whatever comes, all of it is taken, and places lie within it."""
    novelty = Novelty()
    for piece in pieces:
        found = novelty.feed(piece, is_all=True)
        assert found.taken == len(piece)
        assert found.newest_end is None or 0 < found.newest_end <= len(piece)
        assert found.lines_before <= found.lines


@given(
    st.lists(st.sampled_from(["a\n", "b c\r\n", "\x1b[1mx\x1b[0m\n", "7 of 9\r", "⠙ y"])), st.data()
)
def test_where_output_is_cut_makes_no_difference(lines: list[str], data: st.DataObject) -> None:
    """Fed in two pieces, with the rest of a line kept, the same lines are found as in one."""
    whole = "".join(lines).encode()
    cut = data.draw(st.integers(0, len(whole)))
    once = Novelty().feed(whole, is_all=True)

    twice = Novelty()
    first = twice.feed(whole[:cut], is_all=False)
    second = twice.feed(whole[first.taken :], is_all=True)

    assert first.lines + second.lines == once.lines
    ends = [first.newest_end, second.newest_end and first.taken + second.newest_end]
    assert max((each for each in ends if each), default=None) == once.newest_end
