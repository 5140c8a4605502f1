"""What an action needs of whoever looks: the store, and pods as they are now."""

from __future__ import annotations

from typing import Protocol

from podtui.core.model.snapshot import Inspection, PodView, Snapshot
from podtui.core.store.store import Store


class Looker(Protocol):
    """`podtui.core.control.ControlPlane`, as actions see it; every call is a new look."""

    @property
    def store(self) -> Store: ...

    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Look at everything once."""
        ...

    def inspect(self, name: str) -> Inspection:
        """Look at one pod closely; by name or id."""
        ...

    def look_at(self, name: str) -> PodView:
        """Look at one pod, by its own name."""
        ...
