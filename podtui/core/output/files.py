"""A pod's output: the output files of its runs, one after the other.

A place in it is a run and an offset in that run's file. For people and for JSON a place is also
one number over all runs, which grows as the pod prints. Files are read in windows, never whole.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from podtui.core.errors import DiskTrouble, NotFound, PodtuiError
from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.paths import PodPaths
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.core.text.safe import SafeText, safe_line

WINDOW = 512 * 1024
"""Bytes that are read at a time; far more than the longest sequence a cut may leave over."""

_RUN = re.compile(r"[0-9]{4,6}\Z")
_LONGEST_REASON = 40
_PAST_FORMS = {"spawn": "spawned", "restore": "restored"}


@dataclass(frozen=True, slots=True)
class RunOutput:
    """The output file of one run, as it is now.

    Attributes:
        size: bytes in the file.
        end: bytes the run is known to have printed; more than ``size`` when some are gone.
        problem: why the file cannot be read, "" when it can.
        is_missing: there is no file; ``problem`` says so too.
    """

    run: int
    size: int
    end: int
    problem: str = ""
    is_missing: bool = False


@dataclass(slots=True)
class OutputWindow:
    """A stretch of a run's output, and how much of it was taken."""

    start: int
    data: bytes
    is_last: bool
    kept: int = 0

    def keep(self, length: int) -> bytes:
        """Take the first ``length`` bytes."""
        self.kept = length
        return self.data[:length]


def run_numbers(fs: Fs, paths: PodPaths) -> tuple[int, ...]:
    """Return the numbers of the runs that have a directory, oldest first.

    Raises:
        NotFound: the pod's directory is gone.
        DiskTrouble: could not tell.
    """
    try:
        names = fs.names_in(paths.runs)
        return tuple(
            sorted(
                int(name)
                for name in names
                if _RUN.match(name)
                and int(name) > 0
                and paths.run(int(name)).root.name == name
                and fs.is_directory(paths.runs / name)
            )
        )
    except FileNotFoundError:
        if fs.is_directory(paths.root):
            return ()
        raise gone(paths) from None
    except OSError as error:
        raise trouble(error, paths, "the list of runs") from error


def survey(fs: Fs, paths: PodPaths, run: int, *, may_grow: bool) -> RunOutput:
    """Return what there is of a run's output.

    Raises:
        DiskTrouble: could not tell.
    """
    printed = 0 if may_grow else _printed(fs, paths, run)
    try:
        descriptor = fs.open_plain(paths.run(run).output)
    except FileNotFoundError:
        return RunOutput(run, 0, printed, "it is missing", is_missing=True)
    except UnsafeFile as error:
        return RunOutput(run, 0, printed, f"it is {error.reason}, and left as it is")
    except OSError as error:
        raise trouble(error, paths, f"the output of run {run}") from error
    try:
        size = fs.size_of(descriptor)
    finally:
        fs.close(descriptor)
    return RunOutput(run, size, max(size, printed))


def _printed(fs: Fs, paths: PodPaths, run: int) -> int:
    """Return how much a run has printed by its exit record, 0 where that cannot tell."""
    record = read_record(fs, paths.run(run).exit, ExitRecord)
    if isinstance(record, RecordProblem) or record.run != run:
        return 0
    return record.output_bytes


def windows(fs: Fs, paths: PodPaths, run: int, start: int, end: int) -> Iterator[OutputWindow]:
    """Yield the bytes of a run from ``start`` to ``end``, a window at a time.

    The next window begins where the taker of this one says with `OutputWindow.keep`; one that
    keeps nothing is the last. A file that ends early ends the windows.

    Raises:
        DiskTrouble: could not read on.
    """
    try:
        descriptor = fs.open_plain(paths.run(run).output)
        try:
            while start < end:
                data = fs.read_at(descriptor, min(WINDOW, end - start), start)
                window = OutputWindow(start, data, is_last=start + len(data) >= end)
                if not data:
                    return
                yield window
                if not window.kept:
                    return
                start += window.kept
        finally:
            fs.close(descriptor)
    except (FileNotFoundError, UnsafeFile):
        # It was a plain file when it was surveyed: to the taker this is a file that ends early.
        return
    except OSError as error:
        raise trouble(error, paths, f"the output of run {run}") from error


def begins_line(fs: Fs, paths: PodPaths, run: int, offset: int) -> bool:
    """Whether what is at ``offset`` begins a line; False when that cannot be told."""
    if offset == 0:
        return True
    try:
        descriptor = fs.open_plain(paths.run(run).output)
    except (UnsafeFile, OSError):
        # Only how the first line is shown hangs on it; reading the file itself will say why.
        return False
    try:
        return fs.read_at(descriptor, 1, offset - 1) == b"\n"
    finally:
        fs.close(descriptor)


def run_words(fs: Fs, paths: PodPaths, run: int, now: datetime) -> SafeText:
    """Return a run in words: "run 2, restored 12:03" in local time, with the date on other days."""
    record = read_record(fs, paths.run(run).record, RunRecord)
    if isinstance(record, RecordProblem) or record.run != run:
        return safe_line(f"run {run}, its record cannot be read")
    began = (record.started_at or record.reserved_at).astimezone()
    same_day = began.date() == now.astimezone().date()
    when = began.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M")
    reason = _PAST_FORMS.get(record.reason, record.reason)
    return safe_line(f"run {run}, {safe_line(reason, _LONGEST_REASON)} {when}")


def gone(paths: PodPaths) -> PodtuiError:
    """Return the error for a pod whose directory is not there."""
    name = paths.root.name
    return NotFound(
        f"pod {name!r} is not in the store any more",
        pod=name,
        next_step="podtui events shows what became of it",
    )


def trouble(error: OSError, paths: PodPaths, what: str) -> PodtuiError:
    """Return the error for a part of a pod that the disk did not give or take."""
    name = paths.root.name
    code = errno.errorcode.get(error.errno or 0, "error")
    reason = f"{code}: {os.strerror(error.errno or 0)}"
    return DiskTrouble(
        f"{what} of pod {name!r} cannot be had from the disk: {reason}",
        pod=name,
        next_step=f"look at {error.filename or paths.root}, then read again",
        kept="no reader's cursor was moved",
    )
