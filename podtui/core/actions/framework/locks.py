"""One actor on one pod at a time: the error of the other one names the first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from podtui.core.errors import Busy, DiskTrouble, NotFound, PodtuiError, Unreadable
from podtui.core.paths import PodPaths
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.system import System

ACTION_WAIT_S = 5.0


@contextmanager
def action_lock(
    system: System, paths: PodPaths, *, pod: str, action: str, actor: str
) -> Iterator[None]:
    """Hold a pod's action lock.

    Raises:
        Busy: another action holds it; says which, by whom, since when.
        NotFound: the pod's directory is gone.
        Unreadable: something else is in the lock's place.
        DiskTrouble: the lock cannot be made.
    """
    with ExitStack() as held:
        try:
            descriptor = held.enter_context(
                system.fs.locked(paths.action_lock, clock=system.clock, timeout_s=ACTION_WAIT_S)
            )
        except OSError as error:
            raise _not_locked(system, paths, pod, error) from error
        _refuse_if_elsewhere(system, paths, pod, descriptor)
        # The note helps the actor that waits; a full disk must not keep a pod from being stopped.
        with suppress(OSError):
            system.fs.note_holder(descriptor, _note(system, action, actor))
        yield


def _refuse_if_elsewhere(system: System, paths: PodPaths, pod: str, descriptor: int) -> None:
    """Refuse a lock that went away with its pod while it was waited for.

    A pod is moved whole, into the trash or out of it, by who holds its lock: what is in its place
    then, if anything is, has another lock.
    """
    try:
        if system.fs.is_at(descriptor, paths.action_lock):
            return
    except OSError as error:
        raise _not_locked(system, paths, pod, error) from error
    raise NotFound(
        f"{pod!r} was moved away by another action while it was waited for",
        pod=pod,
        next_step="podtui ls shows the pods there are",
        kept="nothing was changed",
    )


def refuse_if_busy(system: System, paths: PodPaths, pod: str) -> None:
    """Raise Busy while somebody holds a pod's action lock; takes nothing, and does not wait.

    For what a start of podtui finishes: it must not stand still because somebody acts on a pod.

    Raises:
        Busy: somebody acts on it; the next start tries again.
        OSError: could not tell.
    """
    if is_being_acted_on(system, paths):
        raise Busy(f"{pod!r} is being acted on", pod=pod)


def is_being_acted_on(system: System, paths: PodPaths) -> bool:
    """Whether somebody holds a pod's action lock now; takes nothing.

    Raises:
        OSError: could not tell.
    """
    try:
        return system.fs.is_locked(paths.action_lock)
    except FileNotFoundError:
        return False


def _note(system: System, action: str, actor: str) -> bytes:
    note = {
        "action": action,
        "actor": actor,
        "pid": system.proc.own_pid(),
        "since": system.clock.now().isoformat(timespec="seconds"),
    }
    return json.dumps(note).encode()


def _not_locked(system: System, paths: PodPaths, pod: str, error: OSError) -> PodtuiError:
    kept = "nothing was changed"
    if isinstance(error, BlockingIOError):
        return Busy(
            f"{pod!r} is locked by {_holder(system, paths)}",
            pod=pod,
            next_step="wait for it to end, then try again",
            kept=kept,
        )
    if isinstance(error, FileNotFoundError):
        return NotFound(
            f"{pod!r} is gone: there is no {paths.root}",
            pod=pod,
            next_step="podtui ls shows the pods there are",
            kept=kept,
        )
    if isinstance(error, UnsafeFile | NotADirectoryError):
        return Unreadable(
            f"{pod!r} cannot be locked: {paths.action_lock} is not the plain file it must be:"
            f" {error.strerror}",
            pod=pod,
            next_step="move away what is in its place, then try again",
            kept=kept,
        )
    return DiskTrouble(
        f"{pod!r} cannot be locked: {error.strerror} ({paths.action_lock})",
        pod=pod,
        next_step="podtui doctor",
        kept=kept,
    )


def _holder(system: System, paths: PodPaths) -> str:
    try:
        note = json.loads(system.fs.read_record(paths.action_lock))
        return f"{note['action']} of {note['actor']}, process {note['pid']}, since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another action, whose note could not be read"
