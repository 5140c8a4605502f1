"""What a spawn and a restore share: the start of a reserved run, and what became of it.

A start that nobody confirmed is settled here. Either the run is fenced off, so that it can never
begin any more, or it turns out to run, or a handoff says that a process may be there.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from podtui.core import errors
from podtui.core.hosts.pty.launch import Launch, start_supervisor
from podtui.core.hosts.pty.probe import probe_run
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.processes.environment import pod_environment
from podtui.core.processes.handoff import hand_off
from podtui.core.store.codec import RecordProblem, encode_json
from podtui.core.store.store import Store
from podtui.core.system.fs import UnsafeFile, is_disk_trouble

RUNS = frozenset({Finding.RUNNING, Finding.SILENT})


def start_run(store: Store, pod: PodRecord, run: RunRecord) -> Launch:
    """Start the supervisor of a reserved run, and find out what became of it.

    Where that cannot be told, or something may be left of it, a handoff is written before this
    returns.

    Raises:
        OSError: the supervisor could not be started.
    """
    environment = pod_environment(
        pod, run.run, store=str(store.paths.root), actor=store.system.environment
    )
    launch = start_supervisor(store, pod, run, environment)
    if not launch.confirmed:
        return _settled(store, pod, run, launch)
    if not launch.started:
        # Mostly the supervisor has recorded that. On a disk that refuses, the deadline decides.
        with suppress(OSError):
            prevent_start(store, pod.name, run, launch.error)
    return launch


def _settled(store: Store, pod: PodRecord, run: RunRecord, launch: Launch) -> Launch:
    """Find out what became of a start whose supervisor did not answer."""
    try:
        if prevent_start(store, pod.name, run, launch.error):
            error = f"{launch.error}, and cannot begin any more"
            return msgspec.structs.replace(launch, confirmed=True, error=error)
        look = probe_run(store, pod.name, run.run, pod.id)
    except OSError:
        # An error of the disk says nothing about processes.
        outcome = Finding.UNTOLD
    else:
        outcome = rule_for(look.answers).outcome
        if outcome in RUNS:
            return Launch(started=True, confirmed=False)
        if isinstance(look.exit, ExitRecord):
            why = look.exit.start_error or ""
            return msgspec.structs.replace(launch, started=not why, confirmed=True, error=why)
    is_lost = outcome is Finding.LOST
    told = "its supervisor took the run up and was lost" if is_lost else launch.error
    remarks = hand_off(store, run, pod=pod.name, reason=told)
    kind = errors.Refused.kind if is_lost else errors.TimedOut.kind
    return msgspec.structs.replace(launch, error=told, kind=kind, remarks=remarks)


def prevent_start(store: Store, name: str, run: RunRecord, why: str) -> bool:
    """Make sure that a reserved run can never begin; False when a supervisor took it up.

    Whoever holds a run's lock is the only one who may begin it, and a run with an exit record is
    never begun: so the record is written under the lock.

    Raises:
        OSError: the lock cannot be had or the record not be written: nothing is decided.
    """
    if run.machine_id != store.system.machine_id:
        # Locks need not reach from one machine to another.
        return False
    files = store.paths.pod(name).run(run.run)
    try:
        with store.system.fs.locked(files.lock, clock=store.system.clock, timeout_s=0):
            now = store.run_record(name, run.run)
            if isinstance(now, RecordProblem) or now.supervisor is not None:
                return False
            ended = store.exit_record(name, run.run, run.pod_id)
            if isinstance(ended, ExitRecord):
                return ended.start_error is not None
            store.system.fs.replace(files.exit, _never_began(store, run, why))
    except BlockingIOError:
        return False
    return True


def record_never_began(store: Store, name: str, run: RunRecord, error: Exception) -> None:
    """Write that no supervisor was started, so that nobody waits for the run's deadline."""
    words = error.strerror if isinstance(error, OSError) else str(error)
    why = f"its supervisor could not be started: {words}"
    # On a disk that refuses this too, the deadline of the reserved run decides.
    with suppress(OSError):
        if not prevent_start(store, name, run, why):
            hand_off(store, run, pod=name, reason=why)


def _never_began(store: Store, run: RunRecord, why: str) -> bytes:
    now = store.system.clock.now()
    record = ExitRecord(pod_id=run.pod_id, run=run.run, ended_at=now, start_error=why)
    return encode_json(record)


def failure_of(name: str, done: str, error: OSError, kept: str) -> errors.PodtuiError:
    """Return the error for a refusal of the disk or the kernel; ``done`` as in "spawned"."""
    leaf: type[errors.PodtuiError] = errors.Refused
    if isinstance(error, UnsafeFile):
        leaf = errors.Unreadable
    elif is_disk_trouble(error):
        leaf = errors.DiskTrouble
    where = f" ({error.filename})" if error.filename else ""
    return leaf(
        f"{name!r} could not be {done}: {error.strerror}{where}",
        pod=name,
        next_step="podtui doctor",
        kept=kept,
    )
