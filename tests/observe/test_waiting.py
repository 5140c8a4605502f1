"""Waiting for a status, and following events: what was asked for, once, and never for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from podtui.core.errors import NotFound, PodtuiError, Refused, TimedOut
from podtui.core.model.events import Event, EventKind
from podtui.core.model.requests import Send
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.core.store import logs as log_module
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard

DEADLINE_S = 10.0


class Waiter:
    """Waits in a thread of its own, so that a test can make come true what is waited for."""

    def __init__(self, yard: Yard, name: str, *until: Status) -> None:
        self.view: PodView | None = None
        self.error: PodtuiError | None = None
        self._yard, self._name, self._until = yard, name, frozenset(until)
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        try:
            self.view = self._yard.plane.wait(self._name, until=self._until, timeout_s=DEADLINE_S)
        except PodtuiError as error:
            self.error = error

    def ended(self) -> Waiter:
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        return self


def test_a_status_that_is_there_is_returned_at_once(yard: Yard) -> None:
    """Even with no time to wait, one look is taken."""
    yard.spawn("coder")

    view = yard.plane.wait("coder", until=frozenset({Status.WORKING}), timeout_s=0)

    assert view.status is Status.WORKING


def test_a_status_that_comes_is_waited_for(yard: Yard) -> None:
    """A pod that ends while somebody waits for that lets them go on."""
    yard.shell("tests", "read go")
    waiter = Waiter(yard, "tests", Status.EXITED)
    yard.plane.carry_out(Send("tests", "go"))

    assert waiter.ended().error is None
    assert waiter.view is not None
    assert waiter.view.status is Status.EXITED


def test_a_loss_is_waited_for_as_any_status(yard: Yard) -> None:
    """Who waits for "lost" is told when the supervisor is killed."""
    yard.spawn("coder")
    waiter = Waiter(yard, "coder", Status.LOST)
    yard.kill(yard.supervisor_of("coder"))

    assert waiter.ended().view is not None


def test_a_wait_that_takes_too_long_says_what_the_pod_is_now(yard: Yard) -> None:
    """The pod goes on, and the error says so."""
    yard.spawn("coder")

    with pytest.raises(TimedOut, match="it is working: running") as caught:
        yard.plane.wait("coder", until=frozenset({Status.EXITED}), timeout_s=0.05)

    assert caught.value.kept == "the pod goes on"
    assert caught.value.pod == "coder"


def test_a_pod_that_has_ended_otherwise_is_not_waited_for(yard: Yard) -> None:
    """What has failed will not work again by itself: refused, with the reason, at once."""
    yard.shell("tests", "exit 3")
    yard.wait_ended("tests")

    with pytest.raises(Refused, match="will not become working: it is failed: exited 3"):
        yard.plane.wait("tests", until=frozenset({Status.WORKING}))


def test_a_pod_that_ends_otherwise_while_it_is_waited_for_ends_the_wait(yard: Yard) -> None:
    """A wait for success does not outlive the failure."""
    yard.shell("tests", "read go; exit 3")
    waiter = Waiter(yard, "tests", Status.EXITED)
    yard.plane.carry_out(Send("tests", "go"))

    assert isinstance(waiter.ended().error, Refused)


def test_a_pod_nobody_knows_is_not_waited_for(yard: Yard) -> None:
    """A mistyped name is an error, not a wait."""
    with pytest.raises(NotFound):
        yard.plane.wait("codr", until=frozenset({Status.EXITED}))


def test_a_wait_can_be_called_off(yard: Yard) -> None:
    """Whoever sets the event gets the wait back."""
    yard.spawn("coder")
    stop = threading.Event()
    stop.set()

    with pytest.raises(PodtuiError, match="given up"):
        yard.plane.wait("coder", until=frozenset({Status.EXITED}), stop=stop)


class Follower:
    """Follows the events in a thread of its own and keeps what it was given."""

    def __init__(self, yard: Yard) -> None:
        self.events: list[Event] = []
        self.stop = threading.Event()
        self._came = threading.Condition()
        self._yard = yard
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()

    def _follow(self) -> None:
        for event in self._yard.plane.follow_events(self.stop):
            with self._came:
                self.events.append(event)
                self._came.notify_all()

    def wait_for(self, ids: set[str]) -> None:
        with self._came:
            assert self._came.wait_for(
                lambda: ids <= {event.id for event in self.events}, DEADLINE_S
            ), f"missing {ids - {event.id for event in self.events}}"


@contextmanager
def following(yard: Yard) -> Iterator[Follower]:
    follower = Follower(yard)
    try:
        yield follower
    finally:
        follower.stop.set()
        follower.thread.join(DEADLINE_S)
        assert not follower.thread.is_alive()


def note(yard: Yard, name: str) -> str:
    """Write an event into the journal, as any action does."""
    event = Event(id=name, at=datetime.now(UTC), kind=EventKind.SENT, summary=f"{name} " * 40)
    yard.plane.store.journal.append(event)
    return name


def test_following_gives_the_past_and_then_what_happens_each_once(yard: Yard) -> None:
    """Nothing is left out between the past and the present, and nothing comes twice."""
    past = [note(yard, f"past-{number}") for number in range(5)]
    with following(yard) as follower:
        follower.wait_for(set(past))
        new = [note(yard, f"new-{number}") for number in range(5)]
        follower.wait_for(set(new))

    ids = [event.id for event in follower.events if event.kind is EventKind.SENT]
    assert ids == past + new


def test_following_goes_on_over_the_end_of_a_segment(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that begins new segments all the time is one stream of events."""
    monkeypatch.setattr(log_module, "SEGMENT_BYTES", 500)
    past = [note(yard, f"past-{number}") for number in range(10)]
    with following(yard) as follower:
        new = [note(yard, f"new-{number}") for number in range(30)]
        follower.wait_for({*past, *new})

    ids = [event.id for event in follower.events if event.kind is EventKind.SENT]
    assert ids == past + new
    assert len(yard.plane.store.journal.segments()) > 5


def test_a_death_nobody_else_looks_at_comes_to_be_an_event(yard: Yard) -> None:
    """Following events is looking: a killed supervisor is told although no screen is open."""
    view = yard.spawn("coder")
    with following(yard) as follower:
        yard.kill(yard.supervisor_of("coder"))
        follower.wait_for({f"{view.id}.1.ended"})

    ends = [event for event in follower.events if event.id == f"{view.id}.1.ended"]
    assert [event.kind for event in ends] == [EventKind.LOST]


def test_asking_for_events_notices_ends_nobody_had_noticed(yard: Yard) -> None:
    """A list of events has every end in it, also those that came while nobody looked."""
    pod = write_pod(yard.plane, "done", supervisor=a_dead_process())
    write_exit(yard.plane, pod, exit_code=2)

    kinds = [event.kind for event in yard.plane.events() if event.pod == "done"]

    assert kinds == [EventKind.FAILED]
    assert [event.kind for event in yard.plane.events() if event.pod == "done"] == kinds


def test_following_ends_when_it_is_called_off(yard: Yard) -> None:
    """Nothing has to happen for a follower to be let go."""
    with following(yard):
        pass
