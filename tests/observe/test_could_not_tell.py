"""Every way of not being told: never dead, the row stays, the reason is there, nothing is done."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from podtui.core.errors import UnknownState
from podtui.core.model.requests import Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.observe.observer import Observer
from podtui.core.paths import PodPaths
from podtui.core.store.store import Store
from tests.observe.conftest import Scene, row
from tests.support.faults import HARD_ERRNOS, refusal
from tests.support.record_builders import this_process

NAMES = [errno.errorcode[number] for number in HARD_ERRNOS]


def assert_untold(scene: Scene, name: str, *words: str) -> PodView:
    """Check that a pod is UNKNOWN with a reason, and that no plan to stop it is let through."""
    view = scene.view(name)
    assert view.verdict is Verdict.UNKNOWN, view.message
    assert view.status is Status.UNKNOWN
    told = f"{view.message} {[each.detail for each in view.evidence]}"
    for word in words:
        assert word in told
    with pytest.raises(UnknownState):
        scene.yard.plane.plan(Stop((name,))).raise_if_refused()
    assert scene.yard.reopened().store.journal.read().entries == ()
    return view


def test_without_faults_the_pods_are_what_the_table_says(scene: Scene) -> None:
    """The hand-made pods of this file are lost and alive, so that each fault is what matters."""
    scene.lost("gone")
    scene.alive("here")

    assert scene.view("gone").status is Status.LOST
    assert scene.view("here").verdict is Verdict.ALIVE


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
@pytest.mark.parametrize("record", ["run.json", "exit.json", "pod.toml"])
def test_a_record_that_cannot_be_read_is_never_a_death(
    scene: Scene, record: str, number: int
) -> None:
    """Whatever the disk says instead of a record, it does not say that the run is over."""
    scene.lost("gone")
    scene.fs.fail(number, f"gone/{record}" if record == "pod.toml" else f"0001/{record}")

    assert_untold(scene, "gone", record, errno.errorcode[number])


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_a_lock_that_cannot_be_asked_is_not_a_free_lock(scene: Scene, number: int) -> None:
    """A pod whose supervisor is gone stays unknown as long as its lock says nothing."""
    scene.lost("gone")
    scene.fs.fail(number, "0001/lock", "lock")

    assert_untold(scene, "gone", "0001/lock", errno.errorcode[number])


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_a_process_that_cannot_be_asked_is_not_a_process_that_is_gone(
    scene: Scene, number: int
) -> None:
    """EPERM and all its kind leave open whether there is a process; only ESRCH does not."""
    scene.lost("gone")
    scene.proc.pidfd_fault = lambda _: refusal(number)

    assert_untold(scene, "gone", "process", errno.errorcode[number])


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_a_boot_that_cannot_be_told_makes_nothing_dead(scene: Scene, number: int) -> None:
    """Without the boot id no pid means anything, and the observer says that it cannot see."""
    scene.lost("gone")
    scene.alive("here")
    scene.proc.boot_fault = refusal(number)

    assert_untold(scene, "gone", "/proc", errno.errorcode[number])
    assert_untold(scene, "here", "/proc", errno.errorcode[number])


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_runs_that_cannot_be_listed_cost_their_own_row_only(scene: Scene, number: int) -> None:
    """A directory of runs that cannot be listed is unknown, and its neighbour is what it is."""
    scene.lost("gone")
    scene.alive("here")
    scene.fs.fail(number, "gone/runs", "list")

    assert_untold(scene, "gone", "gone/runs", errno.errorcode[number])
    assert scene.view("here").verdict is Verdict.ALIVE


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_a_pod_directory_that_cannot_be_looked_into_keeps_its_row(
    scene: Scene, number: int
) -> None:
    """Not even being told what is in a pod's place takes its row away, or anybody else's."""
    scene.lost("gone")
    scene.alive("here")
    scene.fs.fail(number, "pods/gone", "kind", "stamp")

    assert_untold(scene, "gone", "pods/gone", errno.errorcode[number])
    assert scene.view("here").verdict is Verdict.ALIVE


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
@pytest.mark.parametrize("file", ["output", "index"])
def test_an_output_that_cannot_be_read_says_nothing_about_life(
    scene: Scene, file: str, number: int
) -> None:
    """Life rests on the lock: the row stays alive, is never called stalled, and names the file."""
    scene.alive("here", waited_s=10_000)
    scene.fs.fail(number, f"0001/{file}")

    view = scene.view("here")

    assert (view.verdict, view.status) == (Verdict.ALIVE, Status.WORKING)
    told = next(each for each in view.evidence if each.probe is Probe.OUTPUT)
    assert told.answer is Answer.UNKNOWN
    assert f"0001/{file}" in told.detail
    assert errno.errorcode[number] in told.detail


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
@pytest.mark.parametrize("record", ["run.json", "exit.json", "lock", "runs", "pod.toml"])
def test_no_single_fault_makes_a_living_pod_dead(scene: Scene, record: str, number: int) -> None:
    """A pod that lives is alive or unknown under every fault, and its row is always there."""
    scene.alive("here")
    scene.fs.fail(number, f"/{record}", "stamp", "open", "lock", "list")

    view = scene.view("here")

    assert view.verdict in {Verdict.ALIVE, Verdict.UNKNOWN}
    assert record in f"{view.message} {[each.detail for each in view.evidence]}"


def test_pods_that_cannot_be_listed_are_all_unknown_and_all_still_there(scene: Scene) -> None:
    """An observer that knew pods and can no longer list them shows each of them as unknown."""
    scene.lost("gone")
    scene.alive("here")
    observer = scene.observer()
    observer.look()
    scene.fs.fail(errno.EIO, "store/pods", "list")

    picture = observer.look()

    assert not picture.health.ok
    assert {view.verdict for view in picture.pods} == {Verdict.UNKNOWN}
    assert {view.name for view in picture.pods} == {"gone", "here"}
    assert "EIO" in picture.notices[0]
    scene.fs.mend()
    assert row(observer.look(), "here").verdict is Verdict.ALIVE


def as_file(directory: Path, *, link_to: str | None = None) -> None:
    """Put a file, or a link, in the place of a directory."""
    shutil.rmtree(directory)
    if link_to is None:
        directory.touch()
    else:
        directory.symlink_to(link_to)


def as_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def as_link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")


def as_directory(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def patch(path: Path, field: str, value: object) -> None:
    record = msgspec.json.decode(path.read_bytes())
    if isinstance(value, dict):
        record[field].update(value)
    else:
        record[field] = value
    path.write_bytes(msgspec.json.encode(record))


def write_foreign_exit(pod: PodPaths) -> None:
    record = {"pod_id": "another", "run": 1, "ended_at": "2026-05-04T12:00:00Z", "exit_code": 0}
    pod.run(1).exit.write_bytes(msgspec.json.encode(record))


DAMAGES: dict[str, Callable[[PodPaths], object]] = {
    "lock file missing": lambda pod: pod.run(1).lock.unlink(),
    "lock is a FIFO": lambda pod: as_fifo(pod.run(1).lock),
    "lock is a link": lambda pod: as_link(pod.run(1).lock),
    "run record empty": lambda pod: pod.run(1).record.write_bytes(b""),
    "run record zeros": lambda pod: pod.run(1).record.write_bytes(bytes(300)),
    "run record garbage": lambda pod: pod.run(1).record.write_bytes(b"\xff\xfe{"),
    "run record torn": lambda pod: pod.run(1).record.write_bytes(
        pod.run(1).record.read_bytes()[:99]
    ),
    "run record deep": lambda pod: pod.run(1).record.write_bytes(b"[" * 60_000),
    "run record oversized": lambda pod: pod.run(1).record.write_bytes(b" " * 65_537),
    "run record missing": lambda pod: pod.run(1).record.unlink(),
    "run record is a FIFO": lambda pod: as_fifo(pod.run(1).record),
    "run record is a directory": lambda pod: as_directory(pod.run(1).record),
    "run record is a link": lambda pod: as_link(pod.run(1).record),
    "run record with pid -1": lambda pod: patch(pod.run(1).record, "supervisor", {"pid": -1}),
    "run record with pid 1": lambda pod: patch(pod.run(1).record, "supervisor", {"pid": 1}),
    "run record with pid true": lambda pod: patch(pod.run(1).record, "supervisor", {"pid": True}),
    "run record of another run": lambda pod: patch(pod.run(1).record, "run", 7),
    "run record of another pod": lambda pod: patch(pod.run(1).record, "pod_id", "another"),
    "run record of a newer format": lambda pod: patch(pod.run(1).record, "format", 99),
    "exit record empty": lambda pod: pod.run(1).exit.write_bytes(b""),
    "exit record garbage": lambda pod: pod.run(1).exit.write_bytes(b"exited 0"),
    "exit record oversized": lambda pod: pod.run(1).exit.write_bytes(b" " * 65_537),
    "exit record is a FIFO": lambda pod: as_fifo(pod.run(1).exit),
    "exit record is a link": lambda pod: as_link(pod.run(1).exit),
    "exit record of another pod": write_foreign_exit,
    "pod record missing": lambda pod: pod.record.unlink(),
    "pod record garbage": lambda pod: pod.record.write_bytes(b"name = "),
    "pod record is a FIFO": lambda pod: as_fifo(pod.record),
    "pod record is a directory": lambda pod: as_directory(pod.record),
    "no runs directory": lambda pod: shutil.rmtree(pod.runs),
    "no run": lambda pod: shutil.rmtree(pod.run(1).root),
    "runs is a file": lambda pod: as_file(pod.runs),
    "a file in the pod's place": lambda pod: as_file(pod.root),
    "a link in the pod's place": lambda pod: as_file(pod.root, link_to="/etc"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_record_costs_its_own_row_only(scene: Scene, name: str) -> None:
    """Of a pod that would be lost, whatever is damaged makes it unknown, and the file stays."""
    scene.lost("gone")
    scene.alive("here")
    paths = scene.yard.plane.store.paths.pod("gone")
    DAMAGES[name](paths)

    assert_untold(scene, "gone", str(paths.root))
    assert scene.view("here").verdict is Verdict.ALIVE


def test_a_run_of_another_machine_is_told_by_its_host_and_not_looked_at(scene: Scene) -> None:
    """A copied store shows its runs as another host's; their pids here are other processes."""
    scene.lost("copied", machine_id="other-host")
    asked: list[int] = []

    def note(pid: int) -> None:
        asked.append(pid)

    scene.proc.pidfd_fault = note

    view = assert_untold(scene, "copied", "belongs to host other-host")

    assert view.message == "belongs to host other-host"
    assert asked == []


