"""A full-screen program in a terminal of its own, its reader's clock, and what it costs."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

LONGEST_WAIT_S = 60.0
LOOK_S = 1.0
"""How often it is looked whether the program is still there."""
PIECE = 1024 * 1024
KEPT = 4 * 1024 * 1024
"""Bytes kept of what was seen since the last mark: a screen that prints for long must not grow."""
PRINTER = """import time
number = 0
while True:
    number += 1
    print("line", number, "of the output of an agent that has something to say", flush=True)
    time.sleep(0.2)
"""
"""A program that prints five lines a second."""
# The terminal has to be the controlling one, or the program takes it for a pipe's.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


class Cost(NamedTuple):
    """What a process has used since its start: seconds of CPU, and how often it woke up."""

    cpu_s: float
    wakes: int


class Screen:
    """One program in a terminal; everything it writes is read while something is waited for."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 120,
        rows: int = 40,
        directory: Path | None = None,
    ) -> None:
        # Our own hold on the terminal keeps it open when the program ends before it is read.
        self._master, self._slave = os.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._waiter = select.poll()
        self._waiter.register(self._master, select.POLLIN)
        self.seen = b""
        self.written = 0
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _TAKE_TERMINAL, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            cwd=directory,
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

    def type(self, keys: bytes) -> float:
        """Press keys and forget what was seen before; returns when."""
        self.look_for(0.0)
        self.seen = b""
        at = time.monotonic()
        os.write(self._master, keys)
        return at

    def see(self, pattern: bytes, timeout_s: float = LONGEST_WAIT_S) -> float:
        """Return when a pattern was first there in what was seen since the last key.

        Raises:
            TimeoutError: it did not come, or cannot come since the program has ended.
        """
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout_s
        while not wanted.search(self.seen):
            left = deadline - time.monotonic()
            if left <= 0 or self.process.poll() is not None:
                raise TimeoutError(f"{pattern!r} did not come; last seen {self.seen[-600:]!r}")
            self._read(min(left, LOOK_S))
        return time.monotonic()

    def look_for(self, seconds: float) -> None:
        """Read what comes for so long; 0 = what is there already."""
        deadline = time.monotonic() + seconds
        while self._read(max(deadline - time.monotonic(), 0.0)):
            if seconds and time.monotonic() >= deadline:
                return

    def end_with(self, keys: bytes) -> None:
        """Press the keys that end the program, and wait until it has."""
        handle = os.pidfd_open(self.process.pid)
        try:
            self._waiter.register(handle, select.POLLIN)
            os.write(self._master, keys)
            # What it still writes is read, or it would wait for that for ever.
            while handle not in (ready := dict(self._waiter.poll(LONGEST_WAIT_S * 1000))):
                if not ready:
                    raise TimeoutError(f"the program did not end after {keys!r}")
                self._read(0.0)
        finally:
            self._waiter.unregister(handle)
            os.close(handle)

    def _read(self, seconds: float) -> bool:
        if not self._waiter.poll(seconds * 1000):
            return False
        piece = os.read(self._master, PIECE)
        self.seen = (self.seen + piece)[-KEPT:]
        self.written += len(piece)
        return True

    def cost(self) -> Cost:
        """Return what the program has used so far, all threads together."""
        nanoseconds = wakes = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                nanoseconds += int((task / "schedstat").read_bytes().split()[0])
                wakes += _field((task / "status").read_bytes(), b"voluntary_ctxt_switches")
            except (FileNotFoundError, ProcessLookupError):
                # A thread that ended meanwhile.
                continue
        return Cost(nanoseconds / 1e9, wakes)

    def rss_bytes(self) -> int:
        """Return the resident memory of the program."""
        status = Path(f"/proc/{self.process.pid}/status").read_bytes()
        return _field(status, b"VmRSS") * 1024


def _field(status: bytes, name: bytes) -> int:
    found = re.search(rb"^" + name + rb":\s+([0-9]+)", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the kernel does not tell {name.decode()}")
    return int(found[1])
