"""A spawn that is broken off anywhere: nothing is lost, and the next start makes it good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.spawn.finish import repair_child_links
from podtui.core.control.local import LocalPlane
from podtui.core.errors import Exists
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.verdicts import Status
from podtui.core.store.children import children_of
from tests.support.faulty import Killed, MortalFs, MortalProc, Steps
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint, too_open

INTERRUPTED = DiagnosticKind.INTERRUPTED
REQUEST = Spawn(name="child", argv=("sleep", "600"), parent="parent")


def spawned_by_a_mortal(yard: Yard, die_at: int) -> Steps:
    """Spawn as a process that dies before its ``die_at``-th change; 0 lives on."""
    steps = Steps(die_at)
    system = replace(yard.system, fs=MortalFs(steps), proc=MortalProc(steps))
    with suppress(Killed):
        LocalPlane.open(system).carry_out(REQUEST)
    return steps


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A store with an ended parent that has one child already."""
    parent = write_pod(yard.plane, "parent")
    write_exit(yard.plane, parent)
    write_exit(yard.plane, write_pod(yard.plane, "elder", parent=parent))
    repair_child_links(yard.plane.store)
    yard.plane.snapshot()
    return yard


def all_steps() -> list[str]:
    """Return the steps of a whole spawn, to number the tests by."""
    # The list is checked against a real spawn below; a new step makes that test fail.
    return [
        "locked ACTION.lock",
        "replace ACTION.json",
        "locked lock",
        "append_line 000001.jsonl",
        "write_line ",
        "make_directory ID",
        "locked action.lock",
        "note_holder ",
        "make_directory runs",
        "make_directory 0001",
        "make_directory cursors",
        "create pod.toml",
        "create run.json",
        "create lock",
        "create output",
        "create index",
        "sync_directory 0001",
        "sync_directory ID",
        "rename child",
        "locked children.jsonl",
        "append_line children.jsonl",
        "write_line ",
        "open_append supervisor.log",
        "start ",
        "started ",
        "locked lock",
        "append_line 000001.jsonl",
        "write_line ",
        "remove ACTION.json",
        "remove ACTION.lock",
        "sync_directory intents",
    ]


def test_the_steps_of_a_spawn_are_known(family: Yard) -> None:
    """Every change a spawn makes is one of the steps at which it is killed below."""
    steps = spawned_by_a_mortal(family, 0)
    pod_id = family.view("child").id
    action = steps.taken[0].removeprefix("locked ").removesuffix(".lock")
    named = [each.replace(pod_id, "ID").replace(action, "ACTION") for each in steps.taken]
    assert named == all_steps()


@pytest.mark.parametrize(
    "die_at", range(1, len(all_steps()) + 1), ids=lambda n: f"{n}-{all_steps()[n - 1].strip()}"
)
def test_a_spawner_may_die_before_any_step(family: Yard, die_at: int) -> None:
    """The next start finishes it or takes it back, once, and the name is whole or free."""
    events = [each.id for each in family.plane.events()]
    before = fingerprint(family.plane.store.paths.pod("elder").root)
    assert spawned_by_a_mortal(family, die_at).is_dead
    plane = family.reopened()
    picture = plane.snapshot()
    assert picture.health.ok
    assert [each.id for each in plane.events()][: len(events)] == events
    assert fingerprint(plane.store.paths.pod("elder").root) == before
    assert too_open(plane.store_path) == []
    child = picture.find("child")
    started = die_at > all_steps().index("started ")
    if child is None:
        assert_nothing_is_in_place(family)
    else:
        assert child.status is (Status.WORKING if started else Status.FAILED)
        assert (child.parent, child.record_error) == ("parent", None)
        assert names_of_children(plane) == ["elder", "child"]
        with pytest.raises(Exists):
            plane.carry_out(REQUEST)
    was_begun = 2 < die_at <= all_steps().index("remove ACTION.json") + 1
    interrupted = [each for each in plane.diagnostics() if each.kind is INTERRUPTED]
    assert len(interrupted) == was_begun
    assert_converges(family)


def names_of_children(plane: LocalPlane) -> list[str]:
    ledger = children_of(plane.store.system.fs, plane.store.paths.pod("parent"))
    return [entry.name for entry in ledger.entries]


