"""A disk that is full or read-only: told as that, nothing lost, and all well when there is room."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.spawn import checks
from podtui.core.control.local import LocalPlane
from podtui.core.errors import DiskTrouble, PodtuiError
from podtui.core.model.events import EventKind
from podtui.core.model.requests import Send, Spawn, Stop
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.system.fs import Fs
from podtui.core.system.proc import Proc
from tests.support.faulty import FaultyFs, Where, everywhere, full_disk, on
from tests.support.record_builders import write_exit, write_pod
from tests.support.small_disk import Ballast, remounted, small_disk
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

REQUEST = Spawn(name="child", argv=("sleep", "600"), parent="parent")


def with_fs(yard: Yard, fs: Fs) -> LocalPlane:
    return LocalPlane.open(replace(yard.system, fs=fs))


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A store with an ended parent."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    yard.plane.snapshot()
    return yard


FAULTS: tuple[tuple[str, Where], ...] = (
    ("locked", on("lock")),
    ("append_line", on("000001.jsonl")),
    ("make_directory", everywhere),
    ("make_directory", on("runs")),
    ("make_directory", on("0001")),
    ("create", on("pod.toml")),
    ("create", on("run.json")),
    ("create", on("index")),
    ("append_line", on("children.jsonl")),
    ("open_append", on("supervisor.log")),
)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize(("call", "where"), FAULTS)
def test_a_spawn_that_the_disk_refuses_starts_nothing(
    family: Yard, call: str, where: Where, number: int
) -> None:
    """Whichever write fails: kind disk, the parent as it was, and no process."""
    parent = fingerprint(family.plane.store.paths.pod("parent").runs)
    faulty = FaultyFs({call: (number, where)})
    with pytest.raises(DiskTrouble) as told:
        with_fs(family, faulty).carry_out(REQUEST)
    assert "nothing was started" in told.value.sentence()
    assert told.value.next_step == "podtui doctor"
    plane = family.reopened()
    assert plane.store.journal.read().problems == ()
    assert fingerprint(family.plane.store.paths.pod("parent").runs) == parent
    child = plane.snapshot().find("child")
    if child is None:
        plane.carry_out(REQUEST)
        assert family.view("child").status is Status.WORKING
    else:
        assert (child.status, child.verdict) == (Status.FAILED, Verdict.DEAD)
        assert "its supervisor could not be started" in child.message


def test_a_refused_spawn_is_in_the_journal(family: Yard) -> None:
    """Intent is followed by its outcome, with the reason."""
    faulty = FaultyFs({"create": (errno.ENOSPC, on("run.json"))})
    with pytest.raises(DiskTrouble):
        with_fs(family, faulty).carry_out(REQUEST)
    told = [each for each in family.plane.events() if each.pod == "child"]
    assert [each.kind for each in told] == [EventKind.SPAWN_INTENDED, EventKind.SPAWN_FAILED]
    assert "No space left" in told[-1].summary


class NoMoreProcesses(Proc):
    """A host on which nothing can be started."""

    def start_detached(self, *_arguments: object, **_options: object) -> bytes:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def test_a_host_without_room_for_a_process_leaves_no_half_pod(family: Yard) -> None:
    """The pod is there, failed at once, and says why; nobody waits for a deadline."""
    plane = LocalPlane.open(replace(family.system, proc=NoMoreProcesses()))
    with pytest.raises(PodtuiError, match="Resource temporarily unavailable") as told:
        plane.carry_out(REQUEST)
    assert told.value.kind == "refused"
    view = family.view("child")
    assert view.status is Status.FAILED
    assert "Resource temporarily unavailable" in view.message


class Mute(Proc):
    """A host on which the supervisor dies before it says anything."""

    def start_detached(self, *_arguments: object, **_options: object) -> bytes:
        return b""


def test_a_start_nobody_confirmed_is_not_called_a_start(family: Yard) -> None:
    """A run nobody took up is fenced off, so that what is said of it stays true."""
    plane = LocalPlane.open(replace(family.system, proc=Mute()))
    with pytest.raises(PodtuiError, match="did not answer, and cannot begin any more") as told:
        plane.carry_out(REQUEST)
    assert told.value.kind == "refused"
    assert family.view("child").status is Status.FAILED


class FullAfterTheStart(FaultyFs):
    """A disk that becomes full when the command has begun."""

    def open_append(self, path: Path) -> int:
        self.faults["append_line"] = (errno.ENOSPC, everywhere)
        return super().open_append(path)


def test_a_pod_that_runs_is_not_reported_as_failed(family: Yard) -> None:
    """When only the last line of the journal is refused, the start is a start, with a remark."""
    report = with_fs(family, FullAfterTheStart({})).carry_out(REQUEST)
    assert report.view is not None
    assert report.view.status is Status.WORKING
    assert "No space left" in report.skipped[0]


def test_a_pod_can_be_stopped_on_a_full_disk(yard: Yard) -> None:
    """The pod that fills the disk must be the one an operator can end."""
    yard.spawn("hog")
    plane = with_fs(yard, FaultyFs({"append_line": (errno.ENOSPC, everywhere)}))
    report = plane.carry_out(Stop(("hog",), grace_s=0))
    assert report.view is not None
    assert report.view.verdict is Verdict.DEAD
    assert len(report.skipped) == 2
    assert "No space left" in report.skipped[0]


def test_a_text_that_was_typed_is_not_reported_as_refused(yard: Yard) -> None:
    """Told again, it would be typed again."""
    yard.spawn("cat", "cat")
    plane = with_fs(yard, FaultyFs({"append_line": (errno.ENOSPC, everywhere)}))
    assert "No space left" in plane.carry_out(Send("cat", "hello")).skipped[0]


def test_a_lock_that_cannot_be_made_is_the_disks_trouble(yard: Yard) -> None:
    """Read-only: no action lock, so no action, and it is said why."""
    yard.spawn("pod", "cat")
    plane = with_fs(yard, full_disk(on("action.lock"), errno.EROFS))
    acts: tuple[Callable[[], object], ...] = (
        lambda: plane.carry_out(Stop(("pod",), grace_s=0)),
        lambda: plane.carry_out(Send("pod", "x")),
    )
    for act in acts:
        with pytest.raises(DiskTrouble, match="Read-only"):
            act()
    assert yard.view("pod").status is Status.WORKING


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real small disk."""
    with small_disk(tmp_path / "disk", "size=3m,nr_inodes=1500") as place:
        yield place


