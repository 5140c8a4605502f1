"""Spawn: a new pod, its first run, and its place in the tree.

Intent is on the disk before anything starts: the pod's directory is built in staging with its
first run reserved, renamed into place, entered in the parent's ledger, and only then is the
supervisor started. A crash at any point leaves a record that says how far it came.
"""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

from podtui.core import errors
from podtui.core.agents.profiles import agent_of
from podtui.core.model.events import Event, EventKind
from podtui.core.model.ids import new_id
from podtui.core.model.names import checked_name
from podtui.core.model.plans import Plan, Refusal
from podtui.core.model.records import ChildEntry, PodRecord, RunRecord
from podtui.core.model.requests import SpawnRequest
from podtui.core.paths import PodPaths
from podtui.core.processes.environment import missing_variables, pod_environment
from podtui.core.processes.launch import Launch, start_supervisor
from podtui.core.store.children import add_child
from podtui.core.store.codec import RecordProblem, encode_json, encode_toml
from podtui.core.store.store import Store
from podtui.core.system.fs import is_disk_trouble

STARTING_DEADLINE_S = 20.0
FREE_FLOOR_BYTES = 16 * 1024 * 1024
"""With less free disk no new pod is started, so that the running ones can go on writing."""
LARGEST_SIZE = 1000
LEFTOVERS = ("end", "keep")


def plan_spawn(store: Store, request: SpawnRequest) -> Plan:
    """Return what a spawn will do, or why it will not; touches nothing."""
    checks = (
        _name_refusal(store, request),
        _command_refusal(store, request),
        _directory_refusal(request),
        _parent_refusal(store, request),
        _value_refusal(request),
        _disk_refusal(store),
    )
    missing = missing_variables(request.pass_env, store.system.environment)
    return Plan(
        action="spawn",
        pod=request.name,
        steps=(
            f"reserve {request.name!r}, run 1, in {store.paths.root}",
            *((f"enter it in the children of {request.parent!r}",) if request.parent else ()),
            f"start {' '.join(request.argv)} in {_directory(request)}",
        ),
        refusals=tuple(refusal for refusal in checks if refusal),
        warnings=tuple(f"{name} is not set here, so the pod will not have it" for name in missing),
        undo=f"podtui stop {request.name}",
    )


def carry_out_spawn(store: Store, request: SpawnRequest) -> Launch:
    """Do it; returns how far the start came.

    Raises:
        PodtuiError: nothing was started; what was made so far is named.
    """
    plan_spawn(store, request).raise_if_refused()
    pod = _pod_record(store, request)
    run = _run_record(store, pod, request.actor)
    try:
        _tell(store, EventKind.SPAWN_INTENDED, pod, request, f"{pod.name}: to be spawned")
        _put_in_place(store, pod, run)
        if pod.parent_name:
            entry = ChildEntry(id=pod.id, name=pod.name, at=pod.created_at)
            add_child(store.system.fs, store.paths.pod(pod.parent_name), entry)
        launch = _launch(store, pod, run)
    except OSError as error:
        raise _disk_error(pod, error) from error
    if launch.started:
        _tell(store, EventKind.SPAWNED, pod, request, f"{pod.name}: spawned by {request.actor}")
    else:
        summary = f"{pod.name}: did not start: {launch.error}"
        _tell(store, EventKind.SPAWN_FAILED, pod, request, summary)
    return launch


def _launch(store: Store, pod: PodRecord, run: RunRecord) -> Launch:
    environment = pod_environment(
        pod, run.run, store=str(store.paths.root), actor=store.system.environment
    )
    return start_supervisor(store, pod, run, environment)


def _pod_record(store: Store, request: SpawnRequest) -> PodRecord:
    now = store.system.clock.now()
    parent = store.pod_record(store.name_of(request.parent)) if request.parent else None
    if isinstance(parent, RecordProblem):
        raise parent.as_error(request.parent)
    return PodRecord(
        id=new_id(int(now.timestamp() * 1000)),
        name=request.name,
        created_at=now,
        argv=list(request.argv),
        cwd=_directory(request),
        parent_id=parent.id if parent else None,
        parent_name=parent.name if parent else None,
        role=request.role,
        task=request.task,
        agent=agent_of(request.argv),
        env=dict(request.env),
        pass_env=list(request.pass_env),
        columns=request.columns,
        rows=request.rows,
        stall_after_s=request.stall_after_s,
        leftovers=request.leftovers,
    )


def _run_record(store: Store, pod: PodRecord, actor: str) -> RunRecord:
    system = store.system
    return RunRecord(
        pod_id=pod.id,
        run=1,
        reserved_at=system.clock.now(),
        reserved_boottime_s=system.clock.boottime(),
        starting_deadline_s=STARTING_DEADLINE_S,
        boot_id=system.proc.boot_id(),
        machine_id=system.machine_id,
        argv=pod.argv,
        cwd=pod.cwd,
        reason="spawn",
        actor=actor,
        env_names=sorted({*pod.env, *pod.pass_env}),
        columns=pod.columns,
        rows=pod.rows,
    )


def _put_in_place(store: Store, pod: PodRecord, run: RunRecord) -> None:
    """Build the pod in staging and rename it into place: it is there whole, or not at all."""
    fs = store.system.fs
    staged = PodPaths(store.paths.staging / pod.id)
    files = staged.run(run.run)
    for directory in (staged.root, staged.runs, files.root, staged.cursors):
        fs.make_directory(directory)
    fs.create(staged.record, encode_toml(pod))
    fs.create(files.record, encode_json(run))
    for empty in (files.lock, files.output, files.index):
        fs.create(empty)
    for directory in (files.root, staged.runs, staged.root):
        fs.sync_directory(directory)
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


