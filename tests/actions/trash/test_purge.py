"""Purge: old pods are deleted from the trash for good, and nothing else ever is."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import DiskTrouble, NotVisible, PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.requests import Prune, Purge
from podtui.core.system.fs import Fs
from podtui.core.system.remove_tree import TreeRemover
from tests.support.clocks import MovableClock
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, everywhere
from tests.support.record_builders import write_exit, write_pod
from tests.support.small_disk import small_disk
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

DAY_S = 86400.0
DEPTH = 3000


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def trashed(tmp_path: Path, clock: MovableClock) -> Yard:
    """A trash with a pod of three days ago, one of yesterday, and one of now."""
    (tmp_path / "yard").mkdir()
    yard = Yard(tmp_path / "yard", clock=clock)
    for name, then_s in (("old", 2 * DAY_S), ("middle", DAY_S), ("new", 0.0)):
        write_exit(yard.plane, write_pod(yard.plane, name))
        yard.plane.carry_out(Prune((name,)))
        clock.pass_time(then_s)
    return yard


def names_of(yard: Yard) -> list[str]:
    return [each.name for each in yard.reopened().trash()]


def place_in(yard: Yard, name: str) -> Path:
    (entry,) = yard.plane.store.trash.named(name)
    return entry.paths.root


def test_only_what_is_old_enough_is_deleted(trashed: Yard) -> None:
    """The plan names each with its age; what is deleted is told, and nothing undoes it."""
    plan = trashed.plane.plan(Purge(older_than_s=2 * DAY_S))
    assert len(plan.texts) == 1
    assert "delete old" in plan.texts[0]
    assert "3d" in plan.texts[0]
    assert plan.undo is None
    assert names_of(trashed) == ["new", "middle", "old"]
    report = trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S), actor="ann")
    assert len(report.done) == 1
    assert names_of(trashed) == ["new", "middle"]
    told = [each for each in trashed.plane.diagnostics() if each.kind is DiagnosticKind.PURGED]
    assert [(each.pod, each.actor, each.undo) for each in told] == [("old", "ann", None)]
    assert len(list(trashed.plane.store.paths.trash.iterdir())) == 2


def test_nothing_old_enough_is_said_and_is_no_error(yard: Yard) -> None:
    """An empty plan, and a report that says why nothing was done."""
    assert yard.plane.plan(Purge(older_than_s=DAY_S)).texts == ()
    report = yard.plane.carry_out(Purge(older_than_s=DAY_S))
    assert report.done == ()
    assert report.skipped


def test_what_was_pruned_in_the_future_is_left_with_the_reason(
    trashed: Yard, clock: MovableClock
) -> None:
    """The clock went backwards: no age of it can be told, so it is not deleted."""
    clock.jump_wall(-2.5 * DAY_S)
    plan = trashed.plane.plan(Purge(older_than_s=0.0))
    assert ["delete old" in step for step in plan.texts] == [True]
    assert sum("clock" in warning for warning in plan.warnings) == 2
    report = trashed.plane.carry_out(Purge(older_than_s=0.0))
    assert len(report.skipped) == 2
    assert names_of(trashed) == ["new", "middle"]


def test_an_entry_without_its_record_is_as_old_as_its_id(trashed: Yard) -> None:
    """The id was made with the prune, and tells its time."""
    (place_in(trashed, "old") / "trashed.json").unlink()
    trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert names_of(trashed) == ["new", "middle"]


def test_what_tells_no_time_is_left_with_the_reason(trashed: Yard) -> None:
    """What somebody put into the trash is not podtui's to delete."""
    stray = trashed.plane.store.paths.trash / "stray"
    stray.mkdir(mode=0o700)
    report = trashed.plane.carry_out(Purge(older_than_s=0.0))
    assert len(report.done) == 3
    assert any("stray" in line and "cannot be told" in line for line in report.skipped)
    assert stray.exists()


def test_a_pod_that_asks_may_not_purge(trashed: Yard) -> None:
    """What is deleted for good is the operator's affair."""
    caller = write_pod(trashed.plane, "caller")
    environment = {**trashed.environment, "PODTUI_POD_ID": caller.id, "PODTUI_POD": "caller"}
    plane = LocalPlane.open(replace(trashed.system, environment=environment))
    with pytest.raises(NotVisible, match="only who sees all"):
        plane.carry_out(Purge(older_than_s=0.0))
    assert len(names_of(trashed)) == 3


# what may lie in a pod's directory


def deep(root: Path) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def wide(root: Path) -> None:
    for number in range(300):
        (root / f"d{number}" / "1").mkdir(parents=True)
        (root / f"d{number}" / "f").touch()


def links(root: Path) -> None:
    (root / "up").symlink_to("..")
    (root / "to-outside").symlink_to(root.parents[3] / "outside")
    (root / "to-nowhere").symlink_to("/nowhere/at/all")
    os.link(root.parents[3] / "outside" / "file", root / "hard")


def odd_files(root: Path) -> None:
    os.mkfifo(root / "fifo")
    (root / "bad\udcff-name").touch()
    (root / "new\nline").touch()
    (root / ("n" * 255)).touch()
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import socket,sys;socket.socket(socket.AF_UNIX).bind('s')",
        ],
        cwd=root,
        check=True,
    )


def closed_directories(root: Path) -> None:
    (root / "closed" / "below").mkdir(parents=True)
    (root / "closed" / "below" / "file").touch()
    (root / "closed" / "below").chmod(0)
    (root / "closed").chmod(0)


def names_of_its_own(root: Path) -> None:
    """Directories called as those that are moved up while a tree is deleted."""
    for number in range(1, 5):
        (root / str(number) / "1" / "2" / "x").mkdir(parents=True)
        (root / str(number) / "file").touch()


