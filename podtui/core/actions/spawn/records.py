"""The records of a new pod, made from what was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from podtui.core.agents.profile import agent_of
from podtui.core.hosts import registry
from podtui.core.model.ids import new_id
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.requests import Spawn
from podtui.core.store.store import Store

STARTING_DEADLINE_S = 20.0


def directory_of(request: Spawn) -> str | None:
    """Return the absolute directory of the command, None when the actor's own one is gone."""
    wanted = os.path.expanduser(request.cwd or ".")
    try:
        return os.path.abspath(wanted)
    except FileNotFoundError:
        return None


def pod_record(
    store: Store, request: Spawn, parent: PodRecord | None, sees: Sequence[str] = ()
) -> PodRecord:
    """Return the record of the new pod, with a new id; ``sees``: ids, or "all"."""
    now = store.system.clock.now()
    return PodRecord(
        id=new_id(int(now.timestamp() * 1000)),
        name=request.name,
        created_at=now,
        argv=list(request.argv),
        cwd=directory_of(request) or "/",
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
        read_scopes=list(request.read),
        write_scopes=list(request.write),
        sees=list(sees),
    )


def run_record(
    store: Store,
    pod: PodRecord,
    actor: str,
    *,
    run: int = 1,
    argv: Sequence[str] | None = None,
    reason: str = "spawn",
    action_id: str | None = None,
    host: str | None = None,
) -> RunRecord:
    """Return the reservation of a run of the pod; ``argv`` is not its own when it is resumed.

    Raises:
        OSError: which boot this is could not be determined.
    """
    system = store.system
    return RunRecord(
        pod_id=pod.id,
        run=run,
        reserved_at=system.clock.now(),
        reserved_boottime_s=system.clock.boottime(),
        reserved_awake_s=system.clock.monotonic(),
        starting_deadline_s=STARTING_DEADLINE_S,
        boot_id=system.proc.boot_id(),
        machine_id=system.machine_id,
        argv=list(argv or pod.argv),
        cwd=pod.cwd,
        reason=reason,
        actor=actor,
        action_id=action_id,
        host=host or registry.NEW_RUNS,
        socket_directories=[str(path) for path in store.socket_directories],
        env_names=sorted({*pod.env, *pod.pass_env}),
        columns=pod.columns,
        rows=pod.rows,
    )
