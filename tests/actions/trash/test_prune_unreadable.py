"""Prune of what cannot be read: no row is ever stuck, and nothing that may live is taken away."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import (
    Refused,
    UnknownState,
    Unreadable,
)
from podtui.core.model.requests import Prune, Recover
from tests.support.faults import FaultyProc, refusal
from tests.support.faulty import FaultyFs
from tests.support.record_builders import (
    a_dead_process,
    hold_lock,
    this_process,
    write_pod,
)
from tests.support.store_fixture import Yard, until
from tests.support.trash import assert_refused, ended_pod, names_of, tree_of
from tests.support.trees import fingerprint

# what cannot be read


def bad_record(yard: Yard) -> None:
    yard.plane.store.paths.pod("pod").record.write_bytes(b"name = [")


def no_record(yard: Yard) -> None:
    yard.plane.store.paths.pod("pod").record.unlink()


def bad_run(yard: Yard) -> None:
    yard.plane.store.paths.pod("pod").run(1).record.write_bytes(b"{")
    yard.plane.store.paths.pod("pod").run(1).exit.unlink()


def bad_run_that_ended(yard: Yard) -> None:
    yard.plane.store.paths.pod("pod").run(1).record.write_bytes(b"{")


def bad_older_run(yard: Yard) -> None:
    runs = yard.plane.store.paths.pod("pod").runs
    shutil.copytree(runs / "0001", runs / "0002")
    for name in ("run.json", "exit.json"):
        path = runs / "0002" / name
        path.write_bytes(path.read_bytes().replace(b'"run":1', b'"run":2'))
    (runs / "0001" / "run.json").write_bytes(b"{")


def bad_exit(yard: Yard) -> None:
    yard.plane.store.paths.pod("pod").run(1).exit.write_bytes(b"{")


def no_runs(yard: Yard) -> None:
    runs = yard.plane.store.paths.pod("pod").runs
    runs.rename(yard.root / "runs")


def runs_of_nobody(yard: Yard) -> None:
    no_runs(yard)
    yard.plane.store.paths.pod("pod").runs.mkdir()


def runs_that_are_a_file(yard: Yard) -> None:
    no_runs(yard)
    yard.plane.store.paths.pod("pod").runs.touch()


def fifo_record(yard: Yard) -> None:
    no_record(yard)
    os.mkfifo(yard.plane.store.paths.pod("pod").record)


def lock_that_is_a_directory(yard: Yard) -> None:
    bad_record(yard)
    yard.plane.store.paths.pod("pod").action_lock.mkdir()


def run_lock_that_is_a_link(yard: Yard) -> None:
    bad_record(yard)
    lock = yard.plane.store.paths.pod("pod").run(1).lock
    lock.unlink()
    lock.symlink_to("/dev/zero")


def _instead(yard: Yard) -> Path:
    place = yard.plane.store.paths.pod("pod").root
    place.rename(yard.root / "real")
    return place


def plain_file(yard: Yard) -> None:
    _instead(yard).write_text("not a pod")


def link_elsewhere(yard: Yard) -> None:
    _instead(yard).symlink_to(yard.root / "real")


def dangling_link(yard: Yard) -> None:
    _instead(yard).symlink_to("/nowhere")


def fifo(yard: Yard) -> None:
    os.mkfifo(_instead(yard))


def empty_directory(yard: Yard) -> None:
    _instead(yard).mkdir()


SICK = (
    bad_record,
    no_record,
    bad_run,
    bad_run_that_ended,
    bad_older_run,
    bad_exit,
    no_runs,
    runs_of_nobody,
    runs_that_are_a_file,
    fifo_record,
    lock_that_is_a_directory,
    run_lock_that_is_a_link,
    plain_file,
    link_elsewhere,
    dangling_link,
    fifo,
    empty_directory,
)


@pytest.mark.parametrize("make", SICK)
def test_no_row_is_ever_stuck(yard: Yard, make: Callable[[Yard], None]) -> None:
    """What cannot be read is pruned when that is asked for, as it is, and comes back as it was."""
    supervisor = a_dead_process()
    ended_pod(yard, "pod", supervisor=supervisor, child=supervisor)
    ended_pod(yard, "other")
    make(yard)
    place = yard.plane.store.paths.pod("pod").root
    before = {} if place.is_symlink() else tree_of(yard, place)
    outside = fingerprint(yard.root / "real") if (yard.root / "real").exists() else {}
    with pytest.raises(Unreadable) as told:
        yard.plane.carry_out(Prune(("pod",)))
    assert "--unreadable" in (told.value.next_step or "")
    yard.plane.carry_out(Prune(("pod",), unreadable=True))
    assert names_of(yard) == ["other"]
    (entry,) = yard.plane.trash()
    assert entry.name == "pod"
    yard.plane.carry_out(Recover((entry.id,)))
    assert place.is_symlink() or tree_of(yard, place) == before
    assert sorted(names_of(yard)) == ["other", "pod"]
    if outside:
        assert fingerprint(yard.root / "real") == outside


def test_an_unreadable_pod_that_lives_is_not_pruned(yard: Yard) -> None:
    """The lock of its run is held: that is told, and it goes on."""
    yard.spawn("pod")
    bad_record(yard)
    assert_refused(yard, Refused, "held", unreadable=True)
    assert yard.system.proc.stat(yard.child_of("pod").pid).state != "Z"


def test_an_unreadable_pod_whose_processes_run_is_not_pruned(yard: Yard) -> None:
    """Supervisor killed, records broken, the command still there: it is found by its mark."""
    yard.shell("pod", "trap '' HUP; echo ready; exec sleep 600")
    until(lambda: yard.view("pod").output_bytes > 0)
    yard.kill(yard.supervisor_of("pod"))
    bad_record(yard)
    yard.plane.store.paths.pod("pod").run(1).record.write_bytes(b"{")
    assert_refused(yard, Refused, "running", unreadable=True)


def test_an_unreadable_pod_whose_recorded_process_is_there_is_not_pruned(yard: Yard) -> None:
    """Its run's record names a process that is there, every fact agreeing."""
    write_pod(yard.plane, "pod", supervisor=this_process(), child=a_dead_process())
    bad_record(yard)
    assert_refused(yard, Refused, "not dead", unreadable=True)


