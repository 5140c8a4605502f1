"""Recover: everything comes back, under the name that is asked for, and nothing is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import BadInput, Exists, NotFound, Refused, Unreadable
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import PodRecord
from podtui.core.model.requests import Prune, Purge, Recover
from podtui.core.store.children import children_of
from podtui.core.store.codec import encode_toml
from podtui.core.store.loans import loans_of
from tests.support.clocks import MovableClock
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trash import a_family, kept, loan_line

OUTPUT = "what pod said\n"


def output_of(plane: LocalPlane, name: str, reader: str = "test") -> str:
    reading = plane.reading(name, reader=reader, peek=True, from_start=True)
    return "".join(str(piece.data) for piece in reading.pieces())


@pytest.fixture
def pruned(tmp_path: Path) -> Yard:
    """A pruned pod with a parent, a child and a scope."""
    yard = a_family(tmp_path / "family")
    yard.plane.carry_out(Prune(("pod",)), actor="ann")
    return yard


def test_everything_comes_back(tmp_path: Path) -> None:
    """Records, runs, output, ledger and cursors, to the byte; the tree is as it was."""
    yard = a_family(tmp_path / "family")
    reading = yard.plane.reading("pod", reader="me")
    for piece in reading.pieces():
        reading.commit(piece)
    root = yard.plane.store.paths.pod("pod").root
    files, record = kept(root), yard.plane.store.paths.pod("pod").record.read_bytes()
    rows = [(view.name, view.parent, view.depth) for view in yard.plane.snapshot().pods]
    yard.plane.carry_out(Prune(("pod",)))
    report = yard.plane.carry_out(Recover(("pod",)))
    assert report.view is not None
    assert (report.view.name, report.view.message) == ("pod", "exited 0")
    assert kept(root) == files
    assert yard.plane.store.paths.pod("pod").record.read_bytes() == record
    again = [(view.name, view.parent, view.depth) for view in yard.reopened().snapshot().pods]
    assert again == rows
    assert [piece.data for piece in yard.plane.reading("pod", reader="me").pieces()] == []
    assert yard.plane.trash() == ()
    assert list(yard.plane.store.paths.trash.iterdir()) == []
    assert yard.plane.doctor() == ()


def test_a_recovery_is_told_once(pruned: Yard) -> None:
    """With who brought it back, and how to undo that."""
    plan = pruned.plane.plan(Recover(("pod",)))
    assert plan.undo == "podtui prune pod"
    pruned.plane.carry_out(Recover(("pod",)), actor="bob")
    told = [each for each in pruned.plane.diagnostics() if each.kind is DiagnosticKind.RECOVERED]
    assert len(told) == 1
    assert told[0].actor == "bob"
    assert told[0].undo is not None
    assert told[0].undo.action == "prune"
    # What a diagnostic says works: the target is known to every verb.
    pruned.plane.carry_out(Prune((told[0].undo.target,)))
    assert len(pruned.plane.trash()) == 1


@pytest.mark.parametrize("way", ["name", "entry", "pod"])
def test_a_pod_is_named_by_its_name_its_id_or_that_of_its_entry(pruned: Yard, way: str) -> None:
    """The diagnostic, the listing and memory each give one of them."""
    (entry,) = pruned.plane.trash()
    target = {"name": "pod", "entry": entry.id, "pod": entry.pod_id}[way]
    assert pruned.plane.carry_out(Recover((target,))).pod == "pod"


def test_the_newest_of_a_name_comes_back(yard: Yard) -> None:
    """Older ones are named, and each comes back by its id."""
    for number in range(3):
        write_exit(yard.plane, write_pod(yard.plane, "pod", pod_id=f"{number}" * 26))
        yard.plane.carry_out(Prune(("pod",)))
    newest, middle, oldest = yard.plane.trash()
    plan = yard.plane.plan(Recover(("pod",)))
    assert [each for each in (middle.id, oldest.id) if any(each in w for w in plan.warnings)]
    yard.plane.carry_out(Recover(("pod",)))
    assert yard.plane.look_at("pod").id == newest.pod_id == "2" * 26
    yard.plane.carry_out(Recover((oldest.id,), as_name="old"))
    assert yard.plane.look_at("old").id == "0" * 26
    assert [each.id for each in yard.plane.trash()] == [middle.id]


def test_a_name_in_use_is_refused_with_one_that_is_free(pruned: Yard) -> None:
    """The plan that is refused says what to type, and that works."""
    write_exit(pruned.plane, write_pod(pruned.plane, "POD", pod_id="7" * 26))
    write_exit(pruned.plane, write_pod(pruned.plane, "pod-2", pod_id="8" * 26))
    (entry,) = pruned.plane.trash()
    with pytest.raises(Exists, match="'POD'") as told:
        pruned.plane.carry_out(Recover(("pod",)))
    assert told.value.next_step == f"podtui recover {entry.id} --as pod-3"
    pruned.plane.carry_out(Recover((entry.id,), as_name="pod-3"))
    record = pruned.plane.store.pod_record("pod-3")
    assert isinstance(record, PodRecord)
    assert (record.id, record.name) == (entry.pod_id, "pod-3")


def test_under_another_name_everything_goes_by_ids(pruned: Yard) -> None:
    """Parent's ledger, children, the doctor and the parent's word for it follow the id."""
    ledger = pruned.plane.store.paths.pod("parent").children.read_bytes()
    pruned.plane.carry_out(Recover(("pod",), as_name="renamed"))
    plane = pruned.reopened()
    assert plane.store.paths.pod("parent").children.read_bytes() == ledger
    assert plane.inspect("parent").children == ("renamed",)
    rows = [(view.name, view.parent, view.depth) for view in plane.snapshot().pods]
    assert rows == [("parent", None, 0), ("renamed", "parent", 1), ("child", "renamed", 2)]
    assert plane.look_at("child").parent == "renamed"
    entries = children_of(pruned.system.fs, plane.store.paths.pod("renamed")).entries
    assert [entry.name for entry in entries] == ["child"]
    assert output_of(plane, "renamed") == OUTPUT
    assert plane.doctor() == ()


@pytest.mark.parametrize("name", ["../x", "-", ".hidden", "a b", "x" * 65, "a/b"])
def test_an_illegal_name_is_refused(pruned: Yard, name: str) -> None:
    """Names are refused, never repaired; the pod stays in the trash."""
    with pytest.raises(BadInput):
        pruned.plane.carry_out(Recover(("pod",), as_name=name))
    assert len(pruned.plane.trash()) == 1


def test_what_is_in_place_is_not_in_the_trash(pruned: Yard) -> None:
    """Told as that, and not as unknown."""
    with pytest.raises(Refused, match="it is in its place"):
        pruned.plane.carry_out(Recover(("parent",)))
    with pytest.raises(NotFound, match="'nobody' is not in the trash"):
        pruned.plane.carry_out(Recover(("nobody",)))


def test_a_second_recovery_is_told_who_was_first(pruned: Yard) -> None:
    """By the name, and by the id of an entry that is not there any more."""
    (entry,) = pruned.plane.trash()
    pruned.plane.carry_out(Recover(("pod",), as_name="other"), actor="bob")
    for target in ("pod", entry.id, entry.pod_id):
        with pytest.raises(Refused, match="it was recovered as other by bob"):
            pruned.plane.carry_out(Recover((target,)))


def test_a_purged_pod_is_told_as_that(pruned: Yard) -> None:
    """Nothing brings it back, and everybody says so."""
    pruned.plane.carry_out(Purge(older_than_s=0.0), actor="cid")
    with pytest.raises(NotFound, match=r"purged on .* by cid: nothing brings it back"):
        pruned.plane.carry_out(Recover(("pod",)))
    with pytest.raises(NotFound, match="purged"):
        pruned.plane.inspect("pod")
    assert pruned.plane.inspect("parent").children == ("pod (purged)",)
    assert pruned.plane.doctor() == ()


def test_a_pod_whose_id_is_in_place_is_a_copy(pruned: Yard) -> None:
    """Two directories with one id: neither replaces the other."""
    (entry,) = pruned.plane.trash()
    write_exit(pruned.plane, write_pod(pruned.plane, "copy", pod_id=entry.pod_id))
    with pytest.raises(Exists, match="in place already: 'copy'"):
        pruned.plane.carry_out(Recover(("pod",)))
    assert len(pruned.plane.trash()) == 1


# scopes


def scope_of(yard: Yard, name: str) -> bool:
    (loan,) = loans_of(yard.system.fs, yard.plane.store.paths.pod(name), pod=name, pod_id="").loans
    return loan.is_out


def test_scopes_are_lent_again_where_they_are_free(pruned: Yard) -> None:
    """With the pod its scope comes back to it."""
    report = pruned.plane.carry_out(Recover(("pod",)))
    assert any("lent again" in line for line in report.done)
    assert scope_of(pruned, "pod")


def test_a_scope_somebody_else_has_is_named_with_its_holder(pruned: Yard) -> None:
    """The pod comes back without it: the plan warns, and the report says who has it."""
    loan_line(pruned.plane, "child", str(pruned.root / "work" / "below"), loan="other")
    plan = pruned.plane.plan(Recover(("pod",)))
    assert not plan.is_refused
    assert any("child" in warning and "work/below" in warning for warning in plan.warnings)
    report = pruned.plane.carry_out(Recover(("pod",)))
    assert report.failed == ()
    assert any("child may write" in line for line in report.skipped)
    assert not scope_of(pruned, "pod")


# entries that are damaged


def entry_of(yard: Yard) -> Path:
    (entry,) = yard.plane.store.trash.entries()
    return entry.paths.root


def test_an_entry_without_its_record_comes_back_by_what_the_pod_says(pruned: Yard) -> None:
    """The pod's own record has its name; the listing says what is wrong."""
    (entry_of(pruned) / "trashed.json").unlink()
    (view,) = pruned.plane.trash()
    assert (view.name, view.actor) == ("pod", "")
    assert "missing" in view.problem
    assert view.pruned_at is not None
    assert pruned.plane.plan(Recover(("pod",))).warnings
    pruned.plane.carry_out(Recover(("pod",)))
    assert pruned.plane.look_at("pod").message == "exited 0"


