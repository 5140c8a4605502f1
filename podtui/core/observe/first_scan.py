"""Pictures of a first look that is still under way: a screen need not wait for thousands of pods.

A pod that was not looked at yet is not in them at all: there is nothing to say of it.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from podtui.core.model.snapshot import Snapshot
from podtui.core.paths import EXIT_FILE, run_name
from podtui.core.store.store import Store
from podtui.core.system.clock import Clock

FIRST_AFTER_S = 0.15
THEN_EVERY_S = 0.5
SHOWING_SHARE = 5
"""At least so many times as long as a picture took to make and show, none is made."""
MANY = 300
"""Fewer pods are looked at in the order of their names, before anybody could see it."""

FirstScan = Callable[[Snapshot], None]


class EarlyPictures:
    """Says when the next picture is due, and shows it."""

    def __init__(self, clock: Clock, show: FirstScan | None) -> None:
        self._clock = clock
        self._show = show
        self._due = clock.monotonic() + FIRST_AFTER_S

    def are_due(self) -> bool:
        """Whether somebody should see now how far the look has come."""
        return self._show is not None and self._clock.monotonic() >= self._due

    def show(self, picture: Callable[[], Snapshot | None]) -> None:
        """Make a picture and show it, when there is one to be shown."""
        began = self._clock.monotonic()
        made = picture()
        if made is not None and self._show is not None:
            self._show(made)
        ended = self._clock.monotonic()
        self._due = ended + max(THEN_EVERY_S, SHOWING_SHARE * (ended - began))


def in_order_of_interest(store: Store, names: Collection[str]) -> list[str]:
    """Return the names, those first whose first run has not ended: what lives is seen first."""
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
        # Could not tell; only the order rests on it.
        return False


def progress_words(count: int, of_all: int) -> str:
    """Return how far a look has come, as a notice."""
    return f"looking: {count:,} of {of_all:,} pods"


@contextmanager
def collector_paused(*, all_stays: bool) -> Iterator[None]:
    """Keep the garbage collector from walking through all that a look makes, again and again.

    Of what a first look at thousands of pods makes ``all_stays``: it is never walked at all, not
    now and not with each later collection. Walking it took a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if all_stays:
                gc.freeze()
            gc.enable()
