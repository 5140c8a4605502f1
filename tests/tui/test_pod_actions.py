"""Restore, reap, prune and stop from the screen: plan, question, work under way, report."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from podtui.cli.open_screen import screen_over
from podtui.core.errors import Busy, NotFound
from podtui.core.model.plans import Plan, Refusal, Report
from podtui.core.model.verdicts import Status
from podtui.core.settings.settings import Loaded, Settings
from podtui.tui.app import PodtuiApp
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.dialogs.report import ReportDialog
from podtui.tui.screens.main_screen import MainScreen
from tests.support.plans import steps_of
from tests.tui.fake_plane import FakePlane, picture, pod, still_system
from tests.tui.scene import (
    app_over,
    one_of_each,
    settled,
    shown_text,
    until,
    words_on,
)
from tests.tui.test_hostile import MARKUP, assert_safe, plane_of

SIZE = (120, 36)
IDS = {each.name: each.id for each in one_of_each()}
LOST = ("exclamation_mark", "exclamation_mark")
Compare = Callable[..., bool]


@asynccontextmanager
async def opened(
    plane: FakePlane, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, MainScreen]]:
    """Give the screen over a plane."""
    app = app_over(plane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        yield pilot, app, app.main_screen


def calls(plane: FakePlane, *kinds: str) -> list[tuple[object, ...]]:
    return [call for call in plane.calls if call[0] in kinds]


async def asked(pilot: Pilot[int], app: PodtuiApp) -> None:
    """Wait until a plan is shown."""
    await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
    await pilot.pause()


def crowd(count: int) -> tuple[object, ...]:
    return tuple(pod(f"shard-{n:03d}", Status.LOST, message="lost: it ended") for n in range(count))


# one pod


@pytest.mark.parametrize(("key", "action"), [("R", "restore"), ("X", "reap"), ("P", "prune")])
async def test_a_key_shows_its_plan_and_does_it_after_yes(
    plane: FakePlane, key: str, action: str
) -> None:
    """Nothing is done before y; what came of it stands above the keys."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press(*LOST, key)
        await asked(pilot, app)
        assert f"{action} reviewer-2" in shown_text(app)
        assert not calls(plane, action)
        await pilot.press("y")
        await until(pilot, lambda: f"✓ {action}: reviewer-2" in shown_text(app))
        assert calls(plane, action) == [(action, IDS["reviewer-2"], "operator")]


@pytest.mark.parametrize("key", ["R", "X", "P"])
async def test_no_closes_the_plan_and_does_nothing(plane: FakePlane, key: str) -> None:
    """Escape, n and q are a no."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(*LOST)
        for answer in ("escape", "n", "q"):
            await pilot.press(key)
            await asked(pilot, app)
            await pilot.press(answer)
            await until(pilot, lambda: app.screen is screen)
        assert not calls(plane, "restore", "reap", "prune")


@pytest.mark.parametrize(("key", "action"), [("R", "restore"), ("X", "reap"), ("P", "prune")])
async def test_a_living_pod_is_refused_with_its_answer(
    plane: FakePlane, key: str, action: str
) -> None:
    """The plan says why, and yes does nothing."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(key)
        await asked(pilot, app)
        assert "'planner' is alive: running" in shown_text(app)
        assert "esc close" in shown_text(app)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is screen)
        assert not calls(plane, action)


async def test_restoring_what_lives_tells_where_the_lost_ones_are(plane: FakePlane) -> None:
    """Who pressed R beside the lost pod reads the key that goes to it."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("R")
        await asked(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert "reviewer-2 is lost: ! selects the next, L restores all" in shown_text(app)


async def test_what_cannot_be_read_is_pruned_as_such(plane: FakePlane) -> None:
    """The core is told that it may: no row is ever stuck."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("slash", *"signer", "enter", "end", "P")
        await asked(pilot, app)
        assert calls(plane, "plan_prune_unreadable")


async def test_the_users_keys_do_it_too(plane: FakePlane) -> None:
    """Every key of an action, of marks and of reports can be moved."""
    keys = {
        "pod.restore": ("f5",),
        "pod.reap": ("f6",),
        "pod.prune": ("f7",),
        "pod.recover": ("f8",),
        "tree.mark": ("f9",),
        "tree.clear-marks": ("f10",),
        "pods.restore-lost": ("f11",),
        "trash.back": ("f12",),
    }
    loaded = Loaded(Settings(keys=keys), Path("/config.toml"))
    app = screen_over(plane, still_system(), attach=lambda name, _: name, loaded=loaded)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        await pilot.press(*LOST)
        for key, action in (("f5", "restore"), ("f6", "reap"), ("f7", "prune"), ("f11", "restore")):
            await pilot.press(key)
            await asked(pilot, app)
            assert calls(plane, f"plan_{action}")
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main_screen)
        assert "f5 restore" in shown_text(app).splitlines()[-1]
        await pilot.press("f9")
        assert "1 marked" in shown_text(app)
        await pilot.press("f10", "space", "R")
        assert not app.main_screen.pod_tree.marked
        await pilot.press("f8")
        await until(pilot, lambda: "nothing was pruned" in shown_text(app))
        await pilot.press("f12")
        await until(pilot, lambda: app.screen is app.main_screen)


