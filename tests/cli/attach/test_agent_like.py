"""A program that paints and asks as agents do, through attach and in a direct run."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.attach.test_programs import DETACH, Stage
from tests.cli.attach.test_programs import stage as stage  # noqa: PLC0414 - a fixture
from tests.screen.watched import Watched, assert_same_screen

PROGRAM = (sys.executable, str(Path(__file__).with_name("ink_like.py")))
ASK, FULL_SCREEN = b"\x01", b"\x06"
KEYS = (
    b"hello", b"\x1b[I", b"\x1b[O", b"\xc3\xa9", b"\x1b[200~pasted \x1d\r\ntext\x1b[201~", b"\r",
    b"\x1b[97;5u", b"\x1b[A", b"\x1b[27;2;13~", ASK, b"more" * 30, b"\r", FULL_SCREEN,
    b"\x1b[<64;10;5M", b"\x1b[B", FULL_SCREEN, b"after", b"\x1b[13u",
)  # fmt: skip
ANSWERS: Mapping[bytes, bytes] = {
    b"\x1b[>0q": b"\x1bP>|eyes 1.0\x1b\\",
    b"\x1b]11;?\x1b\\": b"\x1b]11;rgb:1111/2222/3333\x1b\\",
    b"\x1b[?u": b"\x1b[?1u",
    b"\x1b[6n": b"\x1b[7;3R",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[c": b"\x1b[?62;22c",
}
QUERY = re.compile(b"|".join(re.escape(query) for query in ANSWERS))


def answer(watched: Watched, since: int) -> int:
    """Answer as a terminal does what it was asked; returns how many questions there were."""
    asked = QUERY.findall(watched.seen[since:])
    for query in asked:
        watched.type(ANSWERS[query])
    return len(asked)


def press(watched: Watched, key: bytes) -> None:
    """Press a key; a terminal answers what the program asks then."""
    since = len(watched.seen)
    watched.type(key)
    if key == ASK:
        watched.look_until(lambda: len(QUERY.findall(watched.seen[since:])) == len(ANSWERS))
        assert answer(watched, since) == len(ANSWERS)
        watched.see("eyes 1.0")


def test_it_looks_as_in_a_direct_run_after_every_key(stage: Stage) -> None:
    """Painting in one piece, marks of focus, pastes, key reports and answers to its questions."""
    stage.pod(*PROGRAM)
    direct = stage.direct(*PROGRAM)
    attached = stage.attach()
    for each in (direct, attached):
        each.see("ready")
    assert_same_screen(direct, attached)
    for key in KEYS:
        for each in (direct, attached):
            press(each, key)
        assert_same_screen(direct, attached)
    attached.type(DETACH)
    again = stage.attach()
    assert_same_screen(direct, again)
    for each in (direct, again):
        each.resize(100, 30)
        each.repaint()
        press(each, b"wider")
    assert_same_screen(direct, again)


@pytest.mark.parametrize("number", [5, 9, 14], ids=["log", "answers", "other screen"])
def test_who_comes_later_sees_the_same_and_can_go_on(stage: Stage, number: int) -> None:
    """Whatever was typed before, one who comes then sees every cell, and the next key works."""
    stage.pod(*PROGRAM)
    direct = stage.direct(*PROGRAM)
    first = stage.attach()
    for each in (direct, first):
        each.see("ready")
        for key in KEYS[: number + 1]:
            press(each, key)
    assert_same_screen(direct, first)
    first.type(DETACH)
    late = stage.attach()
    assert_same_screen(direct, late)
    assert not QUERY.search(late.seen)
    for each in (direct, late):
        press(each, KEYS[(number + 1) % len(KEYS)])
    assert_same_screen(direct, late)


def test_the_terminal_is_given_back_without_any_of_its_modes(stage: Stage) -> None:
    """Every mode it has set is taken back when the viewer leaves in the middle."""
    stage.pod(*PROGRAM)
    attached = stage.attach()
    attached.see("ready")
    press(attached, FULL_SCREEN)
    attached.see("here")
    attached.type(DETACH)
    attached.see("it goes on running")
    end = attached.seen[attached.seen.rindex(b"here") :]
    # The wheel as arrow keys is how most terminals are, and it is left to be so.
    for mode in (b"1049", b"1002", b"1006", b"2004", b"1004", b"2031"):
        assert b"\x1b[?" + mode + b"l" in end
    assert b"\x1b[?1049l\x1b[<1u" in end
    assert b"\x1b[>4m" in end
    assert b"\x1b[?25h" in end
