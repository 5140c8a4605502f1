"""Pods that left their place because an action took them: their rows go, and nobody is blamed."""

from __future__ import annotations

from podtui.core.model.records import PodRecord
from podtui.core.observe.memory import PodMemory
from podtui.core.store.codec import RecordProblem
from podtui.core.store.gone import why_gone
from podtui.core.store.store import Store


def was_pruned(store: Store, memory: PodMemory) -> bool:
    """Whether a pod that is not in its place any more was pruned, as far as that can be told."""
    if isinstance(memory.record, PodRecord):
        return why_gone(store, memory.name, pod_id=memory.record.id) is not None
    try:
        found = store.trash.named(memory.name)
    except OSError:
        return False
    # What could not be read before cannot be read in the trash; another pod of its name can.
    return any(each.has_pod and isinstance(each.pod, RecordProblem) for each in found)