def test_a_pod_whose_record_was_lost_comes_back_as_it_is(pruned: Yard) -> None:
    """Under the name it had, as a row that cannot be read; its output is there."""
    (entry_of(pruned) / "pod" / "pod.toml").unlink()
    pruned.plane.carry_out(Recover(("pod",)))
    assert "pod.toml" in (pruned.view("pod").record_error or "")
    assert pruned.plane.store.paths.pod("pod").run(1).output.read_text() == OUTPUT


def test_what_nothing_names_needs_a_name(pruned: Yard) -> None:
    """Neither record is there: with a name it comes back all the same."""
    root = entry_of(pruned)
    (root / "trashed.json").write_bytes(b"{")
    (root / "pod" / "pod.toml").write_bytes(b"")
    (view,) = pruned.plane.trash()
    with pytest.raises(BadInput, match="nothing tells what") as told:
        pruned.plane.carry_out(Recover((view.id,)))
    assert told.value.next_step == f"podtui recover {view.id} --as NAME"
    pruned.plane.carry_out(Recover((view.id,), as_name="found"))
    assert pruned.plane.store.paths.pod("found").run(1).output.read_text() == OUTPUT
    assert pruned.plane.trash() == ()


def test_a_record_of_another_entry_is_not_believed(pruned: Yard) -> None:
    """A record that lies in another's place names nobody."""
    root = entry_of(pruned)
    path = root / "trashed.json"
    path.write_bytes(path.read_bytes().replace(root.name.encode(), b"0" * 26))
    (view,) = pruned.plane.trash()
    assert "lies in the place of" in view.problem
    pruned.plane.carry_out(Recover((view.id,)))


