"""The plane: the interface that every door speaks to, in requests, plans, reports and snapshots.

`podtui.core.control.local.LocalPlane` is the plane of a store on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from podtui.core.model.loans import Loan, LoanBook
from podtui.core.model.plans import Plan, Report
from podtui.core.model.requests import OPERATOR
from podtui.core.model.snapshot import Inspection, PodView, Problem, Snapshot
from podtui.core.model.trash import TrashView
from podtui.core.model.verdicts import Status
from podtui.core.output.source import PodOutput

if TYPE_CHECKING:
    import threading

    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.hosts.interface.base import Stream
    from podtui.core.model.diagnostics import Diagnostic
    from podtui.core.model.events import Event
    from podtui.core.model.requests import Request
    from podtui.core.output.reading import OutputReading
    from podtui.core.system.figures import HostFigures


class Live(Protocol):
    """A running watch over the store."""

    def close(self) -> None:
        """End it; no snapshot comes after this returns."""
        ...

    def refresh(self) -> None:
        """Ask for a look now."""
        ...

    def want_samples(self, names: frozenset[str], /) -> None:
        """Say which pods are on screen: only those get CPU and memory."""
        ...


class Closing(Protocol):
    """Something that goes on until it is closed."""

    def close(self) -> None:
        """End it; nothing comes after this returns."""
        ...


class ScreenPlane(Protocol):
    """What the screen asks of a plane; a call may block, so none is made on the event loop."""

    @property
    def store_path(self) -> Path: ...

    @property
    def read_only(self) -> bool: ...

    def watch(self, on_snapshot: Callable[[Snapshot], None], /) -> Live: ...

    def output(self, name: str, /) -> PodOutput: ...

    def loans_of(self, name: str, /) -> tuple[Loan, ...]: ...

    def plan(self, request: Request, /) -> Plan:
        """Return what carrying out a request will do; touches nothing."""
        ...

    def carry_out(self, request: Request, /, *, actor: str) -> Report:
        """Do what a request asks."""
        ...

    # diagnostics

    def watch_diagnostics(self, on_picture: Callable[[DiagnosticsPicture], None], /) -> Closing: ...

    def mark_diagnostics_read(self, ids: Collection[str], reader: str = OPERATOR, /) -> None: ...

    def trash(self) -> tuple[TrashView, ...]: ...


class Plane(ScreenPlane, Protocol):
    """Everything that a door may ask of the pods of one store, wherever that store is.

    A pod is given by its name or its id. Every call may block for a bounded time. Errors are
    leaves of `PodtuiError`.
    """

    def name_of(self, name_or_id: str, /) -> str:
        """Return the name of a pod, or raise why there is none for this caller."""
        ...

    # pods as they are

    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Return all pods; with ``sample``, live ones with CPU and memory."""
        ...

    def look_at(self, name: str, /) -> PodView:
        """Return the row of one pod."""
        ...

    def inspect(self, name: str, /) -> Inspection:
        """Return everything known of one pod."""
        ...

    def absent_parent(self, name: str, /) -> str:
        """Return why the parent of a pod is missing, "" when it is not."""
        ...

    def lost_pods(self) -> tuple[str, ...]:
        """Return the names of pods that are lost, parents before children."""
        ...

    def ended_pods(self, *, older_than_s: float = 0.0) -> tuple[str, ...]:
        """Return the names of pods whose end is proven and at least so old, children first."""
        ...

    def wait(
        self,
        name: str,
        /,
        *,
        until: frozenset[Status],
        timeout_s: float | None = None,
        stop: threading.Event | None = None,
    ) -> PodView:
        """Wait until a pod has one of the statuses."""
        ...

    # output and terminal

    def reading(
        self,
        name: str,
        /,
        *,
        reader: str,
        view: Literal["text", "raw"] = "text",
        from_start: bool = False,
        peek: bool = False,
    ) -> OutputReading:
        """Return the output that a reader has not read yet."""
        ...

    def attach(self, name: str, /, *, read_only: bool, columns: int, rows: int) -> Stream:
        """Connect a terminal to a live run."""
        ...

    # logs, ledgers and health

    def events(self) -> list[Event]:
        """Return every event, oldest first."""
        ...

    def follow_events(self, stop: threading.Event, /) -> Iterator[Event]:
        """Yield every event as it is written, past ones first, until ``stop`` is set."""
        ...

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return every diagnostic, oldest first."""
        ...

    def diagnostics_picture(self, reader: str = OPERATOR, /) -> DiagnosticsPicture:
        """Return the diagnostics as they are shown to a reader."""
        ...

    def follow_diagnostics(self, stop: threading.Event, /) -> Iterator[Diagnostic]:
        """Yield every diagnostic as it is written, past ones first, until ``stop`` is set."""
        ...

    def loans(self) -> LoanBook:
        """Return every scope loan."""
        ...

    def doctor(self) -> tuple[Problem, ...]:
        """Return everything that is wrong in the store."""
        ...

    def host(self) -> HostFigures | None:
        """Return memory and load of the machine, None when they could not be determined."""
        ...
