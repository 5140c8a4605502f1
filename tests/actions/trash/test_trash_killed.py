"""Prune, recover and purge broken off before any of their steps, and their finishing as well."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import DiskTrouble
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.records import PodRecord
from podtui.core.model.requests import Prune, Purge, Recover
from podtui.core.system.system import real_system
from tests.support.at_once import REPOSITORY
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, everywhere, on
from tests.support.store_fixture import Yard
from tests.support.trash import a_family, assert_converged, kept, place_of, told_of

Act = Callable[[LocalPlane], object]
MOST_STEPS = 80
STRACE = shutil.which("strace")
LONGEST_WAIT_S = 60.0


def prune(plane: LocalPlane) -> object:
    return plane.carry_out(Prune(("pod",)))


def recover(plane: LocalPlane) -> object:
    return plane.carry_out(Recover(("pod",)))


def recover_as(plane: LocalPlane) -> object:
    return plane.carry_out(Recover(("pod",), as_name="other"))


def purge(plane: LocalPlane) -> object:
    return plane.carry_out(Purge(older_than_s=0.0))


ACTS = [prune, recover, recover_as, purge]


def scene(
    root: Path, act: Act, machine_id: str = "test-machine"
) -> tuple[Yard, str, dict[str, str]]:
    """Return a store ready for an act, the pod's id, and what must stay of it."""
    yard = a_family(root, machine_id=machine_id)
    record = yard.plane.store.pod_record("pod")
    assert isinstance(record, PodRecord)
    files = kept(yard.plane.store.paths.pod("pod").root)
    if act is not prune:
        yard.plane.carry_out(Prune(("pod",)))
    return yard, record.id, files


def die(yard: Yard, act: Act, die_at: int) -> Steps:
    """Do it as a process that dies before its ``die_at``-th change."""
    steps = Steps(die_at)
    with suppress(Killed):
        plane = LocalPlane.open(replace(yard.system, fs=MortalFs(steps)))
        act(plane)
    return steps


def assert_nothing_is_lost(yard: Yard, pod_id: str, files: dict[str, str], act: Act) -> None:
    place = assert_converged(yard, pod_id)
    plane = yard.reopened()
    if place is None:
        assert act is purge
        assert told_of(plane, DiagnosticKind.PURGED) == 1
        return
    assert kept(place) == files
    in_trash = place.parent.parent == plane.store.paths.trash
    if act is prune:
        assert told_of(plane, DiagnosticKind.PRUNED) == in_trash
    elif act is not purge:
        assert told_of(plane, DiagnosticKind.RECOVERED) == (not in_trash)
    if not in_trash:
        record = plane.store.pod_record(place.name)
        assert isinstance(record, PodRecord), record
    else:
        assert place_of(plane, pod_id) == place
        (entry,) = plane.store.trash.entries()
        assert isinstance(entry.pod, PodRecord)
        assert (entry.name, entry.pod.name) == ("pod", "pod")
        # Whatever was broken off, the way back is there.
        plane.carry_out(Recover(("pod",)))
        assert yard.reopened().inspect("pod").children == ("child",)
        assert kept(plane.store.paths.pod("pod").root) == files


@pytest.mark.parametrize("act", ACTS)
def test_whoever_dies_before_any_step_loses_nothing(tmp_path: Path, act: Act) -> None:
    """The next start finishes it or takes it back and tells that; the one after changes nothing."""
    outcomes = set()
    for die_at in range(1, MOST_STEPS):
        yard, pod_id, files = scene(tmp_path / str(die_at), act)
        steps = die(yard, act, die_at)
        if not steps.is_dead:
            break
        had_intent = bool(yard.plane.store.intents.all())
        plane = yard.reopened()
        assert told_of(plane, DiagnosticKind.INTERRUPTED) == had_intent
        outcomes.add(place_of(plane, pod_id) is not None and plane.store.name_of_id(pod_id))
        assert_nothing_is_lost(yard, pod_id, files, act)
    else:
        pytest.fail(f"more than {MOST_STEPS} steps")
    # Some deaths came before the point of no return, and some after it.
    assert len(outcomes) == 2


