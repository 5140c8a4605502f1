"""The actions on pods: on the marked ones, else on the selected one, each with its plan first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.getters import query_one

from podtui.core.model.plans import Plan
from podtui.core.model.requests import (
    OPERATOR,
    Prune,
    Reap,
    ReapOrphans,
    Recover,
    Request,
    Restore,
    Stop,
)
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.text.safe import safe_line
from podtui.tui.bars.input_bar import MessageTarget
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.controllers.action_runner import ActingScreen, Intended, undoing
from podtui.tui.controllers.diagnostics import TellingScreen
from podtui.tui.dialogs.report import ReportDialog
from podtui.tui.panes.tree.tree import PodTree
from podtui.tui.panes.why.lines import is_reachable

if TYPE_CHECKING:
    from podtui.core.model.trash import TrashView
    from podtui.tui.dialogs.recover import Recovery

LONGEST_NAME = 80
DOING = {
    "restore": "restoring",
    "reap": "reaping",
    "prune": "pruning",
    "stop": "stopping",
}
SHOWN_GONE = 3
ORPHANS = "orphans"
"""Stands for whatever is reaped that is no pod's alone."""
IsDone = Callable[[PodView | None, PodView], bool]


def _runs_again(now: PodView | None, then: PodView) -> bool:
    return now is not None and now.run > then.run


def _is_away(now: PodView | None, _then: PodView) -> bool:
    return now is None


def _is_over(now: PodView | None, _then: PodView) -> bool:
    return now is None or now.verdict is Verdict.DEAD


SEEN_DONE: dict[str, IsDone] = {
    "restore": _runs_again,
    "prune": _is_away,
    "stop": _is_over,
}
"""By action: how the screen sees that it was done to a pod."""


def named(pods: Sequence[PodView]) -> str:
    """Return the pods of an action in safe words: a name, or how many."""
    if len(pods) == 1:
        return safe_line(pods[0].name, LONGEST_NAME)
    return f"{len(pods)} pods"