def _tell(
    store: Store, kind: EventKind, pod: PodRecord, request: SpawnRequest, summary: str
) -> None:
    now = store.system.clock.now()
    event = Event(
        id=new_id(int(now.timestamp() * 1000)),
        at=now,
        kind=kind,
        pod=pod.name,
        pod_id=pod.id,
        run=1,
        actor=request.actor,
        summary=summary,
    )
    store.journal.append(event)


# what speaks against it


def _name_refusal(store: Store, request: SpawnRequest) -> Refusal | None:
    try:
        checked_name(request.name)
    except errors.BadInput as error:
        return Refusal(kind=error.kind, message=error.message, next=error.next_step)
    folded = request.name.casefold()
    taken = [name for name in store.pod_names() if name.casefold() == folded]
    if not taken:
        return None
    return Refusal(
        kind=errors.Exists.kind,
        message=f"there is a pod {taken[0]!r} already",
        next=f"podtui inspect {taken[0]}, or spawn it as {_free_name(store, request.name)}",
    )


def _free_name(store: Store, name: str) -> str:
    taken = {each.casefold() for each in store.pod_names()}
    number = 2
    while f"{name}-{number}".casefold() in taken:
        number += 1
    return f"{name}-{number}"


def _command_refusal(store: Store, request: SpawnRequest) -> Refusal | None:
    if not request.argv or not request.argv[0]:
        message = "there is no command to run"
        next_step = f"podtui spawn {request.name} -- COMMAND [ARGUMENT …]"
        return Refusal(kind=errors.BadInput.kind, message=message, next=next_step)
    if any("\0" in part for part in (*request.argv, *request.env, *request.env.values())):
        message = "the command or its environment holds a NUL character"
        return Refusal(kind=errors.BadInput.kind, message=message, next="leave it out")
    program = request.argv[0]
    path = request.env.get("PATH") or store.system.environment.get("PATH") or os.defpath
    place = Path(_directory(request), program)
    found = (
        store.system.fs.is_executable(place) if "/" in program else shutil.which(program, path=path)
    )
    if found:
        return None
    where = f"at {place}" if "/" in program else f"in PATH ({path})"
    message = f"the command {program!r} is not an executable file {where}"
    return Refusal(kind=errors.BadInput.kind, message=message, next="give its full path")


def _directory(request: SpawnRequest) -> str:
    return os.path.abspath(os.path.expanduser(request.cwd or "."))


def _directory_refusal(request: SpawnRequest) -> Refusal | None:
    directory = Path(_directory(request))
    if directory.is_dir() and os.access(directory, os.X_OK):
        return None
    what = "is not a directory" if directory.exists() else "does not exist"
    if directory.is_dir():
        what = "may not be entered"
    message = f"the working directory {directory} {what}"
    return Refusal(kind=errors.BadInput.kind, message=message, next="give another with --cwd")


def _parent_refusal(store: Store, request: SpawnRequest) -> Refusal | None:
    if request.parent is None:
        return None
    try:
        parent = store.pod_record(store.name_of(request.parent))
    except errors.NotFound:
        near = difflib.get_close_matches(request.parent, store.pod_names(), n=1)
        hint = f"did you mean {near[0]}?" if near else "podtui ls shows the pods there are"
        message = f"the parent {request.parent!r} does not exist"
        return Refusal(kind=errors.NotFound.kind, message=message, next=hint)
    if isinstance(parent, RecordProblem):
        return Refusal(
            kind=errors.Unreadable.kind,
            message=f"the parent {request.parent!r} cannot be used: {parent.sentence()}",
            next="podtui doctor",
        )
    return None


def _value_refusal(request: SpawnRequest) -> Refusal | None:
    problems = (
        (
            not 1 <= request.columns <= LARGEST_SIZE or not 1 <= request.rows <= LARGEST_SIZE,
            f"the size {request.columns}x{request.rows} is not between 1x1 and 1000x1000",
            "give --size COLSxROWS, such as 120x40",
        ),
        (
            request.stall_after_s is not None and not request.stall_after_s > 0,
            "the time after which a pod counts as stalled must be more than 0",
            "give --stall-after SECONDS",
        ),
        (
            request.leftovers not in LEFTOVERS,
            f"leftovers can be ended or kept, not {request.leftovers!r}",
            "give --leftovers end or --leftovers keep",
        ),
        (
            any(not name or "=" in name for name in (*request.env, *request.pass_env)),
            "a variable's name is empty or holds an equals sign",
            "give --env NAME=VALUE and --pass-env NAME",
        ),
    )
    for wrong, message, next_step in problems:
        if wrong:
            return Refusal(kind=errors.BadInput.kind, message=message, next=next_step)
    return None


def _disk_refusal(store: Store) -> Refusal | None:
    try:
        free = store.system.fs.free_bytes(store.paths.root)
    except OSError as error:
        message = f"the disk of {store.paths.root} cannot be asked: {error.strerror}"
        return Refusal(kind=errors.DiskTrouble.kind, message=message, next="podtui doctor")
    if free >= FREE_FLOOR_BYTES:
        return None
    return Refusal(
        kind=errors.DiskTrouble.kind,
        message=(
            f"the disk of {store.paths.root} has {free // 1024} KiB free, and no new pod is started"
            f" below {FREE_FLOOR_BYTES // 1024 // 1024} MiB, so that the running ones can go on"
        ),
        next="free some space, then spawn again",
    )


def _disk_error(pod: PodRecord, error: OSError) -> errors.PodtuiError:
    leaf = errors.DiskTrouble if is_disk_trouble(error) else errors.Refused
    return leaf(
        f"{pod.name!r} could not be spawned: {os.strerror(error.errno or 0)} ({error.filename})",
        pod=pod.name,
        next_step="podtui doctor",
        kept="nothing was started; what was written stays where it is",
    )