def assert_nothing_is_in_place(yard: Yard) -> None:
    """Nothing is left of it, and the name is free."""
    plane = yard.reopened()
    assert list(plane.store.paths.staging.iterdir()) == []
    assert plane.store.intents.all() == []
    plane.carry_out(REQUEST)
    assert yard.view("child").status is Status.WORKING


def assert_converges(yard: Yard) -> None:
    """The second start finishes what was broken off, and the third changes nothing."""
    plane = yard.reopened()
    repair_child_links(plane.store)
    assert names_of_children(plane) == ["elder", "child"]
    assert plane.store.intents.all() == []
    assert not [each for each in plane.doctor() if each.kind == "ledger_incomplete"]
    settled = {
        name: what
        for name, what in fingerprint(plane.store_path).items()
        if not name.startswith("pods/child/runs")
    }
    assert repair_child_links(yard.reopened().store) == ()
    again = fingerprint(plane.store_path)
    assert {name: again[name] for name in settled} == settled


def test_an_interrupted_spawn_is_entered_and_never_begins(family: Yard) -> None:
    """Any command enters the pod in its parent's ledger, and says that it was taken back."""
    died = all_steps().index("locked children.jsonl") + 1
    spawned_by_a_mortal(family, died)
    (told,) = family.reopened().recovered
    assert told == "child: a spawn by operator was interrupted: run 1 was reserved and never began"
    assert names_of_children(family.plane) == ["elder", "child"]
    kinds = [each.kind for each in family.plane.events()]
    assert EventKind.LEDGER_REPAIRED in kinds
    assert EventKind.ROLLED_BACK in kinds
    assert repair_child_links(family.plane.store) == ()


def test_a_child_that_its_parents_ledger_lost_is_named_and_entered_again(family: Yard) -> None:
    """Without any intent, as an earlier version left it, the sweep of the screen repairs it."""
    family.plane.carry_out(REQUEST)
    ledger = family.plane.store.paths.pod("parent").children
    ledger.write_bytes(ledger.read_bytes().splitlines(keepends=True)[0])
    kinds = {each.kind: each for each in family.reopened().doctor()}
    incomplete = kinds["ledger_incomplete"]
    assert incomplete.pod == "child"
    assert incomplete.path == str(ledger)
    assert [each.kind for each in repair_child_links(family.reopened().store)] == [
        EventKind.LEDGER_REPAIRED
    ]
    assert EventKind.LEDGER_REPAIRED in [each.kind for each in family.plane.events()]


def test_a_spawn_under_way_is_not_taken_for_a_broken_off_one(family: Yard) -> None:
    """Whoever starts while another spawns enters nothing for it and calls nothing a leftover."""
    seen: list[tuple[int, list[str]]] = []

    class Curious(MortalProc):
        def start_detached(self, *arguments: object, **options: object) -> bytes:
            plane = family.reopened()
            ledger = plane.store.paths.pod("parent").children
            kept = ledger.read_bytes()
            # As if the spawn had come only as far as its rename.
            ledger.write_bytes(kept.splitlines(keepends=True)[0])
            entered = len(repair_child_links(plane.store))
            ledger.write_bytes(kept)
            seen.append((entered, [each.kind for each in plane.doctor()]))
            return super().start_detached(*arguments, **options)

    system = replace(family.system, proc=Curious(Steps()))
    LocalPlane.open(system).carry_out(REQUEST)
    assert [entered for entered, _ in seen] == [0]
    assert "staging_leftover" not in seen[0][1]


def test_nothing_runs_of_a_spawn_that_never_came_to_its_start(family: Yard) -> None:
    """A command is started by no step before the one that starts it."""
    for die_at in (1, 10, all_steps().index("start ") + 1):
        spawned_by_a_mortal(family, die_at)
        record = family.plane.store.run_record("child", 1)
        assert not isinstance(record, RunRecord) or record.supervisor is None
        assert list(Path(family.environment["PODTUI_RUNTIME_DIR"]).rglob("*.sock")) == []


@pytest.fixture(autouse=True)
def nobody_is_left(yard: Yard) -> Iterator[None]:
    """Close the test by ending what it started."""
    yield
    yard.end_everything()
