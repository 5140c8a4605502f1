"""The marked pods, kept by key through every change of the tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from podtui.core.model.snapshot import PodView


@dataclass(frozen=True, slots=True)
class Selection:
    """The marked pods, whether or not a filter or a fold hides them.

    Attributes:
        names: by key, the name the pod had when it was marked.
    """

    names: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, key: str) -> bool:
        return key in self.names

    def toggled(self, pods: Sequence[PodView]) -> Selection:
        """Mark these pods; when all of them are marked, take their marks away."""
        keys = {pod.key for pod in pods}
        if keys <= self.names.keys():
            return self.without(keys)
        return Selection({**self.names, **{pod.key: pod.name for pod in pods}})

    def without(self, keys: Collection[str]) -> Selection:
        """Take these marks away."""
        return Selection({key: name for key, name in self.names.items() if key not in keys})

    def of(self, pods: Iterable[PodView]) -> tuple[PodView, ...]:
        """Return the marked ones of these pods, in their order."""
        return tuple(pod for pod in pods if pod.key in self.names)

    def gone_from(self, pods: Sequence[PodView]) -> dict[str, str]:
        """Return the marks whose pods are gone, names by key.

        A pod whose record is unreadable for a while has no id; it is not gone.
        """
        if not self.names:
            return {}
        there = {pod.key for pod in pods}
        unreadable = {pod.name for pod in pods if not pod.id}
        return {
            key: name
            for key, name in self.names.items()
            if key not in there and name not in unreadable
        }


def subtree(pods: Sequence[PodView], key: str) -> tuple[PodView, ...]:
    """Return a pod and all pods below it; ``pods`` are in depth-first order."""
    first = next((i for i, pod in enumerate(pods) if pod.key == key), None)
    if first is None:
        return ()
    after = first + 1
    while after < len(pods) and pods[after].depth > pods[first].depth:
        after += 1
    return tuple(pods[first:after])
