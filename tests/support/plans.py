"""Plans by hand: steps of which only the text matters."""

from __future__ import annotations

from podtui.core.model.plans import Step, StepKind


def steps_of(*texts: str) -> tuple[Step, ...]:
    """Return a step for each text."""
    return tuple(Step(StepKind.CHECK, "pod", text) for text in texts)
