"""The trash: pruned pods, each whole in a directory of its own with the record of the prune."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from podtui.core.model.ids import is_id, milliseconds_of
from podtui.core.model.records import PodRecord, TrashRecord
from podtui.core.paths import StorePaths, TrashPaths
from podtui.core.store.codec import ProblemKind, RecordProblem, disk_problem, read_record
from podtui.core.system.system import System

PURGING_PREFIX = ".purging-"
"""Prefix of an entry that is being deleted for good, before its id."""


class TrashEntry(msgspec.Struct, frozen=True):
    """One thing in the trash, as it was found.

    Attributes:
        record: what the prune wrote of it.
        pod: the record of the pod itself.
        has_pod: whether there is anything that was a pod, whatever it is.
    """

    id: str
    paths: TrashPaths
    record: TrashRecord | RecordProblem
    pod: PodRecord | RecordProblem
    has_pod: bool

    @property
    def name(self) -> str:
        """The pod's name when it was pruned, "" when it is not known."""
        for each in (self.record, self.pod):
            if not isinstance(each, RecordProblem):
                return each.name
        return ""

    @property
    def pod_id(self) -> str:
        """The pod's id, "" when it is not known."""
        if isinstance(self.pod, PodRecord):
            return self.pod.id
        return self.record.pod_id if isinstance(self.record, TrashRecord) else ""

    @property
    def parent_id(self) -> str | None:
        """The id of the pod's parent, None when it has none or it is not known."""
        if isinstance(self.pod, PodRecord):
            return self.pod.parent_id
        return self.record.parent_id if isinstance(self.record, TrashRecord) else None

    @property
    def shown_name(self) -> str:
        return self.name or self.id

    @property
    def pruned_at(self) -> datetime | None:
        """When it was pruned; from its id where its record has none, None when neither has one."""
        if isinstance(self.record, TrashRecord):
            return self.record.at
        if not is_id(self.id):
            return None
        return datetime.fromtimestamp(milliseconds_of(self.id) / 1000, UTC)

    @property
    def problem(self) -> str:
        """What is wrong with it, in one sentence, "" when nothing is."""
        if not self.has_pod:
            is_entry = isinstance(self.record, TrashRecord) or self.record is not self.pod
            why = "there is no pod in it" if is_entry else "it is not a directory"
            return f"{why} ({self.paths.root})"
        if isinstance(self.record, RecordProblem):
            return self.record.sentence()
        return self.pod.sentence() if isinstance(self.pod, RecordProblem) else ""


class Trash:
    """Reads the trash; changes nothing."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        self._paths = paths
        self._fs = system.fs

    def ids(self) -> list[str]:
        """Return the names of all entries, whatever they are, and not of what is being purged.

        Raises:
            OSError: could not tell.
        """
        return [name for name in self._names() if not name.startswith(PURGING_PREFIX)]

    def entries(self) -> list[TrashEntry]:
        """Return every entry, newest first; raises as `ids`."""
        found = [self.entry(trash_id) for trash_id in self.ids()]
        return sorted(found, key=_age_key, reverse=True)

    def entry(self, trash_id: str) -> TrashEntry:
        """Return one entry as it is now; nothing is raised."""
        paths = self._paths.trashed(trash_id)
        # A link would lead us to act on what is elsewhere.
        problem = self._no_directory(paths.root)
        if problem is not None:
            return TrashEntry(trash_id, paths, problem, problem, has_pod=False)
        return TrashEntry(
            id=trash_id,
            paths=paths,
            record=self._record(paths, trash_id),
            pod=self._pod(paths),
            has_pod=self.is_there(paths.pod.root),
        )

    def named(self, name_or_id: str) -> list[TrashEntry]:
        """Return what has this id, or holds the pods of this id or name, newest first.

        Raises:
            OSError: could not tell.
        """
        entries = self.entries()
        matches = (
            [each for each in entries if each.id == name_or_id],
            [each for each in entries if each.has_pod and each.pod_id == name_or_id],
            [each for each in entries if each.has_pod and each.name == name_or_id],
        )
        return next((found for found in matches if found), [])

    def purging(self) -> list[str]:
        """Return the ids of what is being deleted, or was when that was broken off."""
        return [
            name.removeprefix(PURGING_PREFIX)
            for name in self._names()
            if name.startswith(PURGING_PREFIX)
        ]

    def purging_place(self, trash_id: str) -> Path:
        """Return where an entry is while it is deleted."""
        return self._paths.trash / f"{PURGING_PREFIX}{trash_id}"

    def is_there(self, path: Path) -> bool:
        """Whether anything is at ``path``; what could not be determined counts as there."""
        try:
            return self._fs.stamp(path) is not None
        except NotADirectoryError:
            return False
        except OSError:
            return True

    def _names(self) -> list[str]:
        try:
            return self._fs.names_in(self._paths.trash)
        except FileNotFoundError:
            # A store without a trash has nothing in it; a store that is gone does not say.
            if self._fs.stamp(self._paths.root) is None:
                raise
            return []

    def _record(self, paths: TrashPaths, trash_id: str) -> TrashRecord | RecordProblem:
        record = read_record(self._fs, paths.record, TrashRecord)
        if isinstance(record, TrashRecord) and record.id != trash_id:
            reason = f"it is the record of {record.id} and lies in the place of {trash_id}"
            return RecordProblem(paths.record, ProblemKind.UNREADABLE, reason)
        return record

    def _pod(self, paths: TrashPaths) -> PodRecord | RecordProblem:
        problem = self._no_directory(paths.pod.root)
        return problem or read_record(self._fs, paths.pod.record, PodRecord)

    def _no_directory(self, path: Path) -> RecordProblem | None:
        """Return what is wrong with something that is there and must be a directory itself."""
        try:
            if self._fs.stamp(path) is not None and not self._fs.is_directory(path):
                return RecordProblem(path, ProblemKind.UNREADABLE, "it is not a directory")
        except OSError as error:
            return disk_problem(path, error)
        return None


def _age_key(entry: TrashEntry) -> tuple[float, str]:
    at = entry.pruned_at
    return (at.timestamp() if at else 0.0, entry.id)
