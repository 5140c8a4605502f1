"""Moves the selection of the tree to what needs the operator; shows its title and fitting keys."""

from __future__ import annotations

from podtui.core.model.appearance import URGENCY
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.text.safe import safe_line
from podtui.tui.bars.key_bar import KeyBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.panes.tree.columns import column_titles, columns_for
from podtui.tui.panes.tree.tree import PodTree
from podtui.tui.panes.why.lines import is_reachable
from podtui.tui.widgets.spans import Line, own

NEEDS_ME = 6
"""Statuses more urgent than this rank need the operator; see `appearance.URGENCY`."""
LONGEST_NAME = 80
SHOWN_GONE = 3
LIVE_ONLY = frozenset({"pod.attach", "pod.send", "pod.stop", "pod.observe"})
DEAD_ONLY = frozenset({"pod.restore", "pod.reap", "pod.prune"})
POD_ONLY = (
    LIVE_ONLY
    | DEAD_ONLY
    | {
        "tree.mark",
        "output.follow",
        "output.wrap",
        "output.view",
        "output.search",
        "pods.filter",
        "view.why",
    }
)


def idle_keys(pod: PodView | None, *, any_pods: bool, any_marked: bool) -> frozenset[str]:
    """Return the commands that would do nothing now, or be refused as far as can be seen."""
    if not any_pods:
        return POD_ONLY
    live = frozenset() if pod is not None and is_reachable(pod) else LIVE_ONLY
    if any_marked:
        return live - {"pod.stop"}
    if pod is None or pod.verdict is Verdict.DEAD:
        return live
    # An unreadable record that no process holds may be pruned without proof of death.
    return live | (DEAD_ONLY - {"pod.prune"} if pod.record_error else DEAD_ONLY)


class TreeGuide:
    """Knows which pod to select next."""

    def __init__(self, runner: ActionRunner, tree: PodTree, title: PaneTitle, keys: KeyBar) -> None:
        self._runner = runner
        self._tree = tree
        self._title = title
        self._keys = keys
        self._wanted: str | None = None
        self._is_beginning = True

    def take(self, snapshot: Snapshot) -> None:
        """Select what should be selected now that the tree shows a new snapshot."""
        self._begin_at_lost(snapshot)
        self._select_wanted()
        self.show_title()

    def _begin_at_lost(self, snapshot: Snapshot) -> None:
        """At a start, select the first lost pod: most start the screen to restore it.

        Only until the operator moves, and only in the first whole snapshot: later the selection
        belongs to the operator.
        """
        if not self._is_beginning or not snapshot.pods:
            return
        lost = next((pod for pod in snapshot.pods if pod.status is Status.LOST), None)
        self._is_beginning = not snapshot.whole and lost is None and not self._tree.state.was_moved
        if lost is not None and not self._tree.state.was_moved:
            self._tree.select(lost.key)

    def select_when_there(self, key: str) -> None:
        """Select a pod as soon as it has a row."""
        self._wanted = key
        self._select_wanted()

    def _select_wanted(self) -> None:
        if self._wanted is not None and self._tree.select(self._wanted):
            self._wanted = None

    def select_next_urgent(self) -> None:
        """Select the next pod that needs the operator, starting again at the end."""
        pods, here = self._tree.state.pods, self._tree.selected
        start = [pod.key for pod in pods].index(here.key) + 1 if here is not None else 0
        for pod in (*pods[start:], *pods[:start]):
            if URGENCY[pod.status] < NEEDS_ME:
                self._tree.select(pod.key)
                return
        self._runner.say("no pod needs you")

    @property
    def wanted(self) -> str:
        """The words of the filter."""
        return self._tree.state.wanted

    def filter(self, words: str) -> None:
        """Show only the pods that match."""
        self._tree.filter(words)
        self.show_title()

    def take_marks(self, message: PodTree.MarksChanged) -> None:
        """Show how many pods are marked, and the names of marked pods that are gone."""
        if message.gone:
            shown = ", ".join(safe_line(name, LONGEST_NAME) for name in message.gone[:SHOWN_GONE])
            more = len(message.gone) - SHOWN_GONE
            more_words = f" and {more} more" if more > 0 else ""
            self._runner.say(f"no longer marked, since it is gone: {shown}{more_words}")
        self.show_title()
        self.show_keys()

    def show_keys(self) -> None:
        """Show only the keys that do something now."""
        tree = self._tree
        self._keys.hide(
            idle_keys(tree.selected, any_pods=bool(tree.state.pods), any_marked=bool(tree.marked))
        )

    def show_title(self) -> None:
        """Show above the tree what is marked and filtered, and the names of the columns."""
        tree = self._tree
        left: Line = (own("pods", "title"),)
        marked, hidden = len(tree.marked), tree.state.hidden_marks
        if marked:
            unseen = f" ({hidden} hidden)" if hidden else ""
            left = (*left, own(f" · {marked} marked{unseen}", "accent"))
        if tree.state.wanted:
            words = safe_line(tree.state.wanted, 40)
            found = f" · {words} · {tree.rows.found} of {len(tree.rows.pods)}"
            left = (*left, own(found, "accent"))
        self._title.left = left
        self._title.right = column_titles(columns_for(tree.scrollable_content_region.width))
