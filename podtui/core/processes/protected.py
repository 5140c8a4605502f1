"""Which processes are never signalled when leftovers are ended.

They are podtui itself and its ancestors, the first process, supervisors of every store, processes
of other pods with all their descendants, and programs that the user protects by name. When they
cannot be determined, nothing is signalled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath

import msgspec

from podtui.core.errors import UnknownState
from podtui.core.model.records import (
    ExitRecord,
    IdentityRecord,
    PodRecord,
    RunRecord,
    StatusRecord,
)
from podtui.core.model.verdicts import Answer
from podtui.core.paths import CONFIG_VARIABLE, config_file
from podtui.core.processes.marks import ProcessMarks, supervisor_reason
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import MISSING, Fs, UnsafeFile
from podtui.kernel.processes import Identity, ProcessGone, ProcessStat

FIRST_PROCESS = 1
LONGEST_CHAIN = 1024
CHAIN_TRIES = 5


class _Elsewhere(msgspec.Struct, frozen=True):
    """A process that is on record of a run that is not proven to be over."""

    identity: Identity
    pod: str
    pod_id: str
    run: int
    is_supervisor: bool = False
    is_seen_only: bool = False


class Foreign(msgspec.Struct, frozen=True):
    """Why a process and its descendants must not be ended.

    Attributes:
        is_supervisor: it is a supervisor. Orphans of a pod become children of the supervisor of
            the pod it was spawned in, so not every descendant of a supervisor belongs to it.
    """

    reason: str
    is_supervisor: bool = False


class Protected:
    """The protected processes at one moment; records of other pods are read when first needed.

    Args:
        store: the store whose records are read.
        own: podtui itself and its ancestors, with the reason for each.
        patterns: names of programs, as in the settings.
    """

    def __init__(self, store: Store, own: dict[int, str], patterns: tuple[str, ...]) -> None:
        self._store = store
        self._own = own
        self._patterns = patterns

    def reason(self, pid: int) -> str | None:
        """Return why this process may never be signalled, None when it may be.

        Whether it belongs to another run is a separate question: see `objection`.
        """
        if pid <= FIRST_PROCESS:
            return "it is the first process"
        return self._own.get(pid)

    def reason_now(self, pid: int) -> str | None:
        """Return the same for this very moment: the last check before a signal.

        Raises:
            UnknownState: could not tell.
        """
        self._own = _own_chain(self._store)
        return self.reason(pid)

    def objection(
        self,
        process: ProcessStat,
        marks: ProcessMarks,
        *,
        pod_id: str,
        run: int,
        orphan_of: str | None = None,
    ) -> Foreign | None:
        """Return why a process and its descendants do not belong to a run, None when they may.

        Args:
            process: the process as it was read.
            marks: reads its mark.
            pod_id: id of the run's pod.
            run: the number of the run.
            orphan_of: for a process that the run's own record names, the id of the pod that the
                run's pod was spawned in. Orphans become children of that pod's supervisor, which
                then records those without a mark as its own.

        Raises:
            ProcessGone: it ended meanwhile.
            OSError: could not tell.
            UnknownState: could not tell which process belongs to which run.
        """
        arguments = self._store.system.proc.arguments_of(process.pid)
        pattern = protecting_pattern(self._patterns, process, arguments)
        if pattern is not None:
            return Foreign(f"its name is protected ({pattern})")
        reason = supervisor_reason(self._store.system, process)
        if reason is not None:
            return Foreign(reason, is_supervisor=True)
        mark = marks.of(process)
        if mark is not None and not mark.is_of(pod_id, run):
            return Foreign(mark.words(pod_id))
        return self._recorded_objection(process, pod_id, run, orphan_of)

    def _recorded_objection(
        self, process: ProcessStat, pod_id: str, run: int, orphan_of: str | None
    ) -> Foreign | None:
        for each in self._elsewhere.get(process.pid, ()):
            if (each.pod_id, each.run) == (pod_id, run):
                continue
            if each.is_seen_only and self._is_spawned_below(orphan_of, each.pod_id):
                continue
            answer, _ = self._store.system.proc.is_there(each.identity)
            if answer is not Answer.NO:
                reason = f"it is recorded as of run {each.run} of pod {each.pod!r}"
                return Foreign(reason, is_supervisor=each.is_supervisor)
        return None

    def _is_spawned_below(self, parent_id: str | None, pod_id: str) -> bool:
        """Whether a pod is ``parent_id`` or one of its ancestors."""
        for _ in range(LONGEST_CHAIN):
            if parent_id is None or parent_id == pod_id:
                break
            name = self._store.name_of_id(parent_id)
            record = self._store.pod_record(name) if name else None
            parent_id = record.parent_id if isinstance(record, PodRecord) else None
        return parent_id == pod_id

    @cached_property
    def _elsewhere(self) -> dict[int, list[_Elsewhere]]:
        found: dict[int, list[_Elsewhere]] = {}
        try:
            boot = self._store.system.proc.boot_id()
            names = self._store.pod_names()
        except OSError as error:
            raise _undetermined(f"the pods cannot be listed: {error.strerror}") from error
        for name in names:
            for each in self._recorded(name, boot):
                found.setdefault(each.identity.pid, []).append(each)
        return found

    def _recorded(self, name: str, boot: str) -> Iterator[_Elsewhere]:
        """Yield the processes on record of a pod's latest run, unless it is proven to be over."""
        store = self._store
        try:
            numbers = store.run_numbers(name)
        except MISSING:
            return  # no pod, or one that never had a run
        except OSError as error:
            raise _undetermined(
                f"the runs of {name!r} cannot be listed: {error.strerror}"
            ) from error
        if not numbers:
            return
        record = store.run_record(name, numbers[-1])
        if isinstance(record, RecordProblem):
            raise _undetermined(f"the processes of {name!r} are not known: {record.sentence()}")
        if record.machine_id != store.system.machine_id or record.boot_id != boot:
            return
        if self._is_over(name, record):
            return
        for each in (record.supervisor, record.child):
            if each is not None:
                yield _Elsewhere(
                    identity_of(each),
                    name,
                    record.pod_id,
                    record.run,
                    is_supervisor=each is record.supervisor,
                )
        for seen in self._seen_below(name, record):
            yield _Elsewhere(identity_of(seen), name, record.pod_id, record.run, is_seen_only=True)

    def _is_over(self, name: str, run: RunRecord) -> bool:
        """Whether a run is proven to be over and was not allowed to leave processes running."""
        store = self._store
        ended = store.exit_record(name, run.run, run.pod_id)
        if isinstance(ended, ExitRecord):
            return not ended.kept_leftovers
        if not ended.is_missing or run.supervisor is None:
            return False
        try:
            if store.system.fs.is_locked(store.paths.pod(name).run(run.run).lock):
                return False
        except UnsafeFile:
            pass  # Nobody can hold a file that is no lock.
        except OSError:
            return False  # Could not tell: then it is protected.
        answer, _ = store.system.proc.is_there(identity_of(run.supervisor))
        return answer is Answer.NO

    def _seen_below(self, name: str, run: RunRecord) -> Iterator[IdentityRecord]:
        status = self._store.status_record(name, run.run)
        if not isinstance(status, StatusRecord):
            return  # A convenience of its supervisor; marks and descent show the same.
        for each in status.descendants:
            yield IdentityRecord(
                pid=each.pid,
                start_ticks=each.start_ticks,
                boot_id=run.boot_id,
                uid=run.supervisor.uid if run.supervisor else 0,
                pidfd_inode=each.pidfd_inode,
            )


