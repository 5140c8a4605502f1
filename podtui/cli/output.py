"""The only owner of standard output: results, and nothing else, go through here."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping

from podtui.core.errors import DiskTrouble

STDOUT = 1
_WIDTH_INTO_A_PIPE = None


class StdoutClosed(Exception):
    """Whoever read our output is gone; nobody is left to tell."""


class Output:
    """Standard output: bytes as they are, text as UTF-8, colour only on a terminal.

    Attributes:
        is_terminal: whether a person looks at it directly.
        colour: whether colour may be written.
        width: cells of a line of the terminal, None into a pipe or a file: nothing is cut there.
    """

    def __init__(self, environment: Mapping[str, str], descriptor: int = STDOUT) -> None:
        self._descriptor = descriptor
        self.is_terminal = _is_terminal(descriptor)
        plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") in {"dumb", ""}
        self.colour = self.is_terminal and not plain
        self.width = _columns(descriptor) if self.is_terminal else _WIDTH_INTO_A_PIPE

    def write(self, data: bytes) -> None:
        """Write every byte, at once: when this returns, the reader's side has them.

        Raises:
            StdoutClosed: the reader is gone.
            DiskTrouble: the file behind it refuses.
        """
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                # Somebody else made the shared description non-blocking: wait for room.
                select.select([], [self._descriptor], [])
            except BrokenPipeError:
                raise StdoutClosed from None
            except OSError as error:
                raise DiskTrouble(
                    f"standard output cannot be written: {error.strerror}",
                    kept="no reader's position was moved past what was written",
                    next_step="give the output another place and run the command again",
                ) from error

    def text(self, text: str) -> None:
        """Write text; what cannot be encoded becomes U+FFFD's stand-in, never an error."""
        self.write(text.encode("utf-8", "replace"))

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.text(f"{text}\n")


def hold_standard_descriptors() -> None:
    """Give a closed standard stream a stand-in that refuses.

    Without it the next file opened - a record - would get number 1, and results would be written
    into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is the closed one. Reading only: a write to it fails aloud.
            os.open(os.devnull, os.O_RDONLY)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _columns(descriptor: int) -> int | None:
    try:
        return os.get_terminal_size(descriptor).columns or None
    except OSError:
        return None
