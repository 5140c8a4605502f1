"""The observer checks itself first: when it is the broken part, nobody else is blamed."""

from __future__ import annotations

import errno
import shutil

import pytest

from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Probe, Status, Verdict
from podtui.kernel.processes import ProcessGone
from tests.observe.conftest import Scene, row
from tests.support.faults import HARD_ERRNOS, refusal

NAMES = [errno.errorcode[number] for number in HARD_ERRNOS]


def assert_nothing_believed(picture: Snapshot, *words: str) -> None:
    """Check that every verdict is UNKNOWN, with one banner and the reason in each row."""
    assert not picture.health.ok
    assert {view.verdict for view in picture.pods} == {Verdict.UNKNOWN}
    assert sum(picture.health.reason == each for each in picture.notices) == 1
    for word in words:
        assert word in picture.health.reason
    for view in picture.pods:
        assert picture.health.reason in view.message
        assert Probe.OBSERVER in {each.probe for each in view.evidence}


def a_few(scene: Scene) -> None:
    scene.lost("gone")
    scene.alive("here")
    scene.alive("too")
    scene.alive("three")


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_an_observer_that_cannot_read_its_own_stat_believes_nothing(
    scene: Scene, number: int
) -> None:
    """What cannot even see itself in /proc does not say that others are not there."""
    a_few(scene)
    scene.proc.stat_fault = lambda _: refusal(number)

    assert_nothing_believed(scene.observer().look(), "/proc", errno.errorcode[number])


def test_an_observer_that_is_not_in_its_own_proc_believes_nothing(scene: Scene) -> None:
    """A /proc of another namespace has no entry of ours, nor of anybody we know."""
    a_few(scene)
    scene.proc.stat_fault = lambda pid: ProcessGone(str(pid))

    assert_nothing_believed(scene.observer().look(), "/proc")


@pytest.mark.parametrize("number", HARD_ERRNOS, ids=NAMES)
def test_a_store_whose_own_record_cannot_be_read_makes_everything_unknown(
    scene: Scene, number: int
) -> None:
    """When store.toml is refused, so may be what is missing of the pods."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    scene.fs.fail(number, "store.toml")

    assert_nothing_believed(observer.look(), "store.toml", errno.errorcode[number])
    scene.fs.mend()
    assert row(observer.look(), "here").verdict is Verdict.ALIVE


def test_another_store_in_the_place_of_this_one_is_not_taken_for_it(scene: Scene) -> None:
    """A store that was exchanged under the observer is not the one whose pods it knows."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    record = scene.yard.plane.store.paths.record
    text = record.read_text()
    record.write_text(text.replace(scene.yard.plane.store.id, "0" * 26))

    assert_nothing_believed(observer.look(), "another store")


def test_half_of_all_records_gone_in_one_look_is_the_observers_trouble(scene: Scene) -> None:
    """Two of four pods gone at once: all are unknown, nothing is written, and they come back."""
    a_few(scene)
    pods = scene.yard.plane.store.paths.pods
    observer = scene.observer()
    observer.look()
    before = scene.yard.plane.store.journal.read().entries
    for name in ("here", "too"):
        (pods / name).rename(pods.parent / name)

    assert_nothing_believed(observer.look(), "2 of 4 pods vanished at once", str(pods))
    assert_nothing_believed(observer.look(), "2 of 4")
    assert scene.yard.plane.store.journal.read().entries == before
    for name in ("here", "too"):
        (pods.parent / name).rename(pods / name)
    after = observer.look()
    assert after.health.ok
    assert row(after, "here").verdict is Verdict.ALIVE
    assert row(after, "gone").status is Status.LOST


