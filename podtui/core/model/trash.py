"""View of the trash for the front ends."""

from __future__ import annotations

from datetime import datetime

import msgspec


class TrashView(msgspec.Struct, frozen=True, kw_only=True):
    """One pod that was pruned.

    Attributes:
        id: of this entry of the trash; a pod that was pruned twice is in it under two.
        name: of the pod when it was pruned.
        pruned_at: None when the record of the prune cannot be read.
        size_bytes: of all its files, None when that was not asked or could not be determined.
        problem: what is wrong with the entry, "" when nothing is.
    """

    id: str
    name: str
    pod_id: str = ""
    parent: str | None = None
    pruned_at: datetime | None = None
    actor: str = ""
    status: str = ""
    message: str = ""
    size_bytes: int | None = None
    problem: str = ""
