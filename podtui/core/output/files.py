"""The output of a pod on this machine: the output files of its runs, never read whole."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from podtui.core.errors import DiskTrouble, NotFound
from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.output.cursors import move_cursor, read_cursor
from podtui.core.output.index import activity
from podtui.core.output.source import Position, Segment, pod_is_gone
from podtui.core.paths import PodPaths
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.fs import UnsafeFile, errno_words
from podtui.core.system.system import System
from podtui.core.system.watch import ChangeWaiter
from podtui.core.text.safe import SafeText, safe_line

if TYPE_CHECKING:
    from podtui.core.screen.live import LiveScreen

BUSY_LOOK_S = 0.05
"""The shortest time between two returns of `wait`: a run may write without a pause."""
GATHER_S = 0.01
"""A supervisor writes several files for one piece of output; that is one change."""
_RUN = re.compile(r"[0-9]{4,6}\Z")
_LONGEST_REASON = 40
_PAST_FORMS = {"spawn": "spawned", "restore": "restored"}


class FileOutput:
    """Reads one pod's output files, of which one at most is open; a `PodOutput`."""

    def __init__(self, system: System, paths: PodPaths) -> None:
        self._system = system
        self._fs = system.fs
        self._clock = system.clock
        self._paths = paths
        self._ended: dict[int, tuple[int, int]] = {}
        self._latest = Segment(0, 0, 0, 0)
        self._opened: tuple[int, int] | None = None
        self._headings: dict[int, SafeText] = {}
        self._activity: tuple[object, tuple[int, ...]] = (None, ())
        self._waiter: ChangeWaiter | None = None
        self._is_woken = False
        self._watched: tuple[Path, ...] = ()
        self._waited_at = float("-inf")

    @property
    def pod(self) -> str:
        return self._paths.root.name

    def segments(self, *, over: bool = False) -> tuple[Segment, ...]:
        runs = self._run_numbers()
        found: list[Segment] = []
        start = 0
        for run in runs:
            found.append(self._segment(run, start, may_grow=run == runs[-1] and not over))
            start = found[-1].end
        latest = found[-1] if found else Segment(0, 0, 0, 0)
        if latest != self._latest:
            self._latest = latest
        return tuple(found)

    def _run_numbers(self) -> list[int]:
        runs = self._paths.runs
        with self._trouble("the list of runs"):
            try:
                return sorted(
                    int(name)
                    for name in self._fs.names_in(runs)
                    if _RUN.match(name)
                    and int(name) > 0
                    and self._paths.run(int(name)).root.name == name
                    and self._fs.is_directory(runs / name)
                )
            except FileNotFoundError:
                if self._fs.is_directory(self._paths.root):
                    return []
        raise pod_is_gone(self.pod)

    def _segment(self, run: int, start: int, *, may_grow: bool) -> Segment:
        if run in self._ended:
            # What a run that has ended left does not change: it is read once.
            return Segment(run, start, *self._ended[run])
        printed = 0 if may_grow else self._recorded(run)
        try:
            size = self._fs.size_of(self._descriptor(run))
        except FileNotFoundError:
            return Segment(run, start, 0, printed, "it is missing", is_missing=True)
        except UnsafeFile as error:
            return Segment(run, start, 0, printed, f"it is {error.reason}, and left as it is")
        except OSError as error:
            return Segment(run, start, 0, 0, errno_words(error), is_refused=True)
        if not may_grow:
            self._ended[run] = (size, max(size, printed))
        return Segment(run, start, size, max(size, printed))

    def _recorded(self, run: int) -> int:
        """Return how much a run has printed by its exit record, 0 where that is not known."""
        record = read_record(self._fs, self._paths.run(run).exit, ExitRecord)
        if isinstance(record, RecordProblem) or record.run != run:
            return 0
        return record.output_bytes

    def read(self, run: int, offset: int, length: int) -> bytes:
        with self._trouble(f"the output of run {run}"):
            try:
                return self._fs.read_at(self._descriptor(run), length, offset)
            except (FileNotFoundError, UnsafeFile):
                # It was a plain file when its size was read: now it is one that ends early.
                return b""

    def heading(self, run: int) -> SafeText:
        if run not in self._headings:
            self._headings[run] = self._run_words(run)
        return self._headings[run]

    def _run_words(self, run: int) -> SafeText:
        """Return when and why a run began, in local time, with the date on other days."""
        record = read_record(self._fs, self._paths.run(run).record, RunRecord)
        if isinstance(record, RecordProblem) or record.run != run:
            return safe_line(f"run {run}, its record cannot be read")
        began = (record.started_at or record.reserved_at).astimezone()
        same_day = began.date() == self._clock.now().astimezone().date()
        when = began.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M")
        reason = _PAST_FORMS.get(record.reason, record.reason)
        return safe_line(f"run {run}, {safe_line(reason, _LONGEST_REASON)} {when}")

    # waiting

    def wait(self, timeout_s: float) -> bool:
        waiter = self._waiter = self._waiter or ChangeWaiter()
        if self._is_woken:
            self._is_woken = False
            return True
        watched = (self._paths.runs, *self._latest_files())
        if watched != self._watched:
            self._watched = watched
            waiter.watch(*watched)
            # Something may have come before the first stamps were taken.
            return True
        has_changed = waiter.wait(timeout_s)
        if has_changed:
            left = self._waited_at + BUSY_LOOK_S - self._clock.monotonic()
            waiter.wait_to_be_woken(max(left, GATHER_S))
        self._waited_at = self._clock.monotonic()
        woken, self._is_woken = self._is_woken, False
        return has_changed or woken

    def _latest_files(self) -> tuple[Path, ...]:
        run = self._paths.run(self._latest.run)
        return (run.output, run.exit) if self._latest.run else ()

    def wake(self) -> None:
        # In this order: a waiter that is made meanwhile reads the mark before it waits.
        self._is_woken = True
        waiter = self._waiter
        if waiter is not None:
            waiter.wake()

    # cursors, figures, the terminal

    def cursor(self, reader: str) -> Position | None:
        return read_cursor(self._fs, self._paths, reader)

    def move_cursor(
        self,
        reader: str,
        to: Position,
        *,
        rewind: bool = False,
        back_from: Position | None = None,
    ) -> Position:
        return move_cursor(
            self._system, self._paths, reader, to, rewind=rewind, back_from=back_from
        )

    def activity(
        self, run: int, *, cells: int, cell_s: float, output_bytes: int
    ) -> tuple[int, ...]:
        path = self._paths.run(run).index
        # Up to the end of a stretch, so that the cells stand still until a new one begins.
        now = math.ceil(self._clock.monotonic() / cell_s) * cell_s
        with self._trouble(f"the output index of run {run}"):
            state = (run, output_bytes, self._fs.stamp(path), now)
            if state != self._activity[0]:
                # A silent pod is not read again before its cells move on.
                rows = activity(
                    self._fs,
                    path,
                    buckets=cells,
                    bucket_s=cell_s,
                    now_awake=now,
                    output_bytes=output_bytes,
                )
                self._activity = (state, tuple(rows))
        return self._activity[1]

    def terminal(self, run: int | None = None) -> LiveScreen:
        # Loaded here only: the emulator is native code that few readers need, and where it cannot
        # be loaded the text goes on being read.
        from podtui.core.screen.live import LiveScreen  # noqa: PLC0415

        number = run or max(self._run_numbers(), default=0)
        if not number:
            raise NotFound(
                f"{self.pod!r} has no run yet, so it has no terminal",
                pod=self.pod,
                next_step=f"podtui inspect {self.pod}",
            )
        return LiveScreen(self._fs, self._paths.run(number), clock=self._clock)

    # files

    def close(self) -> None:
        self._close_file()
        waiter, self._waiter, self._watched = self._waiter, None, ()
        if waiter is not None:
            waiter.close()

    def _descriptor(self, run: int) -> int:
        """Return the run's output file opened for reading; another run's is closed."""
        if self._opened is None or self._opened[0] != run:
            self._close_file()
            self._opened = (run, self._fs.open_plain(self._paths.run(run).output))
        return self._opened[1]

    def _close_file(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            self._fs.close(opened[1])

    @contextmanager
    def _trouble(self, what: str) -> Iterator[None]:
        """Turn what the disk refuses into the error that says so."""
        try:
            yield
        except OSError as error:
            raise DiskTrouble(
                f"{what} of pod {self.pod!r} cannot be read from the disk: {errno_words(error)}",
                pod=self.pod,
                next_step=f"check {error.filename or self._paths.root}, then read again",
                kept="no reader's cursor was moved",
            ) from error