@pytest.mark.parametrize("act", ACTS)
def test_finishing_may_be_broken_off_as_well(tmp_path: Path, act: Act) -> None:
    """Killed in the act, and up to three times in the starts after it: it converges too."""
    steps = die(scene(tmp_path / "whole", act)[0], act, 0)
    for die_at in range(4, len(steps.taken) + 1, 5):
        for finish_at in range(1, MOST_STEPS, 3):
            yard, pod_id, files = scene(tmp_path / f"{die_at}-{finish_at}", act)
            die(yard, act, die_at)
            deaths = [die(yard, lambda _: None, finish_at).is_dead for _ in range(3)]
            assert_nothing_is_lost(yard, pod_id, files, act)
            shutil.rmtree(yard.root)
            if not deaths[0]:
                break


@pytest.mark.parametrize("act", ACTS)
def test_an_exception_in_the_middle_is_as_good_as_a_crash(tmp_path: Path, act: Act) -> None:
    """Ctrl-C at a step: the intent is there, and the next start makes it good."""

    class Interrupted(MortalFs):
        def rename_new(self, source: Path, target: Path) -> None:
            super().rename_new(source, target)
            raise KeyboardInterrupt

    yard, pod_id, files = scene(tmp_path / "scene", act)
    with pytest.raises(KeyboardInterrupt):
        act(LocalPlane.open(replace(yard.system, fs=Interrupted(Steps()))))
    assert_nothing_is_lost(yard, pod_id, files, act)


# a disk that refuses

FAULTS = [
    ("replace", everywhere),
    ("replace", on("trashed.json")),
    ("replace", on("pod.toml")),
    ("make_directory", everywhere),
    ("append_line", everywhere),
    ("append_line", on("loans.jsonl")),
    ("rename_new", everywhere),
    ("locked", everywhere),
    ("remove", everywhere),
    ("remove_directory", everywhere),
    ("unlink", everywhere),
    ("rmdir", everywhere),
]


@pytest.mark.parametrize("number", [28, 30, 5], ids=["ENOSPC", "EROFS", "EIO"])
@pytest.mark.parametrize(("call", "where"), FAULTS)
@pytest.mark.parametrize("act", ACTS)
def test_whichever_write_the_disk_refuses_nothing_is_lost(
    tmp_path: Path, act: Act, call: str, where: Callable[[str, Path], bool], number: int
) -> None:
    """One clear sentence of kind disk that says what was kept, and all well when there is room."""
    yard, pod_id, files = scene(tmp_path / "scene", act)
    faulty = FaultyFs({call: (number, where)})
    plane = LocalPlane.open(replace(yard.system, fs=faulty))
    told: DiskTrouble | None = None
    try:
        act(plane)
    except DiskTrouble as error:
        told = error
    # Not every act needs every call; of one that failed the answer is of kind disk, and no other.
    if told is not None:
        assert os.strerror(number) in told.message
        assert told.kept
        assert told.next_step
    assert_nothing_is_lost(yard, pod_id, files, act)


# the shipped command, killed by the kernel

CALLS = ("rename", "renameat2", "fsync", "fdatasync", "mkdir", "unlink", "unlinkat", "rmdir")
COMMANDS: dict[str, tuple[str, ...]] = {
    "prune": ("prune", "pod"),
    "recover": ("recover", "pod", "--as", "other"),
    "purge": ("purge", "--older-than", "0", "--yes"),
}
ACT_OF: dict[str, Act] = {"prune": prune, "recover": recover_as, "purge": purge}
MOST_CALLS = 40


def killed_at(yard: Yard, command: tuple[str, ...], call: str, number: int) -> bool:
    """Kill a command before its ``number``-th such call; False when it made fewer."""
    assert STRACE is not None
    inject = f"{call}:signal=SIGKILL:when={number}"
    told = subprocess.run(
        [
            *(STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={inject}"),
            *(sys.executable, "-m", "podtui", *command),
        ],
        env={**yard.environment, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    assert told.returncode in {0, 128 + signal.SIGKILL, -signal.SIGKILL}, told.stderr
    return told.returncode != 0


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: kills by the kernel not tried")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_killed_at_any_call_loses_nothing(tmp_path: Path, verb: str, call: str) -> None:
    """After each kill the store opens and converges, and the pod is there exactly once."""
    for number in range(1, MOST_CALLS):
        root = tmp_path / str(number)
        yard, pod_id, files = scene(root, ACT_OF[verb], real_system().machine_id)
        if not killed_at(yard, COMMANDS[verb], call, number):
            return
        assert_nothing_is_lost(yard, pod_id, files, ACT_OF[verb])
    pytest.fail(f"{verb} makes more than {MOST_CALLS} calls of {call}")
