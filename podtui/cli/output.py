"""Writes results to standard output, and is the only module that does."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping

from podtui.core.errors import DiskTrouble

STDOUT = 1
_WIDTH_INTO_A_PIPE = None


class StdoutClosed(Exception):
    """The reader of standard output closed it, so that no message can reach it."""


class Output:
    """Standard output: bytes as they are, text as UTF-8, colour only on a terminal.

    Attributes:
        is_terminal: whether standard output is a terminal.
        colour: whether colour may be written.
        width: cells in a line of the terminal; None for a pipe or a file, where no line is cut.
    """

    def __init__(self, environment: Mapping[str, str], descriptor: int = STDOUT) -> None:
        self._descriptor = descriptor
        self.is_terminal = _is_terminal(descriptor)
        plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") in {"dumb", ""}
        self.colour = self.is_terminal and not plain
        self.width = _columns(descriptor) if self.is_terminal else _WIDTH_INTO_A_PIPE

    def write(self, data: bytes) -> None:
        """Write every byte without a buffer: on return the pipe, file or terminal has them all.

        Raises:
            StdoutClosed: the reader closed it.
            DiskTrouble: the write failed.
        """
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                # Another process made the shared description non-blocking: wait for room.
                select.select([], [self._descriptor], [])
            except BrokenPipeError:
                raise StdoutClosed from None
            except OSError as error:
                raise DiskTrouble(
                    f"standard output cannot be written: {error.strerror}",
                    kept="no reader's position was moved past what was written",
                    next_step="send the output to another file and run the command again",
                ) from error

    def text(self, text: str) -> None:
        """Write text; a character that cannot be encoded becomes "?", never an error."""
        self.write(text.encode("utf-8", "replace"))

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.text(f"{text}\n")


def hold_standard_descriptors() -> None:
    """Open /dev/null in place of each closed standard stream, so that a write to it fails.

    Otherwise the next opened file, such as a record, would get descriptor 1, and results would be
    written into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is the closed one. Read-only, so that a write fails.
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
