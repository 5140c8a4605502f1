"""Records of what is under way, one file each: intents of actions, handoffs of failed starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from podtui.core.model.intents import INTENT_FORMAT, Intent, decode_intent
from podtui.core.model.records import HandoffRecord, Record
from podtui.core.paths import StorePaths
from podtui.core.store.codec import RecordProblem, encode_json, read_parsed, read_record
from podtui.core.system.system import System

SUFFIX = ".json"
T = TypeVar("T", bound=Record)


class RecordFolder(Generic[T]):
    """A directory with one JSON record for each thing that is not finished yet.

    Args:
        directory: where the records are.
        read: reads one of them.
        path_of: returns the file of a record.
    """

    def __init__(
        self,
        system: System,
        directory: Path,
        read: Callable[[Path], T | RecordProblem],
        path_of: Callable[[T], Path],
    ) -> None:
        self._system = system
        self._directory = directory
        self._read = read
        self._path_of = path_of

    def write(self, record: T) -> None:
        """Write a record or its new content; it is on the disk when this returns.

        Raises:
            OSError: it is not written, and an earlier content stays.
        """
        self._system.fs.replace(self._path_of(record), encode_json(record))

    def all(self) -> list[T | RecordProblem]:
        """Return every record there is, in the order of the file names.

        Raises:
            OSError: the directory cannot be listed.
        """
        try:
            names = self._system.fs.names_in(self._directory)
        except FileNotFoundError:
            return []
        found = [self._read(self._directory / name) for name in names if name.endswith(SUFFIX)]
        # A record that was removed since the directory was listed is finished.
        return [
            each for each in found if not isinstance(each, RecordProblem) or not each.is_missing
        ]

    def remove(self, *paths: Path) -> None:
        """Remove files of a record that is finished; those that are gone already are skipped.

        Raises:
            OSError: one of them is still there.
        """
        for path in paths:
            with suppress(FileNotFoundError):
                self._system.fs.remove(path)
        self._system.fs.sync_directory(self._directory)


class Intents(RecordFolder[Intent]):
    """Actions that are under way or were interrupted; the record goes when the action is over."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        super().__init__(
            system,
            paths.intents,
            lambda path: read_parsed(system.fs, path, decode_intent, newest=INTENT_FORMAT),
            lambda intent: paths.intent(intent.id),
        )
        self._paths = paths

    def read(self, action_id: str) -> Intent | RecordProblem:
        """Return one intent as it is now."""
        return self._read(self._paths.intent(action_id))

    def end(self, action_id: str) -> None:
        """Remove an intent whose outcome is written; the caller holds its lock.

        Raises:
            OSError: it is still there.
        """
        # The lock file goes last: a process that gets the lock afterwards finds no intent.
        self.remove(self._paths.intent(action_id), self._paths.intent_lock(action_id))

    @contextmanager
    def held(self, action_id: str) -> Iterator[None]:
        """Hold the lock of an action, to carry it out or to finish it.

        Raises:
            BlockingIOError: another process holds it.
            OSError: the lock cannot be made.
        """
        lock = self._paths.intent_lock(action_id)
        with self._system.fs.locked(lock, clock=self._system.clock, timeout_s=0):
            yield


class Handoffs(RecordFolder[HandoffRecord]):
    """Starts that failed after a process was started, until that process is accounted for.

    A handoff is bound to its run and to process identities, and never expires.
    """

    def __init__(self, paths: StorePaths, system: System) -> None:
        super().__init__(
            system,
            paths.handoffs,
            lambda path: read_record(system.fs, path, HandoffRecord),
            lambda each: paths.handoff(each.pod_id, each.run),
        )
        self._paths = paths

    def clear(self, pod_id: str, run: int) -> None:
        """Remove the handoff of a run that runs after all, or is over and left nothing.

        Raises:
            OSError: it is still there.
        """
        self.remove(self._paths.handoff(pod_id, run))
