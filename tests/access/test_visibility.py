"""What a pod that calls podtui sees: itself, those below it, and what the operator granted."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import NotVisible, PodtuiError
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import ChildEntry, PodRecord, TrashRecord
from podtui.core.model.requests import Relend, Restore, Return, Send, Spawn, Stop
from podtui.core.store.children import add_child
from podtui.core.store.codec import encode_json, encode_toml
from tests.support.loans import lend, write_holder
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard


def seen_by(yard: Yard, name: str, **variables: str) -> LocalPlane:
    """Return the store as a process of a pod sees it."""
    record = yard.plane.store.pod_record(name)
    assert isinstance(record, PodRecord)
    return called_as(yard, {"PODTUI_POD": name, "PODTUI_POD_ID": record.id, **variables})


def called_as(yard: Yard, variables: dict[str, str]) -> LocalPlane:
    """Return the store as a process with these variables sees it."""
    environment = {**yard.environment, **variables}
    return LocalPlane.open(replace(yard.system, environment=environment))


def names(plane: LocalPlane) -> list[str]:
    """Return the pods a caller sees, in the order of the tree."""
    return [view.name for view in plane.snapshot().pods]


def write_child(yard: Yard, name: str, parent: PodRecord | None = None) -> PodRecord:
    """Write an ended pod, in its parent's ledger too."""
    pod = write_pod(yard.plane, name, parent=parent)
    write_exit(yard.plane, pod)
    if parent is not None:
        place = yard.plane.store.paths.pod(parent.name)
        add_child(yard.system, place, ChildEntry(id=pod.id, name=name, at=pod.created_at))
    return pod


def grant(yard: Yard, name: str, sees: Sequence[str]) -> None:
    """Write what a pod was granted at its spawn."""
    record = yard.plane.store.pod_record(name)
    assert isinstance(record, PodRecord)
    place = yard.plane.store.paths.pod(name).record
    place.write_bytes(encode_toml(replace(record, sees=list(sees))))


