"""Stopping a run under a supervisor: ask the supervisor, then wait until it is gone."""

from __future__ import annotations

from podtui.core.errors import TimedOut, UnknownState
from podtui.core.hosts.pty.client import SupervisorClient
from podtui.core.model.records import RunRecord
from podtui.core.processes.sample import identity_of
from podtui.core.store.store import Store

ENDING_MS = 1000
"""How long a supervisor that does not answer is given to turn out to be at its end."""
FORCE_MARGIN_S = 20.0
"""How long ending a process tree by force, draining and syncing its output may take."""
ANSWER_TIMEOUT_S = 10.0
"""A supervisor on a starved machine is slow, and slow is not silent."""


def stop_run(store: Store, name: str, run: RunRecord, *, grace_s: float, by: str) -> str:
    """Ask the supervisor to end the run, wait until it is gone, and return how it went.

    Raises:
        Refused, UnknownState: the supervisor could not be asked.
        TimedOut: it was asked and is still there.
    """
    proc = store.system.proc
    # Opened before anything is asked: afterwards the number may belong to another process.
    supervisor = _open_supervisor(store, name, run)
    try:
        try:
            with SupervisorClient(
                proc, store.socket_place(run), pod=name, timeout_s=ANSWER_TIMEOUT_S
            ) as client:
                client.stop(grace_s=grace_s, by=by)
        except UnknownState:
            # A run that ends at this very moment does not answer either.
            if supervisor is not None and proc.has_ended(supervisor, ENDING_MS):
                return "it had ended by itself before it was asked"
            raise
        limit_ms = int((grace_s + FORCE_MARGIN_S) * 1000)
        if supervisor is not None and proc.has_ended(supervisor, limit_ms):
            return "its process tree is gone"
    finally:
        if supervisor is not None:
            proc.close(supervisor)
    raise TimedOut(
        f"{name!r} was asked to end and has not ended yet",
        pod=name,
        next_step=f"podtui inspect {name}",
        kept="its supervisor goes on ending it",
    )


def _open_supervisor(store: Store, name: str, run: RunRecord) -> int | None:
    if run.supervisor is None:
        return None
    try:
        return store.system.proc.open_recorded(identity_of(run.supervisor))
    except OSError as error:
        raise UnknownState(
            f"{name!r} cannot be stopped: its supervisor, process {run.supervisor.pid},"
            f" cannot be watched: {error.strerror}",
            pod=name,
            next_step="try again",
            kept="nothing was asked",
        ) from error
