"""Prune: what is proven dead leaves the tree whole, and nothing else ever does."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.access.access import Access
from podtui.core.actions.framework import locks
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.trash import prune
from podtui.core.control.local import LocalPlane
from podtui.core.errors import (
    BadInput,
    Busy,
    NotFound,
    Refused,
    UnknownState,
)
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import LeftProcess, TrashRecord
from podtui.core.model.requests import Prune, Purge, Recover
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.observe.observer import Observer
from podtui.core.store.children import children_of
from tests.support.clocks import MovableClock
from tests.support.record_builders import (
    a_dead_process,
    this_process,
    write_exit,
    write_pod,
)
from tests.support.store_fixture import Yard, until
from tests.support.trash import assert_refused, ended_pod, names_of, tree_of

DAY_S = 86400.0


def test_a_dead_pod_goes_into_the_trash_whole(yard: Yard) -> None:
    """Its output, runs, cursors and records are there to the byte, and only there."""
    yard.shell("pod", "echo hello")
    yard.wait_ended("pod")
    reading = yard.plane.reading("pod", reader="me")
    for piece in reading.pieces():
        reading.commit(piece)
    before = tree_of(yard, yard.plane.store.paths.pod("pod").root)
    plan = yard.plane.plan(Prune(("pod",)))
    assert plan.refusals == ()
    assert plan.undo == "podtui recover pod"
    assert any("trash" in step for step in plan.texts)
    report = yard.plane.carry_out(Prune(("pod",)), actor="tester")
    assert report.failed == report.skipped == ()
    assert names_of(yard) == []
    (entry,) = yard.plane.trash()
    assert (entry.name, entry.actor, entry.status) == ("pod", "tester", "exited")
    assert (entry.message, entry.problem) == ("exited 0", "")
    assert tree_of(yard, yard.plane.store.paths.trashed(entry.id).pod.root) == before
    assert yard.plane.store.intents.all() == []


def test_a_prune_is_told_once_with_evidence_and_the_way_back(yard: Yard) -> None:
    """The diagnostic says what it was, on what evidence, by whom, and how to undo it."""
    yard.shell("pod", "exit 3")
    yard.wait_ended("pod")
    yard.plane.carry_out(Prune(("pod",)), actor="tester")
    told = [each for each in yard.plane.diagnostics() if each.kind is DiagnosticKind.PRUNED]
    assert len(told) == 1
    (entry,) = yard.plane.trash()
    assert told[0].undo is not None
    assert told[0].undo.command == f"podtui recover {entry.id}"
    assert {each.probe.value for each in told[0].evidence} >= {"exit record", "lock"}
    assert told[0].summary == "pod: pruned by tester; last state: exited 3"
    assert told[0].facts.trash_id == entry.id
    assert told[0].actor == "tester"
    kinds = [each.kind for each in yard.plane.events() if each.pod == "pod"]
    assert kinds[-2:] == [EventKind.PRUNE_INTENDED, EventKind.PRUNED]


def lost(yard: Yard) -> None:
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())


def host_restarted(yard: Yard) -> None:
    write_pod(yard.plane, "pod", supervisor=this_process(), boot_id="another boot")


def never_started(yard: Yard) -> None:
    write_pod(yard.plane, "pod", waited_s=30.0)


def exited(yard: Yard) -> None:
    ended_pod(yard, "pod")


@pytest.mark.parametrize("make", [lost, host_restarted, never_started, exited])
def test_every_proven_end_may_be_pruned(yard: Yard, make: Callable[[Yard], None]) -> None:
    """Each row of the table that says DEAD, and the evidence is kept with the pod."""
    make(yard)
    assert yard.plane.look_at("pod").verdict is Verdict.DEAD
    yard.plane.carry_out(Prune(("pod",)))
    (entry,) = yard.plane.store.trash.entries()
    assert isinstance(entry.record, TrashRecord)
    assert entry.record.evidence
    assert names_of(yard) == []


def test_a_living_pod_is_not_pruned(yard: Yard) -> None:
    """It is told to be alive, and how to end it."""
    yard.spawn("pod")
    assert_refused(yard, Refused, "alive", "podtui stop pod")


def test_a_pod_that_does_not_answer_is_not_pruned(yard: Yard) -> None:
    """Unresponsive is an answer of its own: it is not dead."""
    yard.spawn("pod")
    yard.stop_process(yard.supervisor_of("pod"))
    until(lambda: yard.view("pod").status is Status.UNRESPONSIVE)
    assert_refused(yard, Refused, "unresponsive", "podtui inspect pod")


def test_a_starting_pod_is_not_pruned(yard: Yard) -> None:
    """A run that is reserved may begin in any moment."""
    write_pod(yard.plane, "pod")
    assert_refused(yard, Refused, "starting", "podtui wait pod")


def test_a_pod_of_another_machine_is_not_pruned(yard: Yard) -> None:
    """Only there can be told whether it lives."""
    write_pod(yard.plane, "pod", supervisor=this_process(), machine_id="other-machine")
    assert_refused(yard, UnknownState, "other-machine")
    assert_refused(yard, UnknownState, "other-machine", unreadable=True)


def test_disagreeing_probes_are_no_death(yard: Yard) -> None:
    """The lock is free and the supervisor is there: the words of the evidence are given."""
    write_pod(yard.plane, "pod", supervisor=this_process(), child=a_dead_process())
    assert_refused(yard, UnknownState, "supervisor", "podtui inspect pod")


def test_what_left_processes_running_is_reaped_first(yard: Yard) -> None:
    """Out of the tree nobody would see them any more."""
    yard.shell("pod", "trap '' HUP; sleep 600 & exec sleep 600")
    until(lambda: len(yard.plane.inspect("pod").processes) == 2)
    yard.kill(yard.supervisor_of("pod"))
    until(lambda: yard.view("pod").status is Status.LOST)
    assert_refused(yard, Refused, "sleep", "podtui reap pod")


def test_a_store_that_was_moved_here_can_be_cleared(yard: Yard) -> None:
    """A run of another machine that wrote down its end, and that it left nothing, is history."""
    ended_pod(yard, "pod", machine_id="other-machine")
    yard.plane.carry_out(Prune(("pod",)))
    assert names_of(yard) == []


def test_what_may_still_run_on_another_machine_is_not_pruned(yard: Yard) -> None:
    """Its command was to leave processes running, and only there can be told whether they do."""
    pod = write_pod(yard.plane, "pod", machine_id="other-machine")
    write_exit(yard.plane, pod, kept_leftovers=[LeftProcess(pid=4711, name="server")])
    yard.plane.snapshot()
    assert_refused(yard, UnknownState, "other-machine")


def test_an_unknown_name_is_told_as_that(yard: Yard) -> None:
    """And so is one that was pruned before."""
    with pytest.raises(NotFound, match="there is no pod 'pod'"):
        yard.plane.carry_out(Prune(("pod",)))
    ended_pod(yard, "pod")
    yard.plane.carry_out(Prune(("pod",)), actor="ann")
    with pytest.raises(NotFound, match=r"was pruned on .* by ann; recover with podtui recover pod"):
        yard.plane.carry_out(Prune(("pod",)))


def test_of_several_pods_a_refused_one_does_not_stop_the_others(yard: Yard) -> None:
    """It is skipped with its reason, and what nobody knows as well."""
    yard.spawn("alive")
    for name in ("a", "b"):
        ended_pod(yard, name)
    plan = yard.plane.plan(Prune(("a", "alive", "nobody", "b", "a")))
    assert not plan.is_refused
    assert [part.pod for part in plan.parts] == ["a", "alive", "nobody", "b"]
    report = yard.plane.carry_out(Prune(("a", "alive", "nobody", "b", "a")))
    assert len(report.done) == 2
    assert [line.split(":")[0] for line in report.skipped] == ["alive", "nobody"]
    assert names_of(yard) == ["alive"]


def test_of_several_pods_of_which_none_can_be_the_first_answer_is_raised(yard: Yard) -> None:
    """Nothing done is an error, and not an empty report."""
    yard.spawn("alive")
    with pytest.raises(Refused, match="alive"):
        yard.plane.carry_out(Prune(("alive", "nobody")))


def test_none_at_all_is_an_empty_report(yard: Yard) -> None:
    """As `--exited` gives when nothing has."""
    assert yard.plane.carry_out(Prune(())).done == ()


def test_evidence_that_changed_since_the_plan_is_told(yard: Yard) -> None:
    """Somebody began a new run between the plan and the lock: both sides are in the words."""
    ended_pod(yard, "pod")
    store = yard.plane.store

    class Meanwhile(Inspector):
        looks = 0

        def look_at(self, name: str) -> PodView:
            self.looks += 1
            if self.looks == 2:
                store.paths.pod("pod").run(1).exit.unlink()
            return super().look_at(name)

    with pytest.raises(Refused, match="it was exited, run 1, when this was planned"):
        prune.carry_out(Meanwhile(Access(store)), Prune(("pod",)), actor="ann")
    assert yard.plane.trash() == ()


def test_another_pod_in_its_place_is_not_taken_for_it(yard: Yard) -> None:
    """The plan was for one pod, and its name belongs to another by the time of the lock."""
    ended_pod(yard, "pod", pod_id="0" * 26)
    store = yard.plane.store

    class Meanwhile(Inspector):
        looks = 0

        def look_at(self, name: str) -> PodView:
            self.looks += 1
            if self.looks == 2:
                store.paths.pod("pod").root.rename(yard.root / "elsewhere")
                ended_pod(yard, "pod", pod_id="1" * 26)
            return super().look_at(name)

    with pytest.raises(Refused, match="another pod has its name"):
        prune.carry_out(Meanwhile(Access(store)), Prune(("pod",)), actor="ann")
    assert names_of(yard) == ["pod"]


# children and parents


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A store with an ended parent and two ended children."""
    for name in ("one", "two"):
        if name == "one":
            yard.shell("parent", "true")
            yard.wait_ended("parent")
        yard.shell(name, f"echo {name}", parent="parent")
        yard.wait_ended(name)
    return yard