def test_a_lock_that_cannot_be_asked_about_is_no_free_lock(yard: Yard) -> None:
    """EIO on the run's lock: could not tell, so nothing is moved."""
    ended_pod(yard, "pod")
    bad_record(yard)

    class NoLock(FaultyFs):
        def is_locked(self, path: Path) -> bool:
            if path.name == "lock" and path.parent.name == "0001":
                raise refusal(errno.EIO, path)
            return super().is_locked(path)

    plane = LocalPlane.open(replace(yard.system, fs=NoLock({})))
    with pytest.raises(UnknownState, match="Input/output error"):
        plane.carry_out(Prune(("pod",), unreadable=True))
    assert plane.trash() == ()


def test_a_record_of_a_newer_podtui_is_not_pruned(yard: Yard) -> None:
    """It may say what this one cannot read; nothing of it is moved."""
    ended_pod(yard, "pod")
    record = yard.plane.store.paths.pod("pod").record
    record.write_bytes(record.read_bytes().replace(b"format = 1", b"format = 99"))
    assert_refused(yard, Unreadable, "newer", unreadable=True)


def test_asking_for_the_unreadable_does_not_prune_what_can_be_read(yard: Yard) -> None:
    """`--unreadable` is no force: what is alive or unknown stays."""
    yard.spawn("pod")
    assert_refused(yard, Refused, "alive", unreadable=True)


def test_an_unreadable_pod_whose_lock_is_held_is_not_pruned(yard: Yard) -> None:
    """Whoever holds it: a held lock is a sign of life, also of an earlier run."""
    ended_pod(yard, "pod")
    bad_record(yard)
    held = hold_lock(yard.plane, "pod")
    try:
        assert_refused(yard, Refused, "lock of its run 1 is held", unreadable=True)
    finally:
        os.close(held)


def test_an_observer_that_is_unwell_prunes_nothing(yard: Yard) -> None:
    """When the observer itself is broken, even the unreadable stays where it is."""
    ended_pod(yard, "pod")
    bad_record(yard)
    proc = FaultyProc()
    plane = LocalPlane.open(replace(yard.system, proc=proc))
    proc.boot_fault = refusal(errno.EIO)
    with pytest.raises(UnknownState, match="observer"):
        plane.carry_out(Prune(("pod",), unreadable=True))
    assert plane.store.paths.pod("pod").root.exists()
