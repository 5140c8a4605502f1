"""A stall is written into the journal once per episode, whoever notices it and however often."""

from __future__ import annotations

import threading
from datetime import timedelta

import msgspec
import pytest

from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import StalledMarker
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.core.observe.journal import stalls as observed_stalls
from podtui.core.observe.live.live_view import LiveView
from podtui.core.observe.observer import Observer
from podtui.core.observe.progress import new_output
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store
from tests.observe.conftest import Scene, row
from tests.support.record_builders import print_at
from tests.support.store_fixture import until

HOUR = 3600.0


@pytest.fixture
def coder(scene: Scene) -> Scene:
    """A pod that has run for an hour and printed a line a moment ago."""
    scene.clock.advance(2 * HOUR)
    scene.alive("coder", waited_s=HOUR)
    say(scene, "reading the sources\r\n")
    return scene


def say(scene: Scene, text: str, *, ago: float = 0.0) -> None:
    """Let the pod have printed something so many seconds ago."""
    print_at(scene.yard.plane, "coder", text.encode(), awake_s=scene.clock.monotonic() - ago)


def stalls(scene: Scene) -> list[Event]:
    """Return the stalls in the journal, read as by another process."""
    events = scene.yard.reopened().store.journal.read().entries
    return [event for event in events if event.kind is EventKind.STALLED]


def spin(scene: Scene, seconds: int) -> None:
    """Let time pass with a frame of a spinner in every second."""
    for number in range(seconds):
        scene.clock.advance(1)
        say(scene, f"\r{number}s elapsed")


def test_a_stall_is_an_event_once(coder: Scene) -> None:
    """However long it lasts and however often one looks, an episode is one line."""
    observer = coder.observer()
    observer.look()
    for _ in range(20):
        coder.clock.advance(60)
        observer.look()
        observer.tick()

    told = stalls(coder)

    assert [event.summary for event in told] == ["coder: running, no new output for 10m 00s"]
    assert (told[0].pod, told[0].run) == ("coder", 1)


def test_many_observers_write_one_event(coder: Scene) -> None:
    """Each with a memory of its own, and with the note beside the run taken away in between."""
    coder.clock.advance(700)
    for _ in range(3):
        coder.observer().look()
    coder.yard.plane.store.paths.pod("coder").run(1).stalled_marker.unlink()
    coder.observer().look()

    assert len(stalls(coder)) == 1


def test_observers_at_the_same_moment_write_one_event(coder: Scene) -> None:
    """The lock of the journal and the id decide between eight that notice it together."""
    coder.clock.advance(700)
    together = threading.Barrier(8)

    def look() -> None:
        observer = coder.observer()
        together.wait()
        observer.look()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stalls(coder)) == 1


def test_the_next_episode_is_another_event(coder: Scene) -> None:
    """Progress ends an episode; what comes after it is told anew."""
    observer = coder.observer()
    for number in range(3):
        coder.clock.advance(700)
        observer.look()
        say(coder, f"{'abc'[number]} new\r\n")
        assert row(observer.look(), "coder").status is Status.WORKING

    told = stalls(coder)

    assert len(told) == len({event.id for event in told}) == 3


def test_chatter_does_not_begin_another_episode(coder: Scene) -> None:
    """A frame now and then during a stall is neither progress nor news."""
    observer = coder.observer()
    observer.look()
    spin(coder, 10)
    for _ in range(4):
        coder.clock.advance(700)
        observer.look()
        spin(coder, 3)
        observer.look()

    assert len(stalls(coder)) == 1


