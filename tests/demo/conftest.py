"""The demo agent as a process of its own, on a pipe or on a terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import podtui.demo
from tests.demo.player import BARE_ENVIRONMENT, Agent, Play

AGENT = Path(podtui.demo.__file__).with_name("agent.py")


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
