"""Cursors: kept whole, moved forward only, never guessed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from podtui.core.errors import BadInput, Busy, DiskTrouble, Unreadable
from podtui.core.model.records import CursorRecord
from podtui.core.output.cursors import LOCK_TIMEOUT_S, move_cursor, read_cursor
from podtui.core.output.source import Position
from podtui.core.store.codec import encode_json
from podtui.core.system.fs import Fs
from podtui.kernel import files, locks
from tests.support.log_readers import NOON, WrittenPod

READER = "operator"


def test_a_cursor_is_a_record_that_says_whose_it_is(pod: WrittenPod) -> None:
    """The record names its reader, the place, and when it was moved."""
    move_cursor(pod.system, pod.paths, READER, Position(2, 40))
    data = pod.paths.cursor(READER).read_bytes()
    assert data == encode_json(CursorRecord(reader=READER, run=2, offset=40, at=NOON))
    assert pod.paths.cursor(READER).stat().st_mode & 0o777 == 0o600
    assert pod.paths.cursors.stat().st_mode & 0o777 == 0o700


def test_a_cursor_moves_forward_only(pod: WrittenPod) -> None:
    """Of two processes that read as one reader, the one that is further decides."""
    for to, now in (
        (Position(1, 10), Position(1, 10)),
        (Position(1, 5), Position(1, 10)),
        (Position(2, 0), Position(2, 0)),
        (Position(1, 99), Position(2, 0)),
    ):
        assert move_cursor(pod.system, pod.paths, READER, to) == now
        assert pod.cursor() == now


def test_a_cursor_goes_back_when_that_is_what_is_wanted(pod: WrittenPod) -> None:
    """Rewinding moves it anywhere; a shortened output moves it from one known place only."""
    move_cursor(pod.system, pod.paths, READER, Position(2, 50))
    move_cursor(pod.system, pod.paths, READER, Position(2, 10), back_from=Position(2, 49))
    assert pod.cursor() == Position(2, 50)
    move_cursor(pod.system, pod.paths, READER, Position(2, 10), back_from=Position(2, 50))
    assert pod.cursor() == Position(2, 10)
    move_cursor(pod.system, pod.paths, READER, Position(1, 0), rewind=True)
    assert pod.cursor() == Position(1, 0)


def a_newer_one() -> bytes:
    record = CursorRecord(reader=READER, run=1, offset=0, at=NOON, format=99)
    return encode_json(record)


BAD_RECORDS = {
    "empty": b"",
    "zeros": bytes(100),
    "torn": b'{"format":1,"reader":"operator","run":1,"off',
    "negative": b'{"reader":"operator","run":1,"offset":-1,"at":"2026-01-01T00:00:00Z"}',
    "no number": b'{"reader":"operator","run":true,"offset":1,"at":"2026-01-01T00:00:00Z"}',
    "run zero": b'{"reader":"operator","run":0,"offset":1,"at":"2026-01-01T00:00:00Z"}',
    "huge number": b'{"reader":"operator","run":1,"offset":' + b"9" * 5000 + b"}",
    "deep": b"[" * 60_000,
    "too long": b" " * 70_000 + b"{}",
    "not UTF-8": b'{"reader":"\xff"}',
    "of another reader": encode_json(CursorRecord(reader="parent", run=1, offset=0, at=NOON)),
    "newer": a_newer_one(),
}


@pytest.mark.parametrize("content", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_cursor_that_cannot_be_read_is_an_error(pod: WrittenPod, content: bytes) -> None:
    """The reader is told which file is wrong and what to do; it is neither used nor replaced."""
    pod.run(1, b"one\n")
    pod.paths.cursors.mkdir(mode=0o700)
    path = pod.paths.cursor(READER)
    path.write_bytes(content)
    for from_start in (False, True):
        with pytest.raises(Unreadable) as failed:
            pod.pieces(from_start=from_start)
        assert str(path) in failed.value.message
        assert str(path) in str(failed.value.next_step)
        assert failed.value.kept
    with pytest.raises(Unreadable):
        move_cursor(pod.system, pod.paths, READER, Position(1, 4), rewind=True)
    assert path.read_bytes() == content
    assert pod.text(reader="someone-else") == "one\n"
    assert pod.text(from_start=True, peek=True) == "one\n"


def test_a_cursor_that_is_no_file_is_an_error(pod: WrittenPod) -> None:
    """A FIFO in the place of a cursor neither blocks nor counts as a new reader."""
    pod.run(1, b"one\n")
    pod.paths.cursors.mkdir(mode=0o700)
    os.mkfifo(pod.paths.cursor(READER))
    with pytest.raises(Unreadable, match="FIFO"):
        pod.pieces()


@pytest.mark.parametrize("reader", ["../../x", "", "a/b", ".hidden"])
def test_a_cursor_needs_a_legal_reader(pod: WrittenPod, reader: str) -> None:
    """No name leads out of the directory of cursors."""
    with pytest.raises(BadInput):
        read_cursor(pod.system.fs, pod.paths, reader)
    with pytest.raises(BadInput):
        move_cursor(pod.system, pod.paths, reader, Position(1, 1))


def test_a_cursor_held_by_another_is_waited_for_and_then_busy(pod: WrittenPod) -> None:
    """The wait for another process's move is bounded, and the cursor stays."""
    move_cursor(pod.system, pod.paths, READER, Position(1, 1))
    began = pod.clock.boottime()
    descriptor = os.open(pod.paths.cursor_lock(READER), os.O_RDWR)
    try:
        assert locks.try_lock(descriptor)
        with pytest.raises(Busy) as failed:
            move_cursor(pod.system, pod.paths, READER, Position(1, 2))
    finally:
        os.close(descriptor)
    assert failed.value.kept
    assert LOCK_TIMEOUT_S <= pod.clock.boottime() - began < LOCK_TIMEOUT_S + 1
    assert pod.cursor() == Position(1, 1)
    assert move_cursor(pod.system, pod.paths, READER, Position(1, 2)) == Position(1, 2)


