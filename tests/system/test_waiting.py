"""Waiting for a change of a few files, or to be woken: either ends the wait and is not lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.watch import ChangeWaiter, FileStamps

LONG_S = 60.0


@pytest.fixture
def waiter() -> Iterator[ChangeWaiter]:
    """Give a waiter and let it go."""
    made = ChangeWaiter()
    yield made
    made.close()


def test_a_change_of_the_file_ends_the_wait(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """A file that is written is reported, once."""
    waiter.watch(tmp_path / "output")
    assert waiter.is_watching

    (tmp_path / "output").write_bytes(b"new")

    assert waiter.wait(LONG_S)
    assert not waiter.wait(0)


def test_a_wake_from_another_thread_ends_the_wait(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """Somebody who wants something need not wait for the disk, and is no change of it."""
    waiter.watch(tmp_path / "output")
    other = threading.Thread(target=waiter.wake)
    other.start()

    assert not waiter.wait(None)
    other.join()


def test_changes_are_kept_while_only_a_wake_is_waited_for(
    waiter: ChangeWaiter, tmp_path: Path
) -> None:
    """A wait to be woken lets changes gather and loses none of them."""
    waiter.watch(tmp_path / "output")
    (tmp_path / "output").touch()

    waiter.wait_to_be_woken(0)

    assert waiter.wait(0)


def test_another_file_takes_the_place_of_the_first(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """What happens to the file before is not reported any more."""
    before, now = tmp_path / "0001", tmp_path / "0002"
    waiter.watch(before)
    waiter.watch(now)

    before.touch()
    assert not waiter.wait(0)
    now.touch()
    assert waiter.wait(LONG_S)


def test_without_a_file_only_a_wake_ends_the_wait(waiter: ChangeWaiter) -> None:
    """Whoever has nothing to watch can be woken all the same."""
    assert not waiter.is_watching

    waiter.wake()

    assert not waiter.wait(None)


def test_a_file_that_comes_is_replaced_and_goes_has_changed_each_time(tmp_path: Path) -> None:
    """The poll needs no file to be there, and sees another file of the same size."""
    file, other = tmp_path / "record", tmp_path / "other"
    stamps = FileStamps(file)

    file.write_bytes(b"one")
    assert stamps.have_changed()
    other.write_bytes(b"two")
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    other.replace(file)
    assert stamps.have_changed()
    file.unlink()
    assert stamps.have_changed()
    assert not stamps.have_changed()


def test_a_directory_changes_with_its_entries(tmp_path: Path) -> None:
    """A new run is found by the directory of runs, whatever the run is called."""
    runs = tmp_path / "runs"
    runs.mkdir()
    os.utime(runs, (0, 0))
    stamps = FileStamps(runs)

    (runs / "0002").mkdir()

    assert stamps.have_changed()


def test_a_wake_of_one_that_is_closed_goes_nowhere(tmp_path: Path) -> None:
    """A screen that goes away is still told things, and nothing comes of it."""
    waiter = ChangeWaiter()
    waiter.watch(tmp_path)
    waiter.close()

    waiter.wake()

    assert not waiter.is_watching
