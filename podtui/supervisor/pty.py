"""The pseudo-terminal of a run."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from podtui.supervisor.errors import CannotStart, describe

CHUNK_BYTES = 64 * 1024
LONGEST_CANONICAL_LINE = 4095
SIZES_KEPT = 32
_SIZE = struct.Struct("HHHH")
_INPUT_FLAGS, _LOCAL_FLAGS = 0, 3
_IUTF8 = 0o40000  # not among the names of `termios`
_TIOCGPTPEER = 0x5441


class Terminal:
    """Both ends of a PTY: the supervisor reads and writes the master.

    The slave stays open too: without it, a program that closes its terminal for a moment would
    make every read fail and the event loop spin on a hang-up that is none.

    Attributes:
        sizes: the latest sizes, oldest first: bytes of output before it, columns, rows.
    """

    def __init__(self, columns: int, rows: int) -> None:
        try:
            self.master, self.slave = os.openpty()
        except OSError as error:
            raise CannotStart(
                "refused",
                f"the system has no terminal left for this run: {describe(error)}; "
                "end a pod or raise /proc/sys/kernel/pty/max",
            ) from error
        os.set_blocking(self.master, False)
        _erase_whole_characters(self.slave)
        self.columns, self.rows = columns, rows
        self.sizes: list[list[int]] = [[0, columns, rows]]
        self.set_size(columns, rows)

    def set_size(self, columns: int, rows: int) -> None:
        """Set the size the program sees; the kernel sends SIGWINCH when it changed."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, _SIZE.pack(rows, columns, 0, 0))
        self.columns, self.rows = columns, rows

    def resize(self, columns: int, rows: int, output_bytes: int) -> None:
        """Set the size and remember from which byte of the output on it is the program's."""
        self.set_size(columns, rows)
        # To draw the screen from the output, a reader must know how wide the terminal was then.
        self.sizes = [*self.sizes[1 - SIZES_KEPT :], [output_bytes, columns, rows]]

    def show_other_size(self) -> None:
        """Show a size one row off until the next `set_size`, so that the program paints again."""
        other = self.rows - 1 if self.rows > 1 else self.rows + 1
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, _SIZE.pack(other, self.columns, 0, 0))

    def reopen_slave(self) -> bool:
        """Open the slave again after a program hung it up (vhangup); False when it cannot be."""
        try:
            again = fcntl.ioctl(self.master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return False
        os.close(self.slave)
        self.slave = again
        return True

    def is_line_mode(self) -> bool:
        """Whether the terminal collects lines (canonical mode), cutting long ones silently."""
        flags = termios.tcgetattr(self.master)[_LOCAL_FLAGS]
        return bool(flags & termios.ICANON)

    def read_available(self) -> tuple[bytes, bool]:
        """Return up to 64 KiB of what is there, and whether the other end is gone."""
        parts: list[bytes] = []
        total = 0
        while total < CHUNK_BYTES:
            try:
                part = os.read(self.master, CHUNK_BYTES - total)
            except BlockingIOError:
                break
            except OSError:  # EIO: no process has the slave open, and all output was read
                return b"".join(parts), True
            if not part:
                return b"".join(parts), True
            parts.append(part)
            total += len(part)
        return b"".join(parts), False

    def write_available(self, data: memoryview) -> int:
        """Write what the terminal takes now; 0 when it takes nothing.

        Raises:
            OSError: no process will ever read it.
        """
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0


def _erase_whole_characters(slave: int) -> None:
    """Make the backspace key of a line-mode program take a whole UTF-8 character."""
    settings = termios.tcgetattr(slave)
    settings[_INPUT_FLAGS] |= _IUTF8
    termios.tcsetattr(slave, termios.TCSANOW, settings)


def has_overlong_line(text: bytes) -> bool:
    """Whether a line is longer than a terminal in line mode passes on (4095 bytes)."""
    lines = text.replace(b"\r", b"\n").split(b"\n")
    return any(len(line) > LONGEST_CANONICAL_LINE for line in lines)
