"""The watcher reports changes in named directories, also after a failure, and ends when asked."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podtui.core.system import watch as watch_module
from podtui.core.system.watch import Subscription, Watcher, ticks_on_change
from tests.support.store_fixture import until

DEADLINE_S = 10.0


class Heard:
    """Takes reports and lets a test wait for a path."""

    def __init__(self) -> None:
        self._reports: queue.SimpleQueue[frozenset[Path]] = queue.SimpleQueue()

    def take(self, paths: frozenset[Path]) -> None:
        self._reports.put(paths)

    def of(self, *wanted: Path) -> set[Path]:
        """Wait until these paths are reported; return all that was reported until then."""
        paths: set[Path] = set()
        while not paths.issuperset(wanted):
            paths |= self._reports.get(timeout=DEADLINE_S)
        return paths


class Counting(Watcher):
    """A watcher that keeps how often, and for how many directories, it was set up."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[int] = []
        self.failures: list[Exception] = []

    def open(self, directories: list[str]) -> Any:
        self.opened.append(len(directories))
        if self.failures:
            raise self.failures.pop()
        return super().open(directories)


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    """Give a watcher that is set up again at once, and end it."""
    monkeypatch.setattr(watch_module, "REARM_S", 0.05)
    monkeypatch.setattr(watch_module, "CHECK_S", 0.05)
    made = Counting()
    yield made
    made.remove(*made._subscriptions)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_directory_is_reported_when_its_watch_stands(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """What changed before that is found by reading the directory."""
    subscription = watcher.subscribe(heard.take, [tmp_path])

    heard.of(tmp_path)

    assert subscription.stands
    assert subscription.trouble == ""
    assert subscription.age_s() < DEADLINE_S


def test_every_kind_of_change_is_reported_by_its_path(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """A file that is made, appended to, renamed, replaced or deleted is reported each time."""
    file, other = tmp_path / "record", tmp_path / "other"
    watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    file.touch()
    heard.of(file)
    with file.open("ab") as opened:
        opened.write(b"more")
    heard.of(file)
    file.rename(other)
    heard.of(file, other)
    file.write_bytes(b"new")
    heard.of(file)
    file.replace(other)
    heard.of(other)
    other.unlink()
    heard.of(other)


def test_reading_is_not_reported(watcher: Watcher, heard: Heard, tmp_path: Path) -> None:
    """An observer that reads thousands of files does not wake itself up."""
    file = tmp_path / "record"
    file.write_bytes(b"old")
    watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["record"]
    (tmp_path / "other").touch()

    assert heard.of(tmp_path / "other") <= {tmp_path / "other", tmp_path}


def test_what_is_below_a_watched_directory_is_not_reported(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """Each directory is named that is to be watched: finished pods cost nothing."""
    (tmp_path / "below").mkdir()
    watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    (tmp_path / "below" / "file").touch()
    (tmp_path / "file").touch()

    assert tmp_path / "below" / "file" not in heard.of(tmp_path / "file")


def test_each_subscriber_hears_of_its_own_directories(watcher: Watcher, tmp_path: Path) -> None:
    """One thread and one watch serve the store, the settings and the themes."""
    places = [tmp_path / "pods", tmp_path / "themes"]
    ears = [Heard(), Heard()]
    for place, ear in zip(places, ears, strict=True):
        place.mkdir()
        watcher.subscribe(ear.take, [place])
        ear.of(place)

    for place in places:
        (place / "file").touch()

    for place, ear in zip(places, ears, strict=True):
        assert ear.of(place / "file") <= {place / "file", place}


def test_another_set_of_directories_takes_the_place_of_the_first(
    watcher: Counting, heard: Heard, tmp_path: Path
) -> None:
    """A directory that is added is reported; one that is left out is not watched any more."""
    one, other = tmp_path / "one", tmp_path / "other"
    for each in (one, other):
        each.mkdir()
    subscription = watcher.subscribe(heard.take, [one])
    heard.of(one)

    subscription.set([other])
    heard.of(other)
    (one / "file").touch()
    (other / "file").touch()

    assert one / "file" not in heard.of(other / "file")
    assert watcher.opened == [1, 1]


def test_a_burst_of_new_sets_is_one_set_up(watcher: Counting, heard: Heard, tmp_path: Path) -> None:
    """Two hundred spawns do not set the watch up two hundred times."""
    places = [tmp_path / str(number) for number in range(200)]
    for each in places:
        each.mkdir()
    subscription = watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    for number in range(200):
        subscription.set([tmp_path, *places[: number + 1]])

    heard.of(places[-1])
    assert watcher.opened[-1] == 201
    assert len(watcher.opened) <= 4


def test_a_watched_directory_that_is_deleted_and_made_again_is_watched_again(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """The kernel drops its watch with the directory; the watcher sets it up anew, and says so."""
    place = tmp_path / "pods"
    place.mkdir()
    subscription = watcher.subscribe(heard.take, [place])
    heard.of(place)

    shutil.rmtree(place)
    until(lambda: "no such directory" in subscription.trouble)
    assert not subscription.stands
    place.mkdir()
    until(lambda: subscription.stands)
    (place / "file").touch()

    heard.of(place / "file")
    assert subscription.trouble == ""


def test_a_directory_that_was_replaced_is_watched_in_its_new_place(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """Renamed away with all above it, it reports nothing by itself: that is checked."""
    above = tmp_path / "store"
    (above / "pods").mkdir(parents=True)
    watcher.subscribe(heard.take, [above / "pods"])
    heard.of(above / "pods")

    above.rename(tmp_path / "moved")
    (above / "pods").mkdir(parents=True)
    heard.of(above / "pods")
    until(lambda: watcher.covers([str(above / "pods")]))
    (above / "pods" / "file").touch()

    heard.of(above / "pods" / "file")


def test_a_directory_below_a_watched_one_may_come_and_go(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """A pod that is pruned and recovered is watched again, and the watch as a whole goes on."""
    pod = tmp_path / "coder"
    pod.mkdir()
    subscription = watcher.subscribe(heard.take, [tmp_path, pod])
    heard.of(pod)

    pod.rename(tmp_path.parent / "trash")
    heard.of(pod)
    until(lambda: str(pod) not in watcher._armed)
    (tmp_path.parent / "trash").rename(pod)
    until(lambda: subscription.stands)
    (pod / "file").touch()

    heard.of(pod / "file")


def test_a_directory_that_is_not_there_yet_is_watched_when_it_comes(
    watcher: Watcher, heard: Heard, tmp_path: Path
) -> None:
    """Settings that nobody has written yet do not keep the store from being watched."""
    store, themes = tmp_path / "store", tmp_path / "themes"
    store.mkdir()
    ear = Heard()
    watcher.subscribe(ear.take, [store])
    subscription = watcher.subscribe(heard.take, [themes])
    ear.of(store)

    until(lambda: "themes: no such directory" in subscription.trouble)
    themes.mkdir()
    heard.of(themes)

    until(lambda: subscription.trouble == "")


def test_a_watch_that_cannot_be_set_up_is_tried_again(
    watcher: Counting, heard: Heard, tmp_path: Path
) -> None:
    """With no watches left the reason is reported, and the directory as soon as it is watched."""
    watcher.failures = [OSError(28, "OS file watch limit reached")] * 3
    subscription = watcher.subscribe(heard.take, [tmp_path])

    heard.of(tmp_path)

    assert len(watcher.opened) == 4
    assert subscription.stands


def test_a_failure_is_reported_to_the_subscribers(
    watcher: Counting, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything may have changed meanwhile: each directory is reported, with the reason."""
    monkeypatch.setattr(watch_module, "REARM_S", DEADLINE_S)
    subscription = watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    watcher.failures = [OSError(24, "Too many open files")]
    subscription.set([tmp_path, tmp_path.parent])
    heard.of(tmp_path)

    assert "Too many open files" in subscription.trouble
    assert not subscription.stands


def test_more_changes_than_the_kernel_keeps_count_as_missed(
    watcher: Counting, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library says nothing of an overflow: a flood is one, and everything is read again."""
    monkeypatch.setattr(watch_module, "MOST_AT_ONCE", 100)
    watcher.subscribe(heard.take, [tmp_path])
    heard.of(tmp_path)

    for number in range(1000):
        (tmp_path / str(number)).touch()

    assert tmp_path in heard.of(tmp_path)
    until(lambda: len(watcher.opened) >= 2)
    until(lambda: watcher.covers([str(tmp_path)]))


def test_after_the_last_subscriber_nothing_is_left(watcher: Watcher, tmp_path: Path) -> None:
    """Closing ends the thread and gives back every descriptor; it may be repeated."""
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    ear = Heard()
    subscription = watcher.subscribe(ear.take, [tmp_path])
    ear.of(tmp_path)

    subscription.close()
    subscription.close()

    until(lambda: (len(os.listdir("/proc/self/fd")), threading.active_count()) == before)


def test_a_subscriber_may_come_back(watcher: Watcher, tmp_path: Path) -> None:
    """A watcher that has ended begins again for the next subscriber."""
    for _ in range(20):
        ear = Heard()
        subscription = watcher.subscribe(ear.take, [tmp_path])
        ear.of(tmp_path)
        subscription.close()


def test_a_subscription_may_be_closed_from_its_own_report(watcher: Watcher, tmp_path: Path) -> None:
    """A subscriber that has heard enough does not wait for itself."""
    closed = threading.Event()
    subscriptions: list[Subscription] = []

    def close(_: frozenset[Path]) -> None:
        subscriptions[0].close()
        closed.set()

    subscriptions.append(watcher.subscribe(close))
    subscriptions[0].set([tmp_path])

    assert closed.wait(DEADLINE_S)


def test_ticks_come_at_once_after_a_change_and_not_after_the_stop(
    watcher: Watcher, tmp_path: Path
) -> None:
    """Whoever follows a log reads it at each tick, and ends when asked to."""
    stop = threading.Event()
    ticks = ticks_on_change(watcher, tmp_path, stop, every_s=DEADLINE_S * 10)
    next(ticks)

    (tmp_path / "000001.jsonl").touch()
    next(ticks)
    stop.set()

    assert list(ticks) == []
