"""Keeps which diagnostics a reader has read, and follows them as they are written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from podtui.core.access.access import Access
from podtui.core.errors import DiskTrouble, NotFound
from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.snapshot import Snapshot
from podtui.core.store.logs import LogPosition
from podtui.core.store.store import Store
from podtui.core.system.watch import ticks_on_change


class Closing(Protocol):
    """A background task that runs until it is closed."""

    def close(self) -> None: ...


def mark_read_up_to(store: Store, reader: str, diagnostic_id: str) -> None:
    """Mark the diagnostics up to one as read.

    Raises:
        NotFound: there is no such diagnostic.
        BadInput: the reader's name is not legal.
        DiskTrouble, Busy, Refused: nothing is marked, and they are shown as unread again.
    """
    ids = [each.id for each in store.diagnostics.read().entries]
    if diagnostic_id not in ids:
        raise NotFound(
            f"there is no diagnostic {diagnostic_id!r}",
            next_step="podtui diagnostics --json shows their ids",
        )
    mark_read(store, reader, ids[: ids.index(diagnostic_id) + 1])


def mark_read(store: Store, reader: str, ids: Collection[str]) -> None:
    """Mark these diagnostics as read; errors as `mark_read_up_to`."""
    store.refuse_if_read_only()
    try:
        store.diagnostics.mark_read(reader, ids)
    except OSError as error:
        raise DiskTrouble(
            f"cannot record which diagnostics were read: {error.strerror}",
            kept="nothing is lost: they are shown as unread again",
            next_step="podtui doctor",
        ) from error


def follow_diagnostics(
    access: Access, stop: threading.Event, watch: Callable[[Callable[[Snapshot], None]], Closing]
) -> Iterator[Diagnostic]:
    """Yield all past diagnostics, then each new one as it is written, until ``stop`` is set."""
    store = access.store
    # If no other process observes the store, only this live view turns losses into diagnostics.
    live = watch(lambda _: None)
    position: LogPosition | None = None
    try:
        for _ in ticks_on_change(store.system.watcher, store.paths.diagnostics, stop):
            read = store.diagnostics.read(position)
            position = read.position
            for diagnostic in access.sight.visible(read.entries):
                if stop.is_set():
                    return
                yield diagnostic
    finally:
        live.close()
