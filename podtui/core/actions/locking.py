"""One actor on one pod at a time: the other is told who it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from podtui.core.errors import Busy
from podtui.core.paths import PodPaths
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.host import System

ACTION_WAIT_S = 5.0


@contextmanager
def action_lock(
    system: System, paths: PodPaths, *, pod: str, action: str, actor: str
) -> Iterator[None]:
    """Hold a pod's action lock.

    Raises:
        Busy: another action holds it; says which, by whom, since when.
    """
    fs, clock = system.fs, system.clock
    try:
        with fs.locked(paths.action_lock, clock=clock, timeout_s=ACTION_WAIT_S) as descriptor:
            note = {
                "action": action,
                "actor": actor,
                "pid": system.proc.own_pid(),
                "since": clock.now().isoformat(timespec="seconds"),
            }
            fs.note_holder(descriptor, json.dumps(note).encode())
            yield
    except BlockingIOError:
        raise Busy(
            f"{pod!r} is locked by {_holder(system, paths)}",
            pod=pod,
            next_step="wait for it to end, then try again",
            kept="nothing was changed",
        ) from None


def _holder(system: System, paths: PodPaths) -> str:
    try:
        note = json.loads(system.fs.read_record(paths.action_lock))
        return f"{note['action']} of {note['actor']}, process {note['pid']}, since {note['since']}"
    except (OSError, UnsafeFile, ValueError, KeyError, TypeError):
        return "another action, whose note could not be read"
