"""Waits for the end of many runs at once: the kernel reports it within a millisecond."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from podtui.core.hosts.interface.facts import RunKey
from podtui.core.system.clock import Clock
from podtui.kernel.processes import ProcessGone

HEARTBEAT_S = 1.0


class Watched(NamedTuple):
    """A run to be watched.

    Attributes:
        label: what is reported when its owner ends.
        open_handle: returns a descriptor as `RunHost.death_handle` does.
    """

    label: str
    open_handle: Callable[[], int | None]


class DeathWatch:
    """One thread that holds a descriptor of the owner of every run it was given.

    Args:
        on_death: called from that thread, or from the one that calls `watch`, with the label of the
            run whose owner ended; once for each run.
    """

    def __init__(self, clock: Clock, on_death: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_death = on_death
        self._poll = select.epoll()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll.register(self._wake_read, select.EPOLLIN)
        self._lock = threading.Lock()
        self._handles: dict[RunKey, int] = {}
        self._labels: dict[int, str] = {}
        # Reported once: an owner that is gone while its lock is held would be reported for ever.
        self._reported: set[RunKey] = set()
        self._stopping = False
        self._has_closed = False
        self.trouble = ""
        self._last_tick = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="podtui-deathwatch", daemon=True)
        self._thread.start()

    def watch(self, wanted: Mapping[RunKey, Watched]) -> None:
        """Watch exactly these runs; report at once those whose owner is gone already."""
        with self._lock:
            if self._has_closed:
                return
            for target in self._handles.keys() - wanted.keys():
                self._forget(target)
            self._reported &= wanted.keys()
            new = wanted.keys() - self._handles.keys() - self._reported
            gone = [target for target in new if not self._add(target, wanted[target])]
            self._reported.update(gone)
        for target in gone:
            self._on_death(wanted[target].label)

    def _add(self, target: RunKey, wanted: Watched) -> bool:
        """Hold a descriptor of a run's owner; False when that one is gone."""
        try:
            handle = wanted.open_handle()
        except ProcessGone:
            return False
        except OSError as error:
            # Out of descriptors: the rescan still finds every death, only later.
            words = os.strerror(error.errno or 0)
            self.trouble = f"{len(self._handles)} supervisors watched, no more possible: {words}"
            return True
        self.trouble = ""
        if handle is None:
            return True
        self._handles[target] = handle
        self._labels[handle] = wanted.label
        self._poll.register(handle, select.EPOLLIN | select.EPOLLONESHOT)
        return True

    def _forget(self, target: RunKey) -> None:
        handle = self._handles.pop(target)
        del self._labels[handle]
        self._poll.unregister(handle)
        os.close(handle)

    def age_s(self, now: float) -> float:
        """Return how long ago, by the awake clock, the thread last came round."""
        return max(0.0, now - self._last_tick)

    def __len__(self) -> int:
        return len(self._handles)

    def close(self) -> None:
        """End the thread and let every descriptor go; fine when it is done already."""
        if self._stopping:
            return
        self._stopping = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        with self._lock:
            self._has_closed = True
            for target in list(self._handles):
                self._forget(target)
            self._poll.close()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _run(self) -> None:
        while not self._stopping:
            ready = self._poll.poll(HEARTBEAT_S)
            self._last_tick = self._clock.monotonic()
            for label in self._labels_of(handle for handle, _ in ready):
                self._on_death(label)

    def _labels_of(self, handles: Iterable[int]) -> list[str]:
        with self._lock:
            return [self._labels[handle] for handle in handles if handle in self._labels]
