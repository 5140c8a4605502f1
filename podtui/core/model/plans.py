"""What an action will do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from podtui.core import errors
from podtui.core.model.snapshot import PodView


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an action is not carried out; ``kind`` is one of `errors.EXIT_CODES`."""

    kind: str
    message: str
    next: str | None = None

    @classmethod
    def of(cls, error: errors.PodtuiError) -> Refusal:
        """Return the refusal that an error amounts to."""
        return cls(kind=error.kind, message=error.message, next=error.next_step)

    def error(self, *, pod: str | None, kept: str = "nothing was changed") -> errors.PodtuiError:
        """Return the error of this refusal; ``kept`` says what was not done."""
        return errors.leaf_of(self.kind)(self.message, pod=pod, next_step=self.next, kept=kept)


class StepKind(StrEnum):
    """What a step of a plan does."""

    RESERVE = "reserve"
    LEND = "lend"
    TAKE_BACK = "take_back"
    LINK = "link"
    START = "start"
    TYPE = "type"
    STOP = "stop"
    END = "end"
    LEAVE = "leave"
    CHECK = "check"
    KEEP = "keep"
    RENAME = "rename"
    MOVE = "move"
    DELETE = "delete"
    RESOLVE = "resolve"
    DIAGNOSE = "diagnose"


Field = str | int | float | tuple[str, ...] | tuple[int, ...]


class Step(msgspec.Struct, frozen=True):
    """One thing that an action will do.

    Attributes:
        text: the step in one sentence, as it is shown.
        fields: what it is about, by name: paths, run numbers, processes.
    """

    kind: StepKind
    pod: str
    text: str
    fields: Mapping[str, Field] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an action will do: made without touching anything.

    Attributes:
        pod: its name, or the names with commas.
        undo: the command that takes it back, or None when no single next command does.
        parts: the plans for single pods this one was joined from; () for one pod.
    """

    action: str
    pod: str
    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    undo: str | None = None
    parts: tuple[Plan, ...] = ()

    @classmethod
    def refused(cls, action: str, pod: str, refusal: Refusal) -> Plan:
        """Return the plan of what is not done, and why."""
        return cls(action=action, pod=pod, refusals=(refusal,))

    @property
    def texts(self) -> tuple[str, ...]:
        """The steps as they are shown."""
        return tuple(step.text for step in self.steps)

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it can be done; of many pods, those that are refused are skipped."""
        if self.parts:
            return all(part.is_refused for part in self.parts)
        return bool(self.refusals)

    def raise_if_refused(self) -> None:
        """Raise the error of the first refusal, when nothing can be done.

        Raises:
            PodtuiError: of the refusal's kind.
        """
        if not self.is_refused:
            return
        for refusal in self.refusals:
            raise refusal.error(pod=self.pod)


def joined_plan(action: str, parts: Sequence[Plan]) -> Plan:
    """Return one plan for many pods; that of a single pod is itself."""
    if len(parts) == 1:
        return parts[0]
    going_on = [part for part in parts if not part.is_refused]
    undo = " && ".join(part.undo for part in going_on if part.undo)
    return Plan(
        action=action,
        pod=", ".join(part.pod for part in parts),
        steps=tuple(
            msgspec.structs.replace(step, text=f"{part.pod}: {step.text}")
            for part in going_on
            for step in part.steps
        ),
        refusals=tuple(refusal for part in parts for refusal in part.refusals),
        warnings=tuple(f"{part.pod}: {warning}" for part in going_on for warning in part.warnings),
        undo=undo if undo and all(part.undo for part in going_on) else None,
        parts=tuple(parts),
    )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an action did, in the order it did it."""

    action: str
    pod: str
    done: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    view: PodView | None = None


def joined_report(action: str, parts: Sequence[Report]) -> Report:
    """Return one report for many pods; that of a single pod is itself."""
    if len(parts) == 1:
        return parts[0]
    return Report(
        action=action,
        pod=", ".join(part.pod for part in parts),
        done=tuple(line for part in parts for line in part.done),
        skipped=tuple(line for part in parts for line in part.skipped),
        failed=tuple(line for part in parts for line in part.failed),
    )
