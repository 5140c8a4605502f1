"""Does slow work in a thread of its own: one thread for one kind of work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    """A thread that is given items and works on all that came, together.

    Args:
        work: called from that thread; what it raises is kept in ``trouble``, and the thread goes
            on.
    """

    def __init__(self, name: str, work: Callable[[list[T]], None]) -> None:
        self._work = work
        self._items: list[T] = []
        self._given = threading.Condition()
        self._is_ending = False
        self.trouble = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def give(self, items: list[T]) -> None:
        """Hand items over; returns at once."""
        with self._given:
            self._items += items
            self._given.notify()

    def close(self, timeout_s: float) -> bool:
        """End the thread, after the work it is at; whether it has ended within the time."""
        with self._given:
            self._is_ending = True
            self._given.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._given:
                self._given.wait_for(lambda: self._items or self._is_ending)
                if self._is_ending and not self._items:
                    return
                items, self._items = self._items, []
            try:
                self._work(items)
                self.trouble = ""
            except Exception as error:  # noqa: BLE001 - protects the work that comes after
                self.trouble = f"{self._thread.name} failed: {type(error).__name__}: {error}"
