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
from podtui.tui.dialogs.plan import plan_lines
from podtui.tui.dialogs.words import Words
from podtui.tui.widgets.safe_input import SafeInput
from podtui.tui.widgets.spans import Line, own, safe, wrap_words

LABEL = "recover as "
LONGEST_NAME = 200
TYPING_PAUSE_S = 0.15
NAME_ROWS = 2
ANY_NAME = "NAME"
"""Stands in a proposal where any name will do."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is to be recovered, as it was confirmed; ``as_name`` is None for its own name."""

    entry: TrashView
    as_name: str | None
    plan: Plan

    @property
    def name(self) -> str:
        """What it will be called."""
        return self.as_name or self.entry.name


def proposed_name(plan: Plan) -> str | None:
    """Return the name that a refusal proposes, "" for any; None when no name would help."""
    for refusal in plan.refusals:
        try:
            words = shlex.split(refusal.next or "")
        except ValueError:
            # No command that could be typed proposes anything.
            continue
        if "--as" in words[:-1]:
            name = words[words.index("--as") + 1]
            return "" if name == ANY_NAME else name
    return None


class RecoverDialog(TextDialog[Recovery | None], inherit_bindings=False):
    """Returns what was confirmed, or None.

    Args:
        plan: makes the plan of an entry's id under a name; called in a thread.
    """

    @dataclass
    class Planned(Message):
        """A plan, or why there is none; ``submitted`` when it is to be carried out at once."""

        as_name: str | None
        said: Plan | PodtuiError
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
        self._said: Plan | PodtuiError | None = None
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
            said: Plan | PodtuiError = self._make_plan(self._entry.id, as_name)
        except PodtuiError as error:
            said = error
        if not worker.is_cancelled:
            self.post_message(self.Planned(as_name, said, submitted))

    def on_recover_dialog_planned(self, message: Planned) -> None:
        message.stop()
        self._said, self._planned_name = message.said, message.as_name
        self._renew()
        if not isinstance(message.said, Plan):
            return
        proposal = proposed_name(message.said)
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
        # What was planned is not what is typed any more: Enter asks again.
        self._said = None
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
        if self._said is None or name != self._planned_name:
            self._plan(name, submitted=True)
        else:
            self._finish()

    # the answer

    def _finish(self) -> None:
        said = self._said
        if isinstance(said, Plan) and not said.is_refused and self.is_current:
            self.dismiss(Recovery(self._entry, self._planned_name, said))

    def action_confirm(self) -> None:
        """Close with what the plan says; before it is shown there is nothing to confirm."""
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
        said = self._said
        if said is None:
            return [(own(" the plan is being made …", "muted"),)]
        if isinstance(said, Plan):
            return plan_lines(said, width)
        lines = wrap_words((own(" ✗  ", "failed"), safe(said.sentence(), "failed")), width, 4)
        if said.next_step:
            lines += wrap_words((own("    next: ", "muted"), safe(said.next_step)), width, 4)
        return lines

    def _keys(self, _width: int) -> list[Line]:
        keys = [("esc", "cancel")]
        if isinstance(self._said, Plan) and not self._said.is_refused:
            keys.insert(0, ("enter" if self._asks_name else "y", "recover it"))
        elif self._asks_name:
            keys.insert(0, ("type", "another name"))
        return [tuple(span for k, w in keys for span in (own(k, "key"), own(f" {w}    ", "muted")))]
