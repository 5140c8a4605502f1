"""Lost pods with processes that say that they are there, and records of processes made by hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

from podtui.core.control.local import LocalPlane
from podtui.core.hosts.registry import end_leftovers
from podtui.core.model.leftovers import Ended
from podtui.core.model.records import DescendantRecord, StatusRecord
from podtui.core.store.codec import encode_json
from tests.support.orphans import DEAF, Handles, as_identity, lose_supervisor
from tests.support.store_fixture import Yard

SAYS_SO = "#!/bin/sh\ntouch $D/$$\n"
ME = "$D/me"
CLEARED = "env -i D=$D PATH=$PATH"


def end(plane: LocalPlane, name: str = "pod") -> Ended:
    """End what the latest run of a pod left."""
    view = plane.look_at(name)
    return end_leftovers(plane.store, name, view.id, view.run, grace_s=0.1)


def place_of(yard: Yard) -> Path:
    """Return where processes say that they are there, with the program that does and sleeps."""
    place = yard.root / "pids"
    place.mkdir(exist_ok=True)
    a_program(place / "me", "exec sleep 600")
    return place


def a_program(path: Path, then: str) -> str:
    """Make a script that says that it is there, and goes on as told; return its path."""
    path.write_text(f"{SAYS_SO}{then}\n")
    path.chmod(0o755)
    return str(path)


def a_lost_pod(yard: Yard, held: Handles, script: str = f"exec {ME}", count: int = 1) -> list[int]:
    """Spawn a pod, kill its supervisor, and return who said that it is there."""
    place = place_of(yard)
    yard.shell("pod", DEAF + script, env={"D": str(place)})
    pids = held.hold_named(place, count)
    held.hold(yard.child_of("pod").pid)
    lose_supervisor(yard, "pod")
    return pids


def bystander(held: Handles, **environment: str) -> int:
    """Start a process that is no pod's, with some environment."""
    process = subprocess.Popen(["sleep", "600"], env={"PATH": "/usr/bin:/bin", **environment})
    # Whoever is waited for by nobody is a zombie in the end, which is as good as gone here.
    process.returncode = 0
    return held.hold(process.pid)


def record_descendants(yard: Yard, seen: list[DescendantRecord], name: str = "pod") -> None:
    """Write whom a run's supervisor is to have seen."""
    status = StatusRecord(run=1, at=yard.system.clock.now(), descendants=seen)
    yard.plane.store.paths.pod(name).run(1).status.write_bytes(encode_json(status))


def seen_of(pid: int, *, ticks: int = 0, inode: int = 0) -> DescendantRecord:
    """Return the record of a process, with facts that are off by so much."""
    who = as_identity(pid)
    own = None if who.inode is None else who.inode + inode
    return DescendantRecord(pid=pid, start_ticks=who.start_ticks + ticks, name="x", pidfd_inode=own)
