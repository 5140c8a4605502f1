"""Actions that a crash broke off are finished or rolled back at the next start, and told.

Finishing may be broken off as well: every step of it can be done again, and every line it writes
has an id that is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podtui.core.actions.act import Act
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import IntentRecord
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

Finisher = Callable[[Store, Act], "Ending"]


class Ending:
    """What became of an action that was broken off.

    Attributes:
        finished: True when it was done to its end, False when it was taken back.
        summary: one sentence for a person.
    """

    def __init__(self, *, finished: bool, summary: str) -> None:
        self.finished = finished
        self.summary = summary


def _finishers() -> Mapping[str, Finisher]:
    # Loaded here only: nearly always nothing was broken off.
    from podtui.core.actions.loans import finish_relend, finish_return
    from podtui.core.actions.prune import finish_prune
    from podtui.core.actions.purge import finish_purge
    from podtui.core.actions.reap import finish_reap
    from podtui.core.actions.recover import finish_recover
    from podtui.core.actions.restore import finish_restore

    return {
        "prune": finish_prune,
        "purge": finish_purge,
        "reap": finish_reap,
        "recover": finish_recover,
        "relend": finish_relend,
        "restore": finish_restore,
        "return": finish_return,
    }


def finish_unfinished(store: Store) -> tuple[str, ...]:
    """Finish or roll back what was broken off; returns a sentence for each.

    Doing it again changes nothing. What cannot be done is left for the next start, and the doctor
    names it: no start fails because of it.
    """
    if store.read_only:
        return ()
    try:
        intents = store.intents.all()
    except OSError:
        # Whoever looks is told what is wrong with the store.
        return ()
    found = (each for each in intents if isinstance(each, IntentRecord))
    return tuple(words for intent in found if (words := _finish(store, intent)))


def _finish(store: Store, intent: IntentRecord) -> str:
    try:
        with store.intents.held(intent.id):
            # Again, under its lock: its actor may have come to its end a moment ago.
            now = store.intents.read(intent.id)
            if isinstance(now, RecordProblem):
                return ""
            return _take_over(store, Act(store, now))
    except (OSError, PodtuiError):
        # Its actor lives, or the disk or another action is in the way: the next start looks again.
        return ""


def _take_over(store: Store, act: Act) -> str:
    finisher = _finishers().get(act.intent.action)
    if finisher is None:
        # Of a newer podtui: it is not ours to judge.
        return ""
    ending = finisher(store, act)
    act.diagnose(DiagnosticKind.INTERRUPTED, ending.summary)
    kind = EventKind.FINISHED_LATER if ending.finished else EventKind.ROLLED_BACK
    act.end(kind, ending.summary)
    return ending.summary