@pytest.fixture
def small(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """A store on the small disk, where spawns are tried until the disk itself refuses."""
    monkeypatch.setattr(checks, "FREE_FLOOR_BYTES", 0)
    made = Yard(disk)
    write_exit(made.plane, write_pod(made.plane, "parent"))
    made.plane.snapshot()
    yield made
    made.end_everything()


def test_a_really_full_disk_refuses_a_spawn_at_any_page(small: Yard, disk: Path) -> None:
    """With 0, 1, 2 … pages free a spawn is whole or refused, and all is well with room again."""
    ballast = Ballast(disk)
    outcomes = []
    for pages in range(30):
        ballast.fill(but_pages=pages)
        name = f"child-{pages}"
        request = Spawn(name=name, argv=("sleep", "600"), parent="parent")
        try:
            small.plane.carry_out(request)
            outcomes.append("spawned")
        except DiskTrouble as error:
            outcomes.append(error.kind)
        ballast.let_go()
        assert small.plane.store.journal.read().problems == ()
        picture = small.reopened().snapshot()
        assert picture.health.ok
        assert all(view.record_error is None for view in picture.pods)
        child = picture.find(name)
        if outcomes[-1] == "spawned":
            assert child is not None
            assert child.verdict is Verdict.ALIVE
            small.plane.carry_out(Stop((name,), grace_s=0))
    assert outcomes[0] == "disk"
    assert outcomes[-1] == "spawned"


def touch_all(paths: Iterable[Path]) -> None:
    for path in paths:
        path.touch()


def test_a_real_disk_without_inodes_refuses_a_spawn(small: Yard, disk: Path) -> None:
    """No room for another name is a full disk, too."""
    names = disk / "names"
    names.mkdir()
    with pytest.raises(OSError, match="No space left"):
        touch_all(names / str(number) for number in range(10_000))
    with pytest.raises(DiskTrouble, match="No space left"):
        small.plane.carry_out(REQUEST)
    for each in names.iterdir():
        each.unlink()
    small.plane.carry_out(REQUEST)
    assert small.view("child").status is Status.WORKING


def test_a_really_read_only_disk_is_shown_and_refuses(small: Yard, disk: Path) -> None:
    """Looking works; every write says "read-only"; running pods are as they were."""
    remounted(disk, "ro")
    try:
        plane = small.reopened()
        assert plane.snapshot().health.ok
        with pytest.raises(DiskTrouble, match="Read-only"):
            plane.carry_out(REQUEST)
        plane.doctor()
    finally:
        remounted(disk, "rw")
    small.plane.carry_out(REQUEST)
