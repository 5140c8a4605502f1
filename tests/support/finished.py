"""Stores with thousands of finished pods, written by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from podtui.core.control.local import LocalPlane
from podtui.core.model.records import ChildEntry, EndedMarker, ExitRecord, PodRecord, RunRecord
from podtui.core.store.codec import encode_json, encode_toml

CHILDREN = 20
"""Every so many pods the next one is a parent."""


def write_finished(plane: LocalPlane, count: int) -> list[str]:
    """Write finished pods in trees, as if observers had seen their ends; returns their names."""
    system, paths_of = plane.store.system, plane.store.paths.pod
    now, boot_id = datetime.now(UTC), system.proc.boot_id()
    names = [f"pod-{number:05d}" for number in range(count)]
    for number, name in enumerate(names):
        parent = number - number % CHILDREN
        pod = PodRecord(
            id=f"{number:026d}",
            name=name,
            created_at=now,
            argv=["sh", "-c", "make test"],
            cwd="/",
            parent_id=f"{parent:026d}" if parent != number else None,
            parent_name=names[parent] if parent != number else None,
            role="tester",
        )
        run = RunRecord(
            pod_id=pod.id,
            run=1,
            reserved_at=now,
            reserved_boottime_s=1.0,
            starting_deadline_s=20.0,
            boot_id=boot_id,
            machine_id=system.machine_id,
            argv=pod.argv,
            cwd="/",
            reason="spawn",
            actor="bench",
        )
        files = paths_of(name).run(1)
        files.root.mkdir(parents=True, mode=0o700)
        paths_of(name).record.write_bytes(encode_toml(pod))
        files.record.write_bytes(encode_json(run))
        end = ExitRecord(pod_id=pod.id, run=1, ended_at=now, exit_code=0)
        files.exit.write_bytes(encode_json(end))
        marker = EndedMarker(event_id=f"{pod.id}.1.ended", at=now, status="exited")
        files.ended_marker.write_bytes(encode_json(marker))
        if parent != number:
            entry = encode_json(ChildEntry(id=pod.id, name=name, at=now))
            with paths_of(names[parent]).children.open("ab") as ledger:
                ledger.write(entry + b"\n")
        for empty in (files.lock, files.output, files.index):
            empty.touch(mode=0o600)
    return names