# many pods


async def test_marked_pods_share_one_plan_and_one_report(plane: FakePlane) -> None:
    """The refused one is told first, and left out; nobody is marked when it is done."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("space", *LOST, "space", "end", "R")
        await asked(pilot, app)
        shown = words_on(app)
        assert "restore 2 pods · 1 refused" in shown
        assert shown.index("'planner' is alive") < shown.index("restore reviewer-2")
        assert "y restore 1 of 2" in shown
        await pilot.press("y")
        await until(pilot, lambda: "restore: reviewer-2" in shown_text(app))
        both = f"{IDS['planner']}, {IDS['reviewer-2']}"
        assert calls(plane, "restore") == [("restore", both, "operator")]
        assert not screen.pod_tree.marked


async def test_stopping_marked_pods_is_one_plan_too(plane: FakePlane) -> None:
    """Each is stopped, each is named in what came of it."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("space", "down", "space", "x")
        await asked(pilot, app)
        assert "stop all 2" in shown_text(app)
        await pilot.press("y")
        await until(pilot, lambda: len(calls(plane, "stop")) == 2)
        await until(pilot, lambda: "asked it to end; ended: exited 0" in words_on(app))


async def test_all_lost_pods_are_restored_by_one_key(tmp_path: Path) -> None:
    """None is too many for the dialog: it scrolls, and its keys stay in sight."""
    plane = FakePlane(tmp_path, picture(crowd(60)))  # type: ignore[arg-type]
    plane.write_output("shard-000", b"x\n")
    async with opened(plane, (60, 20)) as (pilot, app, _):
        await pilot.press("L")
        await asked(pilot, app)
        assert "restore all 60" in shown_text(app)
        assert "shard-059" not in shown_text(app)
        await pilot.press("end")
        await until(pilot, lambda: "shard-059" in shown_text(app))
        assert "restore all 60" in shown_text(app)
        await pilot.press("y")
        await until(pilot, lambda: "restore: ✓ 60 done" in shown_text(app))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReportDialog))
        await until(pilot, lambda: "restore: shard-000" in shown_text(app))
        await pilot.press("j", "k", "end")
        await until(pilot, lambda: "restore: shard-059" in shown_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main_screen)


async def test_without_a_lost_pod_there_is_nothing_to_restore(tmp_path: Path) -> None:
    """One sentence, no dialog."""
    plane = FakePlane(tmp_path, picture((pod("well"),)))
    plane.write_output("well", b"x\n")
    async with opened(plane) as (pilot, app, _):
        await pilot.press("L")
        await until(pilot, lambda: "no pod is lost" in shown_text(app))


