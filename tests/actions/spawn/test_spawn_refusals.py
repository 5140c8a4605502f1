"""Spawns that are refused: before anything is done, with the kind and the next step."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.spawn import checks
from podtui.core.control.local import LocalPlane
from podtui.core.errors import BadInput, PodtuiError
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.requests import Spawn
from podtui.core.model.verdicts import Status
from podtui.core.system.figures import Figures
from tests.support.faulty import FaultyFs, NoFigures, on
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

LONG = "x" * 70_000


def refused(plane: LocalPlane, **asked: object) -> PodtuiError:
    """Ask for a spawn, plan first, and return why neither is done; nothing may have changed."""
    request = Spawn(**{"name": "new", "argv": ("true",), **asked})  # type: ignore[arg-type]
    before = fingerprint(plane.store_path)
    plan = plane.plan(request)
    with pytest.raises(PodtuiError) as told:
        plane.carry_out(request)
    assert plan.refusals[0].message == told.value.message
    assert len(told.value.message) < 1000
    assert told.value.next_step
    assert fingerprint(plane.store_path) == before
    return told.value


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "-rf",
            ".hidden",
            "a b",
            "a\n",
            "a\0b",
            "\x1b[2J",
            "n" * 65,
        ),
        *("ä", "\u0430dmin", "a\u202eb", "a\udcff", "con:", "[b]"),
    ],
)
def test_an_illegal_name_is_refused(yard: Yard, name: str) -> None:
    """Names are refused, never repaired, and the rule is told."""
    told = refused(yard.plane, name=name)
    assert told.kind == "bad_input"
    assert "letters, digits" in told.message


@pytest.mark.parametrize("name", ["a", "A1", "n" * 64, "x.y_z-1", "CON", "0"])
def test_a_legal_name_is_a_plan(yard: Yard, name: str) -> None:
    """What the rule allows is not refused."""
    assert yard.plane.plan(Spawn(name=name, argv=("true",))).refusals == ()


@pytest.mark.parametrize("name", ["taken", "Taken", "TAKEN"])
def test_a_name_in_use_is_refused_with_one_that_is_free(yard: Yard, name: str) -> None:
    """A pod that has ended holds its name too, in either case of letters."""
    write_exit(yard.plane, write_pod(yard.plane, "taken"))
    write_exit(yard.plane, write_pod(yard.plane, "taken-2"))
    told = refused(yard.plane, name=name)
    assert told.kind == "exists"
    assert told.next_step == f"podtui inspect taken, or spawn it as {name}-3"


def test_the_name_of_an_unreadable_pod_is_in_use(yard: Yard) -> None:
    """What cannot be read is not overwritten."""
    (yard.plane.store.paths.pods / "torn").mkdir(mode=0o700)
    assert refused(yard.plane, name="torn").kind == "exists"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "there is no command"),
        (("",), "there is no command"),
        (("no-such-program-anywhere",), "is not an executable file in PATH"),
        (("/no/such/program",), "'/no/such/program' is not an executable file"),
        (("/etc/passwd",), "is not an executable file"),
        (("/",), "is not an executable file"),
        (("true", "a\0b"), "NUL"),
        (("true", "a\udcffb"), "not UTF-8"),
        (("true", LONG), "too long"),
        (("true", *["a"] * 9000), "too long"),
        (("true", "Ж" * 12_000), "too long"),
        (("true", "\x01" * 12_000), "too long"),
    ],
)
def test_a_command_that_cannot_be_a_pods_is_refused(
    yard: Yard, argv: tuple[str, ...], words: str
) -> None:
    """A missing program, and what no record could hold or give back."""
    told = refused(yard.plane, argv=argv)
    assert told.kind == "bad_input"
    assert words in told.message


@pytest.mark.parametrize(
    "asked",
    [
        {"env": {"A": "\0"}},
        {"env": {"A": "\udcff"}},
        {"env": {"": "x"}},
        {"env": {"A=B": "x"}},
        {"env": {"A": LONG}},
        {"pass_env": ("",)},
        {"pass_env": ("A=B",)},
        {"pass_env": ("A\0",)},
        {"role": "\udcff"},
        {"role": "a\0"},
        {"task": "\ud800"},
        {"task": LONG},
        {"columns": 0},
        {"rows": 1001},
        {"columns": -5},
        {"stall_after_s": 0.0},
        {"stall_after_s": -1.0},
        {"stall_after_s": float("nan")},
        {"stall_after_s": float("inf")},
        {"leftovers": "eat"},
        {"cwd": "/no/such/directory"},
        {"cwd": "/etc/passwd"},
        {"cwd": "/tmp\0"},
        {"cwd": "~no-such-user/x"},
        {"cwd": "/\udcff"},
    ],
    ids=repr,
)
def test_a_value_that_makes_no_sense_is_refused(yard: Yard, asked: Mapping[str, object]) -> None:
    """Every option is checked before anything is done."""
    assert refused(yard.plane, **asked).kind == "bad_input"


def test_a_directory_that_may_not_be_entered_is_refused(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command could not begin there."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path)
    assert "may not be entered" in refused(yard.plane, cwd=str(tmp_path), argv=("true",)).message


def test_a_spawn_from_a_directory_that_is_gone_is_refused(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --cwd the present directory is meant, and it may have been removed."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    told = refused(yard.plane)
    assert (told.kind, told.next_step) == ("bad_input", "give another with --cwd")


def test_a_parent_that_is_not_there_is_refused_with_a_near_one(yard: Yard) -> None:
    """A slip of the finger is told as one."""
    write_exit(yard.plane, write_pod(yard.plane, "planner"))
    told = refused(yard.plane, parent="plannre")
    assert (told.kind, told.next_step) == ("not_found", "did you mean planner?")


@pytest.mark.parametrize("name", ["pod.toml", "children.jsonl"])
def test_a_parent_that_cannot_be_read_is_refused(yard: Yard, name: str) -> None:
    """Before anything is started it must be certain whose child it will be."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    place = yard.plane.store.paths.pod("parent").root / name
    place.unlink(missing_ok=True)
    place.mkdir(mode=0o700)
    told = refused(yard.plane, parent="parent")
    assert told.kind == "unreadable"
    assert str(place) in told.message


