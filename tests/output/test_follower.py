"""The reader thread is woken by what happens, and by nothing else."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podtui.core.output import files, follower
from podtui.core.output.follower import READER, WATCHED_LOOK_S, Away, OutputReader, Seen, Want
from podtui.core.output.page import Page
from podtui.core.output.source import Position
from podtui.core.system.watch import ChangeWaiter
from tests.tui.fake_plane import FakePlane, picture, pod

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
    monkeypatch.setattr(files, "ChangeWaiter", lambda: waiter)
    pages: queue.SimpleQueue[Page] = queue.SimpleQueue()
    reader = OutputReader(
        plane.output,
        time.monotonic,
        pages.put,
        on_shot=lambda _: None,
        on_trouble=lambda _: None,
        remembers=True,
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


def test_a_silent_run_is_read_rarely(plane: FakePlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamps of the files are compared; the output itself is read now and then only."""
    with reading(plane, monkeypatch) as (reader, waiter, pages):
        reader.ask(want(plane))
        pages.get(timeout=DEADLINE_S)
        assert waiter.pauses.get(timeout=DEADLINE_S) == WATCHED_LOOK_S


def test_a_run_that_is_over_is_not_read_again(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has ended does not grow: nothing is waited for but the next thing that is asked."""
    with reading(plane, monkeypatch) as (reader, waiter, pages):
        for _ in range(2):
            reader.ask(want(plane, ended=True))
            assert texts(pages.get(timeout=DEADLINE_S)) == ["first"]
    assert waiter.pauses.empty()


def test_what_was_seen_wakes_nobody(plane: FakePlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is answered with how far it was seen; that must not bring the next page."""
    with reading(plane, monkeypatch) as (reader, waiter, pages):
        reader.ask(want(plane))
        page = pages.get(timeout=DEADLINE_S)
        words = waiter.words
        for _ in range(5):
            reader.ask(Seen(page.pod, page.total))
            reader.ask(Away(page.pod))
        assert waiter.words == words
        reader.ask(want(plane))
        assert waiter.words == words + 1


def test_what_was_seen_last_is_remembered_at_the_end(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that ends right after a page has not forgotten that it was looked at."""
    monkeypatch.setattr(follower, "MARK_EVERY_S", HOUR_S)
    with reading(plane, monkeypatch) as (reader, _, pages):
        reader.ask(want(plane))
        page = pages.get(timeout=DEADLINE_S)
        reader.ask(Seen(page.pod, page.total))
    assert plane.output("talker").cursor(READER) == Position(1, len(b"first\n"))
