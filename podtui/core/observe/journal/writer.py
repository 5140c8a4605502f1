"""What writing ends and writing stalls have in common: each entry once, also from a thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from podtui.core.errors import PodtuiError
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker


class Noted(Protocol):
    """Something that is written into the journal once."""

    @property
    def event_id(self) -> str:
        """The id that every observer gives it."""
        ...


E = TypeVar("E", bound=Noted)


class Writer(Protocol[E]):
    """Takes what is to be written into the journal."""

    @property
    def trouble(self) -> str:
        """Why something could not be written, "" when all could."""
        ...

    def record(self, entries: list[E], /) -> None:
        """Write these entries, now or soon; asked again with every scan until they are written."""
        ...


class OnceJournal(ABC, Generic[E]):
    """Remembers what is written, and writes the rest.

    If the disk refuses, ``trouble`` says so and the next scan tries again: the verdict itself rests
    on the records, and stands.
    """

    failure = "the journal could not be written"

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trouble = ""

    def record(self, entries: list[E], /) -> None:
        """Write every entry that is not in the journal yet."""
        due = [entry for entry in entries if not self.is_written(entry)]
        if not due or self._store.read_only:
            return
        try:
            self._write(due)
        except (OSError, PodtuiError) as error:
            self.trouble = f"{self.failure}: {error}"
            return
        self.trouble = ""

    @abstractmethod
    def is_written(self, entry: E) -> bool:
        """Whether all there is to write about an entry is known to be written."""

    @abstractmethod
    def _write(self, due: list[E]) -> None:
        """Write entries; raises OSError or PodtuiError when that failed."""


class BackgroundWriter(Generic[E]):
    """Has entries written by a thread of its own: no screen waits for the lock of the journal."""

    def __init__(self, name: str, journal: OnceJournal[E], on_written: Callable[[], None]) -> None:
        self._journal = journal
        self._on_written = on_written
        self._under_way: set[str] = set()
        self._worker = Worker(name, self._write)

    def record(self, entries: list[E], /) -> None:
        """Write the entries soon."""
        new = [
            entry
            for entry in entries
            if entry.event_id not in self._under_way and not self._journal.is_written(entry)
        ]
        self._under_way.update(entry.event_id for entry in new)
        if new:
            self._worker.give(new)

    @property
    def trouble(self) -> str:
        return self._worker.trouble or self._journal.trouble

    def close(self, timeout_s: float) -> bool:
        """Write what is still to be written and end; whether it has ended within the time."""
        return self._worker.close(timeout_s)

    def _write(self, entries: list[E]) -> None:
        try:
            self._journal.record(entries)
        finally:
            self._under_way.difference_update(entry.event_id for entry in entries)
        self._on_written()
