"""The order of the tree: a parent before its children, every pod exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from podtui.core.model.records import PodRecord
from podtui.core.model.snapshot import PodView


def in_tree_order(
    views: Sequence[PodView], records: Mapping[str, PodRecord]
) -> tuple[PodView, ...]:
    """Return the views depth-first, siblings in the order of their creation.

    A pod whose parent is not in the store is a root and keeps the parent's name. Pods that are
    each other's parents, as a mended record can make them, are roots too: none disappears.
    """
    by_id = {record.id: name for name, record in records.items()}
    by_name = {view.name: view for view in views}
    children: dict[str | None, list[str]] = {}
    for view in views:
        record = records.get(view.name)
        parent = by_id.get(record.parent_id or "") if record else None
        children.setdefault(parent, []).append(view.name)

    def age(name: str) -> tuple[float, str]:
        record = records.get(name)
        return (record.created_at.timestamp() if record else float("inf"), name)

    ordered: list[PodView] = []
    placed: set[str] = set()

    def place(root: str) -> None:
        pending = [(root, 0)]
        while pending:
            name, depth = pending.pop()
            if name in placed:
                continue
            placed.add(name)
            ordered.append(msgspec.structs.replace(by_name[name], depth=depth))
            below = sorted(children.get(name, ()), key=age, reverse=True)
            pending.extend((child, depth + 1) for child in below)

    for root in sorted(children.get(None, ()), key=age):
        place(root)
    for name in sorted(by_name, key=age):
        if name not in placed:
            place(name)
    return tuple(ordered)
