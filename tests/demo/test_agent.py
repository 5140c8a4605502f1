"""The demo agent plays its parts, the same at every run, with the standard library alone."""

from __future__ import annotations

import os
import pty
import select
import signal
import termios

import pytest

from podtui.kernel import signals
from podtui.kernel.processes import read_environ, read_stat
from tests.demo.player import BARE_ENVIRONMENT, LONGEST_WAIT_S, Play


def without_echo(terminal: int) -> None:
    attributes = termios.tcgetattr(terminal)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


@pytest.mark.parametrize("role", ["tester", "crasher"])
def test_a_part_says_the_same_at_every_run(play: Play, role: str) -> None:
    """What the agent prints is scripted, so that the demo looks alike wherever it is shown."""
    assert play(role).read_to_end() == play(role).read_to_end() != ""


def test_the_tester_passes_and_exits_0(play: Play) -> None:
    """One pod of the demo ends well, with its result as the last line."""
    agent = play("tester")
    assert "126 passed" in agent.read_to_end().splitlines()[-1]
    assert agent.ended_with() == 0


def test_the_crasher_ends_with_a_traceback_and_3(play: Play) -> None:
    """One pod of the demo fails with a code of its own and its reason in the last line."""
    agent = play("crasher")
    said = agent.read_to_end()
    assert "Traceback (most recent call last):" in said
    assert said.splitlines()[-1].endswith("line 12: no value after '='")
    assert agent.ended_with() == 3


def test_the_coder_draws_a_bar_over_itself_in_colour(play: Play) -> None:
    """The coder's output has what progress bars do to a log: carriage returns and colours."""
    said = play("coder").read_until("wrote importer/errors.py")
    assert said.count("\r") > said.count("\n")
    assert "\x1b[32m+41\x1b[0m" in said


@pytest.mark.parametrize(
    ("role", "last"), [("reviewer", "one at a time.\n"), ("victim", "without a zone\n")]
)
def test_a_silent_part_stays_until_it_is_ended(play: Play, role: str, last: str) -> None:
    """A part that falls silent does not end by itself; a plain SIGTERM ends it."""
    agent = play(role)
    agent.read_until(last)
    agent.process.terminate()
    assert agent.read_to_end().endswith(last)
    assert agent.ended_with() == -signal.SIGTERM


def test_the_asker_waits_at_the_terminal_and_goes_by_the_answer(play: Play) -> None:
    """Each question waits for a line; y goes on with it, and anything else leaves it as it is."""
    ours, theirs = pty.openpty()
    without_echo(theirs)
    agent = play("asker", terminal=theirs)
    os.close(theirs)
    agent.reads_from = ours
    agent.read_until("Proceed with the tag? [y/N] ")
    os.write(ours, b"y\n")
    agent.read_until("Tag v2.4.0 made.")
    os.write(ours, b"no\n")
    assert "Announcement sent" not in agent.read_until("Left as it is.")
    os.write(ours, b"y\n")
    assert "Release 2.4.0 is done." in agent.read_to_end()
    assert agent.ended_with() == 0
    os.close(ours)


def test_the_asker_releases_nothing_when_nobody_can_answer(play: Play) -> None:
    """At end of input the asker says that nothing was done, and ends."""
    agent = play("asker")
    assert "nothing was released" in agent.read_to_end()
    assert agent.ended_with() == 0


def test_the_forker_leaves_a_daemon_in_a_session_of_its_own(play: Play) -> None:
    """The daemon is out of reach of the forker's session and outlives it."""
    agent = play("forker")
    agent.read_until("search server is process ")
    daemon = int(agent.read_until(", ready").rsplit("process ", 1)[1].split(",")[0])
    handle = signals.open_target(daemon)
    try:
        assert read_environ(daemon) == BARE_ENVIRONMENT
        assert read_stat(daemon).session not in {agent.process.pid, read_stat(os.getpid()).session}
        agent.process.kill()
        agent.ended_with()
        assert not read_stat(daemon).has_exited
    finally:
        signals.send(handle, signal.SIGKILL)
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        assert waiter.poll(LONGEST_WAIT_S * 1000)
        os.close(handle)


def test_an_unknown_part_is_refused_with_the_parts_there_are(play: Play) -> None:
    """A role that does not exist is an error with a usage line, exit 2."""
    agent = play("conductor")
    _, said = agent.process.communicate(timeout=LONGEST_WAIT_S)
    assert said.startswith(b"usage: agent.py")
    assert b"reviewer" in said
    assert agent.ended_with() == 2


def test_a_closed_output_ends_a_part_quietly(play: Play) -> None:
    """When nobody listens any more, the agent ends without a traceback."""
    agent = play("coder")
    assert agent.process.stdout is not None
    agent.process.stdout.close()
    assert agent.ended_with() == 0
    assert agent.process.stderr is not None
    assert agent.process.stderr.read() == b""
