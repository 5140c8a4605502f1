"""The only list of run hosts: which kind runs a run, by its record.

A record may name a kind that this podtui does not know: a newer one wrote it. Such a run is shown
as "could not tell", and nothing is done to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from podtui.core.hosts.interface.base import RunHost
from podtui.core.hosts.interface.facts import Pong, RunKey, RunProbe
from podtui.core.hosts.interface.probing import probe_without_record
from podtui.core.hosts.pty.host import PtyHost
from podtui.core.hosts.unknown import UnknownHost
from podtui.core.model.records import PTY_HOST, RunRecord
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone

if TYPE_CHECKING:
    from podtui.core.model.leftovers import Ended, Survey
    from podtui.core.processes.leftovers import ProcessScan
    from podtui.core.processes.past_runs import PastRun

KINDS: dict[str, Callable[[Store], RunHost]] = {PTY_HOST: PtyHost}
NEW_RUNS = PTY_HOST
"""The kind of host that a spawn uses; a restore stays with the kind of the run before."""


def is_known(run: RunRecord) -> bool:
    """Whether this podtui knows the kind of host of a run."""
    return run.host in KINDS


def host_of(store: Store, run: RunRecord) -> RunHost:
    """Return the host of a run; for a kind that is not known one that can tell nothing."""
    return KINDS[run.host](store) if is_known(run) else UnknownHost(store, run.host)


def probe_run(
    store: Store, name: str, run: int, pod_id: str | None, *, patient: bool = True
) -> RunProbe:
    """Probe one run as `RunHost.probe` does; its record may be unreadable."""
    record = store.run_record(name, run)
    if isinstance(record, RecordProblem):
        return probe_without_record(store, record, name=name, run=run, pod_id=pod_id)
    return host_of(store, record).probe(name, record, pod_id, patient=patient)


def ask_runs(store: Store, runs: Iterable[RunRecord], *, timeout_s: float) -> Mapping[RunKey, Pong]:
    """Ask the owners of live runs of any kind, within ``timeout_s`` for each kind."""
    by_kind: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_kind.setdefault(run.host, []).append(run)
    answers: dict[RunKey, Pong] = {}
    for same in by_kind.values():
        answers |= host_of(store, same[0]).ask(same, timeout_s=timeout_s)
    return answers


def wait_until_gone(store: Store, run: RunRecord, milliseconds: int) -> bool:
    """Wait for the end of a run's owner; whether it is gone.

    Raises:
        OSError: could not tell.
    """
    proc = store.system.proc
    try:
        handle = host_of(store, run).death_handle(run)
    except ProcessGone:
        return True
    if handle is None:
        return False
    try:
        return proc.has_ended(handle, milliseconds)
    finally:
        proc.close(handle)


def survey_leftovers(
    store: Store, name: str, pod_id: str, run: int, *, scan: ProcessScan
) -> Survey:
    """Find what a past run of a pod in its own directory left running; signal nobody.

    Raises:
        Refused: the run is not over.
        UnknownState: could not tell.
    """
    past = _past_run(store, name, pod_id, run)
    return host_of(store, past.record).leftovers(past, scan=scan)


def end_leftovers(
    store: Store,
    name: str,
    pod_id: str,
    run: int,
    *,
    grace_s: float,
    scan: ProcessScan | None = None,
) -> Ended:
    """End what a past run of a pod in its own directory left running; errors as `RunHost.end`."""
    past = _past_run(store, name, pod_id, run)
    return host_of(store, past.record).end(past, grace_s=grace_s, scan=scan)


def _past_run(store: Store, name: str, pod_id: str, run: int) -> PastRun:
    # Loaded here only: a command that lists pods ends nothing.
    from podtui.core.processes.past_runs import past_run

    return past_run(store, store.paths.pod(name), pod=name, pod_id=pod_id, run=run)
