"""A screen whose terminal goes away ends, also when no signal tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import termios

from podtui.tui.feeds.hangup import terminal_is_gone
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard

END_S = 40


def test_a_terminal_that_was_hung_up_is_told_from_one_that_is_there() -> None:
    """The other end being closed is what makes the difference, not whether there are keys."""
    ours, theirs = os.openpty()
    try:
        assert not terminal_is_gone(theirs)
        os.write(ours, b"key\n")
        assert not terminal_is_gone(theirs)
    finally:
        os.close(ours)
    assert terminal_is_gone(theirs)
    os.close(theirs)


def test_a_screen_without_a_terminal_ends_by_itself(yard: Yard) -> None:
    """It was not this terminal's own program, so no signal came: it ends all the same."""
    yard.spawn("worker", "sleep", "600")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (30, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "podtui"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**Podtui(yard.environment).environment, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    try:
        os.close(theirs)
        seen = b""
        while b"worker" not in seen:
            seen += os.read(ours, 65536)
        os.close(ours)
        assert process.wait(END_S) == 129
    finally:
        process.kill()
        process.wait()
    assert yard.view("worker").verdict == "alive"
