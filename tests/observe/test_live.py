"""A live view stays true: whoever changes something, and whatever of it breaks."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from podtui.core.hosts.registry import host_of
from podtui.core.model.events import EventKind
from podtui.core.model.requests import Restore, Send
from podtui.core.model.snapshot import Detector, DetectorState, Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.live import live_view as live_module
from podtui.core.observe.live.death_watch import DeathWatch, Watched
from podtui.core.observe.live.file_watch import SETTING_UP, FileWatch
from podtui.core.observe.live.hints import hints_in
from podtui.core.observe.live.live_view import LiveView
from podtui.core.paths import log_lock
from podtui.core.system import watch as watch_module
from podtui.core.system.clock import SystemClock
from podtui.core.system.proc import Proc
from podtui.core.system.watch import Watcher
from tests.observe.conftest import row
from tests.support.faults import FaultyFs, FaultyProc, refusal
from tests.support.record_builders import (
    a_dead_process,
    hold_lock,
    write_exit,
    write_pod,
)
from tests.support.store_fixture import Yard, until

DEADLINE_S = 10.0


class Screen:
    """Takes pictures as a screen does and lets a test wait for what it wants to see."""

    def __init__(self) -> None:
        self.pictures: list[Snapshot] = []
        self._changed = threading.Condition()

    def show(self, picture: Snapshot) -> None:
        with self._changed:
            self.pictures.append(picture)
            self._changed.notify_all()

    def wait_for(self, is_shown: Callable[[Snapshot], bool]) -> Snapshot:
        """Wait until a picture is so, and return it."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((each for each in self.pictures if is_shown(each)), None), DEADLINE_S
            )
        assert found is not None, f"not shown; the last was {self.pictures[-1:]}"
        return found

    def wait_for_next(self, is_shown: Callable[[Snapshot], bool]) -> Snapshot:
        """Wait as `wait_for`, leaving out what was shown before."""
        with self._changed:
            self.pictures.clear()
        return self.wait_for(is_shown)

    def wait_status(self, name: str, status: Status) -> Snapshot:
        def is_so(picture: Snapshot) -> bool:
            view = picture.find(name)
            return view is not None and view.status is status

        return self.wait_for_next(is_so) if self._is_not_shown(is_so) else self.pictures[-1]

    def _is_not_shown(self, is_shown: Callable[[Snapshot], bool]) -> bool:
        with self._changed:
            return not (self.pictures and is_shown(self.pictures[-1]))


def detector(picture: Snapshot, name: str) -> Detector:
    return next(each for each in picture.detectors if each.name == name)


@contextmanager
def watching(yard: Yard, screen: Screen) -> Iterator[LiveView]:
    live = yard.plane.watch(screen.show)
    try:
        yield live
    finally:
        live.close()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_the_death_of_a_supervisor_is_shown(yard: Yard, screen: Screen) -> None:
    """A kill -9 comes to the screen by its pidfd, without any file having changed."""
    yard.spawn("coder")
    with watching(yard, screen):
        screen.wait_status("coder", Status.WORKING)
        yard.kill(yard.supervisor_of("coder"))
        picture = screen.wait_status("coder", Status.LOST)

    assert row(picture, "coder").verdict is Verdict.DEAD


def test_an_exit_is_shown(yard: Yard, screen: Screen) -> None:
    """A command that ends by itself is shown with its exit code."""
    yard.shell("tests", "read go; exit 4")
    with watching(yard, screen):
        screen.wait_for(lambda picture: row(picture, "tests").verdict is Verdict.ALIVE)
        yard.plane.carry_out(Send("tests", "go"))
        picture = screen.wait_status("tests", Status.FAILED)

    assert row(picture, "tests").exit_code == 4


def test_a_pod_spawned_by_somebody_else_is_shown(yard: Yard, screen: Screen) -> None:
    """A spawn from another terminal comes to every open screen."""
    with watching(yard, screen):
        screen.wait_for(lambda picture: picture.pods == ())
        yard.spawn("coder")
        screen.wait_status("coder", Status.WORKING)


