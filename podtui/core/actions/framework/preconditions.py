"""What every action on a living run needs: whether it may be reached, and its socket."""

from __future__ import annotations

from podtui.core import errors
from podtui.core.hosts.pty.client import CONNECT_TIMEOUT_S, Role, SupervisorClient
from podtui.core.model.plans import Refusal
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.paths import SocketPlace
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store


def liveness_refusal(view: PodView, wish: str) -> Refusal | None:
    """Return why a pod cannot be reached for ``wish``, None when it can be tried."""
    if view.verdict is Verdict.DEAD:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is not running ({view.message})",
            next=f"podtui read {view.name}",
        )
    if view.verdict is Verdict.UNKNOWN:
        return Refusal(
            kind=errors.UnknownState.kind,
            message=f"{view.name!r} cannot be {wish}: {view.message}",
            next=f"podtui inspect {view.name}",
        )
    if view.status is Status.UNRESPONSIVE:
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{view.name!r} cannot be {wish}: it is {view.message}",
            next=f"podtui inspect {view.name}",
        )
    return None


def elsewhere_refusal(view: PodView, wish: str, act: str) -> Refusal | None:
    """Return why what is another host's cannot be ``wish`` here, None for what is this one's."""
    machine = [each for each in view.evidence if each.probe is Probe.MACHINE]
    if not any(each.answer is Answer.NO for each in machine):
        return None
    return Refusal(
        kind=errors.UnknownState.kind,
        message=f"{view.name!r} cannot be {wish} here: it {machine[0].detail}, and only there can"
        " be told whether it lives",
        next=f"{act} it on that host",
    )


def connect(
    store: Store,
    view: PodView,
    *,
    role: Role = "control",
    columns: int = 0,
    rows: int = 0,
    from_offset: int = -1,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> SupervisorClient:
    """Connect to the supervisor of a pod's latest run.

    Raises:
        SupervisorSilent: nobody answers.
    """
    return SupervisorClient(
        store.system.proc,
        _place_of(store, view),
        pod=view.name,
        role=role,
        columns=columns,
        rows=rows,
        from_offset=from_offset,
        timeout_s=timeout_s,
    )


def _place_of(store: Store, view: PodView) -> SocketPlace:
    record = store.run_record(view.name, view.run)
    if isinstance(record, RecordProblem):
        raise record.as_error(view.name)
    return store.socket_place(record)


# the second look, under the action lock


def refuse_if_changed(
    planned: PodView, now: PodView, refusal: Refusal | None, *, kept: str, next_step: str
) -> None:
    """Raise when a pod is not any more what it was when this was planned.

    Args:
        planned: the pod as the plan saw it.
        now: the pod as it is now.
        refusal: what speaks against the act now.
        kept: what was not done.
        next_step: how to try again.

    Raises:
        PodtuiError: of the refusal's kind; or Refused, when it is another pod, run or status.
    """
    then = f"it was {planned.status.value}, run {planned.run}, when this was planned"
    if refusal is not None:
        raise errors.leaf_of(refusal.kind)(
            f"{refusal.message} ({then})", pod=now.name, next_step=refusal.next, kept=kept
        )
    if (now.id, now.run, now.status) == (planned.id, planned.run, planned.status):
        return
    what = "another pod has its name" if now.id != planned.id else now.message
    raise errors.Refused(
        f"{now.name!r} has changed meanwhile: {then}, and now it is {now.status.value},"
        f" run {now.run}: {what}",
        pod=now.name,
        next_step=next_step,
        kept=kept,
    )