def to_trash(yard: Yard, pod: PodRecord) -> None:
    """Move a pod into the trash by hand."""
    paths = yard.plane.store.paths
    entry = paths.trashed(f"trash-{pod.id}")
    entry.root.mkdir(mode=0o700)
    record = TrashRecord(
        id=entry.root.name,
        name=pod.name,
        pod_id=pod.id,
        run=1,
        at=pod.created_at,
        actor="operator",
        status="exited",
        message="exited 0",
        parent_id=pod.parent_id,
        parent_name=pod.parent_name,
    )
    entry.record.write_bytes(encode_json(record))
    paths.pod(pod.name).root.rename(entry.pod.root)


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A root above a planner and another, coder and helper below the planner, and a stranger."""
    root = write_child(yard, "root")
    planner = write_child(yard, "planner", root)
    write_child(yard, "helper", write_child(yard, "coder", planner))
    write_child(yard, "other", root)
    write_child(yard, "stranger")
    return yard


EVERYBODY = ["root", "planner", "coder", "helper", "other", "stranger"]


def test_the_operator_sees_all(family: Yard) -> None:
    """Without a pod in its environment nothing is hidden."""
    assert names(family.plane) == EVERYBODY


def test_a_pod_sees_itself_and_those_below_it(family: Yard) -> None:
    """As a tree of its own, counted by itself, and it is told that there is more."""
    seen = seen_by(family, "planner").snapshot()
    assert [(view.name, view.depth) for view in seen.pods] == [
        ("planner", 0),
        ("coder", 1),
        ("helper", 2),
    ]
    assert sum(seen.counts.values()) == 3
    assert "3 more not visible to pod 'planner'" in seen.notices[-1]
    assert names(seen_by(family, "helper")) == ["helper"]


def test_a_granted_pod_is_seen_alone_and_by_nobody_else(family: Yard) -> None:
    """A grant is for one pod: not for those below it, and none inherits it."""
    other = family.plane.store.pod_record("other")
    assert isinstance(other, PodRecord)
    write_child(family, "below-other", other)
    grant(family, "planner", [other.id])
    assert names(seen_by(family, "planner")) == ["planner", "coder", "helper", "other"]
    assert names(seen_by(family, "coder")) == ["coder", "helper"]
    depths = {view.name: view.depth for view in seen_by(family, "planner").snapshot().pods}
    assert depths["other"] == 0


def test_all_can_be_granted(family: Yard) -> None:
    """Who was granted all of them sees them as the operator does."""
    grant(family, "coder", ["all"])
    plane = seen_by(family, "coder")
    assert names(plane) == EVERYBODY
    assert plane.inspect("stranger").pod.name == "stranger"
    assert names(seen_by(family, "helper")) == ["helper"]


def calls(plane: LocalPlane) -> dict[str, object]:
    """Return every call that names a pod."""
    request = Spawn(name="new", argv=("true",), parent="stranger")
    return {
        "inspect": lambda: plane.inspect("stranger"),
        "read": lambda: plane.reading("stranger", reader="me"),
        "output": lambda: plane.output("stranger"),
        "send": lambda: plane.plan(Send("stranger", "x")),
        "attach": lambda: plane.attach("stranger", read_only=True, columns=80, rows=24),
        "stop": lambda: plane.plan(Stop(("stranger",))),
        "stop it": lambda: plane.carry_out(Stop(("stranger",))),
        "return": lambda: plane.carry_out(Return(("stranger",))),
        "relend": lambda: plane.plan(Relend(("stranger",))),
        "wait": lambda: plane.wait("stranger", until=frozenset()),
        "parent": lambda: plane.carry_out(request),
    }


@pytest.mark.parametrize("call", calls(None))  # type: ignore[arg-type]
def test_naming_a_pod_that_is_not_seen_is_an_answer_of_its_own(family: Yard, call: str) -> None:
    """It is told that there is one, and why it is not shown; by its id as well."""
    with pytest.raises(NotVisible) as told:
        calls(seen_by(family, "planner"))[call]()  # type: ignore[operator]
    assert told.value.kind == "not_visible"
    assert "'stranger' exists but is not visible to you (pod 'planner')" in told.value.message
    assert told.value.next_step
    stranger = family.plane.store.pod_record("stranger")
    assert isinstance(stranger, PodRecord)
    with pytest.raises(NotVisible):
        seen_by(family, "planner").inspect(stranger.id)


def test_what_does_not_exist_is_told_first(family: Yard) -> None:
    """The answers are distinct: no such pod, not visible, there it is."""
    plane = seen_by(family, "planner")
    with pytest.raises(PodtuiError) as told:
        plane.inspect("nobody")
    assert told.value.kind == "not_found"
    assert plane.inspect("helper").pod.name == "helper"


def test_events_and_loans_of_others_are_not_told(family: Yard, tmp_path: Path) -> None:
    """What happened to pods that are not seen is not listed; what is of no pod is."""
    for name in ("stranger", "coder"):
        record = family.plane.store.pod_record(name)
        assert isinstance(record, PodRecord)
        lend(family.plane, record, ("write", tmp_path / name))
    family.plane.snapshot()
    now = family.system.clock.now()
    family.plane.store.journal.append(
        Event(id="x", at=now, kind=EventKind.OBSERVER_UNWELL, summary="of the store")
    )
    plane = seen_by(family, "planner")
    told = {event.pod for event in plane.events()}
    assert told == {None, "planner", "coder", "helper"}
    assert {loan.pod for loan in plane.loans().loans} == {"coder"}
    assert {loan.pod for loan in family.plane.loans().loans} == {"coder", "stranger"}


def test_who_holds_a_scope_is_told_to_everybody_who_wants_it(family: Yard, tmp_path: Path) -> None:
    """A conflict names holder and rule, seen or not: without it nobody could solve it."""
    write_holder(family.plane, "holder", ("write", tmp_path))
    plan = seen_by(family, "planner").plan(
        Spawn(name="new", argv=("true",), write=(str(tmp_path),))
    )
    assert "holder may write" in plan.refusals[0].message


# who the caller is


def test_a_pod_of_another_store_is_the_operator_here(family: Yard) -> None:
    """An id this store does not know, or a home elsewhere, hides nothing."""
    stranger = {"PODTUI_POD": "planner", "PODTUI_POD_ID": "01AAAAAAAAAAAAAAAAAAAAAAAA"}
    assert names(called_as(family, stranger)) == EVERYBODY
    record = family.plane.store.pod_record("planner")
    assert isinstance(record, PodRecord)
    elsewhere = {"PODTUI_POD_ID": record.id, "PODTUI_HOME": "/nowhere"}
    system = replace(family.system, environment={**family.environment, **elsewhere})
    assert names(LocalPlane.open(system, root=family.plane.store_path)) == EVERYBODY


def test_the_home_may_be_named_through_a_link(family: Yard, tmp_path: Path) -> None:
    """The store is the same one, whatever it is called."""
    (tmp_path / "link").symlink_to(tmp_path)
    assert names(seen_by(family, "helper", PODTUI_HOME=f"{tmp_path}/link/store")) == ["helper"]


def test_the_operators_screen_shows_all_wherever_it_was_started(family: Yard) -> None:
    """Nothing in the environment of a pod's shell can hide pods from who sits before it."""
    plane = seen_by(family, "helper")
    plane.see_all()
    assert names(plane) == EVERYBODY
    assert plane.plan(Stop(("stranger",))).refusals[0].kind == "refused"


