"""Reads for how long a run has printed nothing, and for how long nothing new.

Quiet time is counted by a clock that stands still while the host sleeps, so that a run is not
called stalled after the host wakes up. It is counted for each run anew: each has its own index.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from podtui.core.agents.profile import DEFAULT_STALL_AFTER_S, stall_after_s
from podtui.core.model.records import PodRecord
from podtui.core.model.verdicts import Answer
from podtui.core.output.index import last_row
from podtui.core.paths import RunPaths
from podtui.core.store.codec import RecordProblem
from podtui.core.system.fs import errno_words
from podtui.core.system.system import System

ASK_TERMINAL_AFTER_S = 1.5
"""After so many quiet seconds, podtui probes whether the run waits for its terminal."""


class Progress(msgspec.Struct, frozen=True):
    """What is known of a run's output.

    Attributes:
        output_bytes: length of the output; while it is unreadable, the last known length.
        last_output_at: wall time of the last output, None before the first.
        quiet_since: awake-clock seconds of the last output, or of the start; None = unknown.
        progress_since: awake-clock seconds of the last output that was new, or of the start when
            none was; None = not judged yet, or unknown.
        progress_offset: length of the output at that time; it identifies the episode without
            progress that began then.
        progress_sure_at: wall time after which there was certainly no progress; None when less
            of the output was judged than is needed to be certain.
        terminal: does the foreground process wait for terminal input?
        trouble: which file of the output is unreadable and why, "" when none is.
    """

    output_bytes: int = 0
    last_output_at: datetime | None = None
    quiet_since: float | None = None
    progress_since: float | None = None
    progress_offset: int = 0
    progress_sure_at: datetime | None = None
    terminal: Answer = Answer.UNKNOWN
    trouble: str = ""

    def quiet_for(self, awake_seconds: float) -> float | None:
        """Return the awake seconds without output; None when unknown."""
        if self.quiet_since is None:
            return None
        return max(0.0, awake_seconds - self.quiet_since)

    def stuck_for(self, awake_seconds: float) -> float | None:
        """Return the awake seconds without new output, at least those without any output."""
        quiet = self.quiet_for(awake_seconds)
        if quiet is None or self.progress_since is None:
            return quiet
        return max(quiet, awake_seconds - self.progress_since)


def stall_limit_s(pod: PodRecord | RecordProblem) -> float:
    """Return the awake seconds without progress after which a pod is called stalled."""
    if isinstance(pod, RecordProblem):
        return DEFAULT_STALL_AFTER_S
    return stall_after_s(pod.agent) if pod.stall_after_s is None else pod.stall_after_s


def read_progress(
    system: System, paths: RunPaths, *, started_awake: float | None = None, is_over: bool = False
) -> Progress:
    """Read how long a run's output is and when it last grew.

    Before the first output, quiet time counts from ``started_awake``, the seconds of the awake
    clock at which the run began. It is not counted when that is None (unknown), nor for a run that
    ``is_over``.
    """
    try:
        stamp = system.fs.stamp(paths.output)
    except OSError as error:
        return Progress(trouble=f"{paths.output}: {errno_words(error)}")
    size = stamp.size if stamp else 0
    written = datetime.fromtimestamp(stamp.modified_ns / 1e9, UTC) if stamp and size else None
    if is_over:
        return Progress(output_bytes=size, last_output_at=written)
    try:
        row = last_row(system.fs, paths.index)
    except OSError as error:
        # Without its index the quiet time of a run is unknown, so it is not called stalled.
        return Progress(output_bytes=size, trouble=f"{paths.index}: {errno_words(error)}")
    return Progress(
        output_bytes=size,
        last_output_at=written,
        quiet_since=row.awake_s if row else started_awake,
        progress_offset=size,
        progress_sure_at=written,
    )
