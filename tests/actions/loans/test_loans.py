"""Scopes that are lent with a spawn: where they lead, who is in the way, who wins."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from podtui.core.actions.spawn import checks
from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.records import PodRecord
from podtui.core.model.requests import Spawn
from podtui.core.store.codec import encode_toml
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, on
from tests.support.loans import lend, loans_of_pod, out_paths, write_holder
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A directory to lend parts of."""
    made = tmp_path / "work"
    made.mkdir()
    return made


def kept_by_refusal(plane: LocalPlane) -> dict[str, str]:
    """Return the store without the records that living supervisors replace at any time."""
    found = fingerprint(plane.store_path)
    return {name: what for name, what in found.items() if not name.endswith("/status.json")}


def refused(plane: LocalPlane, **asked: object) -> PodtuiError:
    """Ask for a spawn that is refused by its plan and when carried out; nothing changes."""
    request = Spawn(**{"name": "new", "argv": ("true",), **asked})  # type: ignore[arg-type]
    # Ends that nobody had noticed are noticed by the first look, and belong to no refusal.
    plane.snapshot()
    before = fingerprint(plane.store_path)
    plan = plane.plan(request)
    before = kept_by_refusal(plane)
    plan = plane.plan(request)
    with pytest.raises(PodtuiError) as told:
        plane.carry_out(request)
    assert plan.refusals[0].message == told.value.message
    assert told.value.next_step
    assert kept_by_refusal(plane) == before
    return told.value


def allowed(plane: LocalPlane, **asked: object) -> bool:
    """Whether a spawn with these scopes would be carried out."""
    request = Spawn(**{"name": "new", "argv": ("true",), **asked})  # type: ignore[arg-type]
    return not plane.plan(request).refusals


def test_what_is_lent_is_in_the_ledger_the_record_and_the_plan(yard: Yard, work: Path) -> None:
    """A spawn lends what was asked for, absolute and resolved, and its record has the words."""
    asked: dict[str, Any] = {"cwd": str(work), "write": ("src", "./src/"), "read": ("/etc",)}
    plan = yard.plane.plan(Spawn(name="coder", argv=("true",), **asked))
    assert f"lend it: write {work}/src" in plan.texts
    assert f"{work}/src does not exist yet" in plan.warnings
    yard.spawn("coder", "sleep", "600", **asked)
    loans = loans_of_pod(yard.plane, "coder")
    assert [(loan.mode, loan.path, loan.is_out) for loan in loans] == [
        ("write", f"{work}/src", True),
        ("read", "/etc", True),
    ]
    record = yard.plane.store.pod_record("coder")
    assert isinstance(record, PodRecord)
    assert (record.write_scopes, record.read_scopes) == (["src", "./src/"], ["/etc"])
    assert {loan.pod_id for loan in loans} == {record.id}
    assert yard.plane.inspect("coder").loans == loans
    spawned = next(event for event in yard.plane.events() if event.kind == "spawned")
    assert "may write src" in spawned.summary


def test_a_pod_without_scopes_has_no_ledger_of_loans(yard: Yard) -> None:
    """What was not lent leaves no file."""
    yard.spawn("plain", "sleep", "600")
    assert not yard.plane.store.paths.pod("plain").loans.exists()
    assert not yard.plane.store.paths.loans_lock.exists()


@pytest.mark.parametrize("wanted", ["a", "a/b", "a/b/c", "a/b/../b", ".", "a/./b/", "//"])
def test_a_path_above_or_below_or_at_a_lent_one_is_refused(
    yard: Yard, work: Path, wanted: str
) -> None:
    """The holder and its rule are named, and so is what can be done."""
    write_holder(yard.plane, "coder", ("write", work / "a/b"))
    told = refused(yard.plane, cwd=str(work), write=(wanted,))
    assert told.kind == "refused"
    assert f"coder may write {work}/a/b and all below it" in told.message
    assert f"podtui return coder {work}/a/b" in (told.next_step or "")