def test_a_pod_spawned_while_the_observer_is_unwell_has_a_row(scene: Scene) -> None:
    """Nothing is believed, and nothing is hidden either: who is new is there, as unknown."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    scene.alive("new")
    scene.proc.boot_fault = refusal(errno.EIO)

    picture = observer.look()

    assert_nothing_believed(picture, "/proc")
    assert row(picture, "new").verdict is Verdict.UNKNOWN


def test_half_of_all_pod_records_missing_at_once_is_the_observers_trouble(scene: Scene) -> None:
    """Directories that are there and records that are not any more: the disk is asked about."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    for name in ("here", "too"):
        scene.yard.plane.store.paths.pod(name).record.unlink()

    assert_nothing_believed(observer.look(), "2 of 4")


def test_one_vanished_pod_is_a_row_that_stays(scene: Scene) -> None:
    """A pod somebody took away is unknown, with its place; the others are what they are."""
    a_few(scene)
    paths = scene.yard.plane.store.paths.pod("here")
    observer = scene.observer()
    observer.look()
    shutil.rmtree(paths.root)

    for _ in range(3):
        picture = observer.look()
        assert picture.health.ok
        view = row(picture, "here")
        assert view.verdict is Verdict.UNKNOWN
        assert str(paths.root) in view.message
        assert "vanished" in view.message
        assert row(picture, "too").verdict is Verdict.ALIVE


def test_a_hint_about_a_pod_that_went_away_shows_it_at_once(scene: Scene) -> None:
    """The row of a vanished pod does not wait for the next rescan."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    shutil.rmtree(scene.yard.plane.store.paths.pod("here").root)

    assert row(observer.look_at(["here"]), "here").verdict is Verdict.UNKNOWN


def test_pods_taken_away_one_by_one_are_not_a_mass_vanishing(scene: Scene) -> None:
    """What went away earlier, and was told, is not counted again."""
    a_few(scene)
    observer = scene.observer()
    observer.look()
    for name in ("gone", "here", "too"):
        shutil.rmtree(scene.yard.plane.store.paths.pod(name).root)
        assert observer.look().health.ok


def test_a_vanished_pod_that_comes_back_is_looked_at_again(scene: Scene) -> None:
    """A directory moved out and in again leaves no trace in the row."""
    a_few(scene)
    pods = scene.yard.plane.store.paths.pods
    observer = scene.observer()
    observer.look()
    (pods / "here").rename(pods.parent / "here")
    observer.look()
    (pods.parent / "here").rename(pods / "here")

    assert row(observer.look(), "here").verdict is Verdict.ALIVE


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
def test_half_of_the_looks_refused_is_a_banner_and_nothing_dead(scene: Scene, number: int) -> None:
    """Out of descriptors for half of the pods, the observer doubts itself and not them."""
    for name in ("a", "b", "c", "d"):
        scene.lost(name)
    for name in ("a", "b"):
        scene.fs.fail(number, f"{name}/runs/0001/lock", "lock")
    observer = scene.observer()

    assert_nothing_believed(observer.look(), "2 of 4 pods could not be read")
    assert scene.yard.plane.store.journal.read().entries == ()
    scene.fs.mend()
    assert {view.status for view in observer.look().pods} == {Status.LOST}


def test_one_refused_look_among_two_is_that_pods_own_trouble(scene: Scene) -> None:
    """With two pods, one that cannot be read is not yet "half of all"."""
    scene.lost("a")
    scene.alive("b")
    scene.fs.fail(errno.EACCES, "a/runs/0001/run.json")

    picture = scene.observer().look()

    assert picture.health.ok
    assert row(picture, "a").verdict is Verdict.UNKNOWN
    assert row(picture, "b").verdict is Verdict.ALIVE


def test_many_records_that_are_bad_in_themselves_do_not_blind_the_observer(scene: Scene) -> None:
    """Garbage is garbage: it costs its own rows, however many, and the living stay alive."""
    for name in ("a", "b", "c"):
        scene.lost(name)
        scene.yard.plane.store.paths.pod(name).run(1).record.write_bytes(b"{")
    scene.alive("d")

    picture = scene.observer().look()

    assert picture.health.ok
    assert row(picture, "d").verdict is Verdict.ALIVE
