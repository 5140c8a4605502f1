"""Runs actions: each call of the core is made in a thread, its result is shown in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.app import SuspendNotSupported
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from podtui.core.control.plane import ScreenPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import Diagnostic, undo_of
from podtui.core.model.plans import Plan, Report
from podtui.core.model.requests import OPERATOR, Request, Send, action_of
from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line
from podtui.tui.bars.input_bar import MessageTarget
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.commands.keymap import Keymap
from podtui.tui.dialogs.plan import PlanDialog, has_content
from podtui.tui.dialogs.report import ReportDialog, is_long, summary_of_many
from podtui.tui.feeds.mailbox import post

Attach = Callable[[str, bool], str]
"""Hands the terminal to a pod, read-only or not; returns the final sentence."""


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action whose plan is shown first, and which is carried out after a yes.

    Attributes:
        command: id of the command that shows the plan again.
        about: "stop reviewer": safe words for a sentence.
        doing: "stopping reviewer".
        plan: called in a thread.
        carry_out: called in a thread; checks the pods again under their locks.
        pods: keys of the pods it changes.
        progress: returns in safe words how far it has come, as the newest snapshot shows it.
    """

    command: str
    about: str
    doing: str
    plan: Callable[[], Plan]
    carry_out: Callable[[], Report]
    pods: frozenset[str] = frozenset()
    progress: Callable[[], str] = str


_DOING = {
    "restore": "restoring",
    "prune": "pruning",
    "recover": "recovering",
    "return": "taking back scopes of",
    "relend": "lending scopes again to",
    "stop": "stopping",
}
"""Words for an undo that is running, by its action."""


def undo_action(
    plane: ScreenPlane, diagnostics: Sequence[Diagnostic], label: str, command: str
) -> PlannedAction | None:
    """Return the action that undoes diagnostics of one kind; None when they have no undo.

    Args:
        plane: called in threads only.
        diagnostics: those whose undo is still open.
        label: names the pods, not yet safe.
        command: id of the command that shows the plan again.
    """
    request = undo_of(diagnostics)
    if request is None:
        return None
    name, action = safe_line(label, 80), action_of(request)
    return PlannedAction(
        command=command,
        about=f"{action} {name}",
        doing=f"{_DOING[action]} {name}",
        plan=lambda: plane.plan(request),
        carry_out=lambda: plane.carry_out(request, actor=OPERATOR),
        pods=frozenset(each.pod_id for each in diagnostics if each.undo and each.pod_id),
    )