def test_with_little_room_on_the_disk_nothing_new_is_started(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running pods keep the last of the disk."""
    monkeypatch.setattr(checks, "FREE_FLOOR_BYTES", 1 << 60)
    monkeypatch.setattr(Figures, "free_bytes", lambda *_: 5 << 20)
    told = refused(yard.plane)
    assert told.kind == "disk"
    assert "so that the running ones can go on" in told.message


@pytest.mark.parametrize(
    ("call", "kind"), [("free_bytes", "disk"), ("names_in", "disk"), ("is_directory", "unreadable")]
)
def test_a_store_that_cannot_be_asked_refuses(yard: Yard, call: str, kind: str) -> None:
    """An error of the disk is told as one, whichever question it met."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    where = on("pods" if call == "names_in" else "parent")
    system = (
        replace(yard.system, figures=NoFigures())
        if call == "free_bytes"
        else replace(yard.system, fs=FaultyFs({call: (errno.EIO, where)}))
    )
    plane = LocalPlane.open(system)
    with pytest.raises(PodtuiError) as told:
        plane.carry_out(Spawn(name="new", argv=("true",), parent="parent"))
    assert told.value.kind == kind
    assert yard.plane.snapshot().find("new") is None


def test_the_longest_command_that_is_taken_can_be_read_back(yard: Yard) -> None:
    """What is just not refused makes records that are read, by both writers of them."""
    argv = ("true", "Ж" * 9_000, "\x01" * 200, '"\\' * 300)
    yard.spawn("long", *argv, env={"E": "ü" * 100}, task="é\n\t\u2028" * 50)
    assert yard.wait_ended("long").status is Status.EXITED
    pod, run = yard.plane.store.pod_record("long"), yard.plane.store.run_record("long", 1)
    assert isinstance(pod, PodRecord)
    assert isinstance(run, RunRecord)
    assert tuple(pod.argv) == tuple(run.argv) == argv
    assert pod.task == "é\n\t\u2028" * 50


def test_a_plan_says_what_would_be_done_and_does_nothing(yard: Yard) -> None:
    """A dry run names every step, and what is asked for and not there."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    before = fingerprint(yard.plane.store_path)
    plan = yard.plane.plan(
        Spawn(name="new", argv=("sleep", "1"), parent="parent", pass_env=("NOT_HERE",))
    )
    assert [step.partition(" ")[0] for step in plan.texts] == ["reserve", "enter", "start"]
    assert "sleep 1" in plan.texts[-1]
    assert plan.warnings == ("NOT_HERE is not set here, so the pod will not have it",)
    assert plan.undo == "podtui stop new"
    assert fingerprint(yard.plane.store_path) == before


@pytest.mark.parametrize("actor", ["", "\udcff", "a\0b", "x" * 300])
def test_an_actor_that_no_record_can_hold_is_refused(yard: Yard, actor: str) -> None:
    """Every action writes down who asked, so a name that cannot be written is refused first."""
    with pytest.raises(BadInput):
        yard.plane.carry_out(Spawn(name="new", argv=("true",)), actor=actor)

    assert yard.plane.snapshot().pods == ()
