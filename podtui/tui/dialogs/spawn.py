"""The form for a new pod: its plan is shown while you type, and Enter starts it."""

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

from podtui.core.errors import BadInput, PodtuiError
from podtui.core.model.plans import Plan
from podtui.core.model.requests import Spawn
from podtui.core.text.safe import safe_line
from podtui.tui.dialogs.dialog import TextDialog
from podtui.tui.dialogs.plan import result_lines
from podtui.tui.dialogs.words import Words, keys_line
from podtui.tui.widgets.safe_input import SafeInput
from podtui.tui.widgets.spans import Line, own

FIELDS: tuple[tuple[str, str], ...] = (
    ("name", "reviewer-2"),
    ("command", "claude 'review the last commit'"),
    ("directory", "."),
    ("parent", "none"),
    ("may read", "any path"),
    ("may write", "paths of its own: src tests"),
)
SCOPES = {"read": "may read", "write": "may write"}
LABEL = 11
TYPING_PAUSE_S = 0.15


def _id_of(field: str) -> str:
    return f"spawn-{field.replace(' ', '-')}"


def _unclosed(field: str, error: ValueError) -> BadInput:
    return BadInput(
        f"what is in {field!r} cannot be read: {error}", next_step="close the quotation mark"
    )


class SpawnForm(TextDialog[Spawn | None], inherit_bindings=False):
    """Returns the request, or None.

    Args:
        plan: makes a plan of a request; called in a thread.
    """

    @dataclass
    class Planned(Message):
        """The plan of what is typed, or the error instead of it."""

        request: Spawn
        result: Plan | PodtuiError
        submitted: bool

    AUTO_FOCUS = "#spawn-name"
    # The two that change the field have priority: what is typed right after them, in one piece over
    # a slow line, belongs to the next field.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="spawn.cancel", tooltip="Start nothing"),
        Binding(
            "tab,down",
            "app.focus_next",
            "next",
            show=False,
            id="spawn.next",
            priority=True,
            tooltip="Go to the next field",
        ),
        Binding(
            "shift+tab,up",
            "app.focus_previous",
            "previous",
            show=False,
            id="spawn.previous",
            priority=True,
            tooltip="Go to the field before",
        ),
    ]

    def __init__(
        self,
        plan: Callable[[Spawn], Plan],
        *,
        parent: str | None,
        directory: str,
        stall_after_s: float | None = None,
    ) -> None:
        super().__init__()
        self._stall_after_s = stall_after_s
        self._make_plan = plan
        self._values = {"parent": safe_line(parent or ""), "directory": safe_line(directory)}
        self._result: Plan | PodtuiError | None = None
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Words(lambda _: [(own("new pod", "title-focus"),)], classes="dialog-title")
            for field, hint in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(f"{field:<{LABEL}}", classes="field-label", markup=False)
                    yield SafeInput(
                        self._values.get(field, ""),
                        placeholder=hint,
                        id=_id_of(field),
                        compact=True,
                        select_on_focus=False,
                    )
            with VerticalScroll(classes="dialog-room", can_focus=False):
                yield Words(self._plan_lines, id="spawn-plan")
            yield Words(self._keys, classes="dialog-keys")

    def more_rows(self) -> int:
        return len(FIELDS)

    def _value(self, field: str) -> str:
        return self.query_one(f"#{_id_of(field)}", SafeInput).typed.strip()

    def request(self) -> Spawn:
        """Return the request that is typed.

        Raises:
            BadInput: the command cannot be split into words.
        """
        try:
            argv = tuple(shlex.split(self._value("command")))
        except ValueError as error:
            raise _unclosed("command", error) from error
        return Spawn(
            name=self._value("name"),
            argv=argv,
            parent=self._value("parent") or None,
            cwd=self._value("directory") or None,
            stall_after_s=self._stall_after_s,
            read=self._paths("read"),
            write=self._paths("write"),
        )

    def _paths(self, mode: str) -> tuple[str, ...]:
        """Return the paths of a scope, which are split at blanks, as in a shell."""
        field = SCOPES[mode]
        try:
            return tuple(shlex.split(self._value(field)))
        except ValueError as error:
            raise _unclosed(field, error) from error

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        # A plan reads the disk: it is made when the typing pauses, not for every letter.
        self._pause = self.set_timer(TYPING_PAUSE_S, self._preview)

    def _preview(self) -> None:
        # The pause may end while the form is being removed, after its fields.
        if not self.query(SafeInput):
            return
        self._result = None
        if self._value("name") and self._value("command"):
            self._ask(submitted=False)
        self.query_one("#spawn-plan", Words).renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        missing = next((f for f in ("name", "command") if not self._value(f)), None)
        if missing is not None:
            self.query_one(f"#{_id_of(missing)}", SafeInput).focus()
            return
        self._ask(submitted=True)

    def _ask(self, *, submitted: bool) -> None:
        # A preview that is still to come would cancel the plan that Enter asked for.
        if self._pause is not None:
            self._pause.stop()
        try:
            request = self.request()
        except BadInput as error:
            self._result = error
            self.query_one("#spawn-plan", Words).renew()
            return
        self._plan(request, submitted=submitted)

    @work(thread=True, exclusive=True, group="spawn-plan", exit_on_error=True)
    def _plan(self, request: Spawn, *, submitted: bool) -> None:
        worker = get_current_worker()
        try:
            result: Plan | PodtuiError = self._make_plan(request)
        except PodtuiError as error:
            result = error
        if not worker.is_cancelled:
            self.post_message(self.Planned(request, result, submitted))

    def on_spawn_form_planned(self, message: Planned) -> None:
        message.stop()
        self._result = result = message.result
        self.query_one("#spawn-plan", Words).renew()
        # Only the screen on top can be dismissed; below another one Enter is to be pressed again.
        wanted = message.submitted and self.is_current
        if wanted and isinstance(result, Plan) and not result.refusals:
            self.dismiss(message.request)

    def _plan_lines(self, width: int) -> list[Line]:
        return [(), *result_lines(self._result, width)] if self._result else [()]

    def _keys(self, _width: int) -> list[Line]:
        return keys_line(("enter", "spawn"), ("tab", "next field"), ("esc", "cancel"))

    def action_cancel(self) -> None:
        """Close without starting anything."""
        self.dismiss(None)
