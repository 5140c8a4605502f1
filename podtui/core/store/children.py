"""The children ledger: who is whose. Lines are only ever added."""

from __future__ import annotations

from podtui.core.model.records import ChildEntry
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_json
from podtui.core.store.lines import Lines, read_lines
from podtui.core.system.fs import Fs


def children_of(fs: Fs, parent: PodPaths) -> Lines[ChildEntry]:
    """Return the parent's children in the order they were spawned, and lines that are bad."""
    return read_lines(fs, parent.children, ChildEntry)


def add_child(fs: Fs, parent: PodPaths, entry: ChildEntry) -> bool:
    """Write a child into its parent's ledger; False when it is there already."""
    if any(known.id == entry.id for known in children_of(fs, parent).entries):
        return False
    fs.append_line(parent.children, encode_json(entry))
    return True
