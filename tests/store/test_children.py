"""The children ledger: every child once, whoever enters it and however often."""

from __future__ import annotations

from datetime import UTC, datetime

from podtui.core.model.records import ChildEntry
from podtui.core.store.children import add_child, children_of
from tests.support.record_builders import write_pod
from tests.support.store_fixture import Yard

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_a_child_is_entered_once_whoever_enters_it(yard: Yard) -> None:
    """A spawn and the start that finishes it may both enter one child: it has one line."""
    write_pod(yard.plane, "parent")
    paths = yard.plane.store.paths.pod("parent")
    entry = ChildEntry(id="0" * 26, name="child", at=AT)
    assert add_child(yard.system, paths, entry)
    assert not add_child(yard.system, paths, entry)
    assert children_of(yard.system.fs, paths).entries == (entry,)
