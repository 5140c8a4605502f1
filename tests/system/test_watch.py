"""The watch over directories: it hears of changes, of nothing else, and ends when told to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from podtui.core.system.inotify import Inotify, Overflow
from podtui.core.system.watch import StopSignal, WatchFailed, watch

LONG_S = 60.0
MAX_QUEUED = Path("/proc/sys/fs/inotify/max_queued_events")


def started(*directories: Path, stop: threading.Event | None = None) -> Iterator[frozenset[Path]]:
    """Return a watch that stands."""
    watching = watch(*directories, stop=stop or StopSignal(), timeout_s=LONG_S)
    assert next(watching) == frozenset()
    return watching


def heard(watching: Iterator[frozenset[Path]], wanted: Path) -> set[Path]:
    """Take changes until one is of this path; returns all of them."""
    paths: set[Path] = set()
    while wanted not in paths:
        paths |= next(watching)
    return paths


def test_a_file_that_is_written_is_heard_of_by_its_path(tmp_path: Path) -> None:
    """A change far below the watched directory is told with its whole path."""
    place = tmp_path / "coder" / "runs"
    place.mkdir(parents=True)
    watching = started(tmp_path)

    (place / "output").write_bytes(b"news")

    assert heard(watching, place / "output") <= {place / "output"}


def test_looking_is_not_heard(tmp_path: Path) -> None:
    """An observer that reads thousands of files does not wake its own watch up."""
    file = tmp_path / "record"
    file.write_bytes(b"old")
    watching = started(tmp_path)

    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["record"]
    (tmp_path / "other").touch()

    assert heard(watching, tmp_path / "other") == {tmp_path / "other"}


def test_what_is_made_in_a_new_directory_is_heard_of(tmp_path: Path) -> None:
    """A directory that comes, made or moved there, is watched with all that is in it."""
    tree = tmp_path / "elsewhere" / "coder"
    (tree / "runs" / "0001").mkdir(parents=True)
    place = tmp_path / "pods"
    place.mkdir()
    watching = started(place)

    tree.rename(place / "coder")
    heard(watching, place / "coder")
    file = place / "coder" / "runs" / "0001" / "exit.json"
    file.touch()

    assert file in heard(watching, file)


def test_a_directory_that_was_moved_away_is_heard_of_no_more(tmp_path: Path) -> None:
    """Its old path would be a lie; a directory that takes its place is watched."""
    place, away = tmp_path / "pods", tmp_path / "trash"
    (place / "coder" / "runs").mkdir(parents=True)
    watching = started(place)

    (place / "coder").rename(away)
    heard(watching, place / "coder")
    (away / "runs" / "output").touch()
    (place / "coder").mkdir()
    heard(watching, place / "coder")
    (place / "coder" / "pod.toml").touch()

    paths = heard(watching, place / "coder" / "pod.toml")
    assert place / "coder" / "runs" / "output" not in paths


def test_directories_that_tell_nothing_are_not_entered(tmp_path: Path) -> None:
    """Whoever watches says which directories are not worth a watch."""
    for name in ("cursors", "runs"):
        (tmp_path / name).mkdir()
    with closing(
        watch(tmp_path, stop=StopSignal(), skips=lambda path: path.endswith("/cursors"))
    ) as watching:  # type: ignore[type-var]
        next(watching)
        (tmp_path / "cursors" / "a.json").touch()
        (tmp_path / "runs" / "output").touch()

        assert heard(watching, tmp_path / "runs" / "output") == {tmp_path / "runs" / "output"}


def test_a_watch_without_recursion_hears_of_the_directory_itself_only(tmp_path: Path) -> None:
    """What is below is somebody else's."""
    (tmp_path / "below").mkdir()
    watching = watch(tmp_path, stop=StopSignal(), recursive=False)
    next(watching)

    (tmp_path / "below" / "file").touch()
    (tmp_path / "file").touch()

    assert heard(watching, tmp_path / "file") == {tmp_path / "file"}


def test_a_stop_signal_ends_a_watch_that_waits(tmp_path: Path) -> None:
    """Nobody waits for a minute to be told that it is over."""
    stop = StopSignal()
    watching = started(tmp_path, stop=stop)
    ended = threading.Event()

    def wait() -> None:
        assert list(watching) == []
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    stop.set()
    thread.join()

    assert ended.is_set()


def test_a_plain_event_ends_a_watch_too(tmp_path: Path) -> None:
    """Callers with an event of their own need not know of signals."""
    stop = threading.Event()
    watching = started(tmp_path, stop=stop)

    stop.set()

    assert list(watching) == []


def test_a_watch_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    """Whether it was told to end or just let go."""
    before = os.listdir("/proc/self/fd")
    stop = StopSignal()
    watching = started(tmp_path, stop=stop)
    stop.set()
    assert list(watching) == []
    del watching
    let_go = started(tmp_path)
    del let_go

    assert os.listdir("/proc/self/fd") == before


def test_a_directory_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    """The failure names the place and the reason."""
    with pytest.raises(WatchFailed, match="nowhere: No such file"):
        next(watch(tmp_path / "nowhere", stop=StopSignal()))


def test_changes_that_the_kernel_dropped_are_a_failure_of_the_watch(tmp_path: Path) -> None:
    """Whoever watches looks at everything again, since anything may have changed."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.touch()
    other.touch()
    changes = Inotify([str(tmp_path)], recursive=True, skips=lambda _: False)
    try:
        # Two files in turn: the kernel keeps equal changes that follow each other only once.
        for _ in range(int(MAX_QUEUED.read_text()) // 2 + 2):
            os.utime(one)
            os.utime(other)
        with pytest.raises(Overflow):
            changes.changes()
    finally:
        changes.close()
