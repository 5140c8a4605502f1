"""Actions that are under way, or were broken off: one file each, gone when the action is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from podtui.core.model.intents import INTENT_FORMAT, Intent, decode_intent
from podtui.core.paths import StorePaths
from podtui.core.store.codec import RecordProblem, encode_json, read_parsed
from podtui.core.system.system import System

SUFFIX = ".json"


class Intents:
    """Writes, lists and ends intents."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        self._paths = paths
        self._system = system

    def write(self, intent: Intent) -> None:
        """Write an intent, or what has become of it; it is on the disk when this returns.

        Raises:
            OSError: it is not written.
        """
        self._system.fs.replace(self._paths.intent(intent.id), encode_json(intent))

    def all(self) -> list[Intent | RecordProblem]:
        """Return every intent there is, oldest first.

        Raises:
            OSError: could not tell.
        """
        try:
            names = self._system.fs.names_in(self._paths.intents)
        except FileNotFoundError:
            return []
        found = [self._read(name) for name in names if name.endswith(SUFFIX)]
        return [
            each for each in found if not isinstance(each, RecordProblem) or not each.is_missing
        ]

    def end(self, action_id: str) -> None:
        """Take an intent away: the action is over, and its outcome is written.

        The caller holds its lock. Raises:
            OSError: it is still there.
        """
        # The lock goes last: who gets it afterwards finds no intent, and does nothing.
        for path in (self._paths.intent(action_id), self._paths.intent_lock(action_id)):
            with suppress(FileNotFoundError):
                self._system.fs.remove(path)
        self._system.fs.sync_directory(self._paths.intents)

    @contextmanager
    def held(self, action_id: str) -> Iterator[None]:
        """Be the one who carries an action out, or finishes it.

        Raises:
            BlockingIOError: somebody else is.
            OSError: the lock cannot be made.
        """
        lock = self._paths.intent_lock(action_id)
        with self._system.fs.locked(lock, clock=self._system.clock, timeout_s=0):
            yield

    def read(self, action_id: str) -> Intent | RecordProblem:
        """Return one intent as it is now."""
        path = self._paths.intent(action_id)
        return read_parsed(self._system.fs, path, decode_intent, newest=INTENT_FORMAT)

    def _read(self, name: str) -> Intent | RecordProblem:
        return self.read(name.removesuffix(SUFFIX))
