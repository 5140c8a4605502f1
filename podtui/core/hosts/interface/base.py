"""What podtui asks of a run host, whatever it runs pods on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, Self

import msgspec

from podtui.core.errors import UnknownState
from podtui.core.hosts.interface.facts import Pong, RunKey, RunProbe
from podtui.core.model.records import PodRecord, RunRecord

if TYPE_CHECKING:
    from podtui.core.model.leftovers import Ended, Survey
    from podtui.core.processes.leftovers import ProcessScan
    from podtui.core.processes.past_runs import PastRun
    from podtui.core.processes.sample import TreeSample

Role = Literal["control", "attach", "observe"]
REACH_TIMEOUT_S = 1.0


class RunSilent(UnknownState):
    """The owner of a run has no address, refuses, or does not answer in time."""


class Launch(msgspec.Struct, frozen=True):
    """How far a start came.

    Attributes:
        started: the command runs.
        confirmed: the host answered at all; when it did not, the run may still be starting or may
            have failed, and only a probe shows which.
        error: why it did not start, in one sentence.
        kind: kind of that error, one of ``errors.EXIT_CODES``.
        remarks: what failed besides and does not make the start doubtful.
    """

    started: bool
    confirmed: bool
    error: str = ""
    kind: str = "refused"
    remarks: tuple[str, ...] = ()


class Stream(Protocol):
    """A connection to a live run: frames as `podtui.kernel.frames` packs them, both ways.

    Attributes:
        pod: name of the pod.
        welcome: what the run's owner said first: ``run``, ``output_bytes``, ``sizes``.
    """

    pod: str
    welcome: Mapping[str, object]

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """End the connection."""
        ...

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        ...

    def stop_waiting(self) -> None:
        """Never wait from now on: for a caller that has its own event loop."""
        ...

    def receive_now(self) -> list[tuple[int, bytes]] | None:
        """Return the frames that are complete, maybe none; None at the end of the stream."""
        ...

    def send_now(self, data: bytes | memoryview) -> int:
        """Send what is taken at once; return how many bytes; raise ConnectionError at the end."""
        ...

    def send_text(self, text: str, *, enter: bool) -> None:
        """Type a line into the pod's terminal; raise Refused when it would be cut."""
        ...


class RunHost(Protocol):
    """Starts, probes, reaches and ends runs of one kind.

    Every method may fail with OSError where the disk or the kernel does not answer. A record is
    always one whose ``host`` is this kind. ``name`` is the name of the pod, in its own directory.
    """

    @property
    def kind(self) -> str:
        """The value of ``host`` in the records of its runs."""
        ...

    def start(self, pod: PodRecord, run: RunRecord, environment: Mapping[str, str]) -> Launch:
        """Start a reserved run and wait until its command runs or cannot.

        Raises:
            OSError: nothing could be started.
        """
        ...

    def prevent(self, name: str, run: RunRecord, why: str) -> bool:
        """Make sure that a reserved run can never begin; False when it has begun, or may have.

        Raises:
            OSError: nothing is decided.
        """
        ...

    def probe(
        self, name: str, run: RunRecord, pod_id: str | None, *, patient: bool = True
    ) -> RunProbe:
        """Collect the evidence of a run without waiting for its owner's answer.

        Args:
            name: the pod.
            run: the run.
            pod_id: id of the pod that the run must be of, None when it could not be read.
            patient: wait a moment for an owner that seems to be ending at this moment.
        """
        ...

    def ask(self, runs: Sequence[RunRecord], *, timeout_s: float) -> Mapping[RunKey, Pong]:
        """Ask the owners of live runs for a sign of life, within one time limit for all."""
        ...

    def death_handle(self, run: RunRecord) -> int | None:
        """Return a descriptor that becomes readable when the owner of a run ends.

        The caller closes it. None when there is nothing to wait on.

        Raises:
            ProcessGone: the owner has ended.
            OSError: could not tell.
        """
        ...

    def sample(self, run: RunRecord) -> TreeSample | None:
        """Return the processes of a live run, parents first, None when they cannot be read."""
        ...

    def stop(self, name: str, run: RunRecord, *, grace_s: float, by: str) -> str:
        """Ask a live run to end, wait until it has ended, and return how, in words.

        Raises:
            Refused, UnknownState: it could not be asked.
            TimedOut: it was asked and has not ended yet.
        """
        ...

    def reach(
        self,
        name: str,
        run: RunRecord,
        *,
        role: Role,
        columns: int = 0,
        rows: int = 0,
        timeout_s: float = REACH_TIMEOUT_S,
    ) -> Stream:
        """Connect to a live run, to control it, to watch it, or to put a terminal on it.

        Raises:
            RunSilent: nobody answers.
            Refused: this host has no such connection, or its owner refuses it.
        """
        ...

    def leftovers(self, past: PastRun, *, scan: ProcessScan) -> Survey:
        """Find the processes that a past run left running; signal nobody.

        Raises:
            Refused: the run is not over.
            UnknownState: could not tell.
        """
        ...

    def end(self, past: PastRun, *, grace_s: float, scan: ProcessScan | None = None) -> Ended:
        """End the processes that a past run left running, and prove that none is left.

        Args:
            past: the run.
            grace_s: how long processes that were asked to end may take.
            scan: a scan of all processes from a moment ago, to begin with.

        Raises:
            Refused: the run is not over.
            UnknownState: which processes are left, or which are protected, could not be
                determined; the error says what was done.
        """
        ...
