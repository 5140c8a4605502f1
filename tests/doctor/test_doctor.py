"""The doctor: each thing that can be wrong, with its place and the next step; changes nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.spawn.finish import repair_child_links
from podtui.core.control.local import LocalPlane
from podtui.core.doctor import doctor as doctor_module
from podtui.core.model.requests import Send, Spawn, Stop
from podtui.core.model.snapshot import Problem
from podtui.core.model.verdicts import Status
from podtui.core.paths import log_segment
from podtui.core.system.figures import Figures
from podtui.core.system.fs import Fs
from tests.support.faulty import FaultyFs, NoFigures, on
from tests.support.record_builders import a_dead_process, this_process, write_exit, write_pod
from tests.support.store_fixture import Yard, until
from tests.support.trees import fingerprint, too_open


@pytest.fixture
def healthy(yard: Yard) -> Yard:
    """A store with an ended parent and child."""
    parent = write_pod(yard.plane, "parent")
    write_exit(yard.plane, parent)
    write_exit(yard.plane, write_pod(yard.plane, "child", parent=parent))
    repair_child_links(yard.plane.store)
    yard.plane.snapshot()
    for path in yard.plane.store_path.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return yard


def problems_of(
    yard: Yard, fs: Fs | None = None, figures: Figures | None = None
) -> tuple[Problem, ...]:
    """Ask a new doctor, who must change nothing and give each problem a next step."""
    plane = LocalPlane.open(replace(yard.system, fs=fs or Fs(), figures=figures or Figures()))
    plane.snapshot()
    before = fingerprint(plane.store_path)
    found = plane.doctor()
    assert fingerprint(plane.store_path) == before
    for problem in found:
        assert problem.message
        assert problem.next
        assert problem.path
    return found


def test_a_healthy_store_has_no_problem(healthy: Yard) -> None:
    """Nothing is made up, in a store written by hand."""
    assert problems_of(healthy) == ()


def test_a_used_store_has_no_problem(yard: Yard) -> None:
    """Nothing is wrong after a whole life: spawn, child, text, read, stop, exit."""
    yard.spawn("a", "cat")
    yard.plane.carry_out(Spawn(name="b", argv=("true",), parent="a"))
    yard.wait_ended("b")
    yard.plane.carry_out(Send("a", "hello"))
    reading = yard.plane.reading("a", reader="me")
    for piece in reading.pieces():
        reading.commit(piece)
    assert problems_of(yard) == ()
    yard.plane.carry_out(Stop(("a",), grace_s=0))
    assert problems_of(yard) == ()


@pytest.fixture
def loose_umask(yard: Yard) -> Iterator[None]:
    """A process whose umask closes nothing, once the store is open."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose_umask")
def test_a_store_is_private_after_a_whole_life(yard: Yard) -> None:
    """Every file is 0600 and every directory 0700, the sockets too, at any time of it."""
    yard.spawn("a", "cat")
    until(yard.plane.access.pod_paths("a").run(1).status.exists)
    yard.spawn("b", parent="a")
    yard.plane.carry_out(Send("a", "hello"))
    reading = yard.plane.reading("a", reader="me")
    for piece in reading.pieces():
        reading.commit(piece)
    runtime = Path(yard.environment["PODTUI_RUNTIME_DIR"])
    assert len([path for path in runtime.rglob("*") if path.is_socket()]) == 2
    assert too_open(yard.plane.store_path) == []
    assert too_open(runtime) == []
    yard.plane.carry_out(Stop(("a",), grace_s=0))
    yard.kill(yard.supervisor_of("b"))
    yard.plane.snapshot()
    assert too_open(yard.plane.store_path) == []


def a_broken_off_spawn(yard: Yard) -> Path:
    left = yard.plane.store.paths.staging / "01ABC"
    left.mkdir(mode=0o700)
    return left


