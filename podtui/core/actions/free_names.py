"""Which names are taken, and which is free beside one that is."""

from __future__ import annotations

from podtui.core.store.store import Store


def taken_as(store: Store, name: str) -> str | None:
    """Return the pod that stands in the way of a name, None when nothing does.

    Two names that differ in case only would be one name on some disks and to most people.
    """
    folded = name.casefold()
    return next((each for each in store.pod_names() if each.casefold() == folded), None)


def free_name(store: Store, name: str) -> str:
    """Return the first of name-2, name-3 … that is free."""
    taken = {each.casefold() for each in store.pod_names()}
    number = 2
    while f"{name}-{number}".casefold() in taken:
        number += 1
    return f"{name}-{number}"
