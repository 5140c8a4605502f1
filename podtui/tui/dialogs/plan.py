"""A plan, shown before it is carried out: its steps, warnings, refusals, and the undo."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll

from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan
from podtui.tui.dialogs.dialog import TextDialog
from podtui.tui.dialogs.words import Words, keys_line
from podtui.tui.widgets.spans import Line, own, safe, wrap_words

LONGEST_STEP = 400
INDENT = 4
MOST_UNDO_COMMANDS = 4
"""For more pods, their undo commands would fill a screen."""


def step_texts(plan: Plan) -> tuple[str, ...]:
    """Return the steps of a plan as sentences."""
    return tuple(step.text for step in plan.steps)


def has_content(plan: Plan) -> bool:
    """Whether there is anything to ask: steps to carry out, or refusals to show."""
    return bool(plan.steps or plan.refusals)


def result_lines(result: Plan | PodtuiError, width: int) -> list[Line]:
    """Return a plan, or the error instead of it, as lines."""
    if isinstance(result, Plan):
        return plan_lines(result, width)
    lines = wrap_words((own(" ✗  ", "failed"), safe(result.sentence(), "failed")), width, INDENT)
    if result.next_step:
        next_step = (own("    next: ", "muted"), safe(result.next_step))
        lines += wrap_words(next_step, width, INDENT)
    return lines


def plan_lines(plan: Plan, width: int) -> list[Line]:
    """Return a plan as lines; a plan for many pods pod by pod, the refused ones first."""
    lines: list[Line] = []
    for part in sorted(plan.parts, key=lambda part: not part.is_refused):
        lines += wrap_words((safe(part.pod, "strong", LONGEST_STEP),), width)
        # The steps of a refused pod are left out: they would read as if they were taken.
        lines += _body(part, width, shows_steps=not part.is_refused)
    if not plan.parts:
        lines += _body(plan, width)
    if not plan.is_refused and len(plan.parts) <= MOST_UNDO_COMMANDS:
        back = safe(plan.undo, "text", LONGEST_STEP) if plan.undo else own("no single command")
        lines += [(), *wrap_words((own("    to undo: ", "muted"), back), width, INDENT)]
    return lines


def _body(plan: Plan, width: int, *, shows_steps: bool = True) -> list[Line]:
    lines: list[Line] = []
    for number, step in enumerate(step_texts(plan) if shows_steps else (), 1):
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
    return lines


def counted(plan: Plan) -> tuple[int, int]:
    """Return how many pods a plan is for, and for how many it is refused."""
    parts = plan.parts or (plan,)
    return len(parts), sum(part.is_refused for part in parts)


class PlanDialog(TextDialog[bool], inherit_bindings=False):
    """Shows a plan and asks; True means: carry it out."""

    AUTO_FOCUS = "#plan-room"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "yes", id="plan.yes", tooltip="Carry the plan out"),
        Binding("n,escape,q", "answer(False)", "no", id="plan.no", tooltip="Do nothing"),
        Binding("j", "scroll_text(1)", "down", show=False, id="plan.down", tooltip="Scroll down"),
        Binding("k", "scroll_text(-1)", "up", show=False, id="plan.up", tooltip="Scroll up"),
    ]

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Words(self._title, classes="dialog-title")
            # The plan of many pods is longer than a screen; arrows and wheel move it.
            with VerticalScroll(id="plan-room", classes="dialog-room"):
                yield Words(lambda width: plan_lines(self.plan, width), id="plan")
            yield Words(self._keys, classes="dialog-keys")

    def _title(self, width: int) -> list[Line]:
        pods, refused = counted(self.plan)
        action = own(f"{self.plan.action} ", "title-focus")
        if pods == 1:
            return wrap_words((action, safe(self.plan.pod, "strong", LONGEST_STEP)), width)
        title: Line = (action, own(f"{pods} pods", "strong"))
        if refused:
            title = (*title, own(f" · {refused} refused", "failed"))
        return [title]

    def _keys(self, _width: int) -> list[Line]:
        if self.plan.is_refused:
            return keys_line(("esc", "close"))
        pods, refused = counted(self.plan)
        what = "it" if pods == 1 else f"{pods - refused} of {pods}" if refused else f"all {pods}"
        keys = [("y", f"{self.plan.action} {what}"), ("esc", "cancel")]
        if pods > 1:
            keys.append(("↑ ↓", "scroll"))
        return keys_line(*keys)

    def action_answer(self, yes: bool) -> None:
        """Close with the answer; a refused plan cannot be answered with yes."""
        # The second of two key presses may come while the dialog is closing.
        if self.is_current:
            self.dismiss(yes and not self.plan.is_refused)
