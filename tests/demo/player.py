"""A running demo agent, and the end of its output a test reads from."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable

BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
LONGEST_WAIT_S = 20.0


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


Play = Callable[..., Agent]
"""Starts the agent: ``play(role, terminal=descriptor or None)``."""
