"""A program in a terminal of a test's own, and a second opinion's eyes on it."""

from __future__ import annotations

import difflib
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from podtui.core.system.clock import SystemClock
from tests.screen.eyes import Eyes

DEADLINE_S = 15.0
QUIET_MS = 60
"""Programs paint in one go: a pause this long means that they wait for us."""
# The terminal has to be the controlling one, or a change of its size reaches nobody.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


class Watched:
    """One program in a terminal.

    Attributes:
        eyes: what a person sees of it.
        seen: every byte it has written.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.eyes = Eyes(columns, rows)
        self.seen = b""
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def fileno(self) -> int:
        return self._master

    def type(self, data: bytes) -> None:
        """Press keys."""
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size."""
        self.eyes.resize(columns, rows)
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def look(self, wait_ms: int = QUIET_MS) -> bool:
        """Take what was written; False when nothing came in time."""
        waiter = select.poll()
        waiter.register(self._master, select.POLLIN)
        if not waiter.poll(wait_ms):
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            # The last program that had the terminal is gone.
            data = b""
        self.seen += data
        self.eyes.see(data)
        return bool(data)

    def look_until(self, condition: Callable[[], bool]) -> None:
        """Look until something is seen."""
        clock = SystemClock()
        deadline = clock.monotonic() + DEADLINE_S
        while not condition():
            assert clock.monotonic() < deadline, "\n".join(self.eyes.text())
            self.look()

    def see(self, text: str) -> None:
        """Look until a text is on the screen."""
        self.look_until(lambda: any(text in line for line in self.eyes.text()))

    def repaint(self) -> None:
        """Look until the program has painted again."""
        assert self.look(int(DEADLINE_S * 1000)), "it painted nothing"
        self.settle()

    def settle(self) -> None:
        """Look until nothing comes any more."""
        while self.look():
            pass


def assert_same_screen(
    direct: Watched, attached: Watched, *, rows: slice = slice(None), cursor: bool = True
) -> None:
    """Look at both until they show the same, cell by cell, and nothing more comes."""
    clock = SystemClock()
    deadline = clock.monotonic() + DEADLINE_S
    while True:
        for each in (direct, attached):
            each.settle()
        same = direct.eyes.rows()[rows] == attached.eyes.rows()[rows]
        if same and (not cursor or direct.eyes.cursor() == attached.eyes.cursor()):
            return
        assert clock.monotonic() < deadline, _difference(direct, attached)
        # A notice of ours may be over the last row for a moment.
        attached.look(200)


def _difference(direct: Watched, attached: Watched) -> str:
    lines = difflib.unified_diff(direct.eyes.text(), attached.eyes.text(), "direct", "attached")
    cells = [
        f"{y},{x}: {one} != {other}"
        for y, (left, right) in enumerate(
            zip(direct.eyes.rows(), attached.eyes.rows(), strict=True)
        )
        for x, (one, other) in enumerate(zip(left, right, strict=True))
        if one != other
    ]
    cursors = f"cursor {direct.eyes.cursor()} and {attached.eyes.cursor()}"
    return "\n".join([*lines, *cells[:5], cursors])