def protected_processes(store: Store) -> Protected:
    """Determine which processes must never be signalled.

    Raises:
        UnknownState: they could not be determined; then no signal may be sent at all.
    """
    return Protected(
        store, _own_chain(store), protected_names(store.system.fs, store.system.environment)
    )


def _own_chain(store: Store) -> dict[int, str]:
    """Return podtui itself and its ancestors, with the reasons.

    Raises:
        UnknownState: one of them cannot be read.
    """
    for _ in range(CHAIN_TRIES):
        try:
            return _chain_once(store)
        except ProcessGone:
            # One of them ended between two reads, so our parent is another process now.
            continue
        except (OSError, ValueError, IndexError) as error:
            raise _undetermined(f"an ancestor of podtui cannot be read: {error}") from error
    raise _undetermined("the ancestors of podtui cannot be read (is /proc hidden?)")


def _chain_once(store: Store) -> dict[int, str]:
    proc = store.system.proc
    pid = proc.own_pid()
    chain = {pid: "it is podtui itself"}
    while (parent := proc.stat(pid).parent) > 0:
        if parent in chain or len(chain) > LONGEST_CHAIN:
            raise ProcessGone(str(parent))
        chain[parent] = "podtui runs below it"
        pid = parent
    return chain


def _undetermined(why: str) -> UnknownState:
    return UnknownState(
        f"which processes must not be signalled could not be determined: {why}",
        next_step="podtui doctor",
        kept="no signal was sent",
    )


# programs the user protects by name: brokers, servers many pods share


LARGEST_FILE = 64 * 1024


class _File(msgspec.Struct, frozen=True):
    protect: list[str] = []


def protected_names(fs: Fs, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns of program names that are never signalled.

    Raises:
        UnknownState: the settings cannot be read.
    """
    path = config_file(environment)
    try:
        data = fs.read_linked(path, LARGEST_FILE)
        return tuple(each for each in msgspec.toml.decode(data, type=_File).protect if each)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not environment.get(CONFIG_VARIABLE):
            return ()
        why: Exception = error
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        why = error
    reason = why.strerror if isinstance(why, OSError) else str(why)
    raise UnknownState(
        f"which programs are protected could not be determined: {path}: {reason}",
        next_step=f"repair {path}; docs/config.md describes it",
        kept="no signal was sent",
    ) from why


def protecting_pattern(
    patterns: Sequence[str], process: ProcessStat, arguments: Sequence[str]
) -> str | None:
    """Return the pattern that a process's name, or its program's, matches as a whole."""
    names = {process.name, *(PurePosixPath(each).name for each in arguments[:1])}
    return next((each for each in patterns if any(fnmatchcase(name, each) for name in names)), None)