@pytest.mark.parametrize("wanted", ["a/bc", "a/b2", "a/b.old", "ab", "b"])
def test_a_neighbour_of_a_lent_path_is_free(yard: Yard, work: Path, wanted: str) -> None:
    """Names that begin alike are different places."""
    write_holder(yard.plane, "coder", ("write", work / "a/b"))
    assert allowed(yard.plane, cwd=str(work), write=(wanted,))


def test_read_scopes_never_conflict(yard: Yard, work: Path) -> None:
    """Not with each other, and not with a write scope either way."""
    write_holder(yard.plane, "reader", ("read", work))
    write_holder(yard.plane, "writer", ("write", work / "a"))
    assert allowed(yard.plane, cwd=str(work), read=(".", "a", "a/b"))
    assert allowed(yard.plane, cwd=str(work), write=("b",))


def test_the_parent_is_a_holder_like_any_other(yard: Yard, work: Path) -> None:
    """A write scope is exclusive: a child gets no part of what its living parent may write."""
    yard.spawn("parent", "sleep", "600", write=(str(work),))
    told = refused(yard.plane, parent="parent", write=(str(work / "part"),))
    assert "parent may write" in told.message
    assert "podtui return" not in (told.next_step or "")
    assert "podtui stop parent" in (told.next_step or "")


def test_own_scopes_may_lie_in_each_other(yard: Yard, work: Path) -> None:
    """One pod is no competitor of itself."""
    assert allowed(yard.plane, write=(str(work), str(work / "a")), read=(str(work),))


def test_links_are_resolved_before_paths_are_compared(yard: Yard, work: Path) -> None:
    """Two names of one place are one place, also where its end does not exist yet."""
    (work / "real").mkdir()
    (work / "link").symlink_to("real")
    (work / "dangling").symlink_to(work / "real" / "later")
    write_holder(yard.plane, "coder", ("write", work / "real"))
    for wanted in ("link", "link/new/deep", "dangling", "dangling/x", "link/../real"):
        assert "coder may write" in refused(yard.plane, cwd=str(work), write=(wanted,)).message


def test_a_link_put_in_place_of_a_lent_path_is_followed_too(yard: Yard, work: Path) -> None:
    """Who made its scope a link may write where it leads now, so that is not lent to another."""
    write_holder(yard.plane, "coder", ("write", work / "mine"))
    (work / "other").mkdir()
    (work / "mine").symlink_to(work / "other")
    assert "coder may write" in refused(yard.plane, write=(str(work / "other/x"),)).message
    assert "coder may write" in refused(yard.plane, write=(str(work / "mine"),)).message


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("loop", "Too many levels of symbolic links"),
        ("file/below", "Not a directory"),
        ("", "no path"),
        ("n" * 300, "File name too long"),
    ],
)
@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_path_that_leads_nowhere_is_refused(
    yard: Yard, work: Path, mode: str, wanted: str, reason: str
) -> None:
    """One sentence says what is wrong with it."""
    (work / "loop").symlink_to("loop")
    (work / "file").touch()
    told = refused(yard.plane, cwd=str(work), **{mode: (wanted,)})
    assert told.kind == "bad_input"
    assert reason in told.message


@pytest.mark.parametrize("path", ["a\0b", "a\udcff"])
def test_a_path_that_no_record_can_have_is_refused(yard: Yard, path: str) -> None:
    """NUL and bytes that are not UTF-8 are told, not written."""
    assert "a scope holds" in refused(yard.plane, write=(path,)).message


def test_a_path_that_cannot_be_looked_at_is_refused(tmp_path: Path, work: Path) -> None:
    """A part that may not be searched is no answer to where a path leads."""
    yard = Yard(tmp_path, fs=FaultyFs({"resolved": (errno.EACCES, lambda _, path: path == work)}))
    told = refused(yard.plane, write=(str(work),))
    assert (told.kind, "Permission denied" in told.message) == ("bad_input", True)