def test_a_machine_without_an_id_claims_no_run_that_has_one(scene: Scene) -> None:
    """Not knowing who we are is not being somebody else: it is said as it is."""
    scene.lost("gone", machine_id="some-host")
    system = replace(scene.yard.system, machine_id="")
    nameless = Observer(Store.open(system, scene.yard.plane.store_path))

    view = row(nameless.look(), "gone")

    assert view.verdict is Verdict.UNKNOWN
    assert "this machine has no id" in view.message


def test_an_end_on_record_is_true_on_every_machine(scene: Scene) -> None:
    """What a supervisor wrote down of its run's end stands, wherever it is read."""
    pod = scene.lost("copied", machine_id="other-host")
    record = {"pod_id": pod.id, "run": 1, "ended_at": "2026-05-04T12:00:00Z", "exit_code": 0}
    scene.yard.plane.store.paths.pod("copied").run(1).exit.write_bytes(msgspec.json.encode(record))

    assert scene.view("copied").status is Status.EXITED


def test_a_stat_that_fails_leaves_a_proven_identity_alone(scene: Scene) -> None:
    """A pidfd with the recorded inode that has not ended is proof, whatever /proc refuses."""
    scene.alive("here")
    own = os.getpid()
    scene.proc.own_pid = os.getppid  # type: ignore[method-assign]
    scene.proc.stat_fault = lambda pid: refusal(errno.EIO) if pid == own else None

    view = scene.view("here")

    assert view.verdict is Verdict.ALIVE
    seen = next(each for each in view.evidence if each.probe is Probe.SUPERVISOR)
    assert seen.answer is Answer.YES
    assert "EIO" in seen.detail


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_without_inodes_a_stat_that_fails_leaves_open_who_it_is(scene: Scene, number: int) -> None:
    """On a kernel without pidfd inodes a process that cannot be read may be anybody."""
    scene.proc.without_inodes = True
    scene.lost("odd", supervisor=this_process())
    own = os.getpid()
    scene.proc.own_pid = os.getppid  # type: ignore[method-assign]
    scene.proc.stat_fault = lambda pid: refusal(number) if pid == own else None

    assert_untold(scene, "odd", errno.errorcode[number])