def test_a_caller_whose_record_cannot_be_read_is_still_that_pod(family: Yard) -> None:
    """Damage to a record does not make a pod the operator, nor its children strangers."""
    plane = seen_by(family, "planner")
    family.plane.store.paths.pod("planner").record.write_text("name = [")
    assert set(names(plane)) == {"planner", "coder", "helper"}
    again = called_as(family, {"PODTUI_POD": "planner", "PODTUI_POD_ID": plane.access.sight.pod_id})
    assert set(names(again)) == {"planner", "coder", "helper"}


def test_a_caller_that_was_pruned_is_still_that_pod(family: Yard) -> None:
    """What is left of a pruned pod sees those below it, and nobody else."""
    planner = family.plane.store.pod_record("planner")
    assert isinstance(planner, PodRecord)
    to_trash(family, planner)
    plane = called_as(family, {"PODTUI_POD": "planner", "PODTUI_POD_ID": planner.id})
    assert names(plane) == ["coder", "helper"]


# who is below whom


def test_a_child_whose_record_cannot_be_read_stays_visible(family: Yard) -> None:
    """The ledger knows it: a parent never loses a child because of a damaged file."""
    family.plane.store.paths.pod("coder").record.write_text("name = [")
    assert set(names(seen_by(family, "planner"))) == {"planner", "coder", "helper"}
    assert seen_by(family, "planner").inspect("coder").pod.name == "coder"


def test_a_name_in_the_ledger_is_no_claim_on_who_bears_it_now(family: Yard) -> None:
    """A new pod under the name of a child that is gone is somebody else's."""
    coder = family.plane.store.pod_record("coder")
    assert isinstance(coder, PodRecord)
    to_trash(family, coder)
    write_pod(family.plane, "coder", pod_id="9" * 26)
    plane = seen_by(family, "planner")
    assert names(plane) == ["planner", "helper"]
    with pytest.raises(NotVisible):
        plane.inspect("coder")


def test_a_pruned_pod_between_does_not_cut_the_tree(family: Yard) -> None:
    """Grandchildren stay below whoever they are below, whatever became of the pod between."""
    coder = family.plane.store.pod_record("coder")
    assert isinstance(coder, PodRecord)
    to_trash(family, coder)
    assert names(seen_by(family, "planner")) == ["planner", "helper"]


def test_a_parent_that_was_restored_sees_its_old_children(yard: Yard) -> None:
    """Its id stays, and so do those below it; no list was rebuilt."""
    yard.spawn("parent", "sleep", "600")
    yard.spawn("child", "sleep", "600", parent="parent")
    yard.spawn("stranger", "sleep", "600")
    yard.signal(yard.child_of("parent"), signal.SIGKILL)
    yard.wait_ended("parent")
    yard.plane.carry_out(Restore(("parent",)))
    assert names(seen_by(yard, "parent")) == ["parent", "child"]


# granting


def test_what_is_granted_is_recorded_by_id(family: Yard) -> None:
    """Names go, ids stay."""
    other = family.plane.store.pod_record("other")
    assert isinstance(other, PodRecord)
    family.spawn("watcher", "sleep", "600", sees=("other", other.id))
    record = family.plane.store.pod_record("watcher")
    assert isinstance(record, PodRecord)
    assert record.sees == [other.id]
    assert names(seen_by(family, "watcher")) == ["other", "watcher"]


def test_a_pod_grants_only_what_it_sees(family: Yard) -> None:
    """To show more is the operator's."""
    plane = seen_by(family, "planner")
    for sees, kind in (("stranger", "not_visible"), ("all", "refused"), ("nobody", "not_found")):
        request = Spawn(name="new", argv=("true",), sees=(sees,))
        assert [each.kind for each in plane.plan(request).refusals] == [kind]
        with pytest.raises(PodtuiError) as told:
            plane.carry_out(request)
        assert told.value.kind == kind
    assert not plane.plan(Spawn(name="new", argv=("true",), sees=("helper",))).refusals
    assert not family.plane.plan(
        Spawn(name="new", argv=("true",), sees=("all", "stranger"))
    ).refusals
