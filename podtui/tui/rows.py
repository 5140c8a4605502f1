"""Which rows the tree shows: pure, from the pods of a snapshot, what is folded, and a filter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from podtui.core.model.appearance import status_word
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status

URGENCY: dict[Status, int] = {
    status: rank
    for rank, status in enumerate(
        (
            Status.WAITING,
            Status.LOST,
            Status.FAILED,
            Status.UNKNOWN,
            Status.UNRESPONSIVE,
            Status.STALLED,
            Status.STARTING,
            Status.IDLE,
            Status.WORKING,
            Status.EXITED,
        )
    )
}
"""How much a status needs the operator; 0 needs most."""


class Row(NamedTuple):
    """One visible row.

    Attributes:
        folds: whether the pod has children, so that it can be folded.
        hidden: how many descendants are folded away.
        worst_hidden: of those, the status that needs the operator most.
        matches: False for an ancestor that is shown only to place a match of the filter.
    """

    pod: PodView
    folds: bool = False
    folded: bool = False
    hidden: int = 0
    worst_hidden: Status | None = None
    matches: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """The visible rows in order, and where each pod is among them."""

    rows: tuple[Row, ...] = ()
    total: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def index_of(self, pod_id: str | None) -> int | None:
        """Return the row of a pod, None when it has none."""
        if pod_id is None:
            return None
        return next((i for i, row in enumerate(self.rows) if row.pod.id == pod_id), None)

    def parent_of(self, index: int) -> int | None:
        """Return the row of the parent of the pod in row ``index``."""
        depth = self.rows[index].pod.depth
        above = range(index - 1, -1, -1)
        return next((i for i in above if self.rows[i].pod.depth < depth), None)


def build_rows(pods: Sequence[PodView], folded: Collection[str], wanted: str = "") -> Rows:
    """Return the rows of a tree in depth-first order.

    Args:
        pods: every pod, a parent before its children.
        folded: ids of the pods whose children are not to be shown.
        wanted: words that must all occur in a pod's name, role, task or status; folding does not
            hide what was asked for.
    """
    words = wanted.casefold().split()
    if words:
        return _filtered(pods, words)
    rows: list[Row] = []
    last = len(pods) - 1
    position = 0
    while position <= last:
        pod = pods[position]
        position += 1
        folds = position <= last and pods[position].depth > pod.depth
        if not folds or pod.id not in folded:
            rows.append(Row(pod, folds))
            continue
        start = position
        while position <= last and pods[position].depth > pod.depth:
            position += 1
        worst = min((each.status for each in pods[start:position]), key=URGENCY.__getitem__)
        rows.append(Row(pod, folds, True, position - start, worst))
    return Rows(tuple(rows), len(pods))


def _filtered(pods: Sequence[PodView], words: Sequence[str]) -> Rows:
    rows: list[Row] = []
    needed_depth = -1
    # Backwards, so that an ancestor is met after the matches below it.
    for position in range(len(pods) - 1, -1, -1):
        pod = pods[position]
        matches = _matches(pod, words)
        if matches or pod.depth < needed_depth:
            folds = bool(rows) and rows[-1].pod.depth > pod.depth
            rows.append(Row(pod, folds, matches=matches))
            needed_depth = pod.depth
    rows.reverse()
    return Rows(tuple(rows), len(pods))


def _matches(pod: PodView, words: Sequence[str]) -> bool:
    text = f"{pod.name} {pod.role or ''} {pod.task or ''} {status_word(pod)} {pod.agent}".casefold()
    return all(word in text for word in words)
