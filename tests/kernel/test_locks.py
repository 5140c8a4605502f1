"""Locks that belong to an open file: who holds them, and when they end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.kernel import locks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "lock"
    file.touch()
    return file


@pytest.fixture
def asker(path: Path) -> Iterator[int]:
    """Open the file as an observer does: for reading only."""
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_asking_takes_nothing(path: Path, asker: int) -> None:
    """However often it is asked about, a free lock can still be taken."""
    assert not locks.is_locked(asker)
    assert not locks.is_locked(asker)
    holder = os.open(path, os.O_RDWR)
    assert locks.try_lock(holder)
    assert locks.is_locked(asker)
    os.close(holder)


def test_only_one_open_file_holds_the_lock(path: Path) -> None:
    """A second one is told, even within one process, where classic locks would let it in."""
    first, second = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR)
    try:
        assert locks.try_lock(first)
        assert locks.try_lock(first)
        assert not locks.try_lock(second)
    finally:
        os.close(first)
    try:
        assert locks.try_lock(second)
    finally:
        os.close(second)


def test_closing_another_descriptor_of_the_file_does_not_release_it(path: Path, asker: int) -> None:
    """Classic POSIX locks end at any close of the file; these do not."""
    holder = os.open(path, os.O_RDWR)
    try:
        assert locks.try_lock(holder)
        os.close(os.open(path, os.O_RDWR))
        assert locks.is_locked(asker)
    finally:
        os.close(holder)
    assert not locks.is_locked(asker)


def test_a_forked_copy_keeps_the_lock_until_it_is_closed_too(path: Path, asker: int) -> None:
    """That is why a supervisor's child closes the lock right after the fork."""
    holder = os.open(path, os.O_RDWR)
    assert locks.try_lock(holder)
    go_reading, go_writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_writing)
        os.read(go_reading, 1)
        os._exit(0)
    os.close(go_reading)
    os.close(holder)
    assert locks.is_locked(asker)
    os.close(go_writing)
    os.waitpid(child, 0)
    assert not locks.is_locked(asker)


def test_the_death_of_the_holder_releases_it(path: Path, asker: int) -> None:
    """No crash leaves a lock behind that somebody would have to break."""
    ready_reading, ready_writing = os.pipe()
    die_reading, die_writing = os.pipe()
    child = os.fork()
    if child == 0:
        locks.try_lock(os.open(path, os.O_RDWR))
        os.close(die_writing)
        os.write(ready_writing, b"x")
        os.read(die_reading, 1)
        os._exit(0)
    os.read(ready_reading, 1)
    assert locks.is_locked(asker)
    for descriptor in (ready_reading, ready_writing, die_reading, die_writing):
        os.close(descriptor)
    os.waitpid(child, 0)
    assert not locks.is_locked(asker)


def test_asking_a_file_that_cannot_be_locked_is_an_error_and_not_a_no(tmp_path: Path) -> None:
    """Could not tell is never taken for "nobody holds it"."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        locks.is_locked(descriptor)
