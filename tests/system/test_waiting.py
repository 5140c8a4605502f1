"""Waiting for a change or a word: either ends it at once, and neither is lost."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system import waiting
from podtui.core.system.waiting import ChangeWaiter

LONG_S = 60.0


@pytest.fixture
def waiter() -> Iterator[ChangeWaiter]:
    """Give a waiter and let it go."""
    made = ChangeWaiter()
    yield made
    made.close()


def test_a_change_in_the_directory_ends_the_wait(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """A file that is written there is heard of, once."""
    waiter.watch(tmp_path)
    assert waiter.is_watching

    (tmp_path / "output").write_bytes(b"news")

    assert waiter.wait(LONG_S)
    assert not waiter.wait(0)


def test_a_word_from_another_thread_ends_the_wait(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """Somebody who wants something need not wait for the disk, and is no change of it."""
    waiter.watch(tmp_path)
    other = threading.Thread(target=waiter.wake)
    other.start()

    assert not waiter.wait(None)
    other.join()


def test_changes_wait_while_a_word_is_waited_for(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """A wait for words lets changes gather and loses none of them."""
    waiter.watch(tmp_path)
    (tmp_path / "output").touch()

    waiter.wait_for_word(0)

    assert waiter.wait(0)


def test_another_directory_takes_the_place_of_the_first(
    waiter: ChangeWaiter, tmp_path: Path
) -> None:
    """Only one is watched; what happens in the one before is nobody's concern any more."""
    before, now = tmp_path / "0001", tmp_path / "0002"
    for each in (before, now):
        each.mkdir()
        waiter.watch(each)

    (before / "output").touch()
    assert not waiter.wait(0)
    (now / "output").touch()
    assert waiter.wait(LONG_S)


def test_a_directory_that_is_not_there_is_not_watched(waiter: ChangeWaiter, tmp_path: Path) -> None:
    """It is told, so that whoever waits looks by itself; words are heard all the same."""
    waiter.watch(tmp_path / "none")

    assert not waiter.is_watching
    waiter.wake()
    assert not waiter.wait(None)


def test_a_kernel_without_a_watch_left_is_told(
    waiter: ChangeWaiter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no instance left there is no watch, and no error either."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(waiting, "Inotify", refuse)
    waiter.watch(tmp_path)

    assert not waiter.is_watching


def test_a_word_to_one_that_is_closed_goes_nowhere(tmp_path: Path) -> None:
    """A screen that goes away is still told things: no descriptor of others is written to."""
    waiter = ChangeWaiter()
    waiter.watch(tmp_path)
    waiter.close()
    with open(tmp_path / "other", "wb"):
        waiter.wake()

    assert (tmp_path / "other").read_bytes() == b""
