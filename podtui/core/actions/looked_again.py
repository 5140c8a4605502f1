"""The second look, under the action lock: an act on evidence that changed since is not done."""

from __future__ import annotations

from podtui.core import errors
from podtui.core.model.plans import Refusal
from podtui.core.model.snapshot import PodView


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