async def test_all_orphans_are_reaped_by_one_key(plane: FakePlane) -> None:
    """They are no pod's alone, so none is marked or selected for it."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("O")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: "reaped 2 processes" in shown_text(app))
        plane.orphans = ()
        await pilot.press("O")
        await until(pilot, lambda: "there is nothing to reap" in shown_text(app))


async def test_what_was_left_undone_is_shown_at_once(plane: FakePlane) -> None:
    """A long report with trouble in it opens by itself, what failed first; r shows it again."""
    plane.report = Report(
        action="restore",
        pod="many",
        done=tuple(f"restored {n}" for n in range(9)),
        skipped=("a: it is alive",),
        failed=("b: no such directory",),
    )
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("r")
        await until(pilot, lambda: "nothing was done from this screen yet" in shown_text(app))
        await pilot.press(*LOST, "R")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReportDialog))
        await until(pilot, lambda: "b: no such directory" in shown_text(app))
        shown = shown_text(app)
        assert shown.index("b: no such") < shown.index("a: it is alive") < shown.index("restored 0")
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        assert "✓ 9 done ▲ 1 skipped ✗ 1 failed" in words_on(app)


async def test_a_report_does_not_take_the_keys_of_a_message(plane: FakePlane) -> None:
    """Who types meanwhile goes on typing; the key that shows the report is named."""
    plane.report = Report(action="restore", pod="x", done=("a",) * 9, failed=("b",))
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(*LOST, "R")
        await asked(pilot, app)
        plane.hold = threading.Event()
        await pilot.press("y", "home", "s")
        await until(pilot, lambda: calls(plane, "restore"))
        plane.hold.set()
        await until(pilot, lambda: "r shows the report" in shown_text(app))
        assert app.screen is screen
        assert isinstance(screen.focused, Input)


# under way


async def test_what_is_under_way_is_told_and_the_screen_stays_usable(plane: FakePlane) -> None:
    """How far it has come is seen in the pictures that come meanwhile."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(*LOST, "space", "slash", *"docs", "enter", "end", "space", "R")
        await asked(pilot, app)
        plane.hold = threading.Event()
        await pilot.press("y")
        await until(pilot, lambda: "restoring 2 pods: 0 of 2 …" in shown_text(app))
        pods = [replace(p, run=2) if p.name == "docs" else p for p in plane.snapshot.pods]
        plane.show(picture(pods))
        await until(pilot, lambda: "restoring 2 pods: 1 of 2 …" in shown_text(app))
        await pilot.press("slash", "escape", "home")
        assert screen.pod_tree.selected is not None
        assert screen.pod_tree.selected.name == "planner"
        plane.hold.set()
        await until(pilot, lambda: "restore: docs" in shown_text(app))
        assert "restoring 2 pods" not in shown_text(app)


async def test_one_action_at_a_time_is_done_to_a_pod(plane: FakePlane) -> None:
    """A second one is not even planned; another pod is free."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press(*LOST, "R")
        await asked(pilot, app)
        plane.hold = threading.Event()
        await pilot.press("y")
        await until(pilot, lambda: calls(plane, "restore"))
        await pilot.press("P")
        await until(pilot, lambda: "still restoring reviewer-2" in shown_text(app))
        assert not calls(plane, "plan_prune")
        plane.hold.set()
        await until(pilot, lambda: "restore: reviewer-2" in shown_text(app))
        await pilot.press("P")
        await asked(pilot, app)


async def test_yes_pressed_twice_does_it_once(plane: FakePlane) -> None:
    """The second one is no answer to anything."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press(*LOST, "R")
        await asked(pilot, app)
        await pilot.press("y", "y", "y")
        await until(pilot, lambda: "restore: reviewer-2" in shown_text(app))
        assert len(calls(plane, "restore")) == 1


async def test_a_key_pressed_twice_shows_one_plan(plane: FakePlane) -> None:
    """While the plan is being made that is told, and nothing comes up later by itself."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(*LOST)
        plane.hold = threading.Event()
        await pilot.press("R", "R")
        await until(
            pilot, lambda: "the plan to restore reviewer-2 is being made" in shown_text(app)
        )
        plane.hold.set()
        await asked(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert len(calls(plane, "plan_restore")) == 1


@pytest.mark.parametrize(
    "error",
    [
        NotFound("'reviewer-2' went away", pod="reviewer-2", next_step="podtui events"),
        Busy("'reviewer-2' is locked by restore of process 4711 since 12:03", pod="reviewer-2"),
    ],
)
async def test_what_changed_after_the_plan_was_shown_is_told(
    plane: FakePlane, error: NotFound | Busy
) -> None:
    """Somebody else was faster: why nothing was done stands above the keys."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press(*LOST, "P")
        await asked(pilot, app)
        plane.error = error
        await pilot.press("y")
        await until(pilot, lambda: error.message in words_on(app))
        assert app.screen is screen
        plane.error = None
        await pilot.press("P")
        await asked(pilot, app)