@pytest.mark.parametrize("status", ["exited", "failed", "lost", "unknown"])
def test_who_is_over_keeps_what_it_has(yard: Yard, work: Path, status: str) -> None:
    """Only a return, a stop, a prune or a restore without it brings a scope back."""
    boot = "another" if status == "lost" else yard.system.proc.boot_id()
    pod = write_pod(yard.plane, "holder", boot_id=boot)
    lend(yard.plane, pod, ("write", work))
    if status in {"exited", "failed"}:
        write_exit(yard.plane, pod, exit_code=0 if status == "exited" else 3)
    if status == "unknown":
        yard.plane.store.paths.pod("holder").record.write_text("name = [")
    assert yard.view("holder").status.value == status
    told = refused(yard.plane, write=(str(work),))
    assert "holder may write" in told.message
    assert ("podtui return holder" in (told.next_step or "")) is (status != "unknown")


def torn(ledger: Path) -> None:
    """Leave a line without its end."""
    ledger.write_bytes(b'{"format":1,"loan":"x"')


def damaged(ledger: Path) -> None:
    """Leave a line that cannot be read."""
    ledger.write_bytes(b"nonsense\n")


def relative(ledger: Path) -> None:
    """Leave a line whose path is no absolute one."""
    text = ledger.read_text()
    ledger.write_text(text.replace('"path":"/', '"path":"'))


def a_fifo(ledger: Path) -> None:
    """Put a FIFO in the ledger's place."""
    ledger.unlink()
    os.mkfifo(ledger)


def a_directory(ledger: Path) -> None:
    """Put a directory in the ledger's place."""
    ledger.unlink()
    ledger.mkdir()


@pytest.mark.parametrize("damage", [damaged, relative, a_fifo, a_directory])
def test_a_ledger_that_cannot_be_read_whole_stops_lending(
    yard: Yard, work: Path, damage: object
) -> None:
    """What it hides may be the scope that is wanted, so nothing is lent to write; it is named."""
    write_holder(yard.plane, "holder", ("write", "/elsewhere"))
    ledger = yard.plane.store.paths.pod("holder").loans
    damage(ledger)  # type: ignore[operator]
    told = refused(yard.plane, write=(str(work),))
    assert told.kind == "unreadable"
    assert str(ledger) in told.message
    assert allowed(yard.plane, read=(str(work),))
    assert allowed(yard.plane)


def test_a_torn_end_was_never_lent(yard: Yard, work: Path) -> None:
    """The newline is the commit mark: what follows the last one counts for nothing."""
    write_holder(yard.plane, "holder", ("write", "/elsewhere"))
    torn(yard.plane.store.paths.pod("holder").loans)
    assert allowed(yard.plane, write=(str(work),))


def test_a_pod_that_cannot_be_looked_at_stops_lending(tmp_path: Path, work: Path) -> None:
    """An unreadable ledger, a directory that cannot be asked, what is no directory: all named."""
    fs = FaultyFs({})
    yard = Yard(tmp_path, fs=fs)
    write_holder(yard.plane, "holder", ("write", "/elsewhere"))
    fs.faults["open_plain"] = (errno.EIO, on("loans.jsonl"))
    assert "loans.jsonl" in refused(yard.plane, write=(str(work),)).message
    fs.faults = {"is_directory": (errno.EACCES, on("holder"))}
    told = refused(yard.plane, write=(str(work),))
    assert (told.kind, "cannot be looked at" in told.message) == ("unreadable", True)
    fs.faults = {}
    (yard.plane.store_path / "pods/junk").touch()
    assert "pods/junk is not a directory" in refused(yard.plane, write=(str(work),)).message


def test_pods_that_cannot_be_listed_stop_every_spawn(tmp_path: Path, work: Path) -> None:
    """Nobody can tell then what is lent."""
    fs = FaultyFs({})
    yard = Yard(tmp_path, fs=fs)
    fs.faults["names_in"] = (errno.EIO, on("pods"))
    with pytest.raises(PodtuiError):
        yard.plane.carry_out(Spawn(name="new", argv=("true",), write=(str(work),)))
    with pytest.raises(PodtuiError, match="cannot be listed"):
        yard.plane.loans()


