"""Hints that something changed below a directory; the truth is always a re-read."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from podtui.core.system.inotify import Inotify, Overflow

GATHER_S = 0.05
"""What follows a change is gathered for so long: deaths are told by pidfds within a millisecond,
what only files tell may be this late."""
LOOK_S = 0.05
"""How often a plain event is asked whether the watch is to end; a `StopSignal` tells by itself."""


class WatchFailed(Exception):
    """The watcher cannot be set up or broke: limits reached, or the directory is gone."""


class StopSignal(threading.Event):
    """An event that wakes a watch up at once, so that an idle watch need not look for it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._descriptors: set[int] = set()

    def set(self) -> None:
        """Set it, and wake up who waits with a descriptor."""
        with self._lock:
            super().set()
            for descriptor in self._descriptors:
                os.eventfd_write(descriptor, 1)

    def join(self, descriptor: int) -> None:
        """Have an eventfd written when the event is set."""
        with self._lock:
            self._descriptors.add(descriptor)
            if self.is_set():
                os.eventfd_write(descriptor, 1)

    def leave(self, descriptor: int) -> None:
        """Write this eventfd no more: it may be closed now."""
        with self._lock:
            self._descriptors.discard(descriptor)


def watch(
    *directories: Path,
    stop: threading.Event,
    recursive: bool = True,
    timeout_s: float = 1.0,
    skips: Callable[[str], bool] = lambda _: False,
) -> Iterator[frozenset[Path]]:
    """Yield the paths that changed, and an empty set after every ``timeout_s`` without a change.

    The watch stands when the first set is yielded, which is empty and comes at once. Directories
    below of whose path ``skips`` is true are not entered. New files in directories made a moment
    ago may be missed: whoever hears of a new directory reads it again.

    Raises:
        WatchFailed: it cannot watch, or can no longer.
    """
    try:
        changes = Inotify([str(each) for each in directories], recursive=recursive, skips=skips)
    except OSError as error:
        raise WatchFailed(_words(error)) from error
    try:
        with _Ending(stop) as ending:
            yield frozenset()
            while not ending.comes_within(timeout_s, reading=changes.descriptor):
                paths = changes.changes()
                yield frozenset(Path(path) for path in paths)
                # Whatever comes now waits for a moment, and is one wake-up instead of hundreds.
                if paths and ending.comes_within(GATHER_S):
                    return
    except OSError as error:
        raise WatchFailed(_words(error)) from error
    except Overflow:
        raise WatchFailed("more changed at once than the kernel keeps") from None
    finally:
        changes.close()


def ticks_on_change(directory: Path, stop: threading.Event) -> Iterator[None]:
    """Yield at once, after every change in a directory, and every second, until ``stop`` is set."""
    yield
    while not stop.is_set():
        try:
            for _ in watch(directory, stop=stop, recursive=False):
                yield
        except WatchFailed:
            # Without a watcher it is read every second, and the watcher tried again.
            yield
            stop.wait(1.0)


class _Ending:
    """Waits for the end of a watch."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def __enter__(self) -> Self:
        if isinstance(self._stop, StopSignal):
            self._stop.join(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._stop, StopSignal):
            self._stop.leave(self._descriptor)
        os.close(self._descriptor)

    def comes_within(self, seconds: float, *, reading: int | None = None) -> bool:
        """Wait for the end for so long, or until ``reading`` can be read; whether it has come."""
        waiter = select.poll()
        waiter.register(self._descriptor, select.POLLIN)
        if reading is not None:
            waiter.register(reading, select.POLLIN)
        step = seconds if isinstance(self._stop, StopSignal) else LOOK_S
        left = seconds
        while not self._stop.is_set() and not waiter.poll(min(step, left) * 1000):
            left -= step
            if left <= 0:
                break
        return self._stop.is_set()


def _words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