class FullDisk(Fs):
    """A disk that is full when a record is replaced."""

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


class DiskThatTears(Fs):
    """A disk that fails half way through the new record."""

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        path.with_name(f"{path.name}.1{files.TEMPORARY_SUFFIX}").write_bytes(data[: len(data) // 2])
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


@pytest.mark.parametrize("disk", [FullDisk, DiskThatTears])
def test_a_cursor_that_cannot_be_written_gives_the_piece_again(
    tmp_path: Path, disk: type[Fs]
) -> None:
    """When the disk refuses, the reader is told that it will see the same again, and does."""
    pod = WrittenPod(tmp_path)
    pod.run(1, b"one\n")
    assert pod.text() == "one\n"
    pod.print(1, b"two\n")
    good = pod.system
    pod.system = type(good)(fs=disk(), clock=pod.clock)
    with pytest.raises(DiskTrouble) as failed:
        pod.pieces()
    assert failed.value.pod == "writer"
    assert "shown again" in str(failed.value.kept)
    assert "--peek" in str(failed.value.next_step)
    assert pod.text(peek=True) == "two\n"
    pod.system = good
    assert pod.text() == "two\n"
    assert pod.pieces() == []


MOVER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from podtui.core.paths import PodPaths
from podtui.core.output.cursors import move_cursor
from podtui.core.output.source import Position
from podtui.core.system.system import System
paths, first, step = PodPaths(Path(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
sys.stdin.read(1)
for offset in range(first, 60, step):
    assert move_cursor(System(), paths, "operator", Position(1, offset)).offset >= offset
"""


def test_two_processes_of_one_reader_lose_no_move(pod: WrittenPod) -> None:
    """Moves that race in two real processes leave the cursor at the furthest of them."""
    root = str(Path(__file__).resolve().parents[2])
    movers = [
        subprocess.Popen(
            [sys.executable, "-c", MOVER, root, str(pod.paths.root), str(first), "2"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for first in (0, 1)
    ]
    for mover in movers:
        assert mover.stdin
        mover.stdin.write(b"go")
        mover.stdin.flush()
    for mover in movers:
        _, complaint = mover.communicate(timeout=60)
        assert (mover.returncode, complaint) == (0, b"")
    assert pod.cursor() == Position(1, 59)
