"""Snapshots of a first scan that is under way: a screen need not wait for thousands of pods.

A pod that was not scanned yet is not in them at all: nothing is known about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from podtui.core.model.snapshot import Snapshot
from podtui.core.paths import EXIT_FILE, run_name
from podtui.core.store.store import Store

FIRST_AFTER_S = 0.15
THEN_EVERY_S = 0.5
SHOWING_SHARE = 5
"""At least so many times as long as a snapshot took to make and show, none is made."""
MANY = 300
"""Fewer pods are scanned in the order of their names, before anybody could see it."""

OnPartial = Callable[[Snapshot], None]


class FirstScan:
    """Scans pods for the first time, the living first, and shows how far that has come.

    Args:
        scan: scans one pod.
        partial: makes a snapshot of the pods scanned so far; given those that are new since the
            last one, and how many there are by now. None = it would not be believed.
        show: takes the partial snapshots; None = nobody wants them.
    """

    def __init__(
        self,
        store: Store,
        *,
        scan: Callable[[str], None],
        partial: Callable[[Collection[str], int], Snapshot | None],
        show: OnPartial | None,
    ) -> None:
        self._store = store
        self._scan = scan
        self._partial = partial
        self._on_partial = show

    def run(self, names: Collection[str]) -> None:
        """Scan all these pods."""
        clock = self._store.system.clock
        due = clock.monotonic() + FIRST_AFTER_S
        fresh: list[str] = []
        for count, name in enumerate(in_order_of_interest(self._store, names), 1):
            self._scan(name)
            fresh.append(name)
            if self._on_partial is None or (began := clock.monotonic()) < due:
                continue
            snapshot, fresh = self._partial(fresh, count), []
            if snapshot is not None:
                notices = (*snapshot.notices, f"looking: {count:,} of {len(names):,} pods")
                self._on_partial(msgspec.structs.replace(snapshot, whole=False, notices=notices))
            ended = clock.monotonic()
            due = ended + max(THEN_EVERY_S, SHOWING_SHARE * (ended - began))


def in_order_of_interest(store: Store, names: Collection[str]) -> list[str]:
    """Return the names, those first whose first run has not ended: the living are seen first."""
    if len(names) < MANY:
        return list(names)
    pods, first_run = store.paths.pods, run_name(1)
    return sorted(
        names, key=lambda name: _is_there(store, f"{pods}/{name}/runs/{first_run}/{EXIT_FILE}")
    )


def _is_there(store: Store, path: str) -> bool:
    try:
        return store.system.fs.stamp(path) is not None
    except OSError:
        # Could not be determined; only the order rests on it.
        return False
