"""Attaching inside of tmux, as many operators do."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.attach.test_programs import VIM, Stage, needs
from tests.cli.attach.test_programs import stage as stage  # noqa: PLC0414 - a fixture
from tests.cli.conftest import Podtui
from tests.support.store_fixture import until

pytestmark = needs("tmux")


class Tmux:
    """A tmux server of the test's own, with one window."""

    def __init__(self, socket: Path, podtui: Podtui, *command: str) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", os.devnull]
        # Where it is made matters: the window has this environment.
        self._environment = {**podtui.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self.run("-u", "new-session", "-d", "-x", "80", "-y", "24", shlex.join(command))

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._base, *arguments], env=self._environment, capture_output=True, check=True
        )
        return done.stdout.decode()

    def type(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    def text(self) -> list[str]:
        lines = [line.rstrip() for line in self.run("capture-pane", "-p").split("\n")]
        return lines[:24]

    def end(self) -> None:
        self.run("kill-server")


@pytest.fixture
def tmux(stage: Stage, podtui: Podtui, tmp_path: Path) -> Iterator[Tmux]:
    """A window in which a shell is attached to the pod "p"."""
    if shutil.which("vim") is None:
        pytest.skip("vim is not installed here")
    stage.pod(*VIM)
    attach = shlex.join([sys.executable, "-m", "podtui", "attach", "p"])
    made = Tmux(tmp_path / "tmux", podtui, "sh", "-c", f"{attach}; exec cat")
    yield made
    made.end()


def test_inside_of_tmux_a_program_looks_as_in_a_direct_run(stage: Stage, tmux: Tmux) -> None:
    """Keys arrive, the screen is the same, and the key that leaves works."""
    direct = stage.direct(*VIM)
    direct.see("file.py")
    direct.settle()
    until(lambda: tmux.text() == direct.eyes.text())
    direct.type(b"5Gihello\x1b:set number\r")
    tmux.type("5Gihello", "Escape", ":set number", "Enter")
    direct.settle()
    until(lambda: tmux.text() == direct.eyes.text())
    tmux.type("C-]")
    until(lambda: any("detached from p" in line for line in tmux.text()))
    assert not any("line_20" in line for line in tmux.text())