def test_a_pruned_child_stays_in_its_parents_ledger(family: Yard) -> None:
    """Only its label changes, and the doctor misses nobody."""
    ledger = family.plane.store.paths.pod("parent").children.read_bytes()
    family.plane.carry_out(Prune(("one",)))
    assert family.plane.store.paths.pod("parent").children.read_bytes() == ledger
    (entry,) = family.plane.trash()
    assert family.reopened().inspect("parent").children == (
        f"one (pruned, recover with podtui recover {entry.id})",
        "two",
    )
    assert family.plane.doctor() == ()


def test_the_children_of_a_pruned_parent_stay_as_roots(family: Yard) -> None:
    """With a word of where their parent is; when it is back they are its children again."""
    plan = family.plane.plan(Prune(("parent",)))
    assert any("one, two" in warning for warning in plan.warnings)
    family.plane.carry_out(Prune(("parent",)), actor="ann")
    rows = {view.name: (view.parent, view.depth) for view in family.reopened().snapshot().pods}
    assert rows == {"one": ("parent", 0), "two": ("parent", 0)}
    words = family.reopened().inspect("one").absent_parent
    assert "was pruned" in words
    assert "by ann" in words
    assert family.plane.doctor() == ()
    family.plane.carry_out(Recover(("parent",)))
    rows = {view.name: (view.parent, view.depth) for view in family.reopened().snapshot().pods}
    assert rows["one"] == rows["two"] == ("parent", 1)
    assert family.reopened().inspect("one").absent_parent == ""
    ledger = children_of(family.system.fs, family.plane.store.paths.pod("parent"))
    assert [entry.name for entry in ledger.entries] == ["one", "two"]