def test_a_copied_pod_holds_what_its_copy_says(yard: Yard, work: Path) -> None:
    """A directory that was copied by hand has a ledger too, whatever its record."""
    pod = write_holder(yard.plane, "first", ("write", work))
    copy = yard.plane.store.paths.pod("second")
    copy.root.mkdir(mode=0o700)
    copy.record.write_bytes(encode_toml(pod))
    copy.loans.write_bytes(yard.plane.store.paths.pod("first").loans.read_bytes())
    request = Spawn(name="new", argv=("true",), write=(str(work),))
    told = " ".join(each.message for each in yard.plane.plan(request).refusals)
    assert "first may write" in told
    assert "second may write" in told


def test_of_two_spawns_at_once_one_gets_the_scope(yard: Yard, work: Path) -> None:
    """Both find it free in their plans; under the lock exactly one is given it."""
    outcomes: dict[str, PodtuiError | None] = {}
    start = threading.Barrier(2)
    paths = {"one": str(work), "two": str(work / "part")}

    def spawn(name: str) -> None:
        request = Spawn(name=name, argv=("sleep", "600"), write=(paths[name],))
        plane = yard.reopened()
        start.wait()
        try:
            plane.carry_out(request)
            outcomes[name] = None
        except PodtuiError as error:
            outcomes[name] = error

    threads = [threading.Thread(target=spawn, args=(name,)) for name in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (name for name, error in outcomes.items() if error is None)
    (loser,) = (error for error in outcomes.values() if error is not None)
    assert loser.kind == "refused"
    assert f"{winner} may write" in loser.message
    assert out_paths(yard.plane, winner) == [paths[winner]]
    assert yard.plane.store.pod_names() == [winner]


def test_a_scope_taken_between_plan_and_start_is_refused(
    yard: Yard, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison under the lock decides, whatever the plan found."""
    write_holder(yard.plane, "quick", ("write", work))
    monkeypatch.setattr(checks, "scope_refusals", lambda *_: ())
    with pytest.raises(PodtuiError, match="quick may write") as told:
        yard.plane.carry_out(Spawn(name="slow", argv=("true",), write=(str(work),)))
    assert told.value.kind == "refused"
    assert yard.plane.store.pod_names() == ["quick"]
    assert any(event.kind == "spawn_failed" for event in yard.plane.events())


def test_the_refusal_of_many_names_each_holder(yard: Yard, work: Path) -> None:
    """Whoever asks for a large scope learns of everybody in it."""
    write_holder(yard.plane, "one", ("write", work / "1"))
    write_holder(yard.plane, "two", ("write", work / "2"))
    request = Spawn(name="new", argv=("true",), write=(str(work),))
    told = [each.message for each in yard.plane.plan(request).refusals]
    assert [name for name in ("one", "two") for each in told if f"{name} may write" in each] == [
        "one",
        "two",
    ]


def test_a_spawn_killed_at_any_step_lent_all_or_nothing(yard: Yard, work: Path) -> None:
    """The loans become true with the pod's name: its scopes are out, or free for the next one."""
    steps = Steps()
    mortal = replace(yard.system, fs=MortalFs(steps))
    outcomes = []
    for number in itertools.count(1):
        name, scope = f"coder-{number}", str(work / str(number))
        steps.taken, steps.is_dead, steps.die_at = [], False, 0
        plane = LocalPlane.open(mortal)
        steps.taken, steps.die_at = [], number
        try:
            plane.carry_out(Spawn(name=name, argv=("true",), write=(scope, "/x"), read=("/",)))
        except Killed:
            there = name in yard.plane.store.pod_names()
            assert out_paths(yard.plane, name) == ([scope, "/x", "/"] if there else [])
            assert allowed(yard.reopened(), write=(scope,)) is not there
            outcomes.append(there)
        else:
            break
        if there:
            # Its second scope is to be free for the next round.
            yard.plane.store.paths.pod(name).loans.write_bytes(b"")
    assert outcomes == sorted(outcomes)
    assert {True, False} == set(outcomes)
