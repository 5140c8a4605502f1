"""Parents and children of a pod by their ids, wherever they are: in place, pruned, purged."""

from __future__ import annotations

from podtui.core.access.missing import why_gone
from podtui.core.model.records import PodRecord
from podtui.core.store.children import children_of
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store


def child_labels(store: Store, name: str, pod_id: str) -> tuple[str, ...]:
    """Return a pod's children in the order they were spawned: name, and where it is if not here.

    Those of its ledger, and any whose record names it as its parent.
    """
    records = {other: store.pod_record(other) for other in store.pod_names()}
    names = {each.id: other for other, each in records.items() if isinstance(each, PodRecord)}
    labels: dict[str, str] = {}
    for entry in children_of(store.system.fs, store.paths.pod(name)).entries:
        here = names.get(entry.id)
        if here is None and isinstance(records.get(entry.name), RecordProblem):
            # Its id cannot be read, and its directory is that of the child.
            here = entry.name
        labels[entry.id] = here or _gone_label(store, entry.name, entry.id)
    for other, record in records.items():
        if isinstance(record, PodRecord) and pod_id and record.parent_id == pod_id:
            labels.setdefault(record.id, other)
    return tuple(labels.values())


def _gone_label(store: Store, name: str, pod_id: str) -> str:
    gone = why_gone(store, name, pod_id=pod_id)
    if gone is None:
        return f"{name} (not in the store)"
    if gone.next_step is None:
        return f"{name} (purged)"
    return f"{name} (pruned, recover with {gone.next_step})"


def name_now(store: Store, name: str, pod_id: str) -> str | None:
    """Return what a pod is called now, None when it is not in its place.

    One whose record cannot be read may be this very pod, and keeps its name.

    Raises:
        OSError: the pods cannot be listed.
    """
    record = store.pod_record(name)
    if isinstance(record, RecordProblem):
        if store.trash.is_there(store.paths.pod(name).root):
            return name
    elif record.id == pod_id:
        return name
    return store.name_of_id(pod_id) if pod_id else None


def absent_parent(store: Store, name: str) -> str:
    """Return why a pod's parent is not in its place, "" when it is there or there is none."""
    record = store.pod_record(name)
    if isinstance(record, RecordProblem) or record.parent_id is None:
        return ""
    if store.name_of_id(record.parent_id, likely=record.parent_name) is not None:
        return ""
    gone = why_gone(store, record.parent_name or "", pod_id=record.parent_id)
    if gone is None:
        return "not in the store"
    return f"{gone.words}; recover with {gone.next_step}" if gone.next_step else gone.words
