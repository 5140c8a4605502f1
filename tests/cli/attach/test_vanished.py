"""Viewers that are gone or stand still from one moment to the next."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from podtui.core.model.verdicts import Status
from tests.cli.attach.test_attach import ECHOING, TELLS_ITS_SIZE, spawned, wait_for_output
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard, until


def descriptors_of_supervisor(yard: Yard) -> int:
    return len(os.listdir(f"/proc/{yard.supervisor_of('p').pid}/fd"))


def test_a_viewer_that_is_killed_leaves_no_trace(yard: Yard, podtui: Podtui) -> None:
    """The pod runs on, the size is the other viewer's again, the supervisor has closed its end."""
    yard.spawn("p", sys.executable, "-c", TELLS_ITS_SIZE)
    wait_for_output(yard, "now 120x40")
    before = descriptors_of_supervisor(yard)
    with podtui.in_terminal("attach", "p", columns=90, rows=30) as stays:
        stays.see(b"now 90x30")
        with podtui.in_terminal("attach", "p", columns=70, rows=20) as killed:
            killed.see(b"now 70x20")
            stays.see(b"70x20 shown on 90x30")
            killed.process.kill()
            killed.process.wait()
            seen = len(stays.seen)
            while b"now 90x30" not in stays.seen[seen:]:
                stays.look()
            until(lambda: descriptors_of_supervisor(yard) == before + 1)
        stays.type(b"\x1d")
        assert stays.ending() == 0
        assert stays.mode() == stays.mode_before
    until(lambda: descriptors_of_supervisor(yard) == before)
    assert yard.view("p").status is Status.WORKING


def test_a_viewer_that_is_killed_while_it_types_leaves_what_it_typed(
    yard: Yard, podtui: Podtui
) -> None:
    """What had arrived is there, nothing is made up, and the next one can type."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as killed:
        killed.see(b"ready")
        killed.type(b"first\rhalf of a li")
        killed.see(b"got:first")
        killed.see(b"half of a li")
        killed.process.kill()
        killed.process.wait()
    with podtui.in_terminal("attach", "p") as later:
        later.see(b"half of a li")
        later.type(b"ne\r")
        later.see(b"got:half of a line")
        later.type(b"\x1d")
        assert later.ending() == 0


def test_a_viewer_that_stands_still_does_not_slow_the_other(
    yard: Yard, podtui: Podtui, tmp_path: Path
) -> None:
    """While one is stopped in a flood, the other sees all of it, types, and leaves."""
    done = tmp_path / "done"
    spawned(yard, f"echo ready; read -r x; seq 1 200000; touch {done}; echo over; {ECHOING}")
    with podtui.in_terminal("attach", "p") as still, podtui.in_terminal("attach", "p") as other:
        still.see(b"ready")
        other.see(b"ready")
        still.process.send_signal(signal.SIGSTOP)
        other.type(b"go\r")
        other.see(b"200000\r\nover\r\n")
        other.type(b"still here\r")
        other.see(b"got:still here")
        other.type(b"\x1d")
        assert other.ending() == 0
        assert done.exists()
        still.process.send_signal(signal.SIGCONT)
        still.see(b"got:still here")
        still.type(b"\x1d")
        assert still.ending() == 0
