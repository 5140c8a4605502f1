"""Actions that were interrupted are finished or rolled back at the next start, and reported.

Recovery is idempotent: it may be interrupted itself and run again, since every step of it can be
repeated, and every line it writes has an id that is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.intents import Intent, UnknownIntent
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

Finisher = Callable[[Store, Transaction[Any]], Recovered]

_ACTIONS = "podtui.core.actions."
FINISHERS: Mapping[str, tuple[str, str]] = {
    "spawn": (_ACTIONS + "spawn.finish", "finish_spawn"),
    "send": (_ACTIONS + "running.finish", "finish_send"),
    "stop": (_ACTIONS + "running.finish", "finish_stop"),
    "restore": (_ACTIONS + "restore.finish", "finish_restore"),
    "reap": (_ACTIONS + "reap.reap", "finish_reap"),
    "prune": (_ACTIONS + "trash.prune", "finish_prune"),
    "recover": (_ACTIONS + "trash.recover", "finish_recover"),
    "purge": (_ACTIONS + "trash.purge", "finish_purge"),
    "return": (_ACTIONS + "loans.loans", "finish_return"),
    "relend": (_ACTIONS + "loans.loans", "finish_relend"),
}
"""Who finishes which action: a module, loaded when something was interrupted, and its function."""


def recover_interrupted(store: Store) -> tuple[str, ...]:
    """Finish or roll back what was interrupted; returns a sentence for each.

    Repeating it changes nothing. What cannot be done is left for the next start, and the doctor
    names it: no start fails because of it.
    """
    if store.read_only:
        return ()
    try:
        intents = store.intents.all()
    except OSError:
        # Every listing reports what is wrong with the store.
        return ()
    found = (each for each in intents if isinstance(each, Intent))
    return tuple(words for intent in found if (words := _finish(store, intent)))


def _finish(store: Store, intent: Intent) -> str:
    if isinstance(intent, UnknownIntent):
        # Of a newer podtui: it is not ours to judge.
        return ""
    try:
        with store.intents.held(intent.id):
            # Again, under its lock: its actor may have come to its end a moment ago.
            now = store.intents.read(intent.id)
            if isinstance(now, RecordProblem):
                return ""
            return _take_over(store, Transaction(store, now))
    except (OSError, PodtuiError):
        # Its actor is alive, or the disk or another action is in the way: the next start tries it.
        return ""


def _take_over(store: Store, tx: Transaction[Intent]) -> str:
    module, function = FINISHERS[tx.intent.action]
    finisher: Finisher = getattr(import_module(module), function)
    recovered = finisher(store, tx)
    words, name = recovered.words, recovered.name
    tx.diagnose(DiagnosticKind.INTERRUPTED, words, name=name)
    kind = EventKind.FINISHED_LATER if recovered.finished else EventKind.ROLLED_BACK
    tx.end(kind, words, name=name)
    return f"{name or tx.intent.pod}: {words}"
