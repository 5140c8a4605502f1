"""Finishing a stop or a send that was interrupted: nothing is asked or typed again."""

from __future__ import annotations

from podtui.core.actions.framework.batch import pod_in_place
from podtui.core.actions.framework.transaction import Recovered, Transaction
from podtui.core.actions.loans.changes import own_loans, scopes
from podtui.core.errors import UnknownState
from podtui.core.hosts.registry import probe_run
from podtui.core.model.intents import SendIntent, StopIntent
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.verdict import rule_for
from podtui.core.processes.handoff import clear_handoff
from podtui.core.store.store import Store


def finish_stop(store: Store, tx: Transaction[StopIntent]) -> Recovered:
    """Find out whether a run has ended that was, perhaps, asked to; asks nothing itself.

    Raises:
        Busy: the pod is acted on; the next start looks again.
        UnknownState: whether it has ended could not be determined.
    """
    intent = tx.intent
    interrupted = f"a stop by {intent.actor} was interrupted"
    with pod_in_place(store, tx) as name:
        if name is None:
            return Recovered(
                finished=True, words=f"{interrupted}; the pod is not in place any more"
            )
        seen = probe_run(store, name, intent.run, intent.pod_id or None)
        verdict = rule_for(seen.answers).verdict
        if verdict is Verdict.UNKNOWN:
            raise UnknownState(f"whether run {intent.run} of {name!r} ended is not known", pod=name)
        if verdict is Verdict.ALIVE:
            words = f"{interrupted}; run {intent.run} has not ended: podtui stop {name} asks again"
            return Recovered(finished=False, words=words, name=name)
        clear_handoff(store, intent.pod_id, intent.run)
        out = own_loans(store, name, intent.pod_id).out
        stays = f"; {scopes(out)} stays lent: podtui return {name} takes it back" if out else ""
    words = f"{interrupted}; run {intent.run} has ended{stays}"
    return Recovered(finished=True, words=words, name=name)


def finish_send(_store: Store, tx: Transaction[SendIntent]) -> Recovered:
    """Report that a send was interrupted: only the terminal could say what it received."""
    intent = tx.intent
    words = (
        f"a send by {intent.actor} was interrupted; whether its {intent.characters} characters"
        f" arrived in run {intent.run} is not known"
    )
    return Recovered(finished=True, words=words)
