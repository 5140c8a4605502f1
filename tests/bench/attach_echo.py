"""How long a key takes through attach until its echo is on the operator's terminal.

The peer is the same program in a terminal of its own, with nothing between: what is added is a
client, a socket, a supervisor, and the disk. The program copies every byte it reads.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common

ROUNDS, QUICK_ROUNDS = 1000, 20
SETTLED_AFTER_S, QUICK_SETTLED_AFTER_S = 2.0, 0.2
PEER = "directly"
PROGRAM = ("sh", "-c", "stty raw -echo; printf ready; exec cat")
LONGEST_WAIT_MS = 60_000
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


class Keyboard:
    """A terminal with a program in it, and somebody who presses keys and watches."""

    def __init__(self, argv: tuple[str, ...], environment: dict[str, str]) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self._waiter = select.poll()
        self._waiter.register(self._master, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def wait_for(self, wanted: bytes) -> None:
        """Read until something was written."""
        seen = b""
        while wanted not in seen:
            seen += self._read()

    def settle(self, seconds: float) -> None:
        """Read until nothing has come for so long: a greeting is shown for a moment and erased."""
        while self._waiter.poll(seconds * 1000):
            self._read()

    def press(self) -> float:
        """Press a key and return the seconds until its echo."""
        begin = time.perf_counter()
        os.write(self._master, b"x")
        while b"x" not in self._read():
            pass
        return time.perf_counter() - begin

    def _read(self) -> bytes:
        if not self._waiter.poll(LONGEST_WAIT_MS):
            raise TimeoutError("no echo came")
        return os.read(self._master, 65536)


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    with common.own_store() as bench, ExitStack() as stack:
        bench.spawn("echo", *PROGRAM)
        attach = tuple(bench.podtui("attach", "echo"))
        keyboards = {
            PEER: stack.enter_context(Keyboard(PROGRAM, bench.environment)),
            "through podtui attach": stack.enter_context(Keyboard(attach, bench.environment)),
        }
        for keyboard in keyboards.values():
            keyboard.wait_for(b"ready")
            keyboard.settle(QUICK_SETTLED_AFTER_S if options.quick else SETTLED_AFTER_S)
        measured = common.alternate(
            {name: keyboard.press for name, keyboard in keyboards.items()},
            QUICK_ROUNDS if options.quick else ROUNDS,
        )
    floor = common.median(measured[PEER])
    rows = [
        common.Row(
            name,
            (_words(common.median(times)), _words(common.percentile(times, 0.95))),
            None if name == PEER else common.median(times) / floor,
        )
        for name, times in measured.items()
    ]
    title = f"key to echo, {len(measured[PEER])} keys each"
    return common.print_table(title, ("median", "p95"), rows, options)


def _words(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


if __name__ == "__main__":
    sys.exit(main())