def test_a_child_in_the_place_of_a_pruned_one_is_not_taken_for_it(family: Yard) -> None:
    """Children are known by their ids: a new pod of the name is another child."""
    family.plane.carry_out(Prune(("one",)))
    family.shell("one", "true", parent="parent")
    labels = family.reopened().inspect("parent").children
    assert len(labels) == 3
    assert labels[0].startswith("one (pruned")
    assert labels[1:] == ("two", "one")


# who looks on


def test_a_screen_loses_the_row_of_what_was_pruned_and_doubts_nothing(yard: Yard) -> None:
    """Most of all pods pruned between two looks: no banner, and the rest is what it was."""
    for name in ("a", "b", "c"):
        ended_pod(yard, name)
    write_pod(yard.plane, "lost", supervisor=a_dead_process(), child=a_dead_process())
    observer = Observer(yard.plane.store)
    assert len(observer.look().pods) == 4
    yard.reopened().carry_out(Prune(("a", "b", "c")))
    picture = observer.look()
    assert picture.health.ok
    assert [view.name for view in picture.pods] == ["lost"]
    yard.reopened().carry_out(Recover(("b",)))
    assert {view.name for view in observer.look().pods} == {"lost", "b"}


def test_a_hint_about_a_pruned_pod_takes_its_row_away(yard: Yard) -> None:
    """A screen that is told that something changed need not wait for the next rescan."""
    for name in ("a", "b"):
        ended_pod(yard, name)
    observer = Observer(yard.plane.store)
    observer.look()
    yard.reopened().carry_out(Prune(("a",)))
    assert [view.name for view in observer.look_at(["a"]).pods] == ["b"]


