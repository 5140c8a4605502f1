"""The screen's actions: each call of the core is made in a thread, its outcome told in a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import work
from textual.app import SuspendNotSupported
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from podtui.core.control.plane import Plane
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import Diagnostic, undo_of
from podtui.core.model.plans import Plan, Report
from podtui.core.model.requests import OPERATOR, Send, Spawn, action_of
from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line
from podtui.tui.bars.input_bar import MessageTarget
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.commands.keymap import Keymap
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.dialogs.report import ReportDialog, is_long, outcome_of_many

Attach = Callable[[str, bool], str]
"""Puts the terminal on a pod, read-only or not; returns the final sentence."""


@dataclass(frozen=True, slots=True)
class Intended:
    """An action that is shown as a plan first, and done when that is answered with yes.

    Attributes:
        command: id of the command that shows the plan again.
        about: "stop reviewer": safe words for a sentence.
        doing: "stopping reviewer".
        plan: asked in a thread; a new look.
        carry_out: called in a thread; looks again under the pod's lock.
        pods: keys of the pods it is done to.
        progress: how far it has come, in safe words, as far as that is seen on the screen.
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
"""What is said while an undo is under way, by its action."""


def undoing(
    plane: Plane, diagnostics: Sequence[Diagnostic], label: str, command: str
) -> Intended | None:
    """Return the action that takes back diagnostics of one kind; None when there is no way.

    Args:
        plane: called in threads only.
        diagnostics: those whose undo can still be done.
        label: names the pods, not yet safe.
        command: id of the command that shows the plan again.
    """
    request = undo_of(diagnostics)
    if request is None:
        return None
    name, action = safe_line(label, 80), action_of(request)
    return Intended(
        command=command,
        about=f"{action} {name}",
        doing=f"{_DOING[action]} {name}",
        plan=lambda: plane.plan(request),
        carry_out=lambda: plane.carry_out(request, actor=OPERATOR),
        pods=frozenset(each.pod_id for each in diagnostics if each.undo and each.pod_id),
    )


