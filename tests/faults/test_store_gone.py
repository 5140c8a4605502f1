"""The store is moved or deleted under what runs and what looks (F25)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.events import EventKind
from podtui.core.model.requests import (
    Prune,
    Purge,
    Reap,
    ReapOrphans,
    Recover,
    Restore,
    Send,
    Spawn,
    Stop,
)
from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.live import live_view as live_module
from podtui.core.system import watch as watch_module
from tests.observe.test_live import Screen, watching
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard, until, wait_gone

Act = Callable[[LocalPlane], object]
ACTS: dict[str, Act] = {
    "spawn": lambda it: it.carry_out(Spawn(name="new", argv=("true",))),
    "send": lambda it: it.carry_out(Send("pod", "hello")),
    "stop": lambda it: it.carry_out(Stop(("pod",), grace_s=0)),
    "restore": lambda it: it.carry_out(Restore(("pod",))),
    "reap": lambda it: it.carry_out(Reap(("pod",))),
    "prune": lambda it: it.carry_out(Prune(("pod",))),
    "recover": lambda it: it.carry_out(Recover(("pod",))),
    "inspect": lambda it: it.inspect("pod"),
    "attach": lambda it: it.attach("pod", read_only=True, columns=80, rows=24),
    "trash": lambda it: it.trash(),
    "loans": lambda it: it.loans(),
    "diagnostics": lambda it: it.diagnostics(),
    "doctor": lambda it: it.doctor(),
    "events": lambda it: it.events(),
    "purge": lambda it: it.carry_out(Purge(older_than_s=0.0)),
    "reap orphans": lambda it: it.carry_out(ReapOrphans()),
}
TOLD_IN_THE_ANSWER = {"doctor"}
"""It raises nothing: what is wrong is its answer."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a live view look again soon."""
    monkeypatch.setattr(watch_module, "REARM_S", 0.05)
    monkeypatch.setattr(live_module, "AFTER_FAILURE_S", 0.05)
    monkeypatch.setattr(live_module, "RESCAN_WITHOUT_WATCH_S", 0.05)


def verdict(picture: Snapshot) -> Verdict | None:
    view = picture.find("pod")
    return view.verdict if view else None


@pytest.mark.usefixtures("quick")
def test_a_store_that_is_moved_away_and_back_loses_nothing(yard: Yard) -> None:
    """The screen says so in one sentence and calls nobody dead; the pod prints on meanwhile."""
    yard.shell("pod", "read line; echo heard $line; exec sleep 600")
    command = yard.child_of("pod")
    place, away = yard.plane.store_path, yard.root / "away"
    screen = Screen()
    with watching(yard, screen):
        screen.wait_for(lambda it: verdict(it) is Verdict.ALIVE)
        place.rename(away)
        gone = screen.wait_for(lambda it: not it.health.ok)
        assert gone.health.reason
        assert "\n" not in gone.health.reason
        assert {view.verdict for view in gone.pods} == {Verdict.UNKNOWN}
        away.rename(place)
        screen.wait_for_next(lambda it: it.health.ok and verdict(it) is Verdict.ALIVE)
    yard.plane.carry_out(Send("pod", "me"))
    output = yard.plane.store.paths.pod("pod").run(1).output
    until(lambda: b"heard me" in output.read_bytes())
    assert yard.child_of("pod") == command
    assert EventKind.LOST not in {event.kind for event in yard.plane.events()}


@pytest.mark.usefixtures("quick")
def test_a_pod_whose_store_is_deleted_runs_on_to_its_end(yard: Yard) -> None:
    """Neither the pod nor a screen that looks at it falls over; nothing of the store comes back."""
    heard = yard.root / "heard"
    yard.shell("pod", f"read line < {_fifo(yard)}; echo on > {heard}")
    supervisor, place = yard.supervisor_of("pod"), yard.plane.store_path
    screen = Screen()
    with watching(yard, screen):
        screen.wait_for(lambda it: verdict(it) is Verdict.ALIVE)
        shutil.rmtree(place)
        gone = screen.wait_for(lambda it: not it.health.ok)
        assert {view.verdict for view in gone.pods} <= {Verdict.UNKNOWN}
        with (yard.root / "fifo").open("w") as fifo:
            fifo.write("go\n")
        wait_gone(supervisor)
    assert heard.read_text() == "on\n"
    assert not (place / "pods").exists()
    # Whoever ends what is left of a test lists the pods.
    (place / "pods").mkdir(parents=True)


def _fifo(yard: Yard) -> Path:
    fifo = yard.root / "fifo"
    os.mkfifo(fifo)
    return fifo


@pytest.mark.parametrize("act", ACTS)
def test_every_action_on_a_store_that_is_gone_is_told_in_words(tmp_path: Path, act: str) -> None:
    """An open store that was deleted: an error of podtui that says what is kept, no traceback."""
    yard = Yard(tmp_path)
    write_exit(yard.plane, write_pod(yard.plane, "pod"))
    plane, place = yard.reopened(), yard.plane.store_path
    shutil.rmtree(place)
    if act in TOLD_IN_THE_ANSWER:
        ACTS[act](plane)
        return
    with pytest.raises(PodtuiError) as told:
        ACTS[act](plane)
    assert told.value.next_step
    assert not (place / "pods").exists()
