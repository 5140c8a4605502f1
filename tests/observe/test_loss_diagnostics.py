"""A loss is told by one diagnostic, whoever sees it and whatever breaks meanwhile."""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.diagnostics.report import DiagnosticsPicture
from podtui.core.diagnostics.view import DiagnosticsView
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import END_KINDS, EventKind
from podtui.core.model.verdicts import Answer, Probe, Status
from podtui.core.observe.observer import Observer
from podtui.core.paths import StorePaths
from podtui.core.store.diagnostics import Diagnostics
from podtui.core.system.fs import Fs
from podtui.core.system.system import System
from tests.observe.conftest import Scene
from tests.support.at_once import at_once
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, everywhere, on
from tests.support.lose_pods import lose
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard

LONG_AGO_S = 3600.0


def told(plane: LocalPlane) -> tuple[Diagnostic, ...]:
    return plane.store.diagnostics.read().entries


def ends_written(plane: LocalPlane) -> list[EventKind]:
    kinds = (each.kind for each in plane.store.journal.read().entries)
    return [kind for kind in kinds if kind in END_KINDS]


def marker(plane: LocalPlane, name: str) -> Path:
    return plane.store.paths.pod(name).run(1).ended_marker


# what is told


def test_a_loss_is_told_with_its_evidence_and_the_way_back(scene: Scene) -> None:
    """What the verdict rested on stands in the diagnostic, as it was then."""
    pod = scene.lost("worker")
    scene.observer().look()
    [loss] = told(scene.yard.plane)

    assert loss.id == f"{pod.id}.1.ended"
    assert (loss.kind, loss.pod, loss.pod_id, loss.run) == (
        DiagnosticKind.LOST,
        "worker",
        pod.id,
        1,
    )
    assert loss.summary.startswith("worker: lost: its supervisor ended without writing")
    answers = {each.probe: each.answer for each in loss.evidence}
    assert answers[Probe.LOCK] is Answer.NO
    assert answers[Probe.SUPERVISOR] is Answer.NO
    assert loss.undo == Undo("restore", "worker")


def test_a_start_that_never_came_is_told(scene: Scene) -> None:
    """A number that was reserved and never used is not silently forgotten."""
    write_pod(scene.yard.plane, "late", waited_s=LONG_AGO_S)
    view = scene.view("late")

    assert view.status is Status.LOST
    [diagnostic] = told(scene.yard.plane)
    assert diagnostic.kind is DiagnosticKind.NEVER_STARTED
    assert diagnostic.undo == Undo("restore", "late")


def test_what_ended_by_itself_is_an_event_and_no_diagnostic(scene: Scene) -> None:
    """Exits and failures are told by their rows; the operator misses nothing."""
    for name, code in (("done", 0), ("failed", 3)):
        write_exit(scene.yard.plane, scene.lost(name), exit_code=code)
    scene.observer().look()

    assert sorted(ends_written(scene.yard.plane)) == [EventKind.EXITED, EventKind.FAILED]
    assert told(scene.yard.plane) == ()


def test_a_real_loss_is_told_once_for_each_run(tmp_path: Path) -> None:
    """A supervisor killed with its command: one diagnostic, however often anybody looks."""
    yard = Yard(tmp_path)
    try:
        yard.spawn("worker")
        lose(yard, "worker")
        for _ in range(3):
            yard.reopened().snapshot()
        assert [each.kind for each in told(yard.plane)] == [DiagnosticKind.LOST]
    finally:
        yard.end_everything()


# once

