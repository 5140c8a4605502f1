"""The run's output on disk: every byte, before anyone is shown it."""

from __future__ import annotations

import os
import time

from podtui.kernel.index_rows import ROW, pack_row
from podtui.supervisor.errors import describe

ROW_EVERY_NS = 100_000_000


class OutputFile:
    """Appends to ``output`` and ``index``; keeps what the disk refuses until it takes it.

    Attributes:
        length: bytes of the output file, which is all a reader may ask for.
        disk_error: why the disk does not take more, or None when all is well.
        last_at_ns: wall clock of the last output.
    """

    def __init__(self, output_path: str, index_path: str) -> None:
        flags = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._output = os.open(output_path, os.O_RDWR | os.O_APPEND | flags, 0o600)
        # Not O_APPEND: each row has its offset, so that a torn row is overwritten and not extended.
        self._index = os.open(index_path, os.O_WRONLY | flags, 0o600)
        self.length = os.fstat(self._output).st_size
        self._rows = os.fstat(self._index).st_size // ROW.size
        self._last_row_ns = 0
        self._unwritten = memoryview(b"")
        self.disk_error: str | None = None
        self.last_at_ns: int | None = None

    @property
    def has_unwritten(self) -> bool:
        """Whether bytes wait to be written; nothing more may be added before they are written."""
        return bool(self._unwritten)

    def add(self, chunk: bytes) -> bool:
        """Append a chunk; False when the disk did not take all of it (see `write_on`)."""
        self.last_at_ns = time.time_ns()
        self._add_row(self.last_at_ns)
        self._unwritten = memoryview(chunk)
        return self.write_on()

    def write_on(self) -> bool:
        """Go on writing what is waiting; False when the disk still refuses."""
        try:
            while self._unwritten:
                written = os.write(self._output, self._unwritten)
                self._unwritten = self._unwritten[written:]
                self.length += written
        except OSError as error:
            self.disk_error = describe(error)
            return False
        self.disk_error = None
        return True

    def _add_row(self, wall_ns: int) -> None:
        awake_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if self._rows and awake_ns - self._last_row_ns < ROW_EVERY_NS:
            return
        row = pack_row(wall_ns, awake_ns, self.length)
        try:
            written = os.pwrite(self._index, row, self._rows * ROW.size)
        except OSError:
            return  # A coarser index loses no output; the next write of output reports the disk.
        if written == ROW.size:
            self._rows += 1
            self._last_row_ns = awake_ns

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes that are on disk.

        Raises:
            OSError: the disk does not give them.
        """
        return os.pread(self._output, length, offset)

    def sync(self) -> None:
        """Bring output and index to the disk itself.

        Raises:
            OSError: what was written lately may not survive a power loss.
        """
        os.fsync(self._output)
        os.fsync(self._index)
