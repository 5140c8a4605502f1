"""The line to type in: a message to a pod, a filter, or what to search for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line
from podtui.tui.widgets.safe_input import SafeInput

Purpose = Literal["send", "filter", "search"]
LONGEST_NAME = 40
HINTS: dict[Purpose, str] = {
    "send": "enter sends · esc keeps the draft",
    "filter": "enter keeps the filter · esc shows all",
    "search": "enter searches · {keys} go on · esc ends",
}


@dataclass(frozen=True, slots=True)
class MessageTarget:
    """The pod that a message goes to; the bar shows its name."""

    key: str
    name: str
    address: str

    @classmethod
    def of(cls, pod: PodView) -> MessageTarget:
        """Return the target; its address is the id, so that no namesake gets the message."""
        return cls(pod.key, pod.name, pod.id or pod.name)


class InputBar(Horizontal):
    """A line of input, hidden until it is opened for a purpose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "cancel",
            "cancel",
            show=False,
            id="input.cancel",
            tooltip="Close the line without doing anything",
        )
    ]

    @dataclass
    class Submitted(Message):
        """Enter was pressed; ``target`` is the pod the bar named at that moment."""

        bar: InputBar
        purpose: Purpose
        text: str
        target: MessageTarget | None

    @dataclass
    class Typed(Message):
        """The text of the line has changed."""

        bar: InputBar
        purpose: Purpose
        text: str

    @dataclass
    class Cancelled(Message):
        """Escape was pressed."""

        bar: InputBar
        purpose: Purpose

    def __init__(
        self,
        match_keys: str = "n N",
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._match_keys = match_keys
        self.purpose: Purpose = "filter"
        self.target: MessageTarget | None = None
        self._drafts: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield Static("", id="input-label", markup=False)
        yield SafeInput(id="input-line", compact=True)
        yield Static("", id="input-hint", markup=False)

    def on_mount(self) -> None:
        self.display = False

    @property
    def line(self) -> SafeInput:
        return self.query_one("#input-line", SafeInput)

    def ask(self, purpose: Purpose, *, text: str = "", pod: PodView | None = None) -> None:
        """Open the line; a message goes to ``pod``, whatever is selected later."""
        self.purpose = purpose
        self.target = MessageTarget.of(pod) if pod is not None else None
        if pod is not None:
            text = self._drafts.get(pod.key, "")
        label = f"to {safe_line(pod.name, LONGEST_NAME)}" if pod is not None else purpose
        self.query_one("#input-label", Static).update(f" {label} ▸ ")
        hint = HINTS[purpose].replace("{keys}", self._match_keys)
        self.query_one("#input-hint", Static).update(f"{hint} ")
        self.display = True
        with self.prevent(Input.Changed):
            self.line.value = text
        self.line.cursor_position = len(text)
        self.line.focus()

    def keep_draft(self, target: MessageTarget, text: str) -> None:
        """Keep the text of a message for the next time the line is opened for its pod."""
        self._drafts[target.key] = text

    def close(self) -> None:
        """Hide the line; an unfinished message is kept for its pod."""
        if self.purpose == "send" and self.target is not None:
            self.keep_draft(self.target, self.line.value)
        self.display = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        target, text = self.target, self.line.typed
        with self.prevent(Input.Changed):
            self.line.value = ""
        self.close()
        self.post_message(self.Submitted(self, self.purpose, text, target))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self, self.purpose, event.value))

    def action_cancel(self) -> None:
        """Close without doing anything."""
        self.close()
        self.post_message(self.Cancelled(self, self.purpose))