OBSERVER = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.system.system import System
from podtui.core.observe.observer import Observer
plane = LocalPlane.open(System(environment={}, machine_id="test-machine"), root=Path(sys.argv[2]))
# gate
Observer(plane.store).look()
"""


def test_three_observers_at_once_tell_each_loss_once(tmp_path: Path) -> None:
    """Three processes look at the same moment at forty pods that are gone."""
    yard = Yard(tmp_path)
    dead = a_dead_process()
    names = [f"pod-{number:02d}" for number in range(40)]
    for name in names:
        write_pod(yard.plane, name, supervisor=dead)
    at_once(OBSERVER, count=3, arguments=(str(yard.plane.store_path),))

    assert sorted(each.pod or "" for each in told(yard.plane)) == names
    assert ends_written(yard.plane) == [EventKind.LOST] * 40


def test_an_observer_killed_at_any_step_leaves_nothing_untold(tmp_path: Path) -> None:
    """Whatever of event, diagnostic and note is missing is written by the next; then nothing is."""
    dead = a_dead_process()
    died = 0
    for step in range(1, 100):
        steps, place = Steps(), tmp_path / str(step)
        place.mkdir(mode=0o700)
        yard = Yard(place, fs=MortalFs(steps))
        write_pod(yard.plane, "worker", supervisor=dead)
        steps.taken.clear()
        steps.die_at = step
        try:
            yard.plane.snapshot()
        except Killed:
            died += 1
        else:
            break
        plane = LocalPlane.open(_system(yard, Fs()))
        for _ in range(2):
            plane.snapshot()
            assert [each.kind for each in told(plane)] == [DiagnosticKind.LOST]
            assert ends_written(plane) == [EventKind.LOST]
            assert marker(plane, "worker").is_file()
    # Two logs, each with its lock and its line, and the note.
    assert died >= 5


def _system(yard: Yard, fs: Fs) -> System:
    return System(
        fs=fs,
        proc=yard.system.proc,
        clock=yard.system.clock,
        environment=yard.environment,
        machine_id=yard.system.machine_id,
    )


def test_who_finds_the_event_without_the_diagnostic_writes_it(scene: Scene) -> None:
    """Killed between the two lines: the note that both are there is missing."""
    scene.lost("worker")
    scene.observer().look()
    plane = scene.yard.plane
    for path in plane.store.paths.diagnostics.glob("*.jsonl"):
        path.unlink()
    marker(plane, "worker").unlink()
    scene.observer().look()

    assert len(told(plane)) == 1
    assert ends_written(plane) == [EventKind.LOST]


def _in_the_diagnostics(_call: str, path: Path) -> bool:
    return path.parent.name == "diagnostics"


@pytest.mark.parametrize(
    ("call", "where"),
    [("append_line", _in_the_diagnostics), ("append_line", everywhere), ("locked", on("lock"))],
    ids=["the diagnostics", "both logs", "no lock"],
)
def test_a_full_disk_delays_a_loss_and_does_not_lose_it(
    tmp_path: Path, call: str, where: Callable[[str, Path], bool]
) -> None:
    """The picture says that it is not written down; the same observer does it later."""
    fs = FaultyFs({})
    yard = Yard(tmp_path, fs=fs)
    write_pod(yard.plane, "worker", supervisor=a_dead_process())
    fs.faults[call] = (errno.ENOSPC, where)
    observer = Observer(yard.plane.store)
    picture = observer.look()

    assert any(
        "could not be written into journal and diagnostics" in notice for notice in picture.notices
    )
    assert told(yard.plane) == ()
    assert not marker(yard.plane, "worker").exists()
    fs.faults.clear()
    mended = observer.look()

    assert [each.kind for each in told(yard.plane)] == [DiagnosticKind.LOST]
    assert ends_written(yard.plane) == [EventKind.LOST]
    assert not any(
        "could not be written into journal and diagnostics" in notice for notice in mended.notices
    )


def test_a_store_that_is_only_shown_is_told_nothing(scene: Scene) -> None:
    """Looking at somebody's old store writes nothing into it."""
    scene.lost("worker")
    plane = scene.yard.plane
    plane.store.read_only = "it is of a newer podtui"
    plane.snapshot()

    assert told(plane) == ()


# the picture that stays true


class Taken:
    """Takes the pictures of a view, so that a test can wait for one."""

    def __init__(self) -> None:
        self._pictures: queue.Queue[DiagnosticsPicture] = queue.Queue()
        self.put = self._pictures.put

    def until(self, is_so: Callable[[DiagnosticsPicture], object]) -> DiagnosticsPicture:
        """Return the first picture of which this is so."""
        while True:
            picture = self._pictures.get(timeout=20)
            if is_so(picture):
                return picture


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def view(yard: Yard, taken: Taken) -> Iterator[DiagnosticsView]:
    made = yard.plane.watch_diagnostics(taken.put)
    yield made
    made.close()


