"""Being alive and making progress are two clocks: this is the second one.

Quiet time is counted by a clock that stands still while the host sleeps, so that waking up is not
a stall; it belongs to one run, since each run has an index of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from podtui.core.model.verdicts import Answer
from podtui.core.paths import RunPaths
from podtui.core.store.index import last_row
from podtui.core.system.fs import Stamp, UnsafeFile
from podtui.core.system.host import System

DEFAULT_STALL_AFTER_S = 600.0
ASK_TERMINAL_AFTER_S = 1.5
"""Quiet for so long, a run is asked whether it waits for its terminal."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a run's output.

    Attributes:
        output_bytes: length of the output.
        last_output_at: wall time of the last output, None before the first.
        quiet_since: awake-clock seconds of the last output, or of the start; None = could not tell.
        terminal: does the foreground process wait for terminal input?
    """

    output_bytes: int = 0
    last_output_at: datetime | None = None
    quiet_since: float | None = None
    terminal: Answer = Answer.UNKNOWN

    def quiet_for(self, awake_seconds: float) -> float | None:
        """Return the awake seconds without output; None when that could not be told."""
        if self.quiet_since is None:
            return None
        return max(0.0, awake_seconds - self.quiet_since)


def output_stamp(system: System, paths: RunPaths) -> Stamp | None:
    """Return the stamp of a run's output, None when there is none or it could not be told."""
    try:
        return system.fs.stamp(paths.output)
    except OSError:
        # The output's own reader tells what is wrong; here it is only "no figure to show".
        return None


def read_progress(system: System, paths: RunPaths) -> Progress:
    """Read how far a run's output has come."""
    stamp = output_stamp(system, paths)
    size = stamp.size if stamp else 0
    try:
        row = last_row(system.fs, paths.index)
    except (OSError, UnsafeFile):
        # Without its index a run is not called stalled: quiet time could not be told.
        return Progress(output_bytes=size)
    written = datetime.fromtimestamp(stamp.modified_ns / 1e9, UTC) if stamp and size else None
    return Progress(
        output_bytes=size,
        last_output_at=written,
        quiet_since=row.boottime_s if row else None,
    )
