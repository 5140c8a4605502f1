"""Leftovers of a run under a supervisor: only once that supervisor is proven gone."""

from __future__ import annotations

from podtui.core.errors import Refused
from podtui.core.model.verdicts import Answer
from podtui.core.processes.past_runs import PastRun
from podtui.core.processes.sample import identity_of
from podtui.core.store.store import Store
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.system import System


def refuse_unless_over(store: Store, past: PastRun) -> None:
    """Refuse to end leftovers of a run that has, or may have, a supervisor: that one ends them.

    Raises:
        Refused: the supervisor is there, or may still start.
        UnknownState: could not tell.
    """
    if past.exit is not None:
        # The last thing a supervisor writes: if it is still there, it is about to leave.
        return
    lives = _sign_of_life(store.system, past)
    if lives:
        raise Refused(
            f"{past.words} is not over: {lives}",
            pod=past.pod,
            next_step=f"podtui stop {past.pod}",
            kept="no signal was sent",
        )


def _sign_of_life(system: System, past: PastRun) -> str:
    try:
        if system.fs.is_locked(past.files.lock):
            return "its lock is held"
    except (FileNotFoundError, NotADirectoryError, UnsafeFile):
        # Nobody can hold a file that is no lock; its process and its mark tell the rest.
        pass
    except OSError as error:
        raise past.undetermined(f"its lock: {error.strerror}") from error
    run = past.record
    if run.supervisor is None:
        left = run.reserved_boottime_s + run.starting_deadline_s - system.clock.boottime()
        return "it may still start" if left > 0 else ""
    answer, detail = system.proc.is_there(identity_of(run.supervisor))
    if answer is Answer.UNKNOWN:
        raise past.undetermined(f"its supervisor: {detail}")
    return f"its supervisor is there: {detail}" if answer is Answer.YES else ""
