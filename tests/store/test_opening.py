"""Opening a store, making one, and refusing what is not safely ours."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import Busy, DiskTrouble, NoStore, PodtuiError, Refused, Unreadable
from podtui.core.model.requests import Send, Spawn, Stop
from podtui.core.model.verdicts import Status
from podtui.core.system.clock import SystemClock
from podtui.core.system.fs import Fs
from podtui.core.system.system import System
from tests.support.at_once import at_once
from tests.support.clocks import FrozenClock
from tests.support.faulty import FaultyFs, Killed, MortalFs, Steps, full_disk, on
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint, too_open

SOMEBODY_ELSE = 54321


def opened(root: Path, *, create: bool = False, fs: Fs | None = None) -> LocalPlane:
    """Open a store as a process of its own would."""
    system = System(fs=fs or Fs(), environment={}, machine_id="test-machine")
    return LocalPlane.open(system, root=root, create=create)


@pytest.fixture
def store(yard: Yard) -> Path:
    """A store with one ended pod in it."""
    write_exit(yard.plane, write_pod(yard.plane, "kept"))
    return yard.plane.store_path


def test_a_store_is_made_where_nothing_is(tmp_path: Path) -> None:
    """The first spawn makes the store, private from its first byte, with what is above it."""
    root = tmp_path / "deep" / "er" / "store"
    plane = opened(root, create=True)
    assert plane.snapshot().pods == ()
    assert too_open(tmp_path / "deep") == []
    assert opened(root).store.id == plane.store.id


def test_an_empty_directory_is_adopted_and_made_private(tmp_path: Path) -> None:
    """A directory somebody made for the store beforehand is used, and closed to others."""
    root = tmp_path / "store"
    root.mkdir(mode=0o755)
    opened(root, create=True)
    assert too_open(root) == []


@pytest.mark.parametrize("create", [False, True])
def test_a_directory_with_other_files_is_refused_and_left_alone(
    tmp_path: Path, create: bool
) -> None:
    """Somebody's own directory is never made into a store."""
    root = tmp_path / "home"
    root.mkdir(mode=0o700)
    (root / "letter").write_text("dear")
    before = fingerprint(root)
    with pytest.raises(NoStore, match="is not a podtui store"):
        opened(root, create=create)
    assert fingerprint(root) == before


def test_no_store_is_no_store(tmp_path: Path) -> None:
    """Looking never makes a store; the error says how one is made."""
    with pytest.raises(NoStore, match="there is no store") as told:
        opened(tmp_path / "none")
    assert "podtui spawn" in str(told.value.next_step)
    assert not (tmp_path / "none").exists()


def a_plain_file(place: Path, _store: Path) -> None:
    place.write_text("not a store")


def a_link(place: Path, store: Path) -> None:
    place.symlink_to(store)


def a_fifo(place: Path, _store: Path) -> None:
    os.mkfifo(place, 0o600)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    ("put", "words"),
    [(a_plain_file, "a plain file"), (a_link, "a symbolic link"), (a_fifo, "a FIFO")],
)
def test_something_else_in_the_place_of_a_store_is_refused(
    store: Path, put: Callable[[Path, Path], None], words: str, create: bool
) -> None:
    """What is no directory is named for what it is, and stays."""
    place = store.parent / "elsewhere"
    put(place, store)
    before = fingerprint(store.parent)
    with pytest.raises(NoStore, match=words):
        opened(place, create=create)
    assert fingerprint(store.parent) == before


@pytest.mark.parametrize("create", [False, True])
def test_a_store_of_another_user_is_refused(store: Path, create: bool) -> None:
    """A store that belongs to somebody else is neither read nor written."""
    before = fingerprint(store)
    with pytest.raises(NoStore, match="belongs to uid"):
        opened(store, create=create, fs=Fs(uid=SOMEBODY_ELSE))
    assert fingerprint(store) == before


def test_an_empty_directory_of_another_user_is_not_written_into(tmp_path: Path) -> None:
    """Not even a lock is left in a directory that is not ours."""
    root = tmp_path / "theirs"
    root.mkdir(mode=0o700)
    with pytest.raises(NoStore, match="belongs to uid"):
        opened(root, create=True, fs=Fs(uid=SOMEBODY_ELSE))
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("part", ["", "pods", "journal", "staging", "run"])
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o750, 0o701])
def test_a_store_that_others_may_use_is_refused(store: Path, part: str, mode: int) -> None:
    """One open directory is enough; the error says how to close it."""
    (store / part).chmod(mode)
    with pytest.raises(NoStore, match="others may use it") as told:
        opened(store, create=True)
    assert f"chmod 700 {store / part}".rstrip("/") in str(told.value.next_step)


