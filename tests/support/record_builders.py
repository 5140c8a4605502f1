"""Pods written by hand, for looks at states that a real run passes through too quickly."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from podtui.core.control.local import LocalPlane
from podtui.core.model.records import (
    ExitRecord,
    IdentityRecord,
    PodRecord,
    RunRecord,
)
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_json, encode_toml
from podtui.kernel import locks
from podtui.kernel.index_rows import pack_row
from podtui.kernel.processes import Identity, identify

DEADLINE_S = 20.0


def record_of(process: Identity) -> IdentityRecord:
    """Return an identity as it is recorded."""
    return IdentityRecord(
        pid=process.pid,
        start_ticks=process.start_ticks,
        boot_id=process.boot,
        uid=process.uid,
        pidfd_inode=process.inode,
    )


def a_dead_process() -> IdentityRecord:
    """Return the identity of a real process that has ended and was waited for."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = record_of(identify(process.pid))
    process.communicate(b"\n")
    return identity


def this_process() -> IdentityRecord:
    """Return the identity of the test itself: a process that is certainly there."""
    return record_of(identify(os.getpid()))


def write_pod(
    plane: LocalPlane,
    name: str,
    *,
    supervisor: IdentityRecord | None = None,
    child: IdentityRecord | None = None,
    pod_id: str | None = None,
    parent: PodRecord | None = None,
    waited_s: float = 0.0,
    **run_fields: object,
) -> PodRecord:
    """Write a pod with one run; ``waited_s`` is how long ago its number was reserved."""
    system = plane.store.system
    clock = system.clock
    pod = PodRecord(
        id=pod_id or f"{len(plane.store.pod_names()):026d}",
        name=name,
        created_at=clock.now(),
        argv=["sleep", "600"],
        cwd="/",
        parent_id=parent.id if parent else None,
        parent_name=parent.name if parent else None,
    )
    run = RunRecord(
        pod_id=pod.id,
        run=1,
        reserved_at=clock.now(),
        reserved_boottime_s=clock.boottime() - waited_s,
        reserved_awake_s=clock.monotonic() - waited_s,
        starting_deadline_s=DEADLINE_S,
        boot_id=system.proc.boot_id(),
        machine_id=system.machine_id,
        argv=pod.argv,
        cwd="/",
        reason="spawn",
        actor="test",
        supervisor=supervisor,
        child=child,
        started_at=clock.now() if supervisor else None,
    )
    run = msgspec.structs.replace(run, **run_fields)
    paths = plane.store.paths.pod(name)
    files = paths.run(1)
    files.root.mkdir(parents=True, mode=0o700)
    paths.cursors.mkdir(mode=0o700)
    paths.record.write_bytes(encode_toml(pod))
    files.record.write_bytes(encode_json(run))
    for empty in (files.lock, files.output, files.index):
        empty.touch(mode=0o600)
    return pod


def write_exit(plane: LocalPlane, pod: PodRecord, **fields: object) -> None:
    """Write the exit record of a hand-made pod's run."""
    record = ExitRecord(pod_id=pod.id, run=1, ended_at=plane.store.system.clock.now(), exit_code=0)
    record = msgspec.structs.replace(record, **fields)
    plane.store.paths.pod(pod.name).run(1).exit.write_bytes(encode_json(record))


def paths_of(plane: LocalPlane, name: str) -> PodPaths:
    """Return a pod's files without asking whether it is there."""
    return plane.store.paths.pod(name)


def hold_lock(plane: LocalPlane, name: str) -> int:
    """Hold the lock of a hand-made pod's run as a supervisor does; close what is returned."""
    descriptor = os.open(plane.store.paths.pod(name).run(1).lock, os.O_RDWR | os.O_CLOEXEC)
    assert locks.try_lock(descriptor)
    return descriptor


def write_row(plane: LocalPlane, name: str, *, awake_s: float, size: int = 5) -> None:
    """Write output and its index row, as if it had come at ``awake_s`` of the awake clock."""
    files = plane.store.paths.pod(name).run(1)
    files.output.write_bytes(b"x" * size)
    wall_ns = int(plane.store.system.clock.now().timestamp() * 1e9)
    files.index.write_bytes(pack_row(wall_ns, int(awake_s * 1e9), 0))


def print_at(plane: LocalPlane, name: str, data: bytes, *, awake_s: float) -> None:
    """Append output and its index row, as if it had come at ``awake_s`` of the awake clock."""
    files = plane.store.paths.pod(name).run(1)
    offset = files.output.stat().st_size
    clock = plane.store.system.clock
    wall_s = clock.now().timestamp() + awake_s - clock.monotonic()
    with files.output.open("ab") as output, files.index.open("ab") as index:
        index.write(pack_row(int(wall_s * 1e9), int(awake_s * 1e9), offset))
        output.write(data)
