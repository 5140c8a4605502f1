"""Ending what outlived a demo pod whose supervisor is gone, and only what is proven to be its own.

A live supervisor ends its whole tree itself. When the supervisor was killed, what it had written
down is left: its child and the descendants it had seen. Such a process is ended only when its
identity agrees in every recorded fact and its environment names this store and this pod.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

from podtui.core.model.records import RunRecord, StatusRecord
from podtui.core.paths import POD_ID_VARIABLE, STORE_VARIABLE, PodPaths
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.fs import Fs
from podtui.kernel import signals
from podtui.kernel.identity import Identity, ProcessGone, read_environ

END_TIMEOUT_S = 5.0


def end_proven_leftovers(fs: Fs, pod: PodPaths, store: Path) -> list[str]:
    """End the processes of a pod that are still there after its runs, and say which.

    Returns one line per process that was ended, or that was not and why.
    """
    said: list[str] = []
    for number in _run_numbers(fs, pod):
        paths = pod.run(number)
        record = read_record(fs, paths.record, RunRecord)
        if isinstance(record, RecordProblem):
            said.append(record.sentence())
            continue
        status = read_record(fs, paths.status, StatusRecord)
        seen = None if isinstance(status, RecordProblem) else status
        for identity in _recorded(record, seen):
            said.extend(_end(identity, store, record.pod_id))
    return said


def _run_numbers(fs: Fs, pod: PodPaths) -> list[int]:
    try:
        return [int(name) for name in fs.names_in(pod.runs) if name.isdecimal()]
    except FileNotFoundError:
        return []


def _recorded(record: RunRecord, status: StatusRecord | None) -> Iterator[Identity]:
    if record.child is None:
        return
    child = record.child
    yield Identity(
        pid=child.pid,
        start_ticks=child.start_ticks,
        inode=child.pidfd_inode,
        boot=child.boot_id,
        uid=child.uid,
    )
    for seen in status.descendants if status else ():
        yield Identity(
            pid=seen.pid,
            start_ticks=seen.start_ticks,
            inode=seen.pidfd_inode,
            boot=record.boot_id,
            uid=child.uid,
        )


def _end(identity: Identity, store: Path, pod_id: str) -> list[str]:
    try:
        handle = signals.open_target(identity.pid)
    except (ProcessGone, ValueError):
        return []
    except OSError as error:
        return [f"process {identity.pid} could not be looked at: {error.strerror}"]
    try:
        return _end_if_proven(identity, handle, store, pod_id)
    except ProcessGone:
        return []
    except OSError as error:
        return [f"process {identity.pid} could not be looked at: {error.strerror}"]
    finally:
        os.close(handle)


def _end_if_proven(identity: Identity, handle: int, store: Path, pod_id: str) -> list[str]:
    if _is_over(handle, timeout_s=0) or not signals.is_same_process(identity, handle):
        return []
    environment = read_environ(identity.pid)
    mark = (environment.get(STORE_VARIABLE), environment.get(POD_ID_VARIABLE))
    if mark != (str(store), pod_id):
        return [f"process {identity.pid} does not carry this pod's mark and was left alone"]
    signals.send(handle, signal.SIGKILL)
    if _is_over(handle, END_TIMEOUT_S):
        return [f"process {identity.pid}, left over, was ended"]
    return [f"process {identity.pid}, left over, was sent SIGKILL and is still there"]


def _is_over(handle: int, timeout_s: float) -> bool:
    waiter = select.poll()
    waiter.register(handle, select.POLLIN)
    return bool(waiter.poll(timeout_s * 1000))
