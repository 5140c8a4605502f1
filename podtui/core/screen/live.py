"""The screen of one run, kept up with its output on disk."""

from __future__ import annotations

from collections.abc import Sequence

from podtui.core.model.records import RunRecord, StatusRecord
from podtui.core.paths import RunPaths
from podtui.core.screen.draw import BUDGET_S, SizeFrom, after, draw_on, draw_tail, unreadable
from podtui.core.screen.emulator import AvtEmulator, allowed_size
from podtui.core.screen.picture import ScreenPicture
from podtui.core.screen.screen import MakeEmulator, Screen
from podtui.core.screen.tail import TAIL_BYTES, read_tail
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.clock import Clock, SystemClock
from podtui.core.system.fs import Fs, Stamp, UnsafeFile

DEFAULT_SIZE = (120, 40)


def picture_of(
    fs: Fs, paths: RunPaths, *, size: tuple[int, int] | None = None, clock: Clock | None = None
) -> ScreenPicture:
    """Return the terminal of a run as it looks now.

    ``size`` is columns and rows; where not given, those the supervisor wrote down.

    Raises:
        Unreadable: the output is something else than a plain file of ours, or cannot be read.
    """
    screen = LiveScreen(fs, paths, size=size, clock=clock)
    return screen.update() or screen.picture


class LiveScreen:
    """A run's screen that goes on being drawn as output comes; memory stays flat.

    To be used from one thread at a time; `update` reads the disk.

    Args:
        size: columns and rows; where not given, those the supervisor writes down are followed.

    Attributes:
        paths: the run's files.
        picture: the latest one.
    """

    def __init__(
        self,
        fs: Fs,
        paths: RunPaths,
        *,
        size: tuple[int, int] | None = None,
        clock: Clock | None = None,
        make: MakeEmulator = AvtEmulator,
    ) -> None:
        self.paths = paths
        self._fs = fs
        self._clock = clock or SystemClock()
        self._make = make
        self._size = size
        self._sizes: Sequence[SizeFrom] = (SizeFrom(0, *(size or DEFAULT_SIZE)),)
        self._stamp: Stamp | None = None
        self._screen: Screen | None = None
        self._inode = 0
        self._offset = 0
        self.picture = Screen(*(size or DEFAULT_SIZE), make=make).picture()

    @property
    def run(self) -> int:
        """The number of the run."""
        return int(self.paths.root.name)

    def update(self) -> ScreenPicture | None:
        """Draw what is new; return the picture if there is something to show, else None.

        Its ``changed_rows`` are those that differ from the picture returned before. More than
        1 MiB at once is not drawn whole: the screen begins anew from the end.

        Raises:
            Unreadable: as `picture_of`; the next call tries again.
        """
        changed = self._read_sizes()
        try:
            changed = self._read_output() or changed
        except (UnsafeFile, OSError) as error:
            raise unreadable(self.paths.output, error) from error
        if not changed or self._screen is None:
            return None
        self.picture = self._screen.picture()
        return self.picture

    def _read_output(self) -> bool:
        """Draw what has come; returns whether anything did."""
        try:
            descriptor = self._fs.open_plain(self.paths.output)
        except FileNotFoundError:
            # Nothing was printed yet, or it was taken away: an empty screen is the truth of both.
            first, self._screen = self._screen is None, self._screen or self._empty()
            return first
        try:
            return self._draw(descriptor)
        finally:
            self._fs.close(descriptor)

    def _draw(self, descriptor: int) -> bool:
        end = self._fs.size_of(descriptor)
        grown = end - self._offset
        if self._screen is not None and not grown:
            return False
        if self._screen is None or not 0 < grown <= TAIL_BYTES or not self._go_on(descriptor, end):
            tail = read_tail(self._fs, descriptor, end)
            self._screen = draw_tail(tail, self._sizes, self._clock, make=self._make)
        self._offset = end
        return True

    def _go_on(self, descriptor: int, end: int) -> bool:
        """Draw what has come since the last time; False when it takes too long."""
        if self._screen is None:
            return False
        data = self._fs.read_at(descriptor, end - self._offset, self._offset)
        is_late = after(self._clock, BUDGET_S)
        return draw_on(self._screen, data, self._offset, self._sizes, is_late=is_late)

    def _empty(self) -> Screen:
        return Screen(*self._sizes[-1][1:], make=self._make)

    def _read_sizes(self) -> bool:
        """Follow the terminal's size; returns whether the screen was given another one."""
        if self._size is not None:
            return False
        try:
            stamp = self._fs.stamp(self.paths.status)
        except OSError:
            # The size known so far is used; reading the output reports what is wrong.
            return False
        if self._screen is not None and stamp == self._stamp:
            return False
        self._stamp = stamp
        self._sizes = sizes_of(self._fs, self.paths)
        latest = self._sizes[-1]
        if self._screen is None or latest.offset > self._offset:
            return False
        # The supervisor writes it down up to a second later than it happens.
        wanted = allowed_size(latest.columns, latest.rows)
        if wanted == self._screen.size:
            return False
        self._screen.resize(*wanted)
        return True


def sizes_of(fs: Fs, paths: RunPaths) -> tuple[SizeFrom, ...]:
    """Return the sizes a run's terminal has had, oldest first, as far as they are written down."""
    status = read_record(fs, paths.status, StatusRecord)
    if not isinstance(status, RecordProblem) and status.sizes:
        return tuple(SizeFrom(*size) for size in status.sizes)
    run = read_record(fs, paths.record, RunRecord)
    size = DEFAULT_SIZE if isinstance(run, RecordProblem) else (run.columns, run.rows)
    return (SizeFrom(0, *size),)