def test_one_who_comes_late_does_not_tell_a_stall_again(
    coder: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot see the beginning of an episode any more takes the event that is there for it."""
    observer = coder.observer()
    observer.look()
    spin(coder, 700)
    observer.look()
    spin(coder, 900)
    monkeypatch.setattr(new_output, "FIRST_BYTES", 2000)
    monkeypatch.setattr(new_output, "MOST_FIRST_BYTES", 10_000)

    view = coder.view("coder")

    assert view.status is Status.STALLED
    assert view.progress_quiet_s is not None
    assert view.progress_quiet_s < 1000
    assert len(stalls(coder)) == 1


def test_the_stall_of_an_earlier_run_is_not_that_of_this_one(coder: Scene) -> None:
    """A note of another run, wherever it lies, silences nothing."""
    pod = coder.observer().look().find("coder")
    assert pod is not None
    marker = StalledMarker(
        event_id=f"{pod.id}.7.stalled.21", at=coder.clock.now() + timedelta(days=1)
    )
    path = coder.yard.plane.store.paths.pod("coder").run(1).stalled_marker
    path.write_bytes(encode_json(marker))
    coder.clock.advance(700)
    coder.observer().look()

    assert len(stalls(coder)) == 1
    assert msgspec.json.decode(path.read_bytes())["event_id"].startswith(f"{pod.id}.1.")


def test_a_journal_that_cannot_be_written_is_told_and_tried_again(coder: Scene) -> None:
    """The row reads stalled all the same, a notice says what failed, and nothing is lost."""
    coder.clock.advance(700)
    observer = coder.observer()
    coder.fs.fail(5, "/journal", "list")

    picture = observer.look()

    assert row(picture, "coder").status is Status.STALLED
    assert any("the journal could not be written" in notice for notice in picture.notices)
    coder.fs.mend()
    coder.clock.advance(1)
    assert observer.look().notices == ()
    assert len(stalls(coder)) == 1


def test_a_screen_writes_stalls_from_a_thread_of_its_own(coder: Scene) -> None:
    """A live view notices a stall and has it written, too; closing it leaves none unwritten."""
    coder.clock.advance(700)
    live = LiveView(Store.open(coder.yard.system, coder.yard.plane.store_path), lambda _: None)
    try:
        until(lambda: bool(stalls(coder)))
    finally:
        live.close()

    assert len(stalls(coder)) == 1


@pytest.fixture
def short_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Observers who read 4000 bytes when they come, of a program that prints 14 in a second."""
    monkeypatch.setattr(new_output, "FIRST_BYTES", 1000)
    monkeypatch.setattr(new_output, "MOST_FIRST_BYTES", 4000)
    monkeypatch.setattr(observed_stalls, "NOTED_AGAIN_BYTES", 2000)


def spin_watched(scene: Scene, observer: Observer, minutes: int) -> PodView:
    """Let time pass with a spinner, somebody looking on every minute."""
    for _ in range(minutes):
        spin(scene, 60)
        observer.look()
    return row(observer.look(), "coder")


@pytest.mark.usefixtures("short_sight")
def test_who_comes_late_to_a_long_stall_agrees_with_who_has_seen_it_all(coder: Scene) -> None:
    """The note beside the run tells how far somebody has judged what is out of sight by now."""
    observer = coder.observer()
    watching = spin_watched(coder, observer, 25)
    assert watching.output_bytes > 3 * new_output.MOST_FIRST_BYTES

    late = coder.view("coder")

    assert watching.status is late.status is Status.STALLED
    assert late.message == watching.message
    assert late.progress_quiet_s == watching.progress_quiet_s
    assert len(stalls(coder)) == 1


@pytest.mark.usefixtures("short_sight")
def test_a_long_loop_that_looks_new_at_first_is_known_from_the_note(coder: Scene) -> None:
    """Few frames of a tall screen fit in what is read; known to be old, they are not news."""
    observer = coder.observer()
    observer.look()
    for _ in range(25):
        for frame in range(4):
            coder.clock.advance(15)
            say(coder, "".join(f"\rstep {'x' * (frame * 7 + n)}" for n in range(1, 8)))
        observer.look()
    watching = row(observer.look(), "coder")

    late = coder.view("coder")

    assert watching.status is late.status is Status.STALLED
    assert late.progress_quiet_s == watching.progress_quiet_s


@pytest.mark.usefixtures("short_sight")
def test_what_nobody_has_judged_is_not_taken_for_chatter(coder: Scene) -> None:
    """A note that ends before what is in sight says nothing of what came between."""
    spin_watched(coder, coder.observer(), 15)
    say(coder, "something new\r\n")
    spin(coder, 400)

    late = coder.view("coder")

    assert late.status is Status.WORKING
    assert late.progress_quiet_s is not None
    assert late.progress_quiet_s < 400


@pytest.mark.usefixtures("short_sight")
def test_news_after_the_note_are_seen(coder: Scene) -> None:
    """What came since the stall was noted is judged as ever."""
    spin_watched(coder, coder.observer(), 15)
    say(coder, "something new\r\n")
    spin(coder, 20)

    assert coder.view("coder").progress_quiet_s == 20


@pytest.mark.usefixtures("short_sight")
@pytest.mark.parametrize(
    "note",
    [
        "{}.2.stalled.9",
        "{}.1.stalled.nine",
        "{}.1.stalled.٩",
        "{}.1.stalled.",
        "other.1.stalled.9",
    ],
)
def test_a_note_of_something_else_is_not_believed(coder: Scene, note: str) -> None:
    """One of another run or pod, or one that nobody has written like this, changes nothing."""
    spin(coder, 700)
    pod_id = coder.view("coder").id
    marker = StalledMarker(event_id=note.format(pod_id), at=coder.clock.now(), judged_to=700 * 13)
    path = coder.yard.plane.store.paths.pod("coder").run(1).stalled_marker
    path.write_bytes(encode_json(marker))

    assert coder.view("coder").status is Status.WORKING
