"""Send: type a line into a pod's terminal."""

from __future__ import annotations

from functools import partial

from podtui.core import errors
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.preconditions import connect, liveness_refusal
from podtui.core.actions.framework.transaction import transaction
from podtui.core.model.events import EventKind
from podtui.core.model.intents import SendIntent
from podtui.core.model.plans import Plan, Refusal, Report, Step, StepKind
from podtui.core.model.requests import Send
from podtui.core.model.snapshot import PodView
from podtui.core.observe.inspector import Inspector
from podtui.core.text.safe import safe_line

SHOWN_TEXT = 60
SEND_TIMEOUT_S = 10.0


def plan(inspector: Inspector, request: Send) -> Plan:
    """Return what a send will do; touches nothing."""
    return _plan(inspector.look_at(inspector.access.name_of(request.pod)), request)


def _plan(view: PodView, request: Send) -> Plan:
    text = request.text
    refusal = liveness_refusal(view, "sent to")
    if "\0" in text:
        refusal = Refusal(
            kind=errors.BadInput.kind,
            message="the text holds a NUL character",
            next="leave it out",
        )
    ending = " and press Enter" if request.enter else ""
    return Plan(
        action="send",
        pod=view.name,
        steps=(
            Step(
                StepKind.TYPE,
                view.name,
                f"type “{safe_line(text, SHOWN_TEXT)}” into {view.name}{ending}",
                {"text": text, "enter": request.enter},
            ),
        ),
        refusals=(refusal,) if refusal else (),
    )


def carry_out(inspector: Inspector, request: Send, *, actor: str) -> Report:
    """Type the line; returns once the terminal has all of it.

    What the plan rests on is checked again under the pod's action lock.

    Raises:
        Refused, UnknownState: the pod cannot be reached, or its terminal would cut the line.
        Busy: another action holds the pod.
    """
    store, text, enter = inspector.store, request.text, request.enter
    name = inspector.access.name_of(request.pod)
    view = inspector.look_at(name)
    _plan(view, request).raise_if_refused()
    paths = store.paths.pod(view.name)
    with action_lock(store.system, paths, pod=view.name, action="send", actor=actor):
        view = inspector.look_at(name)
        _plan(view, request).raise_if_refused()
        intended = partial(
            SendIntent,
            pod=view.name,
            pod_id=view.id,
            run=view.run,
            actor=actor,
            characters=len(text),
        )
        with transaction(store, None, intended, even_if_unwritten=True) as tx:
            try:
                with connect(store, view, timeout_s=SEND_TIMEOUT_S) as client:
                    client.send_text(text, enter=enter)
            except errors.PodtuiError:
                # The caller reports it, and nothing is left to finish.
                tx.forget()
                raise
            tx.end_anyhow(EventKind.SENT, f"{len(text)} characters sent by {actor}")
    done = f"typed {len(text)} characters into {view.name}, run {view.run}"
    return Report(action="send", pod=view.name, done=(done,), skipped=tx.remarks, view=view)
