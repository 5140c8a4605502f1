"""What the screen asks of the core; `podtui.core.control.local.LocalPlane` is the real one.

Said as protocols so that a test can script every answer without a store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan, Report
from podtui.core.model.snapshot import Snapshot
from podtui.core.model.trash import TrashView
from podtui.core.output.source import PodOutput

if TYPE_CHECKING:
    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.model.requests import Request


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


class Plane(Protocol):
    """The calls behind the screen; each may block on a disk or a socket, so never on the loop."""

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

    def mark_diagnostics_read(self, ids: Collection[str], /) -> None: ...

    def trash(self) -> tuple[TrashView, ...]: ...
