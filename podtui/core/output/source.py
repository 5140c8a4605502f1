"""The output of a pod as every door reads it: values, and the protocol that a plane fills.

A place in an output is a run and an offset in the output of that run. For people, for JSON and for
the screen a place is also one number over all runs, a position, which grows as the pod prints.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from podtui.core.errors import NotFound, PodtuiError
from podtui.core.screen.picture import ScreenPicture
from podtui.core.text.safe import SafeText


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a pod's output; places of one pod are ordered as its output is."""

    run: int
    offset: int


class Segment(NamedTuple):
    """The output of one run, as it was when it was read last.

    Attributes:
        start: position of its first byte: the bytes that all earlier runs have printed.
        size: bytes that can be read.
        printed: bytes the run is known to have printed; more than ``size`` when some are gone.
        problem: why nothing can be read, "" when it can.
        is_missing: there is no output; ``problem`` says so too.
        is_refused: the disk refused, so that it is not known what there is.
    """

    run: int
    start: int
    size: int
    printed: int
    problem: str = ""
    is_missing: bool = False
    is_refused: bool = False

    @property
    def data_end(self) -> int:
        """The position behind the last byte that can be read."""
        return self.start + self.size

    @property
    def end(self) -> int:
        """The position behind the last byte that was printed."""
        return self.start + self.printed


class RunTerminal(Protocol):
    """The terminal of one run, drawn from its output and kept up with it."""

    @property
    def run(self) -> int: ...

    @property
    def picture(self) -> ScreenPicture:
        """What it showed when it was drawn last."""
        ...

    def update(self) -> ScreenPicture | None:
        """Draw what is new; return the picture if there is something to show, else None.

        Raises:
            Unreadable: the output cannot be read; the next call tries again.
        """
        ...


class PodOutput(Protocol):
    """The output of one pod, whether the pod is alive, dead or lost.

    Used by one thread at a time, `wake` by any. Every call may block on a disk or a socket for a
    bounded time. Errors are leaves of `PodtuiError`: NotFound when the pod is gone, DiskTrouble
    when the disk refuses.
    """

    @property
    def pod(self) -> str:
        """The pod's name."""
        ...

    def segments(self, *, over: bool = False) -> tuple[Segment, ...]:
        """Return what there is now of each run, oldest first.

        With ``over`` the latest run is known to have ended, so that what it is recorded to have
        printed counts; earlier runs have ended always.
        """
        ...

    def read(self, run: int, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes of a run's output; b"" when there are none."""
        ...

    def heading(self, run: int) -> SafeText:
        """Return a run in words: "run 2, restored 12:03"."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait for more output, for `wake`, or for the end of the time.

        Returns whether something was noticed. May return early: where changes are not reported,
        this is how often to read again.
        """
        ...

    def wake(self) -> None:
        """End the present `wait`, or the next one; may be called from any thread, at any time."""
        ...

    def cursor(self, reader: str) -> Position | None:
        """Return how far a reader has read, None for one that has not read yet.

        Raises:
            BadInput: the reader's name is not legal.
            Unreadable: there is a record, and it does not say.
        """
        ...

    def move_cursor(
        self,
        reader: str,
        to: Position,
        *,
        rewind: bool = False,
        back_from: Position | None = None,
    ) -> Position:
        """Move a reader's cursor forward and return where it is now.

        A cursor that another process has moved further stays there. Two exceptions: ``rewind``
        moves it wherever it is, and a cursor that is exactly at ``back_from`` may be moved back,
        for an output that has become shorter.

        Raises:
            Unreadable: the present record does not say where it is.
            Busy: another process held the cursor all the time.
        """
        ...

    def activity(
        self, run: int, *, cells: int, cell_s: float, output_bytes: int
    ) -> tuple[int, ...]:
        """Return the bytes printed in each of the latest stretches of ``cell_s``, oldest first.

        ``output_bytes`` is the present length of the run's output, so that the newest row counts.
        """
        ...

    def terminal(self, run: int | None = None) -> RunTerminal:
        """Return the terminal of a run, of the latest one when none is named.

        Raises:
            NotFound: the pod has no run yet.
            ImportError: the terminal emulator cannot be loaded.
        """
        ...

    def close(self) -> None:
        """Let everything go; called by the thread that reads."""
        ...


def missing_runs(first: int, last: int) -> str:
    """Return in words that runs have no directory any more."""
    which = f"run {first}" if first == last else f"runs {first} to {last}"
    verb = "is" if first == last else "are"
    return f"{which} {verb} missing from the store, with all output"


def missing_bytes(count: int, why: str) -> str:
    """Return in words that output is gone, with its amount where that is known."""
    return f"{count} bytes missing: {why}" if count else why


def lost_words(segment: Segment) -> str:
    """Return why not all of a run's output can be read; for a run of which some is missing."""
    if segment.problem:
        return f"the output of run {segment.run} cannot be read: {segment.problem}"
    return f"the end of run {segment.run} is gone"


def pod_is_gone(name: str) -> PodtuiError:
    """Return the error for a pod that is not in the store any more."""
    return NotFound(
        f"pod {name!r} is not in the store any more",
        pod=name,
        next_step="podtui events shows what became of it",
    )