def test_an_entry_that_holds_no_pod_is_told_as_that(pruned: Yard) -> None:
    """There is nothing to bring back, and nothing is deleted."""
    root = entry_of(pruned)
    (root / "pod").rename(pruned.root / "taken")
    (view,) = pruned.plane.trash()
    assert "no pod in it" in view.problem
    with pytest.raises(Unreadable, match="no pod in it"):
        pruned.plane.carry_out(Recover((view.id,)))
    assert (root / "trashed.json").exists()
    assert [each.kind for each in pruned.plane.doctor()].count("trash_entry") == 1


def test_what_somebody_put_into_the_trash_is_shown_and_left(pruned: Yard) -> None:
    """Files, links and directories of nobody's making: named by listing and doctor."""
    trash = pruned.plane.store.paths.trash
    (trash / "stray").touch(mode=0o600)
    (trash / "link").symlink_to("/etc")
    (trash / "empty").mkdir(mode=0o700)
    assert {each.name for each in pruned.plane.trash()} == {"pod", "stray", "link", "empty"}
    found = [each.path for each in pruned.plane.doctor() if each.kind == "trash_entry"]
    assert set(found) == {str(trash / name) for name in ("empty", "link", "stray")}
    pruned.plane.carry_out(Recover(("pod",)))
    assert sorted(path.name for path in trash.iterdir()) == ["empty", "link", "stray"]


