"""Starts a reserved run for spawn and restore, and determines the outcome.

When the host did not confirm the start, one of three things is made true: the run can never begin,
or it is found running, or a handoff records that a process may be there.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from podtui.core import errors
from podtui.core.hosts.interface.base import Launch
from podtui.core.hosts.registry import host_of, probe_run
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.observe.verdict import Finding, rule_for
from podtui.core.processes.environment import pod_environment
from podtui.core.processes.handoff import hand_off
from podtui.core.store.store import Store
from podtui.core.system.fs import UnsafeFile, is_disk_trouble

RUNS = frozenset({Finding.RUNNING, Finding.SILENT})


def start_run(store: Store, pod: PodRecord, run: RunRecord) -> Launch:
    """Start a reserved run on its host and determine the outcome.

    When the outcome is unknown, or processes may be left, a handoff is written before this returns.

    Raises:
        OSError: the host could not start anything.
    """
    environment = pod_environment(
        pod, run.run, store=str(store.paths.root), actor=store.system.environment
    )
    host = host_of(store, run)
    launch = host.start(pod, run, environment)
    if not launch.confirmed:
        return _outcome_of(store, pod, run, launch)
    if not launch.started:
        # Usually the host has recorded that itself. If the disk refuses it, the deadline of the
        # reserved run ends the waiting.
        with suppress(OSError):
            host.prevent(pod.name, run, launch.error)
    return launch


def _outcome_of(store: Store, pod: PodRecord, run: RunRecord, launch: Launch) -> Launch:
    """Determine the outcome of a start that the host did not confirm."""
    try:
        if host_of(store, run).prevent(pod.name, run, launch.error):
            error = f"{launch.error}, and cannot begin any more"
            return msgspec.structs.replace(launch, confirmed=True, error=error)
        look = probe_run(store, pod.name, run.run, pod.id)
    except OSError:
        # An unreadable disk says nothing about processes.
        outcome = Finding.UNDETERMINED
    else:
        outcome = rule_for(look.answers).outcome
        if outcome in RUNS:
            return Launch(started=True, confirmed=False)
        if isinstance(look.exit, ExitRecord):
            why = look.exit.start_error or ""
            return msgspec.structs.replace(launch, started=not why, confirmed=True, error=why)
    is_lost = outcome is Finding.LOST
    words = "its supervisor took the run up and was lost" if is_lost else launch.error
    remarks = hand_off(store, run, pod=pod.name, reason=words)
    kind = errors.Refused.kind if is_lost else errors.TimedOut.kind
    return msgspec.structs.replace(launch, error=words, kind=kind, remarks=remarks)


def record_never_began(store: Store, name: str, run: RunRecord, error: Exception) -> None:
    """Record that nothing was started, so that nobody waits for the run's deadline."""
    words = error.strerror if isinstance(error, OSError) else str(error)
    why = f"its supervisor could not be started: {words}"
    # If the disk refuses this too, the deadline of the reserved run ends the waiting.
    with suppress(OSError):
        if not host_of(store, run).prevent(name, run, why):
            hand_off(store, run, pod=name, reason=why)


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
