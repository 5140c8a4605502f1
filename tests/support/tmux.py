"""A program in a window of tmux, as a person has it: keys in, the text of the screen out."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path

from podtui.core.system.clock import SystemClock
from tests.support.store_fixture import wait_readable

DEADLINE_S = 20.0
LOOK_MS = 20


class Tmux:
    """A tmux server of the test's own, with one window.

    Args:
        socket: where it listens; a file in a temporary directory.
        environment: what the window has.
        command: what runs in the window, a line for a shell.
    """

    def __init__(
        self,
        socket: Path,
        environment: Mapping[str, str],
        command: str,
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", os.devnull]
        # Where it is made matters: the window has this environment.
        self._environment = {**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        size = ("-x", str(columns), "-y", str(rows))
        self.run("-u", "new-session", "-d", *size, command)
        self._server = os.pidfd_open(int(self.run("display-message", "-p", "#{pid}")))

    def run(self, *arguments: str) -> str:
        """Tell the server something, and return what it answers."""
        done = subprocess.run(
            [*self._base, *arguments], env=self._environment, capture_output=True, check=True
        )
        return done.stdout.decode()

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux names them."""
        self.run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text."""
        self.run("send-keys", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self.run("resize-window", "-x", str(columns), "-y", str(rows))

    def click(self, column: int, row: int) -> None:
        """Press and let go the first mouse button, as a terminal reports it."""
        for end in "Mm":
            self.type(f"\x1b[<0;{column + 1};{row + 1}{end}")

    def lines(self) -> list[str]:
        """Return the rows of the screen without blanks at their ends."""
        return [
            line.rstrip() for line in self.run("capture-pane", "-p").removesuffix("\n").split("\n")
        ]

    def see(self, *wanted: str, gone: tuple[str, ...] = ()) -> list[str]:
        """Look until all that is wanted is on the screen and nothing of what is to be gone."""
        clock = SystemClock()
        deadline = clock.monotonic() + DEADLINE_S
        pause = select.poll()
        while True:
            lines = self.lines()
            text = "\n".join(lines)
            if all(each in text for each in wanted) and not any(each in text for each in gone):
                return lines
            assert clock.monotonic() < deadline, f"{wanted} or not {gone}:\n{text}"
            pause.poll(LOOK_MS)

    def end(self) -> None:
        """End the server with all it runs, and see that it is gone."""
        try:
            self.run("kill-server")
            wait_readable(self._server)
        finally:
            os.close(self._server)
