"""Streams and people: colour, widths, questions, Ctrl-C, and the way help and versions look."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from podtui import __version__
from podtui.cli.app import VERBS
from podtui.core.model.verdicts import Status
from podtui.kernel import signals
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard, until


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C for one process."""
    handle = signals.open_target(process.pid)
    signals.send(handle, signal.SIGINT)
    os.close(handle)


def test_colour_is_for_terminals_that_want_it(yard: Yard, podtui: Podtui) -> None:
    """A terminal gets colour for states; a pipe, NO_COLOR and a dumb terminal do not."""
    yard.spawn("p")
    with podtui.in_terminal("ls") as coloured:
        assert coloured.ending() == 0
        assert b"\x1b[32m\xe2\x97\x8f working\x1b[0m" in coloured.seen
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = Podtui({**podtui.environment, **variables})
        with plain.in_terminal("ls") as terminal:
            assert terminal.ending() == 0
            assert b"working" in terminal.seen
            assert b"\x1b" not in terminal.seen
    assert "\x1b" not in podtui("ls").out


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_table_fits_the_terminal(yard: Yard, podtui: Podtui, columns: int) -> None:
    """No line wraps; the names are there on the narrowest."""
    yard.shell("a-rather-long-pod-name", "exit 3", task="t" * 300)
    yard.wait_ended("a-rather-long-pod-name")
    with podtui.in_terminal("tree", columns=columns) as terminal:
        assert terminal.ending() == 0
        lines = terminal.seen.decode().splitlines()
    plain = [line.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in lines]
    assert all(len(line) <= columns for line in plain)
    assert plain[1].startswith("a-rather-long-pod-name  ✗ failed 3")


@pytest.mark.parametrize(("answer", "stops"), [(b"y\n", True), (b"\n", False), (b"no\n", False)])
def test_stop_shows_its_plan_and_asks_on_a_terminal(
    yard: Yard, podtui: Podtui, answer: bytes, stops: bool
) -> None:
    """Enter alone is no; only a clear yes ends the pod."""
    yard.spawn("p")
    with podtui.in_terminal("stop", "p") as terminal:
        terminal.see(b"plan: stop p")
        terminal.see(b"[y/N] ")
        assert yard.view("p").status is Status.WORKING
        terminal.type(answer)
        assert terminal.ending() == (0 if stops else 5)
    assert yard.view("p").status is (Status.EXITED if stops else Status.WORKING)


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_stop_without_a_terminal_needs_a_yes(
    yard: Yard, podtui: Podtui, arguments: tuple[str, ...]
) -> None:
    """A program is never asked, and nothing is ended by the lack of an answer."""
    yard.spawn("p")
    answer = podtui("stop", "p", *arguments)
    assert answer.code == 2
    assert "--yes" in answer.err
    assert yard.view("p").status is Status.WORKING


def test_ctrl_c_at_a_question_is_no(yard: Yard, podtui: Podtui) -> None:
    """The command ends with 130 and without a traceback; the pod goes on."""
    yard.spawn("p")
    with podtui.in_terminal("stop", "p") as terminal:
        terminal.see(b"[y/N] ")
        terminal.type(b"\x03")
        assert terminal.ending() == 130
        assert b"Traceback" not in terminal.seen
    assert yard.view("p").status is Status.WORKING


@pytest.mark.parametrize(
    "arguments",
    [
        ("read", "p", "--follow"),
        ("read", "p", "--follow", "--json"),
        ("events", "--follow"),
        ("wait", "p", "--until", "ended"),
    ],
)
def test_ctrl_c_ends_what_waits_without_a_traceback(
    yard: Yard, podtui: Podtui, arguments: tuple[str, ...]
) -> None:
    """Exit code 130, nothing on standard error, and quickly."""
    yard.shell("p", "echo hello; exec sleep 600")
    waiting = podtui.start(*arguments)
    if arguments[0] != "wait":
        assert waiting.stdout is not None
        assert waiting.stdout.readline()
    else:
        # Its handler is in place before it watches for the death of the run.
        wait_until_it_watches(waiting)
    interrupt(waiting)
    _, remarks = waiting.communicate(timeout=20)
    assert waiting.returncode == 130
    assert remarks == b""


def wait_until_it_watches(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process holds a pidfd, which is readable when a run ends."""

    def watches() -> bool:
        folder = f"/proc/{process.pid}/fdinfo"
        for each in os.listdir(folder):
            # It closes files while it starts.
            with suppress(FileNotFoundError), open(f"{folder}/{each}") as facts:
                if "\nPid:" in facts.read():
                    return True
        return False

    until(watches)


def test_the_version_is_the_packages(podtui: Podtui) -> None:
    """One line with the name and the version."""
    assert podtui("--version").out == f"podtui {__version__}\n"


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_there_for_every_verb(podtui: Podtui, verb: str) -> None:
    """Every verb explains itself on standard output; without one all verbs are named."""
    told = podtui(*filter(None, [verb]), "--help")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: podtui {verb}".rstrip())
    if verb:
        assert "--json" in told.out
    else:
        assert all(each in told.out for each in VERBS)
