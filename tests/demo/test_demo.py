"""The demo is a tree of real pods in a store of its own, one of them lost, and it can be ended."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec import structs

from podtui.core.control.local import LocalPlane
from podtui.core.errors import Exists, NotFound
from podtui.core.model.events import EventKind
from podtui.core.model.records import StatusRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.system import System, real_system
from podtui.demo import run as demo
from podtui.kernel import signals
from podtui.kernel.processes import ProcessGone, read_environ
from tests.support.store_fixture import Yard, until

LONGEST_WAIT_S = 20.0
PACE = 0.01


@dataclass
class Shown:
    """A started demo and what it said to the operator."""

    yard: Yard
    system: System
    plane: LocalPlane
    said: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.plane.store_path


def this_machine(yard: Yard) -> System:
    """Return a yard's outside on the real machine: the planner's own podtui is not injected."""
    return structs.replace(yard.system, machine_id=real_system().machine_id)


@contextmanager
def started(directory: Path) -> Iterator[Shown]:
    """Give a demo with its planner's children, and end all of it."""
    yard = Yard(directory)
    try:
        said: list[str] = []
        system = this_machine(yard)
        plane = demo.start_demo(yard.plane.store_path, said.append, system, PACE)
        demo.wait_for_planner(plane)
        yield Shown(yard, system, plane, said)
    finally:
        yard.end_everything()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """One demo for the tests that only look at it."""
    with started(tmp_path_factory.mktemp("demo")) as demo_shown:
        yield demo_shown


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Shown]:
    """A demo of a test's own, to be ended in it."""
    with started(tmp_path) as demo_shown:
        yield demo_shown


def processes_of(store: Path) -> dict[int, str]:
    """Return the processes that carry a store's mark in their environment, and their pods."""
    found = {}
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            environment = read_environ(int(entry))
        except (ProcessGone, OSError):
            continue
        if environment.get("PODTUI_HOME") == str(store):
            found[int(entry)] = environment.get("PODTUI_POD", "")
    return found


def test_the_demo_is_a_tree_of_eight_real_pods(shown: Shown) -> None:
    """Three of the eight are children the planner spawned through the command line itself."""
    pods = shown.plane.snapshot().pods
    assert {pod.name: pod.parent for pod in pods} == {
        "planner": None,
        "scout": "planner",
        "coder": "planner",
        "reviewer": "planner",
        "tests": "planner",
        "release": None,
        "build": "release",
        "search": None,
    }
    spawned = {
        event.pod: event.actor for event in shown.plane.events() if event.kind is EventKind.SPAWNED
    }
    assert spawned["planner"] == demo.ACTOR
    assert spawned["coder"] != demo.ACTOR


def test_one_pod_is_lost_with_its_supervisor_and_told_once(shown: Shown) -> None:
    """The victim is dead by two facts, the journal has it once, and its last words are there."""
    scout = shown.plane.inspect("scout")
    assert scout.pod.status is Status.LOST
    assert scout.pod.verdict is Verdict.DEAD
    lost = [event.pod for event in shown.plane.events() if event.kind is EventKind.LOST]
    assert lost == ["scout"]
    reading = shown.plane.reading("scout", reader="test", peek=True)
    said = "".join(str(piece.data) for piece in reading.pieces())
    assert "old format" in said


def test_each_part_comes_to_the_status_it_is_there_for(shown: Shown) -> None:
    """One pod fails with 3, one ends with 0, one waits for an answer at its terminal."""
    build = shown.plane.wait("build", until=frozenset({Status.FAILED}), timeout_s=LONGEST_WAIT_S)
    tests = shown.plane.wait("tests", until=frozenset({Status.EXITED}), timeout_s=LONGEST_WAIT_S)
    assert (build.exit_code, tests.exit_code) == (3, 0)
    waiting = shown.plane.wait(
        "release", until=frozenset({Status.WAITING}), timeout_s=LONGEST_WAIT_S
    )
    assert waiting.verdict is Verdict.ALIVE


def test_the_tree_is_told_line_by_line(shown: Shown) -> None:
    """Without a terminal the operator sees each pod once, children below their parents."""
    lines = demo.tree_lines(shown.plane.snapshot())
    names = [line.split()[1] for line in lines]
    assert sorted(names) == sorted(pod.name for pod in shown.plane.snapshot().pods)
    assert names.index("planner") < names.index("coder")
    assert any("⊘" in line and "scout" in line for line in lines)


def test_a_store_with_pods_is_not_taken_for_a_demo(shown: Shown) -> None:
    """The demo refuses a store that has pods, and touches nothing in it."""
    before = {pod.id for pod in shown.plane.snapshot().pods}
    with pytest.raises(Exists):
        demo.start_demo(shown.root, shown.said.append, shown.system, PACE)
    assert {pod.id for pod in shown.plane.snapshot().pods} == before


def test_stopping_the_demo_leaves_nothing_running(own: Shown) -> None:
    """Every supervisor, agent and the daemon in its own session are gone, by their pidfds."""
    wait_for_descendants(own, "search")
    with ExitStack() as handles:
        opened = [
            signals.open_target(pid)
            for pid in {
                *processes_of(own.root),
                own.yard.supervisor_of("planner").pid,
                own.yard.supervisor_of("search").pid,
            }
        ]
        for handle in opened:
            handles.callback(os.close, handle)
        assert demo.stop_demo(own.root, own.said.append, own.system) == 0
        waiter = select.poll()
        for handle in opened:
            waiter.register(handle, select.POLLIN)
        assert len(waiter.poll(0)) == len(opened)
    assert processes_of(own.root) == {}
    assert {pod.verdict for pod in own.plane.snapshot().pods} == {Verdict.DEAD}


