"""Doctor: what is wrong in a store, each with its next step; changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from podtui.core.access.missing import why_gone
from podtui.core.actions.framework.locks import is_being_acted_on
from podtui.core.actions.spawn.checks import FREE_FLOOR_BYTES
from podtui.core.doctor.files import file_problems, names_in
from podtui.core.doctor.pending import action_problems, line_problem
from podtui.core.model.records import (
    ChildEntry,
    CursorRecord,
    IdentityRecord,
    PodRecord,
    RunRecord,
)
from podtui.core.model.snapshot import PodView, Problem, Snapshot
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.paths import PodPaths
from podtui.core.processes.sample import identity_of
from podtui.core.settings.settings import load_settings
from podtui.core.store.children import children_of
from podtui.core.store.codec import ProblemKind, RecordProblem, read_record
from podtui.core.store.store import Store


def examine(store: Store, snapshot: Snapshot) -> tuple[Problem, ...]:
    """Return everything that is wrong, the store first, then pod by pod."""
    return (
        *_settings_problems(store),
        *_store_problems(store, snapshot),
        *_duplicate_ids(store, snapshot),
        *(problem for view in snapshot.pods for problem in _pod_problems(store, view)),
    )


def _settings_problems(store: Store) -> Iterator[Problem]:
    loaded = load_settings(store.system.fs, store.system.environment)
    if loaded.trouble is not None:
        yield Problem(
            kind="settings",
            path=str(loaded.file),
            message=loaded.trouble.sentence(),
            next=loaded.trouble.next_step or "docs/config.md describes them",
        )


def _store_problems(store: Store, snapshot: Snapshot) -> Iterator[Problem]:
    if not snapshot.health.ok:
        yield Problem(
            kind="observer",
            path=str(store.paths.root),
            message=snapshot.health.reason,
            next="repair that first: until then nothing else can be checked",
        )
    if store.read_only:
        yield Problem(
            kind="read_only",
            path=str(store.paths.record),
            message=store.read_only,
            next=store.remedy,
        )
    yield from _disk_problems(store)
    for left in names_in(store, store.paths.staging):
        if _is_left(store, store.paths.staging / left):
            yield Problem(
                kind="staging_leftover",
                path=str(store.paths.staging / left),
                message="a spawn or a restore was broken off here; nothing was started",
                next="this directory may be removed",
            )
    for kept in names_in(store, store.paths.quarantine):
        yield Problem(
            kind="quarantined",
            path=str(store.paths.quarantine / kept),
            message="kept here because it could not be read",
            next="look at it; nothing uses it",
        )
    for problem in store.journal.read().problems:
        yield line_problem(problem, None)
    yield from action_problems(store)
    yield from file_problems(store)


def _is_left(store: Store, staged: Path) -> bool:
    """Whether no process builds here any more: a builder holds the pod's lock all the time.

    A new run is built beside its pod, in ``<pod id>.<run>``, and a new pod in itself.
    """
    pod_id, is_run, _ = staged.name.partition(".")
    name = store.name_of_id(pod_id) if is_run else None
    try:
        return not is_being_acted_on(
            store.system, store.paths.pod(name) if name else PodPaths(staged)
        )
    except OSError:
        # Skip entries that are not pod directories.
        return True


def _disk_problems(store: Store) -> Iterator[Problem]:
    try:
        free = store.system.figures.free_bytes(store.paths.root)
    except OSError as error:
        yield Problem(
            kind="disk",
            path=str(store.paths.root),
            message=f"the disk cannot be asked: {error.strerror}",
            next="check the disk",
        )
        return
    if free < FREE_FLOOR_BYTES:
        yield Problem(
            kind="disk",
            path=str(store.paths.root),
            message=f"{free // 1024} KiB are free: no new pod is started",
            next="free some space",
        )


def _duplicate_ids(store: Store, snapshot: Snapshot) -> Iterator[Problem]:
    names = defaultdict(list)
    for view in snapshot.pods:
        if view.id:
            names[view.id].append(view.name)
    for pod_id, sharing in names.items():
        if len(sharing) > 1:
            yield Problem(
                kind="duplicate_id",
                pod=sharing[0],
                path=str(store.paths.pods),
                message=f"{', '.join(sharing)} have one id, {pod_id}: one is a copy",
                next="move the copy out of the store",
            )


def _pod_problems(store: Store, view: PodView) -> Iterator[Problem]:
    record = store.pod_record(view.name)
    paths = store.paths.pod(view.name)
    if isinstance(record, RecordProblem):
        yield _record_problem(record, view.name)
    elif record.parent_id:
        yield from _ledger_problems(store, record)
    yield from _children_problems(store, view.name, paths)
    yield from _run_problems(store, view)
    for name in names_in(store, paths.cursors):
        if name.endswith(".json"):
            cursor = read_record(store.system.fs, paths.cursors / name, CursorRecord)
            if isinstance(cursor, RecordProblem):
                yield _record_problem(cursor, view.name)
    yield from _state_problems(store, view)


def _children_problems(store: Store, name: str, paths: PodPaths) -> Iterator[Problem]:
    ledger = children_of(store.system.fs, paths)
    for problem in ledger.problems:
        yield line_problem(problem, name)
    for entry in ledger.entries:
        if not _is_accounted_for(store, entry):
            yield Problem(
                kind="child_missing",
                pod=name,
                path=str(paths.children),
                message=f"its child {entry.name!r} ({entry.id}) is not in the store as it was",
                next=f"podtui inspect {entry.name}; if its directory was removed by hand, bring it"
                " back from a copy",
            )


def _is_accounted_for(store: Store, entry: ChildEntry) -> bool:
    """Whether a child is in place, under whatever name, or an action recorded its removal."""
    return (
        _has_id(store, entry.name, entry.id)
        or _is_unreadable(store, entry.name)
        or store.name_of_id(entry.id) is not None
        or why_gone(store, entry.name, pod_id=entry.id) is not None
    )


def _run_problems(store: Store, view: PodView) -> Iterator[Problem]:
    try:
        runs = store.run_numbers(view.name)
    except OSError as error:
        path = str(store.paths.pod(view.name).runs)
        yield Problem(
            kind="record_unreadable",
            pod=view.name,
            path=path,
            message=f"{path} cannot be listed: {error.strerror}",
            next="repair its permissions or bring it back from a copy",
        )
        return
    for run in runs:
        record = store.run_record(view.name, run)
        if isinstance(record, RecordProblem):
            yield _record_problem(record, view.name)
        elif view.id and record.pod_id != view.id:
            file = store.paths.pod(view.name).run(run).record
            reason = f"it is of pod {record.pod_id}, not of this one"
            problem = RecordProblem(file, ProblemKind.UNREADABLE, reason)
            yield _record_problem(problem, view.name)
        exit_record = store.exit_record(view.name, run, view.id or None)
        if isinstance(exit_record, RecordProblem) and not exit_record.is_missing:
            yield _record_problem(exit_record, view.name)


def _ledger_problems(store: Store, record: PodRecord) -> Iterator[Problem]:
    """Find a child that its parent's ledger does not know."""
    parent_name = next(
        (name for name in store.pod_names() if _has_id(store, name, record.parent_id)), None
    )
    if parent_name is None and _is_unreadable(store, record.parent_name or ""):
        # The parent's own row reports what is wrong.
        return
    if parent_name is None and why_gone(store, record.parent_name or "", pod_id=record.parent_id):
        # Pruned: nothing is wrong, and `inspect` and `tree` show it.
        return
    if parent_name is None:
        yield Problem(
            kind="parent_missing",
            pod=record.name,
            path=str(store.paths.pod(record.name).record),
            message=f"its parent {record.parent_name!r} is not in the store; it is shown as a root",
            next="nothing needs to be done; the pod itself is not affected",
        )
        return
    ledger = children_of(store.system.fs, store.paths.pod(parent_name))
    if all(entry.id != record.id for entry in ledger.entries):
        yield Problem(
            kind="ledger_incomplete",
            pod=record.name,
            path=str(store.paths.pod(parent_name).children),
            message=f"the children ledger of {parent_name!r} does not have {record.name!r}",
            next="open podtui: it enters what a broken-off spawn left out",
        )