def write_told(yard: Yard, *numbers: int) -> None:
    """Let another process have told these."""
    other = Diagnostics(StorePaths(yard.plane.store_path), System())
    for number in numbers:
        other.append(
            Diagnostic(
                id=f"{number}.x",
                at=yard.system.clock.now(),
                kind=DiagnosticKind.HANDOFF,
                summary=f"number {number}",
            )
        )


@pytest.mark.usefixtures("view")
def test_what_others_tell_comes_by_itself(yard: Yard, taken: Taken) -> None:
    """Written by anybody, shown without being asked for; the first picture comes at once."""
    assert taken.until(lambda _: True).entries == ()
    write_told(yard, 1, 2)
    picture = taken.until(lambda picture: len(picture.diagnostics) == 2)

    assert [entry.sentence for entry in picture.entries] == ["number 2", "number 1"]
    assert picture.unread == {"1.x", "2.x"}


@pytest.mark.usefixtures("view")
def test_what_is_seen_elsewhere_is_seen_here(yard: Yard, taken: Taken) -> None:
    """The count of one screen goes down when another one, or a command, marks them."""
    write_told(yard, 1, 2)
    taken.until(lambda picture: len(picture.unread) == 2)
    yard.reopened().mark_diagnostics_read(["1.x"])

    assert taken.until(lambda picture: len(picture.unread) == 1).unread == {"2.x"}


@pytest.mark.usefixtures("view")
def test_a_bad_line_is_told_and_costs_nothing_else(yard: Yard, taken: Taken) -> None:
    """It stays a problem of the picture; what comes after it is read."""
    write_told(yard, 1)
    segment = next(yard.plane.store.paths.diagnostics.glob("*.jsonl"))
    with segment.open("ab") as file:
        file.write(b"{]\n")
    write_told(yard, 2)
    picture = taken.until(lambda picture: len(picture.diagnostics) == 2)
    assert len(picture.problems) == 1
    assert "000001.jsonl" in picture.problems[0]

    write_told(yard, 3)
    later = taken.until(lambda picture: len(picture.diagnostics) == 3)
    assert later.problems == picture.problems


def test_who_fails_to_take_a_picture_is_given_it_again(yard: Yard) -> None:
    """A screen that stumbled once misses nothing, and is told that it did."""
    taken, stumbled = Taken(), threading.Event()

    def take(picture: DiagnosticsPicture) -> None:
        if not stumbled.is_set():
            stumbled.set()
            raise RuntimeError("once")
        taken.put(picture)

    write_told(yard, 1)
    view = yard.plane.watch_diagnostics(take)
    try:
        picture = taken.until(lambda _: True)
        assert len(picture.diagnostics) == 1
        assert "once" in picture.problems[0]
    finally:
        view.close()


def test_a_closed_view_tells_nothing_more(yard: Yard, taken: Taken) -> None:
    """After `close` returns no picture comes, and its thread is gone."""
    view = yard.plane.watch_diagnostics(taken.put)
    taken.until(lambda _: True)
    view.close()
    write_told(yard, 1)

    assert "podtui-diagnostics" not in {thread.name for thread in threading.enumerate()}


def test_following_gives_what_was_and_what_comes(yard: Yard) -> None:
    """Each once, also losses that nobody else would have noticed."""
    write_told(yard, 1)
    write_pod(yard.plane, "worker", supervisor=a_dead_process())
    stop = threading.Event()
    followed: list[str] = []
    for diagnostic in yard.plane.follow_diagnostics(stop):
        followed.append(diagnostic.id)
        if len(followed) == 2:
            write_told(yard, 3)
        if len(followed) == 3:
            stop.set()

    assert followed[0] == "1.x"
    assert followed[1].endswith(".1.ended")
    assert followed[2] == "3.x"
