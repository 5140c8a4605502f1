"""Spawn: a new pod, its first run, and its place in the tree.

Intent is on the disk before anything starts: the pod's directory is built in staging with its
first run reserved, renamed into place, entered in the parent's ledger, and only then is the
supervisor started. A crash at any point leaves a record that says how far it came. The new pod's
action lock is held from its first file to its start, so that nobody takes what is under way for
what was broken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.start import failure_of, record_never_began, start_run
from podtui.core.actions.framework.transaction import Transaction, transaction
from podtui.core.actions.spawn.checks import refusals_of
from podtui.core.actions.spawn.records import directory_of, pod_record, run_record
from podtui.core.actions.spawn.scopes import (
    loan_lines,
    missing_scopes,
    refuse_clashes,
    scope_steps,
    seen_ids,
)
from podtui.core.hosts.interface.base import Launch
from podtui.core.model.events import Details, EventKind
from podtui.core.model.intents import SpawnIntent
from podtui.core.model.plans import Plan, Report, Step, StepKind
from podtui.core.model.records import ChildEntry, LoanLine, PodRecord, RunRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.paths import PodPaths
from podtui.core.processes.environment import missing_variables
from podtui.core.processes.handoff import clear_handoff
from podtui.core.store.children import add_child
from podtui.core.store.codec import RecordProblem, encode_json, encode_toml
from podtui.core.store.loans import encode_lines, lending_lock
from podtui.core.store.store import Store
from podtui.core.text.safe import safe_line

SHOWN_COMMAND = 300


def plan(inspector: Inspector, request: Spawn) -> Plan:
    """Return what a spawn will do, or why it will not; touches nothing.

    Raises:
        DiskTrouble, Refused: the store could not be asked.
    """
    return _plan(inspector.access, request)


def _plan(access: Access, request: Spawn) -> Plan:
    store = access.store
    try:
        refusals = refusals_of(access, request)
    except OSError as error:
        raise failure_of(request.name, "spawned", error, "nothing was changed") from error
    missing = missing_variables(request.pass_env, store.system.environment)
    return Plan(
        action="spawn",
        pod=request.name,
        steps=_steps(store, request),
        refusals=refusals,
        warnings=(
            *(f"{name} is not set here, so the pod will not have it" for name in missing),
            *missing_scopes(store, request),
        ),
        undo=f"podtui stop {request.name}",
    )


def _steps(store: Store, request: Spawn) -> tuple[Step, ...]:
    name, command = request.name, safe_line(" ".join(request.argv), SHOWN_COMMAND)
    directory = directory_of(request)
    reserve = Step(
        StepKind.RESERVE,
        name,
        f"reserve {name!r}, run 1, in {store.paths.root}",
        {"run": 1, "store": str(store.paths.root)},
    )
    link = Step(
        StepKind.LINK,
        name,
        f"enter it in the children of {request.parent!r}",
        {"parent": request.parent or ""},
    )
    start = Step(
        StepKind.START,
        name,
        f"start {command} in {directory}",
        {"argv": request.argv, "cwd": directory or ""},
    )
    return (reserve, *scope_steps(store, request), *((link,) if request.parent else ()), start)


def carry_out(inspector: Inspector, request: Spawn, *, actor: str) -> Report:
    """Start a new pod; returns once its command runs.

    Raises:
        PodtuiError: it did not start; what was kept is named.
    """
    launch = _spawn(inspector.access, request, actor)
    if launch.confirmed and not launch.started:
        raise errors.leaf_of(launch.kind)(
            f"{request.name!r} could not start: {launch.error}",
            pod=request.name,
            next_step=f"podtui inspect {request.name}",
            kept="the pod is kept with the reason in its exit record",
        )
    view = inspector.look_at(request.name)
    if not launch.started and view.verdict is not Verdict.ALIVE:
        raise errors.UnknownState(
            f"whether {request.name!r} started cannot be told: {launch.error}; {view.message}",
            pod=request.name,
            next_step=f"podtui inspect {request.name}",
            kept="its records and the words of its supervisor are kept",
        )
    if not launch.started and view.status is not Status.STARTING:
        # It runs after all: nothing of it is left to the reaper.
        clear_handoff(inspector.store, view.id, view.run)
    done = (f"spawned {request.name}, run 1: {view.message}",)
    return Report(action="spawn", pod=request.name, done=done, skipped=launch.remarks, view=view)


def _spawn(access: Access, request: Spawn, actor: str) -> Launch:
    """Reserve the pod and start it; returns how far the start came.

    Raises:
        PodtuiError: nothing was started; what was made so far is named.
    """
    _plan(access, request).raise_if_refused()
    store = access.store
    try:
        pod = pod_record(store, request, _parent(access, request), seen_ids(access, request))
        loans = loan_lines(store, request, pod, actor)
        run = run_record(store, pod, actor)
        intended = partial(
            SpawnIntent,
            pod=pod.name,
            pod_id=pod.id,
            run=run.run,
            actor=actor,
            parent=pod.parent_name,
        )
        with transaction(store, EventKind.SPAWN_INTENDED, intended) as tx:
            return _begin(store, tx, pod, run, loans)
    except OSError as error:
        raise failure_of(
            request.name, "spawned", error, "nothing was started or changed"
        ) from error


def _begin(
    store: Store,
    tx: Transaction[SpawnIntent],
    pod: PodRecord,
    run: RunRecord,
    loans: Sequence[LoanLine],
) -> Launch:
    try:
        launch = _reserve_and_start(store, pod, run, loans, tx.intent.actor)
    except (OSError, errors.PodtuiError) as error:
        failure = (
            failure_of(pod.name, "spawned", error, "nothing was started; what was written is kept")
            if isinstance(error, OSError)
            else error
        )
        # What failed is raised; that the journal failed as well would only hide it.
        tx.end_anyhow(EventKind.SPAWN_FAILED, f"not spawned: {failure.message}")
        raise failure from error
    _end(tx, pod, launch)
    return msgspec.structs.replace(launch, remarks=launch.remarks + tx.remarks)


def _parent(access: Access, request: Spawn) -> PodRecord | None:
    if request.parent is None:
        return None
    record = access.store.pod_record(access.name_of(request.parent))
    if isinstance(record, RecordProblem):
        raise record.as_error(request.parent)
    return record


def _reserve_and_start(
    store: Store, pod: PodRecord, run: RunRecord, loans: Sequence[LoanLine], actor: str
) -> Launch:
    system = store.system
    staged = PodPaths(store.paths.staging / pod.id)
    system.fs.make_directory(staged.root)
    with action_lock(system, staged, pod=pod.name, action="spawn", actor=actor):
        _build(store, staged, pod, run, loans)
        if loans:
            # Its loans become true with its name, and nobody else lends meanwhile.
            with lending_lock(system, store.paths):
                refuse_clashes(store, loans, pod=pod.name)
                _put_in_place(store, staged, pod)
        else:
            _put_in_place(store, staged, pod)
        try:
            if pod.parent_name:
                entry = ChildEntry(id=pod.id, name=pod.name, at=pod.created_at)
                add_child(system, store.paths.pod(pod.parent_name), entry)
            return start_run(store, pod, run)
        except (OSError, errors.PodtuiError) as error:
            record_never_began(store, pod.name, run, error)
            raise


def _build(
    store: Store, staged: PodPaths, pod: PodRecord, run: RunRecord, loans: Sequence[LoanLine]
) -> None:
    """Build the pod in staging, synced: it will be there whole, or not at all."""
    fs = store.system.fs
    files = staged.run(run.run)
    for directory in (staged.runs, files.root, staged.cursors):
        fs.make_directory(directory)
    fs.create(staged.record, encode_toml(pod))
    fs.create(files.record, encode_json(run))
    if loans:
        fs.create(staged.loans, encode_lines(loans))
    for empty in (files.lock, files.output, files.index):
        fs.create(empty)
    for directory in (files.root, staged.root):
        fs.sync_directory(directory)


def _put_in_place(store: Store, staged: PodPaths, pod: PodRecord) -> None:
    fs = store.system.fs
    target = store.paths.pod(pod.name).root
    try:
        fs.rename(staged.root, target)
    except OSError as error:
        if not fs.stamp(target):
            raise
        raise errors.Exists(
            f"{pod.name!r} was spawned by someone else at the same moment",
            pod=pod.name,
            next_step="choose another name",
            kept=f"the other pod was not touched; this one stays unused in {staged.root}",
        ) from error


def _end(tx: Transaction[SpawnIntent], pod: PodRecord, launch: Launch) -> None:
    """Write the outcome; a start that nobody confirmed has its handoff, which outlives this."""
    if launch.started:
        lent = [f"may write {path}" for path in pod.write_scopes]
        lent += [f"may read {path}" for path in pod.read_scopes]
        words = ", ".join((f"spawned by {tx.intent.actor}", *lent))
        details = Details(
            parent=pod.parent_name or "",
            paths=(
                *(f"write {path}" for path in pod.write_scopes),
                *(f"read {path}" for path in pod.read_scopes),
            ),
        )
        tx.end_anyhow(EventKind.SPAWNED, words, details=details)
        return
    doubt = "did not start" if launch.confirmed else "is not known to have started"
    tx.end_anyhow(EventKind.SPAWN_FAILED, f"{doubt}: {launch.error}")
