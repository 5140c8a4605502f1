"""Waiting in one thread for whatever comes first: a change in a directory, or a word."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Collection
from pathlib import Path

from podtui.core.system.inotify import Inotify, Overflow


class ChangeWaiter:
    """Waits for changes in a few directories; one thread waits, any may wake it.

    Attributes:
        is_watching: whether changes wake it. Where the kernel gives no watch they do not, and
            whoever waits has to look by itself more often.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bell: int | None = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll, self._poll_bell = select.poll(), select.poll()
        for each in (self._poll, self._poll_bell):
            each.register(self._bell, select.POLLIN)
        self._changes: Inotify | None = None

    @property
    def is_watching(self) -> bool:
        return self._changes is not None

    def watch(self, *directories: Path) -> None:
        """Watch these directories, not what is below them, and no others."""
        if self._changes is not None:
            self._poll.unregister(self._changes.descriptor)
            self._changes.close()
            self._changes = None
        if not directories:
            return
        try:
            self._changes = Inotify(
                [str(each) for each in directories], recursive=False, skips=lambda _: False
            )
        except OSError:
            # No watch is left, or a directory is not there: `is_watching` says so.
            return
        self._poll.register(self._changes.descriptor, select.POLLIN)

    def wake(self) -> None:
        """End the waiting, this or the next; fine when nobody waits any more."""
        with self._lock:
            if self._bell is not None:
                os.eventfd_write(self._bell, 1)

    def wait(self, timeout_s: float | None) -> bool:
        """Wait no longer than this (None = without a limit); whether something has changed."""
        ready = [handle for handle, _ in self._poll.poll(_milliseconds(timeout_s))]
        self._hear_bell(ready)
        return self._has_changed(ready)

    def wait_for_word(self, timeout_s: float) -> None:
        """Wait for a word only: changes go on being gathered."""
        self._hear_bell([handle for handle, _ in self._poll_bell.poll(_milliseconds(timeout_s))])

    def _hear_bell(self, ready: Collection[int]) -> None:
        if self._bell is not None and self._bell in ready:
            os.eventfd_read(self._bell)

    def _has_changed(self, ready: Collection[int]) -> bool:
        if self._changes is None or self._changes.descriptor not in ready:
            return False
        try:
            return bool(self._changes.changes())
        except Overflow:
            return True

    def close(self) -> None:
        """Let everything go; called by the thread that waited."""
        self.watch()
        with self._lock:
            bell, self._bell = self._bell, None
        if bell is not None:
            os.close(bell)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