class ActionRunner:
    """Plans actions, asks the operator, carries them out, and shows what they did.

    Args:
        host: runs the threads and gets the messages; it must live as long as the application.
        attach: hands the terminal to a pod.
        show_notice: shows a sentence where the operator is.
        show_running: shows a line for each action that is running.
        on_begin: called with each planned action before it is carried out.
    """

    @dataclass
    class Planned(Message):
        """The plan of an action is ready, or the error instead of it.

        Attributes:
            screen: the screen the action was asked for on.
        """

        result: Plan | PodtuiError
        action: PlannedAction
        screen: Screen[Any]

    @dataclass
    class Done(Message):
        """An action ended, with a report or with an error; ``notice`` says which."""

        notice: Notice
        report: Report | None = None
        action: PlannedAction | None = None

    @dataclass
    class NotSent(Message):
        """A message did not reach its pod; its text must not be lost."""

        target: MessageTarget
        text: str

    def __init__(
        self,
        host: Screen[Any],
        plane: ScreenPlane,
        keymap: Keymap,
        attach: Attach,
        *,
        show_notice: Callable[[Notice], None],
        show_running: Callable[[Sequence[str]], None],
        on_begin: Callable[[PlannedAction], None],
    ) -> None:
        self._host = host
        self.plane = plane
        self.keymap = keymap
        self._attach = attach
        self.show_notice = show_notice
        self._show_running = show_running
        self._on_begin = on_begin
        self._planning: list[PlannedAction] = []
        self._running: list[PlannedAction] = []
        self.last_report: Report | None = None

    def say(self, words: str, *, is_trouble: bool = False) -> None:
        """Show one sentence where the operator is."""
        self.show_notice(Notice.of_words(words, is_trouble=is_trouble))

    def in_thread(self, work: Callable[[], object]) -> None:
        """Call the core in a thread; an error is shown."""

        def call() -> None:
            try:
                work()
            except PodtuiError as error:
                post(self._host, self.Done(Notice.of_error(error)))

        self._host.run_worker(call, thread=True, group="actions")

    # plan, question, action

    def propose(self, action: PlannedAction) -> None:
        """Make the plan of an action, show it, and carry it out when the answer is yes."""
        busy = next((each for each in self._running if each.pods & action.pods), None)
        if busy is not None:
            self.say(f"still {busy.doing}; its result is shown here", is_trouble=True)
        elif any(each.about == action.about for each in self._planning):
            self.say(f"the plan to {action.about} is being made")
        else:
            self._planning.append(action)
            self._host.run_worker(
                partial(self._make_plan, action, self._host.app.screen),
                thread=True,
                group="actions",
            )

    def _make_plan(self, action: PlannedAction, screen: Screen[Any]) -> None:
        try:
            result: Plan | PodtuiError = action.plan()
        except PodtuiError as error:
            result = error
        post(self._host, self.Planned(result, action, screen))

    def show_plan(self, message: Planned) -> None:
        """Show a plan as a question, unless the operator is doing something else by now."""
        action, plan = message.action, message.result
        self._planning.remove(action)
        if isinstance(plan, PodtuiError):
            self.show_notice(Notice.of_error(plan))
        elif not has_content(plan):
            reasons = f": {'; '.join(plan.warnings)}" if plan.warnings else ""
            self.say(f"there is nothing to {plan.action}{reasons}")
        elif not message.screen.is_current or self._is_typing:
            # A late question must not take a key that was meant for something else.
            key = self.keymap.shown(action.command)
            self.say(f"the plan to {action.about} is ready; {key} shows it")
        else:

            def answered(yes: bool | None) -> None:
                if yes:
                    self.begin(action)

            self._host.app.push_screen(PlanDialog(plan), answered)

    @property
    def _is_typing(self) -> bool:
        return isinstance(self._host.app.focused, Input)

    def begin(self, action: PlannedAction) -> None:
        """Carry out an action that was planned and confirmed."""
        self._on_begin(action)
        self._running.append(action)
        self._show_each()
        self._start(action.carry_out, action)

    def show_progress(self) -> None:
        """Show how far the running actions have come."""
        if self._running:
            self._show_each()

    def _show_each(self) -> None:
        self._show_running([f"{each.doing}{each.progress()} …" for each in self._running])

    def finish(self, message: Done) -> None:
        """Show what an action did; a long report of trouble opens unless somebody is typing."""
        if message.action is not None:
            self._running.remove(message.action)
            self._show_each()
        report = message.report
        if report is None or message.action is None:
            self.show_notice(message.notice)
            return
        self.last_report = report
        if not is_long(report):
            self.show_notice(message.notice)
            return
        # Success needs no answer: only what was skipped or failed takes the screen.
        is_trouble = bool(report.skipped or report.failed)
        opens = is_trouble and not self._host.app.screen.is_modal and not self._is_typing
        self.show_notice(summary_of_many(report, "" if opens else self.keymap.shown("view.report")))
        if opens:
            self.show_report()

    def show_report(self) -> None:
        """Show the report of the last action."""
        if self.last_report is None:
            self.say("nothing was done from this screen yet")
        else:
            self._host.app.push_screen(ReportDialog(self.last_report))

    # actions without a question

    def send(self, target: MessageTarget, text: str) -> None:
        """Send a line to the pod that the input line named when Enter was pressed."""
        request = Send(target.address, text)
        self._start(
            lambda: self.plane.carry_out(request, actor=OPERATOR),
            not_sent=self.NotSent(target, text),
        )

    def carry_out(self, request: Request) -> None:
        """Carry out a request that was confirmed already."""
        self._start(lambda: self.plane.carry_out(request, actor=OPERATOR))

    def _start(
        self,
        carry_out: Callable[[], Report],
        action: PlannedAction | None = None,
        not_sent: NotSent | None = None,
    ) -> None:
        def run() -> None:
            try:
                report = carry_out()
            except PodtuiError as error:
                post(self._host, self.Done(Notice.of_error(error), action=action))
                if not_sent is not None:
                    post(self._host, not_sent)
            else:
                post(self._host, self.Done(Notice.of_report(report), report, action))

        self._host.run_worker(run, thread=True, group="actions")

    # attach

    def attach_to(self, pod: PodView, *, read_only: bool) -> None:
        """Hand the terminal to a pod until it is detached.

        The event loop stands still meanwhile, on purpose: the terminal is not this screen's.
        """
        try:
            with self._host.app.suspend():
                # Nothing may be raised in here: the screen would not take the terminal back.
                notice = self._attached(pod, read_only=read_only)
        except SuspendNotSupported:
            words = f"this terminal cannot be handed over; use podtui attach {pod.name}"
            notice = Notice.of_words(words, is_trouble=True)
        self.show_notice(notice)

    def _attached(self, pod: PodView, *, read_only: bool) -> Notice:
        try:
            return Notice.of_words(self._attach(pod.id or pod.name, read_only))
        except PodtuiError as error:
            return Notice.of_error(error)