def a_file_in_staging(yard: Yard) -> Path:
    left = yard.plane.store.paths.staging / "stray"
    left.touch(mode=0o600)
    return left


def something_in_quarantine(yard: Yard) -> Path:
    kept = yard.plane.store.paths.quarantine / "old"
    kept.touch(mode=0o600)
    return kept


def a_torn_journal(yard: Yard) -> Path:
    segment = log_segment(yard.plane.store.paths.journal, 1)
    segment.write_bytes(segment.read_bytes()[:-3])
    return segment


def a_bad_journal_line(yard: Yard) -> Path:
    segment = log_segment(yard.plane.store.paths.journal, 1)
    segment.write_bytes(b"nonsense\n" + segment.read_bytes())
    return segment


def a_torn_ledger(yard: Yard) -> Path:
    ledger = yard.plane.store.paths.pod("parent").children
    ledger.write_bytes(ledger.read_bytes() + b"{")
    return ledger


def a_child_that_is_gone(yard: Yard) -> Path:
    (yard.plane.store.paths.pods / "child").rename(yard.root / "child")
    return yard.plane.store.paths.pod("parent").children


def a_child_nobody_entered(yard: Yard) -> Path:
    ledger = yard.plane.store.paths.pod("parent").children
    ledger.write_bytes(b"")
    return ledger


def a_parent_that_is_gone(yard: Yard) -> Path:
    (yard.plane.store.paths.pods / "parent").rename(yard.root / "parent")
    return yard.plane.store.paths.pod("child").record


