"""The rows of the tree: computed from the pods of a snapshot, the folded keys and a filter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from podtui.core.model.appearance import URGENCY, status_word
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status


class PodRow(NamedTuple):
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

    @property
    def key(self) -> str:
        """The key of the pod, see `PodView.key`."""
        return self.pod.key


class _Fold(NamedTuple):
    """What a folded pod hides."""

    hidden: int
    worst: Status


@dataclass(frozen=True, slots=True)
class Rows:
    """The visible rows in order; each is made on demand, since few are on screen.

    Attributes:
        pods: every pod of the snapshot.
        shown: positions in ``pods`` of the visible ones.
    """

    pods: Sequence[PodView] = ()
    shown: Sequence[int] = ()
    _folds: Mapping[int, _Fold] = field(default_factory=dict)
    _matches: AbstractSet[int] | None = None

    def __len__(self) -> int:
        return len(self.shown)

    def __getitem__(self, index: int) -> PodRow:
        position = self.shown[index]
        pod = self.pods[position]
        matches = self._matches is None or position in self._matches
        fold = self._folds.get(position)
        if fold is not None:
            return PodRow(pod, True, True, fold.hidden, fold.worst, matches)
        after = position + 1
        folds = after < len(self.pods) and self.pods[after].depth > pod.depth
        return PodRow(pod, folds, matches=matches)

    def __iter__(self) -> Iterator[PodRow]:
        return (self[index] for index in range(len(self)))

    def pod(self, index: int) -> PodView:
        """Return the pod of a row."""
        return self.pods[self.shown[index]]

    def key(self, index: int) -> str:
        """Return the key of the pod of a row."""
        return self.pod(index).key

    @property
    def found(self) -> int:
        """How many pods match the filter."""
        return len(self.shown if self._matches is None else self._matches)

    def index_of(self, key: str | None) -> int | None:
        """Return the row of a pod, None when it has none."""
        if key is None:
            return None
        return next((i for i in range(len(self)) if self.key(i) == key), None)

    def parent_of(self, index: int) -> int | None:
        """Return the row of the parent of the pod in row ``index``."""
        depth = self.pod(index).depth
        return next((i for i in range(index - 1, -1, -1) if self.pod(i).depth < depth), None)


def build_rows(pods: Sequence[PodView], folded: Collection[str], wanted: str = "") -> Rows:
    """Return the rows of a tree in depth-first order, a parent before its children.

    ``folded`` are the keys of the pods whose children are not to be shown; ``wanted`` are words
    that must all occur in a pod's name, role, task or status. A folded pod does not hide matches.
    """
    words = wanted.casefold().split()
    if words:
        return _filtered(pods, words)
    if not folded:
        return Rows(pods, range(len(pods)))
    shown: list[int] = []
    folds: dict[int, _Fold] = {}
    position, count = 0, len(pods)
    while position < count:
        pod = pods[position]
        shown.append(position)
        after = position + 1
        if pod.key in folded:
            while after < count and pods[after].depth > pod.depth:
                after += 1
            hidden = pods[position + 1 : after]
            if hidden:
                worst = min((each.status for each in hidden), key=URGENCY.__getitem__)
                folds[position] = _Fold(len(hidden), worst)
        position = after
    return Rows(pods, shown, folds)


def _filtered(pods: Sequence[PodView], words: Sequence[str]) -> Rows:
    shown: list[int] = []
    matching: set[int] = set()
    needed_depth = -1
    # Backwards, so that an ancestor comes after the matches below it.
    for position in range(len(pods) - 1, -1, -1):
        pod = pods[position]
        if _matches(pod, words):
            matching.add(position)
        elif pod.depth >= needed_depth:
            continue
        shown.append(position)
        needed_depth = pod.depth
    shown.reverse()
    return Rows(pods, shown, _matches=matching)


def _matches(pod: PodView, words: Sequence[str]) -> bool:
    text = f"{pod.name} {pod.role or ''} {pod.task or ''} {status_word(pod)} {pod.agent}".casefold()
    return all(word in text for word in words)
