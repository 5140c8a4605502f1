"""Handoffs: starts that failed after a process was started, until that process is accounted for.

Each is a file of its own, bound to the run and to process identities; one never expires, and one
that cannot be written leaves all others as they are.
"""

from __future__ import annotations

from contextlib import suppress

from podtui.core.model.records import HandoffRecord
from podtui.core.paths import StorePaths
from podtui.core.store.codec import RecordProblem, encode_json, read_record
from podtui.core.system.system import System

SUFFIX = ".json"


class Handoffs:
    """Writes, lists and clears handoffs."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        self._paths = paths
        self._system = system

    def write(self, handoff: HandoffRecord) -> None:
        """Write one; on failure an earlier one of the same run stays as it was.

        Raises:
            OSError: it is not written.
        """
        path = self._paths.handoff(handoff.pod_id, handoff.run)
        self._system.fs.replace(path, encode_json(handoff))

    def all(self) -> list[HandoffRecord | RecordProblem]:
        """Return every handoff there is; raises OSError when that cannot be told."""
        try:
            names = self._system.fs.names_in(self._paths.handoffs)
        except FileNotFoundError:
            return []
        return [
            read_record(self._system.fs, self._paths.handoffs / name, HandoffRecord)
            for name in names
            if name.endswith(SUFFIX)
        ]

    def clear(self, pod_id: str, run: int) -> None:
        """Take a handoff away: its run went well after all, or is over and left nothing.

        Raises:
            OSError: it is still there.
        """
        with suppress(FileNotFoundError):
            self._system.fs.remove(self._paths.handoff(pod_id, run))
            self._system.fs.sync_directory(self._paths.handoffs)
