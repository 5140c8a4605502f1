"""The diagnostics on disk: a log like the journal, and which of them each reader has seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.names import checked_name
from podtui.core.model.records import SeenRecord
from podtui.core.paths import StorePaths
from podtui.core.store.codec import RecordProblem, encode_json, read_record
from podtui.core.store.logs import Log
from podtui.core.system.system import System

MOST_BEYOND = 1000
"""Limit of ids read out of order; beyond it the oldest are reported as unread again."""


class Diagnostics(Log[Diagnostic]):
    """Appends and reads diagnostics."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        super().__init__(system, paths.diagnostics, Diagnostic)
        self._paths = paths

    def seen(self, reader: str) -> SeenRecord | None:
        """Return what a reader has seen, None when it is not known.

        Raises:
            BadInput: the reader's name is not legal.
        """
        path = self._paths.diagnostics_seen(checked_name(reader, "reader name"))
        record = read_record(self._system.fs, path, SeenRecord)
        return None if isinstance(record, RecordProblem) else record

    def mark_read(self, reader: str, ids: Collection[str]) -> None:
        """Record that a reader has read these diagnostics, besides the earlier ones.

        Raises:
            BadInput: the reader's name is not legal.
            Busy, OSError: it is not recorded.
        """
        with self._locked():
            read = self.read()
            before = self.seen(reader)
            unread = {each.id for each in unread_of(read.entries, before)} - set(ids)
            # While a part of the log cannot be read, the mark of what was read must not move.
            is_whole = all(problem.line for problem in read.problems)
            record = _seen_record(
                reader, read.entries, unread, before=before, is_whole=is_whole, at=self._now()
            )
            if before is None or (before.diagnostic_id, before.beyond) != (
                record.diagnostic_id,
                record.beyond,
            ):
                self._system.fs.replace(self._paths.diagnostics_seen(reader), encode_json(record))

    def unread(self, reader: str) -> tuple[Diagnostic, ...]:
        """Return the diagnostics a reader has not seen, oldest first."""
        return unread_of(self.read().entries, self.seen(reader))

    def _now(self) -> datetime:
        return self._system.clock.now()


def unread_of(entries: Sequence[Diagnostic], seen: SeenRecord | None) -> tuple[Diagnostic, ...]:
    """Return the entries a reader has not seen, oldest first."""
    if seen is None:
        return tuple(entries)
    beyond = frozenset(seen.beyond)
    start = _index_after(entries, seen.diagnostic_id)
    return tuple(each for each in entries[start:] if each.id not in beyond)


def _index_after(entries: Sequence[Diagnostic], diagnostic_id: str) -> int:
    for index in range(len(entries) - 1, -1, -1):
        if entries[index].id == diagnostic_id:
            return index + 1
    # The mark is not in the log: report all again rather than none.
    return 0


def _seen_record(
    reader: str,
    entries: Sequence[Diagnostic],
    unread: Collection[str],
    *,
    before: SeenRecord | None,
    is_whole: bool,
    at: datetime,
) -> SeenRecord:
    mark = before.diagnostic_id if before else ""
    start = _index_after(entries, mark)
    while is_whole and start < len(entries) and entries[start].id not in unread:
        mark = entries[start].id
        start += 1
    beyond = [each.id for each in entries[start:] if each.id not in unread]
    return SeenRecord(reader=reader, diagnostic_id=mark, beyond=beyond[-MOST_BEYOND:], at=at)
