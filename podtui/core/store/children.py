"""The children ledger of a parent: one line for each child, only ever appended."""

from __future__ import annotations

from podtui.core.errors import Busy
from podtui.core.model.records import ChildEntry
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_json
from podtui.core.store.lines import Lines, read_lines
from podtui.core.system.fs import Fs
from podtui.core.system.system import System

LOCK_WAIT_S = 10.0


def children_of(fs: Fs, parent: PodPaths) -> Lines[ChildEntry]:
    """Return the parent's children in the order they were spawned, and lines that are bad."""
    return read_lines(fs, parent.children, ChildEntry)


def add_child(system: System, parent: PodPaths, entry: ChildEntry) -> bool:
    """Write a child into its parent's ledger; False when it is there already.

    The ledger is its own lock: a spawn and a start that finishes a broken-off one may both enter
    one child at the same moment.

    Raises:
        Busy: the ledger was locked all the time; nothing was written.
        OSError: it is not written.
    """
    ledger = parent.children
    try:
        with system.fs.locked(ledger, clock=system.clock, timeout_s=LOCK_WAIT_S):
            if any(known.id == entry.id for known in children_of(system.fs, parent).entries):
                return False
            system.fs.append_line(ledger, encode_json(entry))
            return True
    except BlockingIOError:
        raise Busy(
            f"the children ledger {ledger} was locked for {LOCK_WAIT_S:.0f} s",
            pod=parent.root.name,
            next_step="podtui doctor",
            kept="nothing was written into it",
        ) from None