def test_a_record_edited_by_hand_is_shown(yard: Yard, screen: Screen) -> None:
    """What a person mends or breaks in an editor is in the next picture."""
    yard.spawn("coder")
    path = yard.plane.store.paths.pod("coder").record
    good = path.read_bytes()
    with watching(yard, screen):
        screen.wait_status("coder", Status.WORKING)
        path.write_bytes(b"name = ")
        broken = screen.wait_status("coder", Status.UNKNOWN)
        path.write_bytes(good)
        screen.wait_status("coder", Status.WORKING)

    assert str(path) in row(broken, "coder").message


def test_a_stopped_and_continued_supervisor_is_shown(yard: Yard, screen: Screen) -> None:
    """SIGSTOP and SIGCONT change no file and end no process, and are shown all the same."""
    yard.spawn("coder")
    supervisor = yard.supervisor_of("coder")
    with watching(yard, screen) as live:
        screen.wait_status("coder", Status.WORKING)
        yard.stop_process(supervisor)
        live.refresh()
        screen.wait_status("coder", Status.UNRESPONSIVE)
        yard.signal(supervisor, signal.SIGCONT)
        screen.wait_status("coder", Status.WORKING)


def test_every_picture_tells_the_ages_of_its_detectors(yard: Yard, screen: Screen) -> None:
    """Rescan, file watch and deathwatch say how long ago they last came round."""
    yard.spawn("coder")
    with watching(yard, screen):
        screen.wait_status("coder", Status.WORKING)
        picture = screen.wait_for_next(lambda picture: True)

    assert [each.name for each in picture.detectors] == ["rescan", "files", "deaths"]
    assert {each.state for each in picture.detectors} == {DetectorState.OK}
    assert all(0 <= each.age_s < 60 for each in picture.detectors)
    assert detector(picture, "deaths").detail == "1 supervisors watched"


