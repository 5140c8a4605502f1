"""The operator's terminal: switched to raw mode for a while, then restored."""

from __future__ import annotations

import copy
import os
import select
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from podtui.core.attach.terminal_modes import TerminalModes
from podtui.core.errors import BadInput

READ_BYTES = 64 * 1024
DRAIN_MS = 2000
"""How long to wait at the end for a terminal that accepts no output."""
FALLBACK_SIZE = (80, 24)
"""For terminals that report no size."""
BLOCKING_PIECE = 512
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


class Terminal:
    """A terminal for input and output, with the output that is still to be written.

    Raises:
        BadInput: one of the two is no terminal.
    """

    def __init__(self, input_descriptor: int, output_descriptor: int) -> None:
        if not (_is_terminal(input_descriptor) and _is_terminal(output_descriptor)):
            raise BadInput(
                "attach needs a terminal for input and output, and there is none",
                next_step="podtui read NAME --follow shows the output, podtui send NAME TEXT types",
                kept="the pod was not touched",
            )
        self.input = input_descriptor
        self.modes = TerminalModes()
        self._given = output_descriptor
        self._pending = bytearray()
        self._at_line_start = True
        self._own, self.output = _own_description(output_descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            os.close(self.output)

    def size(self) -> tuple[int, int]:
        """Return columns and rows."""
        try:
            columns, rows = os.get_terminal_size(self._given)
        except OSError:
            return FALLBACK_SIZE
        return columns or FALLBACK_SIZE[0], rows or FALLBACK_SIZE[1]

    def read(self) -> bytes:
        """Return the input; nothing when the terminal is gone."""
        try:
            return os.read(self.input, READ_BYTES)
        except OSError:
            return b""

    # writing

    @property
    def waiting(self) -> int:
        """Bytes that are still to be written."""
        return len(self._pending)

    def say(self, sentence: str) -> None:
        """Write one line of podtui itself."""
        self.write(sentence.encode("utf-8", "replace") + b"\r\n")

    def write(self, data: bytes) -> None:
        """Write bytes, now or as soon as the terminal takes them."""
        self._pending += data
        self.flush()

    def flush(self) -> None:
        """Write what the terminal takes now."""
        while self._pending:
            piece = bytes(self._pending if self._own else self._pending[:BLOCKING_PIECE])
            if not self._own and not _has_room(self.output, 0):
                return
            try:
                written = os.write(self.output, piece)
            except BlockingIOError:
                return
            except OSError:
                # A terminal that hung up accepts nothing; reading from it reports the end.
                self._pending.clear()
                return
            self.modes.feed(piece[:written])
            self._at_line_start = piece[written - 1 : written] == b"\n"
            del self._pending[:written]

    def leaving(self) -> bytes:
        """Return the bytes that reset every mode, for after the pending output is written."""
        modes = copy.deepcopy(self.modes)
        modes.feed(bytes(self._pending))
        return modes.leaving()

    def drain(self) -> None:
        """Write the pending output while the terminal accepts it."""
        while self._pending and _has_room(self.output, DRAIN_MS):
            self.flush()
        self._pending.clear()

    # taking over

    def set_raw(self) -> None:
        """Switch the terminal to raw mode: every byte passes unchanged."""
        mode = termios.tcgetattr(self.input)
        mode[_IFLAG] &= ~(
            termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR
            | termios.IGNCR | termios.ICRNL | termios.IXON | termios.IXOFF
        )  # fmt: skip
        mode[_OFLAG] &= ~termios.OPOST
        mode[_CFLAG] = mode[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        mode[_LFLAG] &= ~(
            termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
        )
        mode[_CC][termios.VMIN], mode[_CC][termios.VTIME] = 1, 0
        # Not TCSADRAIN: a terminal whose output is held would hold us as well.
        termios.tcsetattr(self.input, termios.TCSANOW, mode)

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Switch to raw mode inside the block; restore the terminal whatever happens."""
        saved = termios.tcgetattr(self.input)
        self.set_raw()
        try:
            yield
        finally:
            self._give_back(saved)

    def _give_back(self, saved: list[Any]) -> None:
        # Leaving the alternate screen restores the cursor, which was at the start of a line.
        on_new_line = self._at_line_start or self.modes.alternate_screen
        reported = self.modes.reports_keys
        # Pending output may be cut anywhere; the program repaints for the next viewer.
        self._pending.clear()
        self.write(self.modes.leaving())
        # Erase what the program painted below, so that the shell does not write over it.
        self.write(b"\x1b[J" if on_new_line else b"\r\n\x1b[J")
        self.drain()
        try:
            if reported:
                # Mouse reports that are still on their way must not reach the shell as input.
                termios.tcflush(self.input, termios.TCIFLUSH)
            termios.tcsetattr(self.input, termios.TCSANOW, saved)
        except termios.error:
            # It hung up: there is nothing to restore.
            return


class Wakeups:
    """Turns signals into something to wait for: a new size, continuing after a stop, the end.

    Attributes:
        resumed: SIGCONT came.

    Raises:
        SystemExit: at `take`, when SIGTERM or SIGHUP came.
    """

    def __init__(self) -> None:
        self.resumed = False
        self._ending = 0
        self._before: dict[int, Any] = {}
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        actions: dict[int, Any] = {
            signal.SIGWINCH: self._note,
            signal.SIGCONT: self._note,
            signal.SIGTERM: self._note,
            signal.SIGHUP: self._note,
            # A stop by the terminal would leave it in raw mode.
            signal.SIGTSTP: signal.SIG_IGN,
        }
        self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number, action in actions.items():
            self._before[number] = signal.signal(number, action)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        for number, action in self._before.items():
            # None stands for a handler that was not set from Python, and cannot be set again.
            signal.signal(number, signal.SIG_DFL if action is None else action)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._reader

    def take(self) -> None:
        """Clear the signals that came; raise SystemExit when one of them was TERM or HUP."""
        try:
            while os.read(self._reader, READ_BYTES):
                pass
        except BlockingIOError:
            pass
        if self._ending:
            raise SystemExit(128 + self._ending)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGCONT:
            self.resumed = True
        elif number in {signal.SIGTERM, signal.SIGHUP}:
            self._ending = number


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _own_description(descriptor: int) -> tuple[bool, int]:
    """Return whether the terminal could be opened again, and a descriptor to write to it.

    The given descriptor shares its flags with the shell: non-blocking mode would break the shell.
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return True, os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        # After `su` the terminal belongs to another user: write small pieces when there is room.
        return False, descriptor


def _has_room(descriptor: int, wait_ms: int) -> bool:
    waiter = select.poll()
    waiter.register(descriptor, select.POLLOUT)
    return bool(waiter.poll(wait_ms))
