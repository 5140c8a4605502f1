"""The open store: the records of pods and runs, and its logs."""

from __future__ import annotations

import re
from pathlib import Path

from podtui.core.errors import Refused
from podtui.core.model.records import (
    EndedMarker,
    ExitRecord,
    PodRecord,
    RunRecord,
    StalledMarker,
    StatusRecord,
    StoreRecord,
)
from podtui.core.paths import (
    PodPaths,
    SocketPlace,
    StorePaths,
    run_name,
    socket_directories,
    socket_name,
)
from podtui.core.store.codec import (
    ProblemKind,
    RecordCache,
    RecordProblem,
    disk_problem,
    read_record,
)
from podtui.core.store.diagnostics import Diagnostics
from podtui.core.store.logs import Journal
from podtui.core.store.opening import OpenedStore, open_store
from podtui.core.store.pending import Handoffs, Intents
from podtui.core.store.trash import Trash
from podtui.core.system.system import System

_RUN = re.compile(r"(?!0000\Z)[0-9]{4,6}\Z")


class Store:
    """One open store."""

    def __init__(self, opened: OpenedStore, system: System) -> None:
        self.paths: StorePaths = opened.paths
        self.id = opened.store_id
        self.read_only = opened.read_only
        self.remedy = opened.remedy
        self.system = system
        self.journal = Journal(opened.paths, system)
        self.diagnostics = Diagnostics(opened.paths, system)
        self.intents = Intents(opened.paths, system)
        self.handoffs = Handoffs(opened.paths, system)
        self.trash = Trash(opened.paths, system)
        stamp = system.fs.stamp(opened.paths.root)
        self.socket_directories = socket_directories(
            opened.paths, system.environment, stamp.inode if stamp else 0
        )
        self._cache = RecordCache(system.fs)

    @classmethod
    def open(cls, system: System, root: Path, *, create: bool = False) -> Store:
        """Open the store at ``root``; errors as `open_store`."""
        return cls(open_store(system, root, create=create), system)

    def refuse_if_read_only(self) -> None:
        """Raise Refused when nothing may be written."""
        if self.read_only:
            raise Refused(
                f"the store {self.paths.root} is shown read-only: {self.read_only}",
                next_step=self.remedy,
                kept="nothing was changed",
            )

    def own_record(self) -> StoreRecord | RecordProblem:
        """Return the store's own record, read anew when it changed."""
        return self._cache.read(self.paths.record, StoreRecord)

    # pods

    def pod_names(self) -> list[str]:
        """Return all names under ``pods``; each of them is a row, readable or not."""
        return self.system.fs.names_in(self.paths.pods)

    def pod_record(self, name: str) -> PodRecord | RecordProblem:
        """Return what was asked for; a record that lies in another's place is unreadable."""
        paths = self.paths.pod(name)
        try:
            if not self.system.fs.is_directory(paths.root):
                return RecordProblem(paths.root, ProblemKind.UNREADABLE, "it is not a directory")
        except OSError as error:
            return disk_problem(paths.root, error)
        record = self._cache.read(paths.record, PodRecord)
        if isinstance(record, PodRecord) and record.name != name:
            reason = f"it is the record of pod {record.name!r} and lies in that of {name!r}"
            return RecordProblem(paths.record, ProblemKind.UNREADABLE, reason)
        return record

    def name_of_id(self, pod_id: str, *, likely: str | None = None) -> str | None:
        """Return the name the pod of this id has now, None when it is not in its place.

        ``likely`` is the name to look under first.
        """
        names = self.pod_names()
        if likely in names:
            names = [likely, *names]
        for name in names:
            record = self.pod_record(name)
            if isinstance(record, PodRecord) and record.id == pod_id:
                return name
        return None

    # runs

    def run_numbers(self, name: str) -> list[int]:
        """Return the numbers of a pod's runs, oldest first.

        Raises:
            OSError: could not tell.
        """
        return self.run_numbers_in(self.paths.pod(name))

    def run_numbers_in(self, pod: PodPaths) -> list[int]:
        """Return the numbers of the runs of a pod, wherever it is; errors as `run_numbers`."""
        names = self.system.fs.names_in(pod.runs)
        numbers = (int(text) for text in names if _RUN.match(text))
        # Reject "00001": podtui never writes it, and int() would read it as run 1.
        return sorted(each for each in numbers if run_name(each) in names)

    def run_record(self, name: str, run: int) -> RunRecord | RecordProblem:
        """Return how a run was started; a record of another run is unreadable."""
        path = self.paths.pod(name).run(run).record
        record = self._cache.read(path, RunRecord)
        if isinstance(record, RunRecord) and record.run != run:
            reason = f"it is the record of run {record.run} and lies in the place of run {run}"
            return RecordProblem(path, ProblemKind.UNREADABLE, reason)
        return record

    def exit_record(self, name: str, run: int, pod_id: str | None) -> ExitRecord | RecordProblem:
        """Return how a run ended; only a record of this very run of this very pod counts."""
        path = self.paths.pod(name).run(run).exit
        record = self._cache.read(path, ExitRecord)
        if isinstance(record, ExitRecord) and (
            record.run != run or pod_id not in {None, record.pod_id}
        ):
            reason = f"it is of run {record.run} of pod {record.pod_id}, not of this run"
            return RecordProblem(path, ProblemKind.UNREADABLE, reason)
        return record

    def status_record(self, name: str, run: int) -> StatusRecord | RecordProblem:
        """Return what the run's supervisor last saw."""
        # Not cached: it changes all the time.
        return read_record(self.system.fs, self.paths.pod(name).run(run).status, StatusRecord)

    def ended_marker(self, name: str, run: int) -> EndedMarker | RecordProblem:
        """Return the note that the end of a run is in the journal."""
        return read_record(self.system.fs, self.paths.pod(name).run(run).ended_marker, EndedMarker)

    def stalled_marker(self, name: str, run: int) -> StalledMarker | RecordProblem:
        """Return the note which stall of a run is in the journal."""
        path = self.paths.pod(name).run(run).stalled_marker
        return read_record(self.system.fs, path, StalledMarker)

    def socket_place(self, run: RunRecord) -> SocketPlace:
        """Return where a run's supervisor listens.

        The directories that its actor chose come first: the reader may have another environment.
        The directories of this store come after them, for a store that was moved.
        """
        recorded = [Path(each) for each in run.socket_directories]
        directories = dict.fromkeys((*recorded, *self.socket_directories))
        return SocketPlace(tuple(directories), socket_name(run.pod_id, run.run))