class PodActionsScreen(TellingScreen):
    """Turns the keys of actions into plans, questions and reports."""

    pod_tree = query_one("#tree", PodTree)

    @property
    def pods(self) -> tuple[PodView, ...]:
        """Every pod of the last snapshot; subclasses have it."""
        raise NotImplementedError

    def select_when_there(self, key: str) -> None:
        """Select a pod as soon as it has a row; subclasses say how."""
        raise NotImplementedError

    # what is meant

    def meant(self, action: str) -> tuple[PodView, ...]:
        """Return the marked pods, else the selected one; () after saying that there is none."""
        marked = self.pod_tree.marked
        if marked:
            return marked
        pod = self.pod_tree.selected
        if pod is not None:
            return (pod,)
        key = self.keymap.shown("pod.spawn")
        self.tell(Notice.of_words(f"no pod is selected to {action}; {key} starts one"))
        return ()

    def reachable(self, action: str) -> PodView | None:
        """Return the selected pod, or None after saying why nothing can be done to it."""
        pod = self.pod_tree.selected
        if pod is None:
            key = self.keymap.shown("pod.spawn")
            self.tell(Notice.of_words(f"no pod is selected to {action}; {key} starts one"))
        elif not is_reachable(pod):
            words = f"{safe_line(pod.name, LONGEST_NAME)} has no live run to {action}: "
            self.tell(Notice.of_words(words + pod.message, is_trouble=True))
            return None
        return pod

    def on_pod_tree_marks_changed(self, message: PodTree.MarksChanged) -> None:
        message.stop()
        if message.gone:
            shown = ", ".join(safe_line(name, LONGEST_NAME) for name in message.gone[:SHOWN_GONE])
            more = len(message.gone) - SHOWN_GONE
            words = f"{shown}{f' and {more} more' if more > 0 else ''}"
            self.tell(Notice.of_words(f"no longer marked, since it is gone: {words}"))
        self.marks_changed()

    def marks_changed(self) -> None:
        """Show how many pods are marked; subclasses say where."""

    # plans

    def _intend(
        self,
        command: str,
        pods: Sequence[PodView],
        request: Callable[[tuple[str, ...]], Request],
    ) -> None:
        """Propose an action on pods, addressed by their ids: no namesake is meant."""
        action = command.partition(".")[2].partition("-")[0]
        asked = request(tuple(MessageTarget.of(pod).address for pod in pods))
        self.propose(
            Intended(
                command=command,
                about=f"{action} {named(pods)}",
                doing=f"{DOING[action]} {named(pods)}",
                plan=lambda: self.plane.plan(asked),
                carry_out=lambda: self.plane.carry_out(asked, actor=OPERATOR),
                pods=frozenset(pod.key for pod in pods),
                progress=partial(self._progress, SEEN_DONE.get(action), pods),
            )
        )

    def _progress(self, is_done: IsDone | None, pods: Sequence[PodView]) -> str:
        """Return how many of many pods an action was done to, as the last picture shows it."""
        if is_done is None or len(pods) == 1:
            return ""
        now = {pod.key: pod for pod in self.pods}
        done = sum(is_done(now.get(pod.key), pod) for pod in pods)
        return f": {done} of {len(pods)}"

    def begin(self, intended: Intended) -> None:
        """Do what was confirmed; what it is done to is not marked any more."""
        self.pod_tree.unmark(intended.pods)
        super().begin(intended)

    def action_stop(self) -> None:
        """Show the plan to stop what is meant."""
        if self.pod_tree.marked:
            pods = self.pod_tree.marked
        else:
            pod = self.reachable("stop")
            pods = () if pod is None else (pod,)
        if pods:
            self._intend("pod.stop", pods, Stop)

    def action_restore(self) -> None:
        """Show the plan to restore what is meant."""
        pods = self.meant("restore")
        if pods:
            self._restore("pod.restore", pods, in_bulk=len(pods) > 1)

    def action_restore_lost(self) -> None:
        """Show the plan to restore every lost pod."""
        pods = tuple(pod for pod in self.pods if pod.status is Status.LOST)
        if pods:
            self._restore("pods.restore-lost", pods, in_bulk=True)
        else:
            self.tell(Notice.of_words("no pod is lost"))

    def _restore(self, command: str, pods: Sequence[PodView], *, in_bulk: bool) -> None:
        self._intend(command, pods, partial(Restore, in_bulk=in_bulk))

    def action_reap(self) -> None:
        """Show the plan to end what past runs of what is meant left running."""
        pods = self.meant("reap")
        if pods:
            self._intend("pod.reap", pods, Reap)

    def action_reap_orphans(self) -> None:
        """Show the plan to end everything that dead runs left running."""
        self.propose(
            Intended(
                command="pods.reap-orphans",
                about="reap all orphans",
                doing="reaping all orphans",
                plan=lambda: self.plane.plan(ReapOrphans()),
                carry_out=lambda: self.plane.carry_out(ReapOrphans(), actor=OPERATOR),
                pods=frozenset({ORPHANS}),
            )
        )

    def action_prune(self) -> None:
        """Show the plan to move what is meant into the trash."""
        pods = self.meant("prune")
        if pods:
            # What cannot be read is told as such by its row, and again by the plan.
            unreadable = any(pod.record_error for pod in pods)
            self._intend("pod.prune", pods, partial(Prune, unreadable=unreadable))

    def planned(self, plan: Plan, intended: Intended) -> None:
        """Say where to go when what is selected need not be restored, and others do."""
        if intended.command != "pod.restore" or not plan.is_refused or plan.parts:
            return
        lost = [
            pod for pod in self.pods if pod.status is Status.LOST and pod.key not in intended.pods
        ]
        if lost:
            others = named(lost) + (" is lost" if len(lost) == 1 else " are lost")
            urgent, all_lost = map(self.keymap.shown, ("view.urgent", "pods.restore-lost"))
            words = f"{others}: {urgent} selects the next, {all_lost} restores all"
            self.tell(Notice.of_words(words))

    # the way back

    def action_recover(self) -> None:
        """Show the plan that takes back what is told above the keys, else the trash."""
        entry = self.noticed
        offered = self.told.open_undo(entry) if entry is not None else ()
        if entry is not None and offered:
            intended = undoing(self.plane, offered, entry.label, "pod.recover")
            if intended is not None:
                self.propose(intended)
                return
        self.action_trash()

    def action_trash(self) -> None:
        """Show what was pruned."""
        # Loaded here only: the first paint does not need it.
        from podtui.tui.screens.trash_screen import TrashScreen  # noqa: PLC0415

        self.app.push_screen(TrashScreen(self.plane, self.keymap, self._local_time), self._recover)

    def _recover(self, recovery: Recovery | None) -> None:
        if recovery is None:
            return
        name = safe_line(recovery.name, LONGEST_NAME)
        entry: TrashView = recovery.entry
        self.begin(
            Intended(
                command="view.trash",
                about=f"recover {name}",
                doing=f"recovering {name}",
                plan=lambda: recovery.plan,
                carry_out=lambda: self.plane.carry_out(
                    Recover((entry.id,), recovery.as_name), actor=OPERATOR
                ),
                pods=frozenset({entry.pod_id or entry.id}),
            )
        )

    # reports

    def action_report(self) -> None:
        """Show again what the last action did."""
        if self.last_report is None:
            self.tell(Notice.of_words("nothing was done from this screen yet"))
        else:
            self.app.push_screen(ReportDialog(self.last_report))

    def on_acting_screen_done(self, message: ActingScreen.Done) -> None:
        message.stop()
        self.end(message)
        self.look_again()
        report = message.report
        if report is not None and report.action in {"spawn", "recover"} and report.view is not None:
            self.select_when_there(report.view.key)

    def look_again(self) -> None:
        """Ask for a look now; subclasses say whom."""
        raise NotImplementedError
