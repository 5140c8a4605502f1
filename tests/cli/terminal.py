"""podtui in a terminal of a test's own: a real PTY, with a person's keys and eyes."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from typing import Any, Self

DEADLINE_MS = 20_000
# The terminal has to be the controlling one, or a change of its size reaches nobody.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.executable, [sys.executable, '-m', 'podtui', *sys.argv[1:]])\n"
)


class TerminalSession:
    """One podtui in a terminal.

    Attributes:
        seen: everything it has written so far.
        process: podtui itself.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.seen = b""
        self._master, self._slave = os.openpty()
        self.resize(columns, rows)
        self.mode_before = self.mode()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={"TERM": "xterm-256color", **environment},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    @property
    def descriptor(self) -> int:
        """The terminal itself, as a shell in it would have it."""
        return self._slave

    def mode(self) -> list[Any]:
        """Return how the terminal is set up."""
        return termios.tcgetattr(self._slave)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging a window does."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        """Press keys."""
        while data:
            data = data[os.write(self._master, data) :]

    def look(self) -> bytes:
        """Return what came since the last look, waiting for some; nothing when all is closed."""
        waiter = select.poll()
        waiter.register(self._master, select.POLLIN)
        assert self.process.poll() is None or waiter.poll(0), (
            f"it ended after {self.seen[-2000:]!r}"
        )
        assert waiter.poll(DEADLINE_MS), f"nothing came after {self.seen[-2000:]!r}"
        piece = os.read(self._master, 65536)
        self.seen += piece
        return piece

    def see(self, wanted: bytes) -> bytes:
        """Look until ``wanted`` was written, and return everything seen up to its end."""
        return self.see_match(re.escape(wanted)).string[: self.seen.index(wanted) + len(wanted)]

    def see_match(self, pattern: bytes) -> re.Match[bytes]:
        """Look until the pattern was written."""
        while not (found := re.search(pattern, self.seen)):
            self.look()
        return found

    def ending(self) -> int:
        """Return the exit code, having read everything that was still written."""
        handle = os.pidfd_open(self.process.pid)
        try:
            waiter = select.poll()
            waiter.register(handle, select.POLLIN)
            waiter.register(self._master, select.POLLIN)
            while ready := dict(waiter.poll(DEADLINE_MS)):
                if self._master in ready:
                    self.look()
                elif handle in ready:
                    return self.process.wait()
        finally:
            os.close(handle)
        raise AssertionError(f"podtui did not end: {self.seen[-2000:]!r}")
