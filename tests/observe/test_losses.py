"""Many deaths at once are told as one, and not for ever."""

from __future__ import annotations

import pytest

from podtui.core.model.events import EventKind
from podtui.core.model.verdicts import Status
from podtui.core.observe.journal.ends import RunEnd
from podtui.core.observe.journal.losses import LossNotices
from tests.observe.conftest import NOON, Scene
from tests.support.clocks import FrozenClock
from tests.support.record_builders import write_exit


def end(name: str, status: Status = Status.LOST, *, never_started: bool = False) -> RunEnd:
    return RunEnd(
        pod=name,
        pod_id=name,
        run=1,
        status=status,
        at=NOON,
        summary="lost: its supervisor ended without writing an exit record; its command still runs",
        cause="its supervisor ended without writing an exit record",
        never_started=never_started,
    )


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


def test_many_losses_are_one_notice_with_their_number_time_and_names(clock: FrozenClock) -> None:
    """Seven pods lost at once are one sentence that names the first five."""
    notices = LossNotices(clock)
    notices.note(end(f"pod-{number}") for number in range(7))

    at = NOON.astimezone().strftime("%H:%M")
    told = notices.sentences()
    assert len(told) == 1
    assert told[0].startswith(f"7 pods were lost at {at} (its supervisor ended without")
    assert told[0].endswith("): pod-0, pod-1, pod-2, pod-3, pod-4 and 2 more")


def test_one_loss_alone_is_told_by_its_row(clock: FrozenClock) -> None:
    """A single loss makes no banner."""
    notices = LossNotices(clock)
    notices.note([end("a")])

    assert notices.sentences() == []


def test_losses_shortly_one_after_the_other_are_one_batch(clock: FrozenClock) -> None:
    """A batch goes on while deaths keep coming in, and counts each pod once."""
    notices = LossNotices(clock)
    for name in ("a", "b", "b", "c"):
        notices.note([end(name)])
        clock.advance(1)

    assert len(notices.sentences()) == 1
    assert notices.sentences()[0].startswith("3 pods were lost")


def test_losses_far_apart_are_two_batches_newest_first(clock: FrozenClock) -> None:
    """Two things that happened are two sentences."""
    notices = LossNotices(clock)
    notices.note([end("a"), end("b")])
    clock.advance(10)
    notices.note([end("c"), end("d"), end("e")])

    assert [each.split()[0] for each in notices.sentences()] == ["3", "2"]


def test_a_notice_is_shown_for_a_minute(clock: FrozenClock) -> None:
    """After that the rows and the journal tell of it."""
    notices = LossNotices(clock)
    notices.note([end("a"), end("b")])
    clock.advance(59)
    assert notices.sentences()
    clock.advance(2)
    assert notices.sentences() == []


def test_ends_that_are_no_losses_make_no_notice(clock: FrozenClock) -> None:
    """Exits and failures in numbers are what batches of work look like."""
    notices = LossNotices(clock)
    notices.note(end(str(each), Status.EXITED) for each in range(9))
    notices.note(end(str(each), Status.FAILED) for each in range(9))
    notices.note(end(str(each), never_started=True) for each in range(9))

    assert notices.sentences() == []


def test_losses_that_were_told_before_are_no_news_to_a_later_observer(scene: Scene) -> None:
    """Who opens a screen tomorrow is not told of yesterday's losses as if they were new."""
    for name in ("a", "b", "c"):
        scene.lost(name)

    first, later = scene.observer().look(), scene.observer().look()

    assert first.notices[0].startswith("3 pods were lost")
    assert later.notices == ()
    assert {view.status for view in later.pods} == {Status.LOST}


def test_every_observer_that_saw_the_pods_live_tells_of_the_loss(scene: Scene) -> None:
    """That another observer has written the deaths down first does not hide them from this one."""
    for name in ("a", "b"):
        scene.alive(name)
    one, two = scene.observer(), scene.observer()
    one.look(), two.look()
    scene.proc.boot = "another-boot"

    notices = [one.look().notices, two.look().notices]

    assert [each[0].split()[0] for each in notices] == ["2", "2"]
    assert one.look().notices == notices[0]
    kinds = [event.kind for event in scene.yard.plane.store.journal.read().entries]
    assert kinds == [EventKind.LOST, EventKind.LOST]


def test_exits_of_the_same_moment_are_told_by_their_rows(scene: Scene) -> None:
    """A whole team that finishes is no disaster."""
    pods = [scene.alive(name) for name in ("a", "b", "c")]
    observer = scene.observer()
    observer.look()
    for pod in pods:
        write_exit(scene.yard.plane, pod)

    assert observer.look().notices == ()
