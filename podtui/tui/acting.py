"""The screen's actions: each call of the core is made in a thread, its outcome told in a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work
from textual.app import SuspendNotSupported
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Plan, Report
from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.input_bar import Target
from podtui.tui.notice_bar import Outcome
from podtui.tui.plane import Plane

if TYPE_CHECKING:
    from podtui.core.control import SpawnRequest

ACTOR = "operator"
Attach = Callable[[str, bool], str]
"""Puts the terminal on a pod, read-only or not; returns the final sentence."""


class ActingScreen(Screen[None], inherit_bindings=False):
    """A screen that can act on pods."""

    @dataclass
    class Planned(Message):
        """The plan of a stop, to be shown before it is carried out."""

        plan: Plan
        target: Target

    @dataclass
    class Done(Message):
        """An action came to its end."""

        outcome: Outcome
        report: Report | None = None

    @dataclass
    class NotSent(Message):
        """A message did not reach its pod; what was typed is not to be lost."""

        target: Target
        text: str

    def __init__(self, plane: Plane, attach: Attach) -> None:
        super().__init__()
        self.plane = plane
        self._hand_over = attach

    @property
    def is_typing(self) -> bool:
        """Whether what is pressed goes into a line of text."""
        return isinstance(self.focused, Input)

    def tell(self, outcome: Outcome) -> None:
        """Show an outcome; subclasses say where."""
        raise NotImplementedError

    # stop

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def plan_stop(self, target: Target) -> None:
        """Make the plan to stop a pod, then have it shown."""
        try:
            plan = self.plane.plan_stop(target.address, grace_s=None)
        except PodtuiError as error:
            self.post_message(self.Done(Outcome.of_error(error)))
        else:
            self.post_message(self.Planned(plan, target))

    def on_acting_screen_planned(self, message: Planned) -> None:
        message.stop()
        if not self.is_current or self.is_typing:
            # A question that comes late must not take a key that was meant for something else.
            words = f"the plan to stop {safe_line(message.target.name, 80)} is ready; x shows it"
            self.tell(Outcome.of_words(words))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.tell(Outcome.of_words(f"stopping {safe_line(message.target.name, 80)} …"))
                self.stop_pod(message.target)

        self.app.push_screen(PlanDialog(message.plan), answered)

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def stop_pod(self, target: Target) -> None:
        """Stop a pod."""
        self._carry_out(lambda: self.plane.stop(target.address, grace_s=None, actor=ACTOR))

    # send

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def send_text(self, target: Target, text: str) -> None:
        """Send a line to the pod that was named when Enter was pressed."""
        if not self._carry_out(
            lambda: self.plane.send(target.address, text, enter=True, actor=ACTOR)
        ):
            self.post_message(self.NotSent(target, text))

    # spawn

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def spawn_pod(self, request: SpawnRequest) -> None:
        """Start a new pod."""
        self._carry_out(lambda: self.plane.spawn(request))

    def _carry_out(self, action: Callable[[], Report]) -> bool:
        """Run an action in this thread and tell what it came to; returns whether it worked."""
        try:
            report = action()
        except PodtuiError as error:
            self.post_message(self.Done(Outcome.of_error(error)))
            return False
        self.post_message(self.Done(Outcome.of_report(report), report))
        return True

    # attach

    def attach_to(self, pod: PodView, *, read_only: bool) -> None:
        """Hand the terminal over to a pod until it is detached.

        The event loop stands still meanwhile, by intent: the terminal is not this screen's.
        """
        try:
            with self.app.suspend():
                sentence = self._hand_over(pod.id or pod.name, read_only)
        except SuspendNotSupported:
            words = f"this terminal cannot be handed over; use podtui attach {pod.name}"
            self.tell(Outcome.of_words(words, is_trouble=True))
        except PodtuiError as error:
            self.tell(Outcome.of_error(error))
        else:
            self.tell(Outcome.of_words(sentence))
