"""What an action will do, and what it did."""

from __future__ import annotations

import msgspec

from podtui.core import errors
from podtui.core.model.snapshot import PodView


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an action is not carried out; ``kind`` is one of `errors.EXIT_CODES`."""

    kind: str
    message: str
    next: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an action will do: made without touching anything.

    Attributes:
        undo: the command that takes it back, or None when no single next command does.
    """

    action: str
    pod: str
    steps: tuple[str, ...]
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    undo: str | None = None

    def raise_if_refused(self) -> None:
        """Raise the error of the first refusal.

        Raises:
            PodtuiError: of the refusal's kind.
        """
        for refusal in self.refusals:
            raise errors.leaf_of(refusal.kind)(
                refusal.message, pod=self.pod, next_step=refusal.next, kept="nothing was changed"
            )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an action did, in the order it did it."""

    action: str
    pod: str
    done: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    view: PodView | None = None