def test_a_watcher_that_breaks_is_off_and_the_rescan_finds_what_changes(
    tmp_path: Path, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no inotify left, changes are found by scanning and the detector is off; then on."""

    class Limited(Watcher):
        is_allowed = False

        def open(self, directories: list[str]) -> Any:
            if not self.is_allowed:
                raise OSError("OS file watch limit reached")
            return super().open(directories)

    watcher = Limited()
    monkeypatch.setattr(watch_module, "REARM_S", 0.05)
    monkeypatch.setattr(live_module, "RESCAN_WITHOUT_WATCH_S", 0.05)
    yard = Yard(tmp_path, watcher=watcher)
    try:
        with watching(yard, screen):
            off = screen.wait_for(lambda seen: detector(seen, "files").state is DetectorState.OFF)
            yard.spawn("coder")
            screen.wait_status("coder", Status.WORKING)
            watcher.is_allowed = True
            screen.wait_for_next(lambda seen: detector(seen, "files").state is DetectorState.OK)
    finally:
        yard.end_everything()

    assert "limit reached" in detector(off, "files").detail


def test_a_pods_directory_that_is_replaced_is_watched_again(
    yard: Yard, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel goes on watching a directory that was moved away: the view finds out."""
    monkeypatch.setattr(watch_module, "REARM_S", 0.05)
    pods = yard.plane.store.paths.pods
    with watching(yard, screen):
        screen.wait_for(lambda picture: detector(picture, "files").detail != SETTING_UP)
        pods.rename(pods.parent / "moved")
        pods.mkdir(mode=0o700)
        screen.wait_for_next(lambda picture: detector(picture, "files").state is DetectorState.OFF)
        screen.wait_for_next(lambda picture: detector(picture, "files").state is DetectorState.OK)
        yard.spawn("coder")
        screen.wait_status("coder", Status.WORKING)


def test_a_pods_directory_that_is_gone_makes_everything_unknown_until_it_is_back(
    yard: Yard, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody died because a directory went away."""
    monkeypatch.setattr(watch_module, "REARM_S", 0.05)
    monkeypatch.setattr(live_module, "RESCAN_WITHOUT_WATCH_S", 0.05)
    yard.spawn("coder")
    pods = yard.plane.store.paths.pods
    with watching(yard, screen):
        screen.wait_status("coder", Status.WORKING)
        pods.rename(pods.parent / "moved")
        gone = screen.wait_for_next(lambda picture: not picture.health.ok)
        (pods.parent / "moved").rename(pods)
        screen.wait_status("coder", Status.WORKING)

    assert row(gone, "coder").verdict is Verdict.UNKNOWN
    assert EventKind.LOST not in {event.kind for event in yard.plane.events()}


def test_a_screen_that_fails_once_gets_the_next_picture_and_is_told(yard: Yard) -> None:
    """What a callback raises neither ends the view nor stays unsaid."""
    screen = Screen()
    failed = threading.Event()

    def show(picture: Snapshot) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("no such widget")
        screen.show(picture)

    live = yard.plane.watch(show)
    try:
        picture = screen.wait_for(lambda picture: True)
    finally:
        live.close()

    assert any("no such widget" in notice for notice in picture.notices)


def test_a_look_that_fails_is_shown_and_tried_again(tmp_path: Path, screen: Screen) -> None:
    """A fault nobody thought of makes everything unknown for a moment, and not the view silent."""

    class Odd(FaultyFs):
        broken = True

        def names_in(self, directory: Path) -> list[str]:
            if self.broken and directory.name == "pods":
                raise ZeroDivisionError("nobody thought of this")
            return super().names_in(directory)

    fs = Odd()
    yard = Yard(tmp_path, fs=fs)
    live = LiveView(yard.plane.store, screen.show)
    try:
        shown = screen.wait_for(lambda picture: not picture.health.ok)
        fs.broken = False
        live.refresh()
        screen.wait_for(lambda picture: picture.health.ok)
    finally:
        live.close()

    assert "nobody thought of this" in shown.health.reason


def test_closing_returns_while_a_supervisor_hangs(yard: Yard, screen: Screen) -> None:
    """A supervisor that does not answer holds neither the pictures nor the closing up."""
    yard.spawn("hanging")
    yard.spawn("other")
    yard.stop_process(yard.supervisor_of("hanging"))
    with watching(yard, screen):
        screen.wait_status("hanging", Status.UNRESPONSIVE)
        yard.kill(yard.supervisor_of("other"))
        screen.wait_status("other", Status.LOST)


def test_a_socket_that_hangs_delays_no_other_pods_news(tmp_path: Path, screen: Screen) -> None:
    """While one supervisor is waited for, the death of another is shown."""
    release = threading.Event()

    class Slow(Proc):
        def connect_now(self, directory: Path, name: str) -> object:  # type: ignore[override]
            release.wait(DEADLINE_S)
            raise refusal(errno.EAGAIN)

    patient = Yard(tmp_path)
    impatient = Yard(tmp_path, proc=Slow())
    patient.spawn("hanging")
    patient.spawn("other")
    live = impatient.plane.watch(screen.show)
    try:
        screen.wait_for(lambda picture: len(picture.pods) == 2)
        patient.kill(patient.supervisor_of("other"))
        screen.wait_status("other", Status.LOST)
        release.set()
        screen.wait_status("hanging", Status.UNRESPONSIVE)
    finally:
        release.set()
        live.close()
        patient.end_everything()


def test_closing_returns_while_the_screen_hangs(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback that never comes back is left behind, and the descriptors are closed."""
    monkeypatch.setattr(live_module, "CLOSE_S", 0.05)
    hangs, release = threading.Event(), threading.Event()

    def show(picture: Snapshot) -> None:
        hangs.set()
        release.wait(DEADLINE_S)

    live = yard.plane.watch(show)
    assert hangs.wait(DEADLINE_S)
    live.close()
    release.set()
    live.close()


def test_a_view_may_be_closed_from_its_own_callback(yard: Yard) -> None:
    """A screen that has seen enough closes the view where it stands."""
    ready, closed = threading.Event(), threading.Event()
    views: list[LiveView] = []

    def show(picture: Snapshot) -> None:
        ready.wait(DEADLINE_S)
        views[0].close()
        closed.set()

    views.append(yard.plane.watch(show))
    ready.set()

    assert closed.wait(DEADLINE_S)


def held() -> tuple[int, int]:
    """Return how many descriptors and threads this process has."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def test_two_hundred_views_leave_no_descriptor_and_no_thread(yard: Yard, screen: Screen) -> None:
    """Opening and closing as often as one likes costs nothing afterwards."""
    yard.spawn("coder")
    before = held()
    with watching(yard, screen):
        screen.wait_status("coder", Status.WORKING)
    for _ in range(200):
        yard.plane.watch(lambda _: None).close()

    # The watcher's thread closes its descriptors a moment later.
    until(lambda: held() == before)


def test_two_hundred_deaths_at_once_are_all_seen_and_written_once(
    tmp_path: Path, screen: Screen
) -> None:
    """Locks let go all at once: every pod is lost, in one notice, with one event each."""
    number = 200
    yard = Yard(tmp_path)
    dead = a_dead_process()
    names = [f"pod-{each:03d}" for each in range(number)]
    locks = []
    for name in names:
        write_pod(yard.plane, name, supervisor=dead)
        locks.append(hold_lock(yard.plane, name))
    with watching(yard, screen) as live:
        screen.wait_for(
            lambda picture: sum(each.verdict is Verdict.ALIVE for each in picture.pods) == number
        )
        for descriptor in locks:
            os.close(descriptor)
        live.refresh()
        picture = screen.wait_for(lambda picture: picture.counts.get(Status.LOST) == number)
    told = [event.pod for event in yard.plane.store.journal.read().entries if event.pod in names]

    assert picture.notices[0].startswith(f"{number} pods were lost at ")
    assert sorted(str(each) for each in told) == names


def test_a_supervisor_that_is_gone_while_its_lock_is_held_is_told_once(yard: Yard) -> None:
    """A death that changes no verdict is no reason to look again and again without end."""
    told: list[str] = []
    deaths = DeathWatch(SystemClock(), told.append)
    write_pod(yard.plane, "odd", supervisor=a_dead_process())
    run = yard.run_record("odd")
    watched = Watched("odd", lambda: host_of(yard.plane.store, run).death_handle(run))
    try:
        for _ in range(5):
            deaths.watch({("odd", 1): watched})
    finally:
        deaths.close()

    assert told == ["odd"]


def test_a_deathwatch_without_descriptors_says_so_and_goes_on_when_it_can() -> None:
    """Out of descriptors the watch is late, not dead; with some free again it watches all."""
    proc = FaultyProc()
    proc.pidfd_fault = lambda _: refusal(errno.EMFILE)
    deaths = DeathWatch(SystemClock(), lambda _: None)
    mine = Watched("me", lambda: proc.open_pidfd(os.getpid()))
    try:
        deaths.watch({("me", 1): mine})
        trouble, watched = deaths.trouble, len(deaths)
        proc.pidfd_fault = lambda _: None
        deaths.watch({("me", 1): mine})
        assert (deaths.trouble, len(deaths)) == ("", 1)
    finally:
        deaths.close()

    assert watched == 0
    assert "no more possible: Too many open files" in trouble


def test_a_busy_pod_does_not_make_the_view_look_all_the_time(
    tmp_path: Path, screen: Screen
) -> None:
    """Ten thousand hints of more output are a few looks at the output, not at the processes."""

    class Counting(FaultyProc):
        sights = 0

        def sight(self, recorded: object) -> object:  # type: ignore[override]
            self.sights += 1
            return super().sight(recorded)  # type: ignore[arg-type]

    proc = Counting()
    yard = Yard(tmp_path, proc=proc)
    try:
        yard.shell("busy", "read go; yes | head -c 30000000; read end")
        with watching(yard, screen) as live:
            screen.wait_for(lambda picture: row(picture, "busy").verdict is Verdict.ALIVE)
            pods = yard.plane.store.paths.pods
            output = yard.plane.store.paths.pod("busy").run(1).output
            screen.wait_for_next(lambda picture: True)
            before, pictures = proc.sights, len(screen.pictures)
            for _ in range(10_000):
                live._take_hints(hints_in(pods, [output]))
            looks, shown = proc.sights - before, len(screen.pictures) - pictures
    finally:
        yard.end_everything()

    assert looks <= 4
    assert shown <= 12


def test_the_output_of_a_busy_pod_is_followed(yard: Yard, screen: Screen) -> None:
    """A pod that prints grows on the screen without anybody asking."""
    yard.shell("busy", "read go; echo something; read end")
    with watching(yard, screen):
        before = screen.wait_for(lambda picture: row(picture, "busy").verdict is Verdict.ALIVE)
        size = row(before, "busy").output_bytes
        yard.plane.carry_out(Send("busy", "go"))
        screen.wait_for(lambda picture: row(picture, "busy").output_bytes >= size + 15)


def test_cpu_and_memory_are_shown_for_the_pods_that_are_wanted(yard: Yard, screen: Screen) -> None:
    """Only what is on the screen is measured."""
    yard.spawn("seen")
    yard.spawn("unseen")
    with watching(yard, screen) as live:
        live.want_samples(["seen"])
        picture = screen.wait_for(lambda picture: row(picture, "seen").rss_bytes is not None)

    assert row(picture, "unseen").rss_bytes is None


def test_a_journal_that_cannot_be_written_is_told_and_written_later(
    tmp_path: Path, screen: Screen
) -> None:
    """The verdict stands without the journal; the event is caught up with, once."""
    yard = Yard(tmp_path)
    pod = write_pod(yard.plane, "done", supervisor=a_dead_process())
    write_exit(yard.plane, pod)
    lock = log_lock(yard.plane.store.paths.journal)
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with watching(yard, screen) as live:
        told = screen.wait_for(lambda picture: any("journal" in each for each in picture.notices))
        shutil.rmtree(lock)
        live.refresh()
        screen.wait_for_next(lambda picture: picture.notices == ())
    events = [event for event in yard.plane.store.journal.read().entries if event.pod == "done"]

    assert row(told, "done").status is Status.EXITED
    assert [event.kind for event in events] == [EventKind.EXITED]


def test_a_view_of_one_pod_looks_at_that_one_only(yard: Yard, screen: Screen) -> None:
    """Who waits for one pod does not pay for all the others."""
    yard.spawn("one")
    yard.spawn("two")
    live = LiveView(yard.plane.store, screen.show, only=["one"])
    try:
        picture = screen.wait_for(lambda picture: len(picture.pods) > 0)
        yard.kill(yard.supervisor_of("one"))
        screen.wait_status("one", Status.LOST)
    finally:
        live.close()

    assert [view.name for view in picture.pods] == ["one"]
    until(lambda: yard.view("two").verdict is Verdict.ALIVE)


def test_a_repair_that_fails_is_a_notice(yard: Yard, screen: Screen) -> None:
    """What a crash left incomplete, and could not be repaired, is not passed over in silence."""

    def fail() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    live = LiveView(yard.plane.store, screen.show, repair=fail)
    try:
        picture = screen.wait_for(lambda picture: picture.notices != ())
        live.refresh()
        later = screen.wait_for_next(lambda picture: True)
    finally:
        live.close()

    assert "could not be repaired" in picture.notices[0]
    assert "Read-only file system" in picture.notices[0]
    assert later.notices == picture.notices


def test_a_finished_pod_that_is_restored_elsewhere_is_shown(yard: Yard, screen: Screen) -> None:
    """Its directory is not watched; the event in the journal names it long before a rescan."""
    yard.shell("coder", "exit 0")
    until(lambda: yard.view("coder").verdict is Verdict.DEAD)
    with watching(yard, screen) as live:
        screen.wait_for(lambda picture: row(picture, "coder").verdict is Verdict.DEAD)
        screen.wait_for(lambda picture: detector(picture, "files").detail != SETTING_UP)
        until(lambda: not watched_pods(live))
        yard.reopened().carry_out(Restore(("coder",)))
        screen.wait_for_next(lambda picture: row(picture, "coder").run == 2)


def test_few_places_are_watched_however_many_pods_have_finished(
    tmp_path: Path, screen: Screen
) -> None:
    """Only the directory of pods, the journal and the directories of live pods are watched."""
    yard = Yard(tmp_path)
    dead = a_dead_process()
    for number in range(30):
        write_exit(yard.plane, write_pod(yard.plane, f"done-{number}", supervisor=dead))
    yard.spawn("alive")
    try:
        with watching(yard, screen) as live:
            screen.wait_status("alive", Status.WORKING)
            screen.wait_for(lambda picture: len(picture.pods) == 31)

            def is_so() -> bool:
                # A scan after their ends are written finds that nothing more can change.
                live.refresh()
                return watched_pods(live) == {"alive"} and len(yard.system.watcher._armed) == 4

            until(is_so)
    finally:
        yard.end_everything()


def watched_pods(live: LiveView) -> set[str]:
    """Return the pods whose own directories are watched."""
    assert isinstance(live._files, FileWatch)
    return {name for name, _ in live._files._places}