def _has_id(store: Store, name: str, pod_id: str | None) -> bool:
    record = store.pod_record(name)
    return isinstance(record, PodRecord) and record.id == pod_id


def _is_unreadable(store: Store, name: str) -> bool:
    """Whether a pod of this name is there whose id is not known."""
    return name in store.pod_names() and isinstance(store.pod_record(name), RecordProblem)


def _state_problems(store: Store, view: PodView) -> Iterator[Problem]:
    run = str(store.paths.pod(view.name).run(view.run).root)
    if view.status is Status.UNRESPONSIVE:
        yield Problem(
            kind="unresponsive",
            pod=view.name,
            path=run,
            message=view.message,
            next=f"podtui inspect {view.name}; a stopped supervisor goes on after SIGCONT",
        )
    elif (
        view.verdict is Verdict.UNKNOWN and not view.record_error and view.status is Status.UNKNOWN
    ):
        yield Problem(
            kind="unknown_state",
            pod=view.name,
            path=run,
            message=view.message,
            next=f"podtui inspect {view.name}",
        )
    elif view.status is Status.LOST:
        child = _living_child(store, view)
        if child is not None:
            yield Problem(
                kind="left_running",
                pod=view.name,
                path=run,
                message=f"its supervisor is gone and its command (process {child.pid}) still runs",
                next="end it by hand when it is not wanted: podtui does not watch it any more",
            )


def _living_child(store: Store, view: PodView) -> IdentityRecord | None:
    record = store.run_record(view.name, view.run)
    if not isinstance(record, RunRecord) or record.child is None:
        return None
    same_boot = any(
        each.probe is Probe.BOOT and each.answer is Answer.YES for each in view.evidence
    )
    answer = store.system.proc.is_there(identity_of(record.child))[0] if same_boot else Answer.NO
    return record.child if answer is Answer.YES else None


def _record_problem(problem: RecordProblem, pod: str) -> Problem:
    return Problem(
        kind="record_missing" if problem.is_missing else "record_unreadable",
        pod=pod,
        path=str(problem.path),
        message=problem.sentence(),
        next="repair the file or bring it back from a copy; nothing else of the pod is affected",
    )
