"""The order of the tree: a parent before its children, every pod exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from podtui.core.model.records import PodRecord
from podtui.core.model.snapshot import PodView


def places_in_tree(names: Iterable[str], records: Mapping[str, PodRecord]) -> list[tuple[str, int]]:
    """Return every name with its depth, depth-first, siblings in the order of their creation.

    A pod whose parent is not in the store is a root. Pods that are each other's parents, as a
    mended record can make them, are roots too: none disappears.
    """
    by_id = {record.id: name for name, record in records.items()}

    def age(name: str) -> tuple[float, str]:
        record = records.get(name)
        return (record.created_at.timestamp() if record else float("inf"), name)

    oldest_first = sorted(names, key=age)
    children: dict[str | None, list[str]] = {}
    for name in oldest_first:
        record = records.get(name)
        parent = by_id.get(record.parent_id or "") if record else None
        children.setdefault(parent, []).append(name)
    places: list[tuple[str, int]] = []
    placed: set[str] = set()

    def place(root: str) -> None:
        pending = [(root, 0)]
        while pending:
            name, depth = pending.pop()
            if name in placed:
                continue
            placed.add(name)
            places.append((name, depth))
            pending.extend((child, depth + 1) for child in reversed(children.get(name, ())))

    for root in children.get(None, ()):
        place(root)
    for name in oldest_first:
        place(name)
    return places


def in_tree_order(
    views: Sequence[PodView], records: Mapping[str, PodRecord]
) -> tuple[PodView, ...]:
    """Return the views in the order of the tree, each with its depth; see `places_in_tree`."""
    by_name = {view.name: view for view in views}
    return tuple(
        msgspec.structs.replace(by_name[name], depth=depth)
        for name, depth in places_in_tree(by_name, records)
    )