def test_a_part_of_a_store_that_is_a_link_is_refused(store: Path, tmp_path: Path) -> None:
    """A directory of the store cannot be led elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    (store / "pods").rename(elsewhere)
    (store / "pods").symlink_to(elsewhere)
    with pytest.raises(NoStore, match="symbolic link"):
        opened(store)


@pytest.mark.parametrize(
    "text",
    [
        "format = 2\n",
        'format = 99\nstore_id = "x"\ncreated_at = 2031-01-01T00:00:00Z\n',
        'format = 2\nstore_id = 7\nshape = "new"\n',
    ],
)
def test_a_newer_store_is_shown_and_not_written(yard: Yard, store: Path, text: str) -> None:
    """A store of a newer format can be looked at; every action is refused, with the reason."""
    (store / "store.toml").write_text(text)
    before = fingerprint(store)
    plane = yard.reopened()
    assert plane.read_only
    picture = plane.snapshot()
    assert [(view.name, view.status) for view in picture.pods] == [("kept", Status.EXITED)]
    assert any("newer" in notice for notice in picture.notices)
    assert [piece.data for piece in plane.reading("kept", reader="me").pieces()] == []
    assert [problem.kind for problem in plane.doctor()] == ["read_only"]
    acts: tuple[Callable[[], object], ...] = (
        lambda: plane.carry_out(Spawn(name="new", argv=("true",))),
        lambda: plane.carry_out(Stop(("kept",))),
        lambda: plane.carry_out(Send("kept", "x")),
    )
    for act in acts:
        with pytest.raises(Refused, match="newer than this podtui"):
            act()
    assert fingerprint(store) == before


def test_a_reader_of_a_store_that_is_only_shown_moves_no_cursor(yard: Yard, store: Path) -> None:
    """Reading works there, and writes nothing."""
    (store / "pods/kept/runs/0001/output").write_bytes(b"words\r\n")
    (store / "store.toml").write_text("format = 2\n")
    before = fingerprint(store)
    for _ in range(2):
        reading = yard.reopened().reading("kept", reader="me")
        said = []
        for piece in reading.pieces():
            said.append(piece.data)
            reading.commit(piece)
        assert said == ["words\n"]
    assert fingerprint(store) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (bytes(90), "only zero bytes"),
        (b"format = 1\nstore_id = ", "Invalid value"),
        (b'format = 1\nstore_id = "x"\n', "created_at"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
    ],
)
def test_a_torn_store_record_costs_writing_and_no_pod(
    yard: Yard, store: Path, content: bytes, words: str
) -> None:
    """Without its own record a store is still shown: a bad record takes no pod with it."""
    (store / "store.toml").write_bytes(content)
    before = fingerprint(store)
    plane = yard.reopened()
    assert plane.read_only
    assert [(view.name, view.status) for view in plane.snapshot().pods] == [("kept", Status.EXITED)]
    with pytest.raises(Refused, match="cannot be read") as told:
        plane.carry_out(Spawn(name="new", argv=("true",)))
    assert words in told.value.message
    assert str(store / "store.toml") in str(told.value.next_step)
    assert fingerprint(store) == before


def test_a_store_record_the_disk_does_not_give_is_not_torn(yard: Yard, store: Path) -> None:
    """An I/O error says nothing about the store, so it is not opened at all."""
    faulty = FaultyFs({"open_plain": (errno.EIO, on("store.toml"))})
    with pytest.raises(Unreadable, match="EIO"):
        opened(store, fs=faulty)


@pytest.mark.parametrize("part", ["pods", "journal"])
def test_a_lost_part_is_not_replaced_by_an_empty_one(yard: Yard, store: Path, part: str) -> None:
    """That all pods or all events are gone is told, and not hidden by making the place anew."""
    (store / part).rename(store.parent / part)
    plane = yard.reopened()
    assert plane.read_only
    assert not (store / part).exists()
    assert any(f"{part} is missing" in notice for notice in plane.snapshot().notices)
    assert any(part in problem.message for problem in plane.doctor())
    (store.parent / part).rename(store / part)
    assert not yard.reopened().read_only


def test_a_directory_that_a_later_podtui_brought_is_made(yard: Yard, store: Path) -> None:
    """A part that holds nothing to be lost is made when it is missing."""
    (store / "staging").rmdir()
    assert not yard.reopened().read_only
    assert (store / "staging").is_dir()


def test_a_disk_that_takes_nothing_makes_no_store(tmp_path: Path) -> None:
    """A full disk is named as such, and an empty directory is the most that is left."""
    with pytest.raises(DiskTrouble, match="No space left"):
        opened(tmp_path / "store", create=True, fs=full_disk())
    opened(tmp_path / "store", create=True)


def test_a_store_on_a_read_only_disk_is_still_shown(yard: Yard, store: Path) -> None:
    """Looking needs no writing; acting says that the disk is read-only."""
    plane = opened(store, fs=full_disk(number=errno.EROFS))
    assert [view.status for view in plane.snapshot().pods] == [Status.EXITED]
    with pytest.raises(DiskTrouble, match="Read-only file system"):
        plane.carry_out(Spawn(name="new", argv=("true",)))
    assert plane.snapshot().find("new") is None


def test_two_who_make_one_store_get_one_store(tmp_path: Path) -> None:
    """However many processes begin at once, there is one store and all of them are in it."""
    script = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.system.system import real_system
# gate
print(LocalPlane.open(real_system(), root=Path(sys.argv[2]), create=True).store.id)
"""
    ids = at_once(script, count=4, arguments=(str(tmp_path / "store"),))
    assert len(set(ids)) == 1
    assert too_open(tmp_path / "store") == []