def a_torn_pod(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("child").record
    record.write_bytes(record.read_bytes()[:40])
    return record


def a_torn_parent(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("parent").record
    record.write_bytes(record.read_bytes()[:40])
    return record


def a_missing_pod_record(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("child").record
    record.unlink()
    return record


def a_torn_run(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("child").run(1).record
    record.write_bytes(b"{")
    return record


def a_torn_exit(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("child").run(1).exit
    record.write_bytes(b"{")
    return record


def a_torn_cursor(yard: Yard) -> Path:
    cursor = yard.plane.store.paths.pod("child").cursor("me")
    cursor.write_bytes(b"{")
    cursor.chmod(0o600)
    return cursor


def a_copied_pod(yard: Yard) -> Path:
    pods = yard.plane.store.paths.pods
    shutil.copytree(pods / "child", pods / "copy")
    record = pods / "copy" / "pod.toml"
    record.write_text(record.read_text().replace('name = "child"', 'name = "copy"'))
    return pods


def no_runs(yard: Yard) -> Path:
    runs = yard.plane.store.paths.pod("child").runs
    shutil.rmtree(runs)
    return runs


def an_open_record(yard: Yard) -> Path:
    record = yard.plane.store.paths.pod("child").record
    record.chmod(0o644)
    return record


def an_open_directory(yard: Yard) -> Path:
    runs = yard.plane.store.paths.pod("child").runs
    runs.chmod(0o755)
    return runs


def a_broken_off_write(yard: Yard) -> Path:
    ended = a_dead_process().pid
    left = yard.plane.store.paths.pod("child").run(1).root / f"exit.json.{ended}.tmp"
    left.touch(mode=0o600)
    return left


def a_run_whose_supervisor_disagrees(yard: Yard) -> Path:
    write_pod(yard.plane, "odd", supervisor=this_process())
    for path in (yard.plane.store.paths.pods / "odd").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return yard.plane.store.paths.pod("odd").run(1).root


CASES: tuple[tuple[str, str | None, Callable[[Yard], Path]], ...] = (
    ("staging_leftover", None, a_broken_off_spawn),
    ("staging_leftover", None, a_file_in_staging),
    ("quarantined", None, something_in_quarantine),
    ("torn_line", None, a_torn_journal),
    ("line_skipped", None, a_bad_journal_line),
    ("torn_line", "parent", a_torn_ledger),
    ("child_missing", "parent", a_child_that_is_gone),
    ("ledger_incomplete", "child", a_child_nobody_entered),
    ("parent_missing", "child", a_parent_that_is_gone),
    ("record_unreadable", "child", a_torn_pod),
    ("record_unreadable", "parent", a_torn_parent),
    ("record_missing", "child", a_missing_pod_record),
    ("record_unreadable", "child", a_torn_run),
    ("record_unreadable", "child", a_torn_exit),
    ("record_unreadable", "child", a_torn_cursor),
    ("record_unreadable", "child", no_runs),
    ("open_to_others", "child", an_open_record),
    ("open_to_others", "child", an_open_directory),
    ("temporary_leftover", "child", a_broken_off_write),
    ("duplicate_id", "child", a_copied_pod),
    ("unknown_state", "odd", a_run_whose_supervisor_disagrees),
)


@pytest.mark.parametrize(
    ("kind", "pod", "damage"), CASES, ids=lambda each: getattr(each, "__name__", each)
)
def test_each_damage_is_named(
    healthy: Yard, kind: str, pod: str | None, damage: Callable[[Yard], Path]
) -> None:
    """Its kind, the pod, the path and what to do; and nothing is called wrong that is not."""
    place = damage(healthy)
    found = problems_of(healthy)
    assert (kind, pod, str(place)) in {(each.kind, each.pod, each.path) for each in found}
    assert {each.kind for each in found} - {kind} <= {"unknown_state"}


def test_the_write_of_a_living_process_is_no_leftover(healthy: Yard) -> None:
    """What may still be written is not called broken off."""
    (healthy.plane.store_path / f"store.toml.{os.getpid()}.tmp").touch(mode=0o600)
    assert problems_of(healthy) == ()


def test_a_supervisor_that_does_not_answer_is_named(yard: Yard) -> None:
    """Alive and silent: what may be done about it."""
    yard.spawn("held")
    yard.stop_process(yard.supervisor_of("held"))
    (problem,) = problems_of(yard)
    assert (problem.kind, problem.pod) == ("unresponsive", "held")
    assert "SIGCONT" in problem.next


def test_a_command_left_without_its_supervisor_is_named(yard: Yard) -> None:
    """It runs on, and nobody watches it."""
    yard.shell("left", "trap '' HUP; exec sleep 600")
    child = yard.child_of("left")
    until(lambda: yard.system.proc.stat(child.pid).name == "sleep")
    yard.kill(yard.supervisor_of("left"))
    assert yard.view("left").status is Status.LOST
    (problem,) = problems_of(yard)
    assert (problem.kind, problem.pod) == ("left_running", "left")
    assert str(child.pid) in problem.message


def test_a_disk_that_cannot_be_asked_is_named(healthy: Yard) -> None:
    """How much room is left could not be determined: that is said, and the rest is examined."""
    assert [each.kind for each in problems_of(healthy, figures=NoFigures())] == ["disk"]


def test_little_room_is_named(healthy: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor tells what will refuse the next spawn."""
    monkeypatch.setattr(doctor_module, "FREE_FLOOR_BYTES", 1 << 60)
    assert [each.kind for each in problems_of(healthy)] == ["disk"]


@pytest.mark.parametrize(
    ("call", "where", "kind"),
    [
        ("names_in", on("staging"), "directory_unreadable"),
        ("names_in", on("trash"), "directory_unreadable"),
        ("names_in", on("pods"), "observer"),
        ("names_in", on("journal"), "line_skipped"),
        ("is_directory", on("child"), "record_unreadable"),
    ],
)
def test_what_the_disk_does_not_show_is_named(
    healthy: Yard, call: str, where: Callable[[str, Path], bool], kind: str
) -> None:
    """A doctor who cannot look says so, and goes on."""
    found = problems_of(healthy, FaultyFs({call: (errno.EIO, where)}))
    assert kind in {each.kind for each in found}