def test_a_screen_still_misses_what_no_action_took_away(yard: Yard) -> None:
    """An older pod of the name in the trash is no excuse for one that vanished."""
    ended_pod(yard, "a", pod_id="0" * 26)
    yard.plane.carry_out(Prune(("a",)))
    ended_pod(yard, "a", pod_id="1" * 26)
    observer = Observer(yard.plane.store)
    observer.look()
    yard.plane.store.paths.pod("a").root.rename(yard.root / "taken")
    view = observer.look().find("a")
    assert view is not None
    assert "vanished" in view.message


def test_a_screen_calls_a_parent_by_the_name_it_has_now(family: Yard) -> None:
    """A parent that comes back under another name: its children's rows follow it by its id."""
    observer = Observer(family.plane.store)
    observer.look()
    family.reopened().carry_out(Prune(("parent",)))
    observer.look()
    family.reopened().carry_out(Recover(("parent",), as_name="elder"))
    rows = {view.name: (view.parent, view.depth) for view in observer.look().pods}
    assert rows == {"elder": (None, 0), "one": ("elder", 1), "two": ("elder", 1)}
    assert family.reopened().look_at("one").parent == "elder"
    assert family.plane.doctor() == ()


# who else acts


def test_a_pod_somebody_acts_on_is_busy(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder of its lock is named."""
    monkeypatch.setattr(locks, "ACTION_WAIT_S", 0.05)
    ended_pod(yard, "pod")
    paths = yard.plane.store.paths.pod("pod")
    with (
        action_lock(yard.system, paths, pod="pod", action="restore", actor="bob"),
        pytest.raises(Busy, match="restore of bob"),
    ):
        yard.reopened().carry_out(Prune(("pod",)))
    assert yard.plane.trash() == ()


# by age


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def aged(tmp_path: Path, clock: MovableClock) -> Yard:
    """A store whose clock can be set, with pods that ended in every way."""
    yard = Yard(tmp_path, clock=clock)
    parent = write_pod(yard.plane, "parent")
    write_exit(yard.plane, parent)
    write_exit(yard.plane, write_pod(yard.plane, "child", parent=parent), exit_code=1)
    write_pod(yard.plane, "lost", supervisor=a_dead_process(), child=a_dead_process())
    yard.plane.snapshot()
    return yard


def test_ended_pods_are_those_that_ended_by_themselves_children_first(aged: Yard) -> None:
    """Exited and failed; who is lost is pruned by name only."""
    assert aged.plane.ended_pods() == ("child", "parent")


def test_only_old_ends_are_chosen_by_age(aged: Yard, clock: MovableClock) -> None:
    """The age is that of the end."""
    assert aged.plane.ended_pods(older_than_s=DAY_S) == ()
    clock.pass_time(DAY_S / 2)
    write_exit(aged.plane, write_pod(aged.plane, "later"))
    clock.pass_time(DAY_S / 2 + 1)
    assert aged.plane.ended_pods(older_than_s=DAY_S) == ("child", "parent")
    clock.pass_time(DAY_S / 2)
    assert set(aged.plane.ended_pods(older_than_s=DAY_S)) == {"child", "parent", "later"}


def test_a_clock_that_went_backwards_prunes_nothing_by_age(aged: Yard, clock: MovableClock) -> None:
    """An end that lies in the future says that no age can be told."""
    clock.jump_wall(-2 * DAY_S)
    with pytest.raises(Refused, match="the clock went backwards"):
        aged.plane.ended_pods(older_than_s=1.0)
    assert aged.plane.ended_pods() == ("child", "parent")


@pytest.mark.parametrize("age", [-1.0, float("nan")])
def test_what_is_no_age_is_refused(aged: Yard, age: float) -> None:
    """A negative age would be everything."""
    with pytest.raises(BadInput):
        aged.plane.ended_pods(older_than_s=age)
    with pytest.raises(BadInput):
        aged.plane.plan(Purge(older_than_s=age))


def test_signals_are_sent_to_nobody(yard: Yard) -> None:
    """A prune moves files: whatever runs besides goes on."""
    yard.spawn("other")
    ended_pod(yard, "pod")
    sent: list[int] = []

    class Recording(type(yard.system.signals)):  # type: ignore[misc]
        def send(self, handle: int, number: int) -> bool:
            sent.append(number)
            return False

    plane = LocalPlane.open(replace(yard.system, signals=Recording()))
    plane.carry_out(Prune(("pod",)))
    assert sent == []
    yard.signal(yard.child_of("other"), signal.SIGCONT)
