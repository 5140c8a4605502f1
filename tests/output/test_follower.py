"""The reader thread is woken by what happens, and by nothing else."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podtui.core.output import follower
from podtui.core.output.follower import Away, OutputReader, Seen, Want
from podtui.core.output.page import Page
from podtui.core.output.read_marks import ReaderMark
from podtui.core.system.watch import ChangeWaiter
from tests.tui.fake_plane import FakePlane, picture, pod
from tests.tui.scene import still_system

DEADLINE_S = 10.0
HOUR_S = 3600.0


class Counted(ChangeWaiter):
    """A waiter that keeps how long it was asked to wait, and how often it was woken."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.words = 0

    def wait(self, timeout_s: float | None) -> bool:
        self.pauses.put(timeout_s)
        return super().wait(timeout_s)

    def wake(self) -> None:
        self.words += 1
        super().wake()


class Blind(Counted):
    """A waiter on a machine that has no watch left."""

    def watch(self, *files: Path) -> None:
        """Watch nothing."""


@pytest.fixture
def plane(tmp_path: Path) -> FakePlane:
    """A plane with one pod that has printed a line."""
    made = FakePlane(tmp_path, picture((pod("talker"),)))
    made.write_output("talker", b"first\n")
    return made


@contextmanager
def reading(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch, kind: Callable[[], Counted] = Counted
) -> Iterator[tuple[OutputReader, Counted, queue.SimpleQueue[Page]]]:
    """Give a reader at work, its waiter, and the pages it makes."""
    waiter = kind()
    monkeypatch.setattr(follower, "ChangeWaiter", lambda: waiter)
    pages: queue.SimpleQueue[Page] = queue.SimpleQueue()
    reader = OutputReader(
        still_system(),
        plane.pod_paths,
        pages.put,
        on_shot=lambda _: None,
        on_trouble=lambda _: None,
        remembers=False,
    )
    reader.start()
    try:
        yield reader, waiter, pages
    finally:
        reader.stop()
        reader.join()


def want(plane: FakePlane, *, ended: bool = False) -> Want:
    shown = plane.snapshot.pods[0]
    return Want(shown.id, shown.name, shown.run, ended, "text", None, 60)


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def test_new_output_wakes_the_reader(plane: FakePlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes to the screen although the reader would not look by itself for an hour."""
    monkeypatch.setattr(follower, "WATCHED_LOOK_S", HOUR_S)
    with reading(plane, monkeypatch) as (reader, _, pages):
        reader.ask(want(plane))
        assert texts(pages.get(timeout=DEADLINE_S)) == ["first"]
        plane.write_output("talker", b"second\n")
        assert texts(pages.get(timeout=DEADLINE_S)) == ["first", "second"]


@pytest.mark.parametrize(
    ("kind", "ended", "longest"),
    [(Counted, False, follower.WATCHED_LOOK_S), (Counted, True, None), (Blind, False, 0.25)],
    ids=["watched", "over", "no watch left"],
)
def test_a_silent_run_is_looked_at_rarely(
    plane: FakePlane,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Counted],
    ended: bool,
    longest: float | None,
) -> None:
    """Where the kernel tells of changes, a look now and then is enough; a run that is over
    needs none; only without a watch the reader looks several times a second.
    """
    monkeypatch.setattr(follower, "QUIET_AFTER_S", 0.0)
    with reading(plane, monkeypatch, kind) as (reader, waiter, pages):
        assert waiter.pauses.get(timeout=DEADLINE_S) is None
        reader.ask(want(plane, ended=ended))
        pages.get(timeout=DEADLINE_S)
        assert waiter.pauses.get(timeout=DEADLINE_S) == longest


def test_what_was_seen_wakes_nobody(plane: FakePlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is answered with how far it was seen; that must not bring the next page."""
    with reading(plane, monkeypatch) as (reader, waiter, pages):
        reader.ask(want(plane))
        page = pages.get(timeout=DEADLINE_S)
        words = waiter.words
        for _ in range(5):
            reader.ask(Seen(page.pod, page.total))
            reader.ask(Away(page.pod))
        assert waiter.words == words == 1


def test_what_was_seen_last_is_remembered_at_the_end(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that ends right after a page has not forgotten that it was looked at."""
    noted: list[int] = []
    monkeypatch.setattr(ReaderMark, "write", lambda _self, _source, seen: noted.append(seen))
    with reading(plane, monkeypatch) as (reader, _, pages):
        reader.ask(want(plane))
        page = pages.get(timeout=DEADLINE_S)
        reader.ask(Seen(page.pod, page.total))
    assert noted[-1] == page.total == len(b"first\n")