class ActingScreen(Screen[None], inherit_bindings=False):
    """A screen that can act on pods."""

    @dataclass
    class Planned(Message):
        """The plan of an action, to be shown before it is carried out."""

        plan: Plan
        intended: Intended

    @dataclass
    class NotPlanned(Message):
        """There is no plan of an action, and why."""

        error: PodtuiError
        intended: Intended

    @dataclass
    class Done(Message):
        """An action came to its end."""

        outcome: Notice
        report: Report | None = None
        intended: Intended | None = None

    @dataclass
    class NotSent(Message):
        """A message did not reach its pod; what was typed is not to be lost."""

        target: MessageTarget
        text: str

    def __init__(self, plane: Plane, attach: Attach, keymap: Keymap) -> None:
        super().__init__()
        self.plane = plane
        self.keymap = keymap
        self._hand_over = attach
        self._planning: list[Intended] = []
        self._under_way: list[Intended] = []
        self.last_report: Report | None = None

    @property
    def is_typing(self) -> bool:
        """Whether what is pressed goes into a line of text."""
        return isinstance(self.focused, Input)

    def tell(self, outcome: Notice) -> None:
        """Show an outcome; subclasses say where."""
        raise NotImplementedError

    # plan, question, action

    def propose(self, intended: Intended) -> None:
        """Make the plan of an action, have it shown, and carry it out when the answer is yes."""
        busy = next((each for each in self._under_way if each.pods & intended.pods), None)
        if busy is not None:
            words = f"still {busy.doing}: what came of it is told here"
            self.tell(Notice.of_words(words, is_trouble=True))
        elif any(each.about == intended.about for each in self._planning):
            self.tell(Notice.of_words(f"the plan to {intended.about} is being made"))
        else:
            self._planning.append(intended)
            self._make_plan(intended)

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def _make_plan(self, intended: Intended) -> None:
        try:
            plan = intended.plan()
        except PodtuiError as error:
            self.post_message(self.NotPlanned(error, intended))
        else:
            self.post_message(self.Planned(plan, intended))

    def on_acting_screen_not_planned(self, message: NotPlanned) -> None:
        message.stop()
        self._planning.remove(message.intended)
        self.tell(Notice.of_error(message.error))

    def on_acting_screen_planned(self, message: Planned) -> None:
        message.stop()
        intended = message.intended
        self._planning.remove(intended)
        self.planned(message.plan, intended)
        if not (message.plan.steps or message.plan.refusals):
            left = "; ".join(message.plan.warnings)
            words = f"there is nothing to {message.plan.action}{f': {left}' if left else ''}"
            self.tell(Notice.of_words(words))
            return
        if not self.is_current or self.is_typing:
            # A question that comes late must not take a key that was meant for something else.
            key = self.keymap.shown(intended.command)
            words = f"the plan to {intended.about} is ready; {key} shows it"
            self.tell(Notice.of_words(words))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.begin(intended)

        self.app.push_screen(PlanDialog(message.plan), answered)

    def planned(self, plan: Plan, intended: Intended) -> None:
        """Take notice of a plan before it is shown; subclasses may have something to add."""

    def begin(self, intended: Intended) -> None:
        """Do what was planned and confirmed."""
        self._under_way.append(intended)
        self.show_doing()
        self.carry_out(intended)

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def carry_out(self, intended: Intended) -> None:
        """Do what was planned and confirmed, in a thread."""
        self._carry_out(intended.carry_out, intended)

    def end(self, message: Done) -> None:
        """Tell what came of an action; a long report gets a dialog when that is in nobody's way."""
        if message.intended is not None:
            self._under_way.remove(message.intended)
            self.show_doing()
        report = message.report
        if report is None or message.intended is None:
            self.tell(message.outcome)
            return
        self.keep_report(report)
        if not is_long(report):
            self.tell(message.outcome)
            return
        # Good news needs no answer: only what was left undone takes the screen.
        is_trouble = bool(report.skipped or report.failed)
        is_shown = is_trouble and self.is_current and not self.is_typing
        self.tell(outcome_of_many(report, "" if is_shown else self.keymap.shown("view.report")))
        if is_shown:
            self.app.push_screen(ReportDialog(report))

    def keep_report(self, report: Report) -> None:
        """Keep what the last action did, to be shown again."""
        self.last_report = report

    def show_doing(self) -> None:
        """Show above the keys what is under way."""
        lines = [f"{each.doing}{each.progress()} …" for each in self._under_way]
        self.query_one("#notices", NoticeBar).show_doing(lines)

    # send

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def send_text(self, target: MessageTarget, text: str) -> None:
        """Send a line to the pod that was named when Enter was pressed."""
        if not self._carry_out(
            lambda: self.plane.carry_out(Send(target.address, text), actor=OPERATOR)
        ):
            self.post_message(self.NotSent(target, text))

    # spawn

    @work(thread=True, exclusive=False, group="actions", exit_on_error=True)
    def spawn_pod(self, request: Spawn) -> None:
        """Start a new pod."""
        self._carry_out(lambda: self.plane.carry_out(request, actor=OPERATOR))

    def _carry_out(self, action: Callable[[], Report], intended: Intended | None = None) -> bool:
        """Run an action in this thread and tell what it came to; returns whether it worked."""
        try:
            report = action()
        except PodtuiError as error:
            self.post_message(self.Done(Notice.of_error(error), intended=intended))
            return False
        self.post_message(self.Done(Notice.of_report(report), report, intended))
        return True

    # attach

    def attach_to(self, pod: PodView, *, read_only: bool) -> None:
        """Hand the terminal over to a pod until it is detached.

        The event loop stands still meanwhile, by intent: the terminal is not this screen's.
        """
        try:
            with self.app.suspend():
                # Nothing may be raised in here: the screen would not take the terminal back.
                outcome = self._outcome_of(pod, read_only=read_only)
        except SuspendNotSupported:
            words = f"this terminal cannot be handed over; use podtui attach {pod.name}"
            outcome = Notice.of_words(words, is_trouble=True)
        self.tell(outcome)

    def _outcome_of(self, pod: PodView, *, read_only: bool) -> Notice:
        try:
            return Notice.of_words(self._hand_over(pod.id or pod.name, read_only))
        except PodtuiError as error:
            return Notice.of_error(error)
