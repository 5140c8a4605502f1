"""Keeps which diagnostics a reader has read."""

from __future__ import annotations

from collections.abc import Collection

from podtui.core.errors import DiskTrouble
from podtui.core.store.store import Store


def mark_read(store: Store, reader: str, ids: Collection[str]) -> None:
    """Mark these diagnostics as read.

    Raises:
        BadInput: the reader's name is not legal.
        DiskTrouble, Busy, Refused: nothing is marked, and they are shown as unread again.
    """
    store.refuse_if_read_only()
    try:
        store.diagnostics.mark_read(reader, ids)
    except OSError as error:
        raise DiskTrouble(
            f"the diagnostics could not be marked as read: {error.strerror}",
            kept="nothing is lost: they are shown as unread again",
            next_step="podtui doctor",
        ) from error
