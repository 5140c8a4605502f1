"""A plan, shown before it is carried out: what will be done, what speaks against it, how back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from podtui.core.model.plans import Plan
from podtui.tui.dialogs.words import Words
from podtui.tui.spans import Line, own, safe, wrap_words

LONGEST_STEP = 400
INDENT = 4


def plan_lines(plan: Plan, width: int) -> list[Line]:
    """Return a plan in words."""
    lines: list[Line] = []
    for number, step in enumerate(plan.steps, 1):
        lines += wrap_words(
            (own(f" {number}  ", "muted"), safe(step, limit=LONGEST_STEP)), width, INDENT
        )
    for warning in plan.warnings:
        lines += wrap_words(
            (own(" ▲  ", "stalled"), safe(warning, "stalled", LONGEST_STEP)), width, INDENT
        )
    for refusal in plan.refusals:
        lines += wrap_words(
            (own(" ✗  ", "failed"), safe(refusal.message, "failed", LONGEST_STEP)), width, INDENT
        )
        if refusal.next:
            words = (own("    next: ", "muted"), safe(refusal.next, "accent", LONGEST_STEP))
            lines += wrap_words(words, width, INDENT)
    if not plan.refusals:
        back = safe(plan.undo, "text", LONGEST_STEP) if plan.undo else own("no single command")
        lines += [(), *wrap_words((own("    to undo: ", "muted"), back), width, INDENT)]
    return lines


class PlanDialog(ModalScreen[bool], inherit_bindings=False):
    """Shows a plan and asks; True means: carry it out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "yes", id="plan.yes", tooltip="Carry the plan out"),
        Binding("n,escape,q", "answer(False)", "no", id="plan.no", tooltip="Do nothing"),
    ]

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Words(self._title, classes="dialog-title")
            yield Words(lambda width: plan_lines(self.plan, width), id="plan")
            yield Words(self._keys, classes="dialog-keys")

    def _title(self, width: int) -> list[Line]:
        return wrap_words(
            (
                own(f"{self.plan.action} ", "title-focus"),
                safe(self.plan.pod, "strong", LONGEST_STEP),
            ),
            width,
        )

    def _keys(self, _width: int) -> list[Line]:
        if self.plan.refusals:
            return [(own("esc", "key"), own(" close", "muted"))]
        yes = f" {self.plan.action} it    "
        return [(own("y", "key"), own(yes, "muted"), own("esc", "key"), own(" cancel", "muted"))]

    def action_answer(self, yes: bool) -> None:
        """Close with the answer; a refused plan cannot be answered with yes."""
        self.dismiss(yes and not self.plan.refusals)
