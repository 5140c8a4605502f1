"""The keys that act on pods: which pods an action is for, and its request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from podtui.core.diagnostics.report import DiagnosticsPicture, Entry
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
from podtui.tui.controllers.action_runner import ActionRunner, PlannedAction, undo_action
from podtui.tui.panes.tree.tree import PodTree
from podtui.tui.panes.why.lines import is_reachable

if TYPE_CHECKING:
    from podtui.tui.dialogs.recover import Recovery

LONGEST_NAME = 80
DOING = {
    "restore": "restoring",
    "reap": "reaping",
    "prune": "pruning",
    "stop": "stopping",
}
ORPHANS = "orphans"
"""The key of everything that is reaped without belonging to one pod."""
IsDone = Callable[[PodView | None, PodView], bool]


def _has_newer_run(now: PodView | None, then: PodView) -> bool:
    return now is not None and now.run > then.run


def _is_away(now: PodView | None, _then: PodView) -> bool:
    return now is None


def _is_over(now: PodView | None, _then: PodView) -> bool:
    return now is None or now.verdict is Verdict.DEAD


SEEN_DONE: dict[str, IsDone] = {
    "restore": _has_newer_run,
    "prune": _is_away,
    "stop": _is_over,
}
"""By action: how a snapshot shows that it was done to a pod."""


def named(pods: Sequence[PodView]) -> str:
    """Return the pods of an action in safe words: a name, or how many."""
    if len(pods) == 1:
        return safe_line(pods[0].name, LONGEST_NAME)
    return f"{len(pods)} pods"


class PodActions:
    """Turns commands into planned actions on the marked pods, else on the selected one."""

    def __init__(self, runner: ActionRunner, tree: PodTree) -> None:
        self._runner = runner
        self._plane = runner.plane
        self._tree = tree

    # which pods

    def _targets(self, action: str) -> tuple[PodView, ...]:
        """Return the marked pods, else the selected one; () after saying that there is none."""
        pod = self._tree.selected
        if self._tree.marked or pod is None:
            return self._tree.marked or self._none_selected(action)
        return (pod,)

    def _none_selected(self, action: str) -> tuple[PodView, ...]:
        key = self._runner.keymap.shown("pod.spawn")
        self._runner.say(f"no pod is selected to {action}; {key} starts one")
        return ()

    def reachable(self, action: str) -> PodView | None:
        """Return the selected pod, or None after saying why the action cannot reach it."""
        pod = self._tree.selected
        if pod is None:
            self._none_selected(action)
        elif not is_reachable(pod):
            words = f"{safe_line(pod.name, LONGEST_NAME)} has no live run to {action}: "
            self._runner.say(words + pod.message, is_trouble=True)
            return None
        return pod

    @property
    def parent_of_new(self) -> str | None:
        """The name of the pod that a new one is proposed to be below."""
        pod = self._tree.selected
        return pod.name if pod is not None and pod.id else None

    # plans

    def _propose(
        self,
        command: str,
        pods: Sequence[PodView],
        request: Callable[[tuple[str, ...]], Request],
    ) -> None:
        """Propose an action on pods, addressed by their ids: never on a namesake."""
        action = command.partition(".")[2].partition("-")[0]
        asked = request(tuple(MessageTarget.of(pod).address for pod in pods))
        self._runner.propose(
            PlannedAction(
                command=command,
                about=f"{action} {named(pods)}",
                doing=f"{DOING[action]} {named(pods)}",
                plan=lambda: self._plane.plan(asked),
                carry_out=lambda: self._plane.carry_out(asked, actor=OPERATOR),
                pods=frozenset(pod.key for pod in pods),
                progress=partial(self._progress, SEEN_DONE.get(action), pods),
            )
        )

    def _progress(self, is_done: IsDone | None, pods: Sequence[PodView]) -> str:
        """Return to how many of many pods an action was done, as the newest snapshot shows it."""
        if is_done is None or len(pods) == 1:
            return ""
        now = {pod.key: pod for pod in self._tree.state.pods}
        done = sum(is_done(now.get(pod.key), pod) for pod in pods)
        return f": {done} of {len(pods)}"

    def attach(self, *, read_only: bool) -> None:
        """Hand the terminal to the selected pod."""
        pod = self.reachable("attach to")
        if pod is not None:
            self._runner.attach_to(pod, read_only=read_only)

    def stop(self) -> None:
        """Show the plan to stop the marked pods, else the selected one."""
        pods = self._tree.marked
        if not pods:
            pod = self.reachable("stop")
            pods = () if pod is None else (pod,)
        if pods:
            self._propose("pod.stop", pods, Stop)

    def restore(self) -> None:
        """Show the plan to restore the marked pods, else the selected one."""
        pods = self._targets("restore")
        if pods:
            self._propose("pod.restore", pods, partial(Restore, in_bulk=len(pods) > 1))

    def restore_lost(self) -> None:
        """Show the plan to restore every lost pod."""
        pods = tuple(pod for pod in self._tree.state.pods if pod.status is Status.LOST)
        if pods:
            self._propose("pods.restore-lost", pods, partial(Restore, in_bulk=True))
        else:
            self._runner.say("no pod is lost")

    def reap(self) -> None:
        """Show the plan to end what past runs of the pods left running."""
        pods = self._targets("reap")
        if pods:
            self._propose("pod.reap", pods, Reap)

    def reap_orphans(self) -> None:
        """Show the plan to end everything that dead runs left running."""
        self._runner.propose(
            PlannedAction(
                command="pods.reap-orphans",
                about="reap all orphans",
                doing="reaping all orphans",
                plan=lambda: self._plane.plan(ReapOrphans()),
                carry_out=lambda: self._plane.carry_out(ReapOrphans(), actor=OPERATOR),
                pods=frozenset({ORPHANS}),
            )
        )

    def prune(self) -> None:
        """Show the plan to move the marked pods, else the selected one, into the trash."""
        pods = self._targets("prune")
        if pods:
            # The row of an unreadable record says so, and the plan says it again.
            unreadable = any(pod.record_error for pod in pods)
            self._propose("pod.prune", pods, partial(Prune, unreadable=unreadable))

    def hint(self, message: ActionRunner.Planned) -> None:
        """Say where the lost pods are when the selected one need not be restored."""
        plan, action = message.result, message.action
        if action.command != "pod.restore" or not isinstance(plan, Plan):
            return
        if not plan.is_refused or plan.parts:
            return
        lost = [
            p for p in self._tree.state.pods if p.status is Status.LOST and p.key not in action.pods
        ]
        if lost:
            others = named(lost) + (" is lost" if len(lost) == 1 else " are lost")
            urgent, all_lost = map(self._runner.keymap.shown, ("view.urgent", "pods.restore-lost"))
            self._runner.say(f"{others}: {urgent} selects the next, {all_lost} restores all")

    # undo

    def undo(self, entry: Entry | None, picture: DiagnosticsPicture) -> bool:
        """Show the plan that undoes a diagnostic; False when there is nothing to undo."""
        offered = picture.open_undo(entry) if entry is not None else ()
        if entry is None or not offered:
            return False
        action = undo_action(self._plane, offered, entry.label, "pod.recover")
        if action is not None:
            self._runner.propose(action)
        return action is not None

    def recover(self, recovery: Recovery | None) -> None:
        """Recover what was chosen and confirmed in the trash."""
        if recovery is None:
            return
        name, entry = safe_line(recovery.name, LONGEST_NAME), recovery.entry
        request = Recover((entry.id,), recovery.as_name)
        self._runner.begin(
            PlannedAction(
                command="view.trash",
                about=f"recover {name}",
                doing=f"recovering {name}",
                plan=lambda: recovery.plan,
                carry_out=lambda: self._plane.carry_out(request, actor=OPERATOR),
                pods=frozenset({entry.pod_id or entry.id}),
            )
        )