@pytest.mark.parametrize(
    "make", [deep, wide, links, odd_files, closed_directories, names_of_its_own]
)
def test_whatever_an_agent_left_in_it_is_deleted_and_nothing_else(trashed: Yard, make) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Links are not followed, depth has no limit, and what is outside stays as it was."""
    outside = trashed.root / "outside"
    (outside / "below").mkdir(parents=True)
    (outside / "file").write_text("kept")
    (outside / "below" / "file").write_text("kept")
    make(place_in(trashed, "old") / "pod")
    report = trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert report.failed == ()
    assert names_of(trashed) == ["new", "middle"]
    assert trashed.plane.store.trash.purging() == []
    assert (outside / "file").read_text() == "kept"
    assert (outside / "below" / "file").read_text() == "kept"
    assert (outside / "file").stat().st_nlink == 1


def test_an_entry_that_is_a_link_is_unlinked_only(trashed: Yard) -> None:
    """Somebody put a link in the place of an entry: what it leads to is not touched."""
    outside = trashed.root / "outside"
    place = place_in(trashed, "old")
    place.rename(outside)
    place.symlink_to(outside)
    before = fingerprint(outside)
    trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert fingerprint(outside) == before
    assert not place.exists()


def test_a_pod_that_is_a_link_is_unlinked_only(trashed: Yard) -> None:
    """The same inside of an entry."""
    outside = trashed.root / "outside"
    pod = place_in(trashed, "old") / "pod"
    pod.rename(outside)
    pod.symlink_to(outside)
    before = fingerprint(outside)
    trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert fingerprint(outside) == before


@pytest.mark.parametrize("where", ["mounted", "pod/mounted"])
def test_what_is_mounted_into_an_entry_is_not_entered(trashed: Yard, where: str) -> None:
    """Another disk inside of the pod: its files stay, and the purge says why it stopped."""
    entry = place_in(trashed, "old")
    inside = entry / where
    with small_disk(inside, "size=64k"):
        (inside / "file").write_text("kept")
        try:
            with pytest.raises(PodtuiError, match=r"mounted|busy"):
                trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
        finally:
            # Back to where it was, to be unmounted there.
            for left in trashed.plane.store.trash.purging():
                trashed.plane.store.trash.purging_place(left).rename(entry)
        assert (inside / "file").read_text() == "kept"
    trashed.reopened()
    trashed.plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert not entry.exists()
    assert trashed.plane.store.trash.purging() == []


def test_a_directory_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    """An agent who exchanges a directory in the very moment it is entered gains nothing."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "file").write_text("kept")
    (root / "a" / "b").mkdir(parents=True)

    def swap(what: str, name: str) -> None:
        if what == "move" and name == "b" and not (root / "a" / "b").is_symlink():
            (root / "a" / "b").rename(tmp_path / "taken")
            (root / "a" / "b").symlink_to(outside)

    with suppress(NotADirectoryError):
        TreeRemover(swap).remove(root)
    assert (outside / "file").read_text() == "kept"


def test_deleting_may_be_broken_off_at_every_step(tmp_path: Path) -> None:
    """However often it is killed, it is gone on with from where it was."""
    root = tmp_path / "root"
    wide_steps = 0
    (root / "a" / "b" / "c").mkdir(parents=True)
    for place in (root, root / "a", root / "a" / "b", root / "a" / "b" / "c"):
        (place / "file").touch()
    while root.exists():
        steps = Steps(2)
        try:
            MortalFs(steps).remove_tree(root)
        except Killed:
            wide_steps += 1
        assert wide_steps < 50
    assert list(tmp_path.iterdir()) == []
    Fs().remove_tree(root)


def test_a_purge_that_the_disk_stops_is_gone_on_with(trashed: Yard) -> None:
    """Nobody can recover half a pod: it is out of the trash, and the next start does the rest."""
    faulty = FaultyFs({"unlink": (errno.EIO, everywhere)})
    plane = LocalPlane.open(replace(trashed.system, fs=faulty))
    with pytest.raises(DiskTrouble, match="Input/output error") as told:
        plane.carry_out(Purge(older_than_s=2 * DAY_S))
    assert "next start" in (told.value.kept or "")
    assert len(trashed.plane.store.trash.purging()) == 1
    assert names_of(trashed) == ["new", "middle"]
    assert trashed.plane.store.trash.purging() == []
    kinds = [each.kind for each in trashed.plane.diagnostics()]
    assert kinds.count(DiagnosticKind.PURGED) == 1


def test_of_several_one_that_cannot_be_deleted_does_not_stop_the_others(trashed: Yard) -> None:
    """The report says which, and the exit code of the command is that of a failure."""
    (place_in(trashed, "middle") / "pod" / "stuck").touch()
    faulty = FaultyFs({"unlink": (errno.EPERM, lambda _call, path: path.name == "stuck")})
    plane = LocalPlane.open(replace(trashed.system, fs=faulty))
    report = plane.carry_out(Purge(older_than_s=0.0))
    assert len(report.done) == 2
    assert len(report.failed + report.skipped) == 1
    assert names_of(trashed) == []


def test_what_an_older_purge_left_is_gone_on_with(trashed: Yard) -> None:
    """Even when its intent was lost: the doctor names it, and the next purge deletes it."""
    place = place_in(trashed, "old")
    left = trashed.plane.store.trash.purging_place(place.name)
    place.rename(left)
    assert [each.kind for each in trashed.plane.doctor()] == ["purge_broken_off"]
    report = trashed.plane.carry_out(Purge(older_than_s=100 * DAY_S))
    assert len(report.done) == 1
    assert not left.exists()
    assert trashed.plane.doctor() == ()