def test_stopping_the_demo_ends_the_daemon_of_a_supervisor_that_was_killed(own: Shown) -> None:
    """What a killed supervisor had left running is proven to be its pod's, then ended."""
    wait_for_descendants(own, "search")
    own.yard.kill(own.yard.supervisor_of("search"))
    own.plane.wait("search", until=frozenset({Status.LOST}), timeout_s=LONGEST_WAIT_S)
    assert "search" in processes_of(own.root).values()
    assert demo.stop_demo(own.root, own.said.append, own.system) == 0
    assert processes_of(own.root) == {}
    assert any(line.startswith("search: ended ") and "of run 1" in line for line in own.said)


def wait_for_descendants(shown: Shown, name: str) -> None:
    """Return once the supervisor has written down a process besides its child."""
    path = shown.plane.access.pod_paths(name).run(1).status

    def are_written() -> bool:
        status = read_record(shown.system.fs, path, StatusRecord)
        return not isinstance(status, RecordProblem) and len(status.descendants) > 1

    until(are_written, seconds=LONGEST_WAIT_S)


def test_a_record_that_cannot_be_read_costs_its_own_pod_only(own: Shown) -> None:
    """The others are stopped, the one is named with its reason, and is stopped once mended."""
    record = own.plane.access.pod_paths("search").record
    whole = record.read_bytes()
    record.write_bytes(b"name = ")
    assert demo.stop_demo(own.root, own.said.append, own.system) == 1
    assert "planner stopped" in own.said
    (reason,) = [line for line in own.said if line.startswith("search was not stopped: ")]
    assert str(record) in reason
    record.write_bytes(whole)
    assert demo.stop_demo(own.root, own.said.append, own.system) == 0
    assert processes_of(own.root) == {}


def test_stopping_the_demo_leaves_other_pods_alone(own: Shown) -> None:
    """A pod that plays no part of the demo is named and goes on running."""
    own.plane.carry_out(Spawn(name="mine", argv=("sleep", "600"), cwd=str(own.root)), actor="test")
    assert demo.stop_demo(own.root, own.said.append, own.system) == 0
    assert "mine is no part of the demo and was left alone" in own.said
    mine = own.plane.snapshot().find("mine")
    assert mine is not None
    assert mine.verdict is Verdict.ALIVE


def test_without_a_screen_the_demo_prints_the_tree_and_the_way_back(yard: Yard) -> None:
    """Into a pipe the demo gives the tree, how to look again and how to end it, and goes on."""
    said: list[str] = []
    root = yard.plane.store_path
    system = this_machine(yard)
    code = demo.run_demo(root=root, open_screen=None, say=said.append, system=system, pace=PACE)
    assert code == 0
    assert sum("planner" in line for line in said) == 1
    assert tuple(said[-2:]) == demo.ways_back(root)
    plane = LocalPlane.open(system, root=root)
    assert plane.snapshot().counts.get(Status.LOST) == 1
    assert "planner" in processes_of(root).values()


def test_the_screen_is_opened_on_the_demo_and_its_exit_code_is_kept(yard: Yard) -> None:
    """The door passes in how to open a screen; when it is left, the pods go on running."""
    said: list[str] = []
    opened: list[tuple[Path, bool]] = []
    root = yard.plane.store_path

    def open_screen(plane: LocalPlane) -> int:
        scout = plane.snapshot().find("scout")
        opened.append((plane.store_path, scout is not None and scout.status is Status.LOST))
        return 7

    system = this_machine(yard)
    code = demo.run_demo(
        root=root, open_screen=open_screen, say=said.append, system=system, pace=PACE
    )
    assert (code, opened) == (7, [(root, True)])
    assert tuple(said[-2:]) == demo.ways_back(root)
    assert "planner" in processes_of(root).values()


def test_the_newest_demo_store_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path the demo that was started last is meant, and no other directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NotFound):
        demo.newest_demo_store()
    for name, age in (("podtui-demo-old", 100), ("podtui-demo-new", 200), ("other", 300)):
        store = tmp_path / name
        store.mkdir()
        (store / "store.toml").touch()
        os.utime(store, (age, age))
    (tmp_path / "podtui-demo-file").touch()
    (tmp_path / "podtui-demo-empty").mkdir()
    assert demo.newest_demo_store() == tmp_path / "podtui-demo-new"


def test_the_operator_is_told_the_podtui_that_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command shown is one that works where the operator stands, in a fresh checkout too."""
    script = tmp_path / ".venv" / "bin" / "podtui"
    script.parent.mkdir(parents=True)
    monkeypatch.setattr("sys.executable", str(script.with_name("python")))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert demo.program_words() == f"{script.with_name('python')} -m podtui"
    script.touch(mode=0o755)
    assert demo.program_words() == ".venv/bin/podtui"
    monkeypatch.setenv("PATH", str(script.parent))
    assert demo.program_words() == "podtui"
