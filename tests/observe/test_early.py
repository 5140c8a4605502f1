"""A first look at many pods shows how far it has come, and says nothing it would take back."""

from __future__ import annotations

import errno
import gc
import threading

import pytest

from podtui.core.model.events import EventKind
from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Status
from podtui.core.observe import first_scan, observer
from podtui.core.observe.live.live_view import LiveView
from podtui.core.observe.observer import Observer, ObserverOptions
from tests.observe.conftest import Answering, Scene
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard

DEADLINE_S = 10.0


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show a picture after every single pod."""
    monkeypatch.setattr(first_scan, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(first_scan, "THEN_EVERY_S", 0.0)


class Shown:
    """Keeps the early pictures, and what the journal had told by then."""

    def __init__(self, scene: Scene) -> None:
        self._plane = scene.yard.reopened()
        self.pictures: list[Snapshot] = []
        self.ends: list[int] = []
        self.observer = Observer(
            self._plane.store, options=ObserverOptions(asking=Answering(), on_partial=self._take)
        )

    def _take(self, picture: Snapshot) -> None:
        self.pictures.append(picture)
        self.ends.append(self.told())

    def told(self) -> int:
        """Return how many ends are in the journal."""
        ends = {EventKind.LOST, EventKind.EXITED, EventKind.FAILED}
        return sum(event.kind in ends for event in self._plane.store.journal.read().entries)


def names(picture: Snapshot) -> set[str]:
    return {view.name for view in picture.pods}


def test_a_pod_that_was_not_looked_at_yet_is_not_there_yet(scene: Scene) -> None:
    """Each picture holds the pods looked at so far, and a notice of how many there will be."""
    for name in ("a", "b", "c"):
        scene.alive(name)
    shown = Shown(scene)

    last = shown.observer.look()

    assert [names(each) for each in shown.pictures] == [{"a"}, {"a", "b"}, {"a", "b", "c"}]
    assert [each.notices for each in shown.pictures] == [
        (f"looking: {count} of 3 pods",) for count in (1, 2, 3)
    ]
    assert names(last) == {"a", "b", "c"}
    assert last.notices == ()
    assert {view.status for each in shown.pictures for view in each.pods} == {Status.WORKING}


def test_ends_are_written_after_the_whole_look_and_once(scene: Scene) -> None:
    """What half a look has found is shown, and only the whole look is believed for good."""
    for name in ("a", "b"):
        scene.lost(name)
    for name in ("c", "d", "e"):
        scene.alive(name)
    shown = Shown(scene)

    shown.observer.look()
    last = shown.observer.look()

    assert set(shown.ends) == {0}
    assert shown.told() == 2
    assert sum("2 pods were lost" in notice for notice in last.notices) == 1


def test_a_look_that_half_fails_shows_nothing_of_it(scene: Scene) -> None:
    """While half of what was looked at could not be told, there is no picture to believe."""
    for name in ("a", "b", "c"):
        scene.alive(name)
    scene.fs.fail(errno.EIO, "/run.json")
    shown = Shown(scene)

    last = shown.observer.look()

    assert all(len(each.pods) < 2 for each in shown.pictures)
    assert not last.health.ok


def test_a_later_look_shows_nothing_early(scene: Scene) -> None:
    """The rows are there already: pictures of a part would take them away."""
    scene.alive("a")
    scene.alive("b")
    shown = Shown(scene)
    shown.observer.look()
    shown.pictures.clear()

    shown.observer.look()

    assert shown.pictures == []


def test_what_lives_is_looked_at_first(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among thousands of finished pods the living are on screen at once."""
    monkeypatch.setattr(first_scan, "MANY", 0)
    for name in ("a", "b"):
        write_exit(scene.yard.plane, write_pod(scene.yard.plane, name, supervisor=scene.dead))
    scene.alive("z")
    shown = Shown(scene)

    shown.observer.look()

    assert names(shown.pictures[0]) == {"z"}


@pytest.mark.parametrize(("many", "is_kept"), [(2, True), (3, False)])
def test_what_a_first_look_at_many_made_is_never_walked_by_the_collector(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, many: int, is_kept: bool
) -> None:
    """It stays for as long as the observer, and walking it would hold a screen up; what later
    looks and looks at few make comes and goes, and is collected as ever.
    """
    monkeypatch.setattr(observer, "MANY", many)
    for name in ("coder", "tester"):
        scene.lost(name)
    looking = scene.observer()
    gc.unfreeze()
    try:
        looking.look()
        kept = gc.get_freeze_count()
        looking.look()
        assert (kept > 0) is is_kept
        assert gc.get_freeze_count() <= kept
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_a_long_look_is_given_up_when_nobody_wants_it_any_more(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever leaves in the middle of a look at thousands of pods does not wait for its end."""
    monkeypatch.setattr(first_scan, "THEN_EVERY_S", 0.0)
    for name in ("a", "b", "c"):
        yard.spawn(name)
    shown: list[Snapshot] = []
    views: list[LiveView] = []
    is_open, closed = threading.Event(), threading.Event()

    def leave(picture: Snapshot) -> None:
        shown.append(picture)
        assert is_open.wait(DEADLINE_S)
        views[0].close()
        closed.set()

    views.append(yard.plane.watch(leave))
    is_open.set()
    assert closed.wait(DEADLINE_S)
    views[0].close()

    assert [names(each) for each in shown] == [{"a"}]