def test_something_else_in_an_entry_is_kept(pruned: Yard) -> None:
    """The pod comes back, and what was put beside it stays, named by the doctor."""
    root = entry_of(pruned)
    (root / "notes.txt").write_text("mine")
    report = pruned.plane.carry_out(Recover(("pod",)))
    assert report.failed == ()
    assert [path.name for path in root.iterdir()] == ["notes.txt"]
    assert [each.path for each in pruned.plane.doctor() if each.kind == "trash_entry"] == [
        str(root)
    ]
    assert pruned.reopened().store.intents.all() == []


def test_names_in_the_trash_are_in_the_order_of_their_prunes(tmp_path: Path) -> None:
    """Newest first, by the time they were pruned."""
    clock = MovableClock()
    yard = Yard(tmp_path, clock=clock)
    for name in ("a", "b", "c"):
        write_exit(yard.plane, write_pod(yard.plane, name))
        yard.plane.carry_out(Prune((name,)))
        clock.pass_time(10)
    assert [each.name for each in yard.plane.trash()] == ["c", "b", "a"]


def test_a_parent_that_is_not_in_place_is_named_in_the_plan(pruned: Yard) -> None:
    """It comes back as a root, and both come back as they were."""
    pruned.plane.carry_out(Prune(("parent",)))
    plan = pruned.plane.plan(Recover(("pod",)))
    assert any("'parent' is not in place" in warning for warning in plan.warnings)
    pruned.plane.carry_out(Recover(("pod",)))
    assert (pruned.view("pod").parent, pruned.view("pod").depth) == ("parent", 0)
    pruned.plane.carry_out(Recover(("parent",)))
    rows = [(view.name, view.depth) for view in pruned.reopened().snapshot().pods]
    assert rows == [("parent", 0), ("pod", 1), ("child", 2)]


def test_an_unreadable_name_in_a_record_is_rewritten_by_nobody(pruned: Yard) -> None:
    """A record whose name was mended by hand in the trash gets the name that is asked for."""
    path = entry_of(pruned) / "pod" / "pod.toml"
    record = pruned.plane.store.trash.entries()[0].pod
    assert isinstance(record, PodRecord)
    path.write_bytes(encode_toml(replace(record, name="mended")))
    pruned.plane.carry_out(Recover(("pod",)))
    assert pruned.view("pod").record_error is None
