"""The demo agent as a process of its own, on a pipe or on a terminal."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import podtui.demo

AGENT = Path(podtui.demo.__file__).with_name("agent.py")
BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
LONGEST_WAIT_S = 20.0

Play = Callable[..., "Agent"]


class Agent:
    """One running demo agent and the end of its output this test reads from."""

    def __init__(self, process: subprocess.Popen[bytes], reads_from: int) -> None:
        self.process = process
        self.reads_from = reads_from
        self.said = b""

    def read_until(self, text: str) -> str:
        """Return everything said so far, once ``text`` is in it."""
        while text.encode() not in self.said:
            piece = self.read_some()
            if not piece:
                raise AssertionError(f"{text!r} never came: {self.said!r}")
            self.said += piece
        return self.said.decode()

    def read_some(self) -> bytes:
        waiter = select.poll()
        waiter.register(self.reads_from, select.POLLIN | select.POLLHUP)
        if not waiter.poll(LONGEST_WAIT_S * 1000):
            raise AssertionError(f"nothing came after {self.said!r}")
        try:
            return os.read(self.reads_from, 65536)
        except OSError:
            # A terminal whose other side is closed answers EIO where a pipe ends.
            return b""

    def read_to_end(self) -> str:
        while piece := self.read_some():
            self.said += piece
        return self.said.decode()

    def ended_with(self) -> int:
        return self.process.wait(LONGEST_WAIT_S)


@pytest.fixture
def play() -> Iterator[Play]:
    """Start the agent in a role, from "/" and with a bare environment; all are ended after."""
    started: list[Agent] = []

    def start(role: str, *, terminal: int | None = None, pace: str = "0") -> Agent:
        # -I -S -E: nothing but the standard library can be imported.
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-E", str(AGENT), "--pace", pace, role],
            cwd="/",
            env=BARE_ENVIRONMENT,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        reads_from = process.stdout.fileno() if process.stdout else -1
        started.append(Agent(process, reads_from))
        return started[-1]

    yield start
    for agent in started:
        agent.process.kill()
        agent.process.communicate()
