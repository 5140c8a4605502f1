"""What the screen asks of the core; `podtui.core.control.ControlPlane` is the real one.

Said as protocols so that a test can script every answer without a store.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from podtui.core.model.plans import Plan, Report
from podtui.core.model.snapshot import Snapshot
from podtui.core.paths import PodPaths

if TYPE_CHECKING:
    from podtui.core.control import SpawnRequest


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


class Plane(Protocol):
    """The calls behind the screen; each may block on a disk or a socket, so never on the loop."""

    @property
    def store_path(self) -> Path: ...

    @property
    def read_only(self) -> bool: ...

    def watch(self, on_snapshot: Callable[[Snapshot], None], /) -> Live: ...

    def pod_paths(self, name: str, /) -> PodPaths: ...

    def plan_stop(self, name: str, /, *, grace_s: float | None) -> Plan: ...

    def stop(self, name: str, /, *, grace_s: float | None, actor: str) -> Report: ...

    def send(self, name: str, text: str, /, *, enter: bool = True, actor: str) -> Report: ...

    def plan_spawn(self, request: SpawnRequest, /) -> Plan: ...

    def spawn(self, request: SpawnRequest, /) -> Report: ...
