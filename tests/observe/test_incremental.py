"""What has ended and has not changed is not looked at again, and what has changed always is."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec
import pytest

from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.observe.observer import Observer
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_toml
from tests.observe.conftest import Scene, row
from tests.support.record_builders import a_dead_process, this_process, write_exit

DONE = 20


@pytest.fixture
def observer(scene: Scene) -> Observer:
    """An observer that has seen twenty finished pods, and written their ends down."""
    dead = a_dead_process()
    for number in range(DONE):
        pod = scene.lost(f"done-{number:02d}", supervisor=dead)
        write_exit(scene.yard.plane, pod, exit_code=number)
    made = scene.observer()
    made.look()
    made.look()
    return made


def calls_of(scene: Scene, work: Callable[[], object]) -> dict[str, int]:
    """Return what the disk was asked while something was done."""
    scene.fs.calls.clear()
    work()
    return dict(scene.fs.calls)


def test_finished_pods_are_only_stamped_in_a_rescan(scene: Scene, observer: Observer) -> None:
    """A rescan with nothing new opens no file of a finished pod: four stamps for each are all."""
    calls = calls_of(scene, observer.look)

    assert calls.get("open", 0) == 0
    assert calls.get("lock", 0) == 0
    assert calls["stamp"] <= DONE * 4 + 4
    assert calls["list"] == 1


def test_a_tick_asks_nothing_of_finished_pods(scene: Scene, observer: Observer) -> None:
    """The ages of what has ended do not change, so nothing is asked."""
    assert calls_of(scene, observer.tick) == {}


def test_rows_of_finished_pods_are_the_same_objects_from_picture_to_picture(
    observer: Observer,
) -> None:
    """A screen can tell by identity that a row has not changed."""
    first, second = observer.look(), observer.look()

    assert all(one is two for one, two in zip(first.pods, second.pods, strict=True))


def test_a_change_costs_its_own_pod_only(scene: Scene, observer: Observer) -> None:
    """With one exit record mended, one row is made anew."""
    before = observer.look()
    pod = observer.memory["done-07"].record
    write_exit(scene.yard.plane, pod, exit_code=99)  # type: ignore[arg-type]

    after = observer.look()

    assert row(after, "done-07").exit_code == 99
    changed = [two.name for one, two in zip(before.pods, after.pods, strict=True) if one is not two]
    assert changed == ["done-07"]


def rewrite_role(pod: PodPaths) -> None:
    text = pod.record.read_text()
    pod.record.write_text(text.replace('agent = "command"', 'agent = "mended"'))


def put_file_in_place(pod: PodPaths) -> None:
    shutil.rmtree(pod.root)
    pod.root.touch()


CHANGES: dict[str, tuple[Callable[[PodPaths], object], Callable[[Snapshot], bool]]] = {
    "pod record mended in place": (
        rewrite_role,
        lambda picture: row(picture, "done-03").agent == "mended",
    ),
    "pod record damaged": (
        lambda pod: pod.record.write_bytes(b"x"),
        lambda picture: row(picture, "done-03").verdict is Verdict.UNKNOWN,
    ),
    "exit record taken away": (
        lambda pod: pod.run(1).exit.unlink(),
        lambda picture: row(picture, "done-03").status is Status.LOST,
    ),
    "exit record damaged": (
        lambda pod: pod.run(1).exit.write_bytes(b""),
        lambda picture: row(picture, "done-03").verdict is Verdict.UNKNOWN,
    ),
    "a new run reserved": (
        lambda pod: shutil.copytree(pod.run(1).root, pod.run(2).root),
        lambda picture: row(picture, "done-03").run == 2,
    ),
    "the pod taken away": (
        lambda pod: shutil.rmtree(pod.root),
        lambda picture: "vanished" in row(picture, "done-03").message,
    ),
    "a file in the pod's place": (
        put_file_in_place,
        lambda picture: row(picture, "done-03").verdict is Verdict.UNKNOWN,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_finished_pod_is_found_by_the_rescan(
    scene: Scene, observer: Observer, change: str
) -> None:
    """No hint is needed: whatever changes in the records of a pod is in the next picture."""
    do, is_shown = CHANGES[change]
    do(scene.yard.plane.store.paths.pod("done-03"))

    assert is_shown(observer.look())


def test_a_run_added_to_a_finished_pod_is_followed(scene: Scene, observer: Observer) -> None:
    """A pod that is started again is alive, whatever its first run came to."""
    paths = scene.yard.plane.store.paths.pod("done-03")
    shutil.copytree(paths.run(1).root, paths.run(2).root)
    paths.run(2).exit.unlink()
    record = msgspec.json.decode(paths.run(2).record.read_bytes())
    record |= {"run": 2, "supervisor": msgspec.to_builtins(this_process())}
    paths.run(2).record.write_bytes(msgspec.json.encode(record))
    view = row(observer.look(), "done-03")

    # Its lock is free and its supervisor is the test: they disagree, and nothing is guessed.
    assert (view.run, view.verdict) == (2, Verdict.UNKNOWN)


def test_a_lost_pod_is_looked_at_as_long_as_its_command_lives(scene: Scene) -> None:
    """A row that says "still runs, unwatched" is asked again though no record changes."""
    scene.lost("coder", child=this_process())
    scene.lost("tests", child=a_dead_process())
    observer = scene.observer()
    observer.look()
    observer.look()

    assert [memory.name for memory in observer.unsettled()] == ["coder"]


def test_the_tree_is_ordered_anew_when_a_parent_changes(scene: Scene, observer: Observer) -> None:
    """Depth and order follow the records, also for rows that were kept."""
    parent = observer.memory["done-00"].record
    child = observer.memory["done-19"].record
    moved = msgspec.structs.replace(child, parent_id=parent.id, parent_name=parent.name)  # type: ignore[union-attr]
    scene.yard.plane.store.paths.pod("done-19").record.write_bytes(encode_toml(moved))  # type: ignore[arg-type]

    names = [(view.name, view.depth) for view in observer.look().pods]

    assert names[:3] == [("done-00", 0), ("done-19", 1), ("done-01", 0)]
    assert len(names) == DONE


def test_a_new_observer_and_an_old_one_show_the_same(scene: Scene, observer: Observer) -> None:
    """What is remembered is what would be seen: both pictures have equal rows."""
    scene.alive("here")
    rewrite_role(scene.yard.plane.store.paths.pod("done-05"))
    shown = {view.name: view for view in observer.look().pods}
    fresh = {view.name: view for view in scene.observer().look().pods}

    assert list(shown) == list(fresh)
    for name, view in shown.items():
        assert msgspec.structs.replace(view, evidence=()) == msgspec.structs.replace(
            fresh[name], evidence=()
        )