def test_a_maker_that_does_not_come_to_an_end_is_told_of(tmp_path: Path) -> None:
    """Waiting for another maker has an end, and is no internal error."""
    root = tmp_path / "store"
    root.mkdir(mode=0o700)
    clock = FrozenClock(SystemClock().now())
    system = System(clock=clock)
    with (
        Fs().locked(root / ".create.lock", clock=clock, timeout_s=0),
        pytest.raises(Busy, match="has been making the store"),
    ):
        LocalPlane.open(system, root=root, create=True)


def made_by_a_mortal(root: Path, die_at: int) -> Steps:
    steps = Steps(die_at)
    with suppress(Killed):
        opened(root, create=True, fs=MortalFs(steps))
    return steps


def test_a_maker_may_die_at_any_step(tmp_path: Path) -> None:
    """After a crash anywhere in it, the next start makes the store whole and loses nothing."""
    whole = made_by_a_mortal(tmp_path / "whole", 0)
    assert len(whole.taken) > 5
    for die_at in range(1, len(whole.taken) + 1):
        root = tmp_path / f"store-{die_at}"
        assert made_by_a_mortal(root, die_at).is_dead
        with suppress(NoStore):
            opened(root)
        plane = opened(root, create=True)
        assert not plane.read_only
        assert {path.name for path in root.iterdir()} >= {"pods", "journal", "store.toml"}
        assert opened(root).store.id == plane.store.id


def test_what_a_broken_off_write_left_does_not_block_a_new_store(tmp_path: Path) -> None:
    """A maker killed inside the write of the store's record leaves a temporary file."""
    root = tmp_path / "store"
    root.mkdir(mode=0o700)
    (root / "store.toml.4711.tmp").write_bytes(b"format = 1\nsto")
    plane = opened(root, create=True)
    assert opened(root).store.id == plane.store.id


def test_a_copied_store_is_history_on_another_machine(yard: Yard) -> None:
    """Runs of another machine are UNKNOWN, say whose they are, and are never acted on."""
    view = yard.spawn("here")
    elsewhere = replace(yard.system, machine_id="another-machine")
    plane = LocalPlane.open(elsewhere)
    seen = plane.snapshot().find("here")
    assert seen is not None
    assert seen.status is Status.UNKNOWN
    assert "belongs to host test-machine" in seen.message
    with pytest.raises(PodtuiError) as told:
        plane.carry_out(Stop(("here",), grace_s=0))
    assert told.value.kind == "unknown_state"
    assert yard.view("here").status is view.status
