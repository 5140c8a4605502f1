"""``read --view screen``: the terminal as it looks now, and nothing that could act."""

from __future__ import annotations

import re

from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard

PAINTS = (
    "printf '\\033[2J\\033[3;5H\\033[1;31mred\\033[m plain\\033[5;1H"
    "\\033]0;title\\007\\033[6nlast\\033[2;2H'"
)
ALLOWED = re.compile(rb"\x1b\[[0-9;]*m")


def painted(yard: Yard, script: str = PAINTS) -> None:
    yard.shell("p", script, columns=60, rows=10)
    yard.wait_ended("p")


def test_into_a_pipe_the_screen_is_plain_lines(yard: Yard, podtui: Podtui) -> None:
    """What was painted where it was painted, and no sequence at all."""
    painted(yard)
    answer = podtui("read", "p", "--view", "screen")
    assert answer.out == "\n\n    red plain\n\nlast\n"
    assert answer.err == "exited 0\n"


def test_no_cursor_moves(yard: Yard, podtui: Podtui) -> None:
    """Looking at the screen is not reading: the reader has seen nothing of the output."""
    painted(yard)
    podtui("read", "p", "--view", "screen")
    assert "red plain" in podtui("read", "p").out


def test_the_object_has_the_screen_with_its_size_and_cursor(yard: Yard, podtui: Podtui) -> None:
    """A program gets the same lines, and where the cursor is, counted from 0."""
    painted(yard)
    assert podtui("read", "p", "--view", "screen", "--json").document == {
        "pod": "p",
        "run": 1,
        "text": "\n\n    red plain\n\nlast\n",
        "columns": 60,
        "rows": 10,
        "cursor": {"column": 1, "row": 1, "visible": True},
        "alternate": False,
        "title": "title",
        "status": "exited",
        "message": "exited 0",
    }


def test_on_a_terminal_it_is_drawn_again_with_sequences_of_our_own(
    yard: Yard, podtui: Podtui
) -> None:
    """Colours are shown; of all else an agent may have printed nothing is passed through."""
    painted(yard)
    with podtui.in_terminal("read", "p", "--view", "screen") as terminal:
        assert terminal.ending() == 0
        assert b"\x1b[0;1;31mred\x1b[0m plain" in terminal.seen
        assert b"\x1b" not in ALLOWED.sub(b"", terminal.seen)


def test_a_narrow_terminal_gets_what_fits(yard: Yard, podtui: Podtui) -> None:
    """A row never becomes two."""
    painted(yard, "printf '%060d' 0")
    with podtui.in_terminal("read", "p", "--view", "screen", columns=30) as terminal:
        assert terminal.ending() == 0
        assert terminal.seen.startswith(b"0" * 30 + b"\r\n")


def test_what_has_no_meaning_for_a_screen_is_refused(yard: Yard, podtui: Podtui) -> None:
    """There is nothing to follow in it, and no start; the error says what to do instead."""
    painted(yard)
    for option in ("--follow", "--from-start"):
        answer = podtui("read", "p", "--view", "screen", option, "--json")
        assert answer.error["kind"] == "bad_input"
        assert "attach p --read-only" in answer.error["next"]
