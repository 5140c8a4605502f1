"""A small store with a pod worth pruning, and what must be true of it whatever was broken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import ChildEntry, LoanLine
from podtui.core.model.requests import Prune
from podtui.core.store.children import add_child
from podtui.core.store.codec import encode_json
from podtui.core.store.loans import encode_lines, loans_of
from podtui.core.store.trash import PURGING_PREFIX
from podtui.kernel.files import TEMPORARY_SUFFIX
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

CHANGES = ("action.lock", "loans.jsonl", "pod.toml")
"""What prune and recover may change in a pod: who acted last, its scopes, its name."""


def a_family(root: Path, *, machine_id: str = "test-machine") -> Yard:
    """Return a store with an ended pod ("pod") that has a parent, a child, output and a scope."""
    root.mkdir(parents=True, exist_ok=True)
    yard = Yard(root, machine_id=machine_id)
    plane, fs = yard.plane, yard.system.fs
    parent = write_pod(plane, "parent")
    pod = write_pod(plane, "pod", parent=parent)
    child = write_pod(plane, "child", parent=pod)
    for each in (parent, pod, child):
        write_exit(plane, each)
        paths = plane.store.paths.pod(each.name)
        paths.run(1).output.write_text(f"what {each.name} said\n")
        if each.parent_name:
            entry = ChildEntry(id=each.id, name=each.name, at=each.created_at)
            add_child(yard.system, plane.store.paths.pod(each.parent_name), entry)
    line = LoanLine(
        loan="scope",
        change="lent",
        mode="write",
        path=str(root / "work"),
        at=pod.created_at,
        actor="test",
        why="spawn",
    )
    fs.create(plane.store.paths.pod("pod").loans, encode_lines([line]))
    plane.snapshot()
    return yard


def kept(root: Path) -> dict[str, str]:
    """Return everything in a pod's directory that no action may change."""
    return {
        name: what
        for name, what in fingerprint(root).items()
        if name not in CHANGES and not name.endswith(TEMPORARY_SUFFIX)
    }


def place_of(plane: LocalPlane, pod_id: str) -> Path | None:
    """Return where the one directory of a pod is, in place or in the trash; None when it is gone.

    It is an error when there are two.
    """
    in_place = plane.store.name_of_id(pod_id)
    found = [plane.store.paths.pod(in_place).root] if in_place else []
    found += [
        each.paths.pod.root
        for each in plane.store.trash.entries()
        if each.has_pod and each.pod_id == pod_id
    ]
    assert len(found) <= 1, found
    return found[0] if found else None


def assert_converged(yard: Yard, pod_id: str) -> Path | None:
    """Start twice more: all is decided, told once, and the last start changes nothing.

    Returns where the pod is now.
    """
    plane = yard.reopened()
    store = plane.store
    assert store.intents.all() == []
    place = place_of(plane, pod_id)
    assert [name for name in fs_names(store.paths.trash) if name.startswith(PURGING_PREFIX)] == []
    for each in store.trash.entries():
        assert each.problem == "", each
    told = [each.id for each in store.diagnostics.read().entries]
    assert len(set(told)) == len(told)
    written = [each.id for each in store.journal.read().entries]
    assert len(set(written)) == len(written)
    assert store.journal.read().problems == store.diagnostics.read().problems == ()
    assert_scope_is_where_it_belongs(plane, place)
    # A temporary file of a write that never counted is named, and removed by nobody.
    problems = [each for each in plane.doctor() if each.kind != "temporary_leftover"]
    assert problems == [], problems
    before = fingerprint(store.paths.root)
    yard.reopened()
    assert fingerprint(store.paths.root) == before
    return place


def assert_scope_is_where_it_belongs(plane: LocalPlane, place: Path | None) -> None:
    """A pod in its place has its scope, and one in the trash has not."""
    if place is None:
        return
    in_place = place.parent == plane.store.paths.pods
    paths = plane.store.paths.pod(place.name) if in_place else None
    if paths is None:
        paths = plane.store.paths.trashed(place.parent.name).pod
    (loan,) = loans_of(plane.store.system.fs, paths, pod="pod", pod_id="").loans
    assert loan.is_out is in_place


def told_of(plane: LocalPlane, kind: DiagnosticKind) -> int:
    """Return how often something of a kind was told."""
    return sum(each.kind is kind for each in plane.store.diagnostics.read().entries)


def fs_names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def loan_line(plane: LocalPlane, name: str, path: str, *, loan: str) -> None:
    """Lend a scope to a pod by hand."""
    line = LoanLine(
        loan=loan,
        change="lent",
        mode="write",
        path=path,
        at=plane.store.system.clock.now(),
        actor="test",
        why="by hand",
    )
    plane.store.system.fs.append_line(plane.store.paths.pod(name).loans, encode_json(line))


def ended_pod(yard: Yard, name: str, **fields: object) -> None:
    """Write a pod by hand that has ended by its own exit record."""
    write_exit(yard.plane, write_pod(yard.plane, name, **fields))  # type: ignore[arg-type]


def tree_of(yard: Yard, root: Path) -> dict[str, str]:
    """Return everything of a pod but the notes of who held its lock, and that its end is told."""
    notes = ("action.lock", "ended.json")
    return {name: what for name, what in fingerprint(root).items() if not name.endswith(notes)}


def names_of(yard: Yard) -> list[str]:
    return [view.name for view in yard.reopened().snapshot().pods]


def assert_refused(
    yard: Yard, kind: type[PodtuiError], *words: str, unreadable: bool = False
) -> None:
    """The plan and the act give the same answer, and nothing is touched."""
    before = fingerprint(yard.plane.store.paths.pods)
    plan = yard.plane.plan(Prune(("pod",), unreadable=unreadable))
    assert plan.is_refused
    assert plan.refusals[0].kind == kind.kind
    assert plan.refusals[0].next
    with pytest.raises(kind) as told:
        yard.plane.carry_out(Prune(("pod",), unreadable=unreadable))
    assert told.value.message == plan.refusals[0].message
    for word in words:
        assert word in f"{told.value.message} {told.value.next_step}"
    assert fingerprint(yard.plane.store.paths.pods) == before
    assert yard.plane.trash() == ()
    assert yard.plane.store.intents.all() == []