async def test_a_pod_that_vanishes_while_its_plan_is_shown_does_no_harm(plane: FakePlane) -> None:
    """The dialog stays as it is; the core looks again when it is answered."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press(*LOST, "space", "R")
        await asked(pilot, app)
        plane.show(picture([each for each in plane.snapshot.pods if each.name != "reviewer-2"]))
        await until(pilot, lambda: len(app.main_screen.pods) == 12)
        await pilot.press("y")
        await until(pilot, lambda: calls(plane, "restore"))
        assert calls(plane, "restore")[0][1] == IDS["reviewer-2"]


async def test_without_a_plan_nothing_is_asked(plane: FakePlane) -> None:
    """An error while planning is told, and the same key tries again."""
    async with opened(plane) as (pilot, app, screen):
        plane.error = Busy("the store is locked")
        await pilot.press("R")
        await until(pilot, lambda: "the store is locked" in shown_text(app))
        assert app.screen is screen
        plane.error = None
        await pilot.press("R")
        await asked(pilot, app)


async def test_in_an_empty_store_the_keys_say_that_there_is_no_pod(tmp_path: Path) -> None:
    """None of them fails where there is nothing to act on."""
    async with opened(FakePlane(tmp_path, picture(()))) as (pilot, app, _):
        for key, word in (("R", "restore"), ("X", "reap"), ("P", "prune"), ("x", "stop")):
            await pilot.press(key)
            await until(pilot, lambda w=word: f"no pod is selected to {w}" in shown_text(app))  # type: ignore[misc]


# where the screen begins


async def test_the_screen_begins_at_the_first_lost_pod(plane: FakePlane) -> None:
    """It is what somebody comes for: R and y bring it back."""
    app = app_over(plane)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.main_screen.pod_tree.selected)
        assert app.main_screen.pod_tree.selected is not None
        assert app.main_screen.pod_tree.selected.name == "reviewer-2"
        await pilot.press("R")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: "restore: reviewer-2" in shown_text(app))


async def test_the_selection_does_not_jump_to_what_is_lost_later(tmp_path: Path) -> None:
    """After the first whole picture it is the operator's alone."""
    plane = FakePlane(tmp_path, picture((pod("one"), pod("two"))))
    plane.write_output("one", b"x\n")
    async with opened(plane) as (pilot, app, screen):
        plane.show(picture((pod("one"), pod("two", Status.LOST))))
        await until(pilot, lambda: "⊘ lost" in shown_text(app))
        assert screen.pod_tree.selected is not None
        assert screen.pod_tree.selected.name == "one"


async def test_a_first_look_under_way_may_still_find_a_lost_pod(tmp_path: Path) -> None:
    """Its rows come bit by bit; whoever has moved meanwhile is left where he is."""
    for keys, expected in (((), "three"), (("down",), "two")):
        early = replace(picture((pod("one"), pod("two"))), whole=False)
        plane = FakePlane(tmp_path, early)
        plane.write_output("one", b"x\n")
        app = app_over(plane)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda a=app: a.main_screen.pods)  # type: ignore[misc]
            await pilot.press(*keys)
            plane.show(picture((pod("one"), pod("two"), pod("three", Status.LOST))))
            await until(pilot, lambda a=app: "⊘ lost" in shown_text(a))  # type: ignore[misc]
            assert app.main_screen.pod_tree.selected is not None
            assert app.main_screen.pod_tree.selected.name == expected


# hostile words


@pytest.mark.parametrize("texts", [MARKUP, ("\x1b]0;x\x07", "\u202egnp", "[/]")])
async def test_plans_and_reports_show_the_words_of_others_as_text(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    """Names, steps, refusals and what was done may all hold what an agent has chosen."""
    plane = plane_of(tmp_path, texts)
    refusal = Refusal(kind="refused", message=texts[0], next=texts[1])
    parts = (
        Plan(action="restore", pod=texts[0], steps=(), refusals=(refusal,)),
        Plan(action="restore", pod=texts[1], steps=steps_of(*texts), warnings=texts, undo=texts[0]),
    )
    plane.scripted_plan = Plan(
        action="restore", pod=texts[0], steps=steps_of(*texts), parts=parts, undo=texts[0]
    )
    plane.report = Report(
        action="restore", pod=texts[0], done=texts * 3, skipped=texts, failed=texts
    )
    async with opened(plane, (150, 50)) as (pilot, app, _):
        await pilot.press("space", "down", "space")
        for action in ("R", "X", "P"):
            await pilot.press(action)
            await asked(pilot, app)
            assert_safe(app)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main_screen)
        await pilot.press("R")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ReportDialog))
        await pilot.pause()
        assert_safe(app)
        await pilot.press("q")
        await pilot.pause()
        assert_safe(app)
        plane.show(picture(()))
        await pilot.pause()
        assert_safe(app)


# how it looks


@pytest.mark.parametrize("size", [(120, 36), (60, 20)], ids=["wide", "60x20"])
def test_the_plan_of_a_restore_of_many(
    plane: FakePlane, snap_compare: Compare, size: tuple[int, int]
) -> None:
    """The refused one first, then the steps of each of the others."""
    app = app_over(plane)

    async def prepare(pilot: Pilot[int]) -> None:
        await settled(pilot, app)
        app.main_screen._sampler.stop()
        await pilot.press("space", *LOST, "space", "slash", *"docs", "enter", "end", "space")
        await pilot.press("slash", "escape", "R")
        await asked(pilot, app)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)
