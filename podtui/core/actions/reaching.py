"""What every action on a living run needs: may it be reached, its socket, its journal line."""

from __future__ import annotations

from podtui.core import errors
from podtui.core.model.events import Event, EventKind
from podtui.core.model.ids import new_id
from podtui.core.model.plans import Refusal
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.processes.client import CONNECT_TIMEOUT_S, Role, SupervisorClient
from podtui.core.store.store import Store


def liveness_refusal(view: PodView, wish: str) -> Refusal | None:
    """Return why a pod cannot be reached for ``wish``, None when it can be tried."""
    if view.verdict is Verdict.DEAD:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is not running ({view.message})",
            next=f"podtui read {view.name}",
        )
    if view.verdict is Verdict.UNKNOWN:
        return Refusal(
            kind=errors.UnknownState.kind,
            message=f"{view.name!r} cannot be {wish}: {view.message}",
            next=f"podtui inspect {view.name}",
        )
    if view.status is Status.UNRESPONSIVE:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is {view.message}",
            next=f"podtui inspect {view.name}",
        )
    return None


def connect(
    store: Store,
    view: PodView,
    *,
    role: Role = "control",
    columns: int = 0,
    rows: int = 0,
    from_offset: int = -1,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> SupervisorClient:
    """Connect to the supervisor of a pod's latest run.

    Raises:
        SupervisorSilent: nobody answers.
    """
    return SupervisorClient(
        store.system.proc,
        store.socket_directories,
        store.socket_name(view.id, view.run),
        pod=view.name,
        role=role,
        columns=columns,
        rows=rows,
        from_offset=from_offset,
        timeout_s=timeout_s,
    )


def event_of(store: Store, kind: EventKind, view: PodView, summary: str, *, actor: str) -> Event:
    """Return a new event about a pod's latest run."""
    now = store.system.clock.now()
    return Event(
        id=new_id(int(now.timestamp() * 1000)),
        at=now,
        kind=kind,
        pod=view.name,
        pod_id=view.id,
        run=view.run,
        actor=actor,
        summary=summary,
    )
