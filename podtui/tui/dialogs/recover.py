"""Bringing back a pod from the trash: its plan, and another name when its own is taken."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan
from podtui.core.model.trash import TrashView
from podtui.core.text.safe import safe_line
from podtui.tui.dialogs.dialog import TextDialog
from podtui.tui.dialogs.plan import result_lines
from podtui.tui.dialogs.words import Words, keys_line
from podtui.tui.widgets.safe_input import SafeInput
from podtui.tui.widgets.spans import Line, own, safe, wrap_words

LABEL = "recover as "
LONGEST_NAME = 200
TYPING_PAUSE_S = 0.15
NAME_ROWS = 2
ANY_NAME = "NAME"
"""The placeholder in a proposal that leaves the name open."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A confirmed recovery; ``as_name`` is None for the pod's own name."""

    entry: TrashView
    as_name: str | None
    plan: Plan

    @property
    def name(self) -> str:
        """The name the pod gets."""
        return self.as_name or self.entry.name


def proposed_name(plan: Plan) -> str | None:
    """Return the name that a refusal proposes, "" for any; None when no name would help."""
    for refusal in plan.refusals:
        try:
            words = shlex.split(refusal.next or "")
        except ValueError:
            # Not a command that could be typed, so it proposes no name.
            continue
        if "--as" in words[:-1]:
            name = words[words.index("--as") + 1]
            return "" if name == ANY_NAME else name
    return None


class RecoverDialog(TextDialog[Recovery | None], inherit_bindings=False):
    """Returns the confirmed recovery, or None.

    Args:
        plan: makes the plan of an entry's id under a name; called in a thread.
    """

    @dataclass
    class Planned(Message):
        """A plan, or the error instead of it; ``submitted``: Enter asked for it, carry it out."""

        as_name: str | None
        result: Plan | PodtuiError
        submitted: bool

    AUTO_FOCUS = "#recover-room"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "confirm", "yes", id="recover.yes", tooltip="Carry the plan out"),
        Binding("n,escape,q", "cancel", "no", id="recover.no", tooltip="Do nothing"),
        Binding("j", "scroll_text(1)", "down", show=False, id="recover.down", tooltip="Scroll"),
        Binding("k", "scroll_text(-1)", "up", show=False, id="recover.up", tooltip="Scroll"),
    ]

    def __init__(self, entry: TrashView, plan: Callable[[str, str | None], Plan]) -> None:
        super().__init__()
        self._entry = entry
        self._make_plan = plan
        self._result: Plan | PodtuiError | None = None
        self._planned_name: str | None = None
        self._asks_name = False
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Words(self._title, classes="dialog-title")
            with Horizontal(classes="field", id="recover-field"):
                yield Static(LABEL, classes="field-label", markup=False)
                yield SafeInput(id="recover-name", compact=True, select_on_focus=False)
            with VerticalScroll(id="recover-room", classes="dialog-room"):
                yield Words(self._plan_lines, id="recover-plan")
            yield Words(self._keys, id="recover-keys", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one("#recover-field").display = False
        self._plan(None, submitted=False)

    def more_rows(self) -> int:
        return NAME_ROWS if self._asks_name else 0

    @property
    def _line(self) -> SafeInput:
        return self.query_one("#recover-name", SafeInput)

    # the plan

    @work(thread=True, exclusive=True, group="recover-plan", exit_on_error=True)
    def _plan(self, as_name: str | None, *, submitted: bool) -> None:
        worker = get_current_worker()
        try:
            result: Plan | PodtuiError = self._make_plan(self._entry.id, as_name)
        except PodtuiError as error:
            result = error
        if not worker.is_cancelled:
            self.post_message(self.Planned(as_name, result, submitted))

    def on_recover_dialog_planned(self, message: Planned) -> None:
        message.stop()
        self._result, self._planned_name = message.result, message.as_name
        self._renew()
        if not isinstance(message.result, Plan):
            return
        proposal = proposed_name(message.result)
        if proposal is not None and not self._asks_name:
            self._ask_name(proposal)
        elif message.submitted and self.is_current:
            self._finish()

    def _ask_name(self, proposal: str) -> None:
        self._asks_name = True
        self.query_one("#recover-field").display = True
        with self.prevent(Input.Changed):
            self._line.value = safe_line(proposal, LONGEST_NAME)
        self._line.focus()
        self.fit()
        if proposal:
            self._plan(proposal, submitted=False)

    def _renew(self) -> None:
        for name in ("#recover-plan", "#recover-keys"):
            self.query_one(name, Words).renew()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        # The plan is for another name than the typed one: Enter asks again.
        self._result = None
        self._renew()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(TYPING_PAUSE_S, self._preview)

    def _preview(self) -> None:
        if self.query(SafeInput) and self._line.typed.strip():
            self._plan(self._line.typed.strip(), submitted=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        name = self._line.typed.strip()
        if not name:
            return
        # A preview that is still to come would cancel the plan that Enter asked for.
        if self._pause is not None:
            self._pause.stop()
        if self._result is None or name != self._planned_name:
            self._plan(name, submitted=True)
        else:
            self._finish()

    # the answer

    def _finish(self) -> None:
        result = self._result
        if isinstance(result, Plan) and not result.is_refused and self.is_current:
            self.dismiss(Recovery(self._entry, self._planned_name, result))

    def action_confirm(self) -> None:
        """Close with a yes; before the plan is shown there is nothing to confirm."""
        self._finish()

    def action_cancel(self) -> None:
        """Close without doing anything."""
        if self.is_current:
            self.dismiss(None)

    # words

    def _title(self, width: int) -> list[Line]:
        name = safe(self._entry.name, "strong", LONGEST_NAME)
        return wrap_words((own("recover ", "title-focus"), name), width)

    def _plan_lines(self, width: int) -> list[Line]:
        if self._result is None:
            return [(own(" the plan is being made …", "muted"),)]
        return result_lines(self._result, width)

    def _keys(self, _width: int) -> list[Line]:
        keys = [("esc", "cancel")]
        if isinstance(self._result, Plan) and not self._result.is_refused:
            keys.insert(0, ("enter" if self._asks_name else "y", "recover it"))
        elif self._asks_name:
            keys.insert(0, ("type", "another name"))
        return keys_line(*keys)
