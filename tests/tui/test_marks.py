"""Marks: kept by pod through every change of the tree, and what actions are for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from podtui.core.model.verdicts import Status
from podtui.tui.app import PodtuiApp
from podtui.tui.panes.tree.selection import Selection, subtree
from podtui.tui.screens.main_screen import MainScreen
from tests.tui.fake_plane import FakePlane, picture, pod
from tests.tui.scene import app_over, one_of_each, settled, shown_text, until

SIZE = (120, 36)


@asynccontextmanager
async def opened(
    plane: FakePlane, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, MainScreen]]:
    """Give the screen over a plane."""
    app = app_over(plane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        yield pilot, app, app.main_screen


def marked(screen: MainScreen) -> list[str]:
    return [each.name for each in screen.pod_tree.marked]


def row_of(app: PodtuiApp, name: str) -> str:
    return next(line for line in shown_text(app).splitlines()[2:] if f" {name} " in line)


def test_pods_are_marked_until_all_of_them_are() -> None:
    """Marking a group with one marked pod in it marks the others; again takes all marks away."""
    one, two = pod("one"), pod("two")
    marks = Selection().toggled([one]).toggled([one, two])
    assert marks.of((two, one)) == (two, one)
    assert not marks.toggled([one, two])


def test_a_mark_is_on_a_pod_not_on_a_name() -> None:
    """A namesake that took the place of a marked pod is not marked."""
    marks = Selection().toggled([pod("one", id="first")])
    assert marks.of([pod("one", id="second")]) == ()
    assert marks.gone_from([pod("one", id="second")]) == {"first": "one"}


def test_a_record_that_cannot_be_read_for_a_while_costs_no_mark() -> None:
    """Its row has no id meanwhile: the mark waits, and nothing is done to what cannot be told."""
    marks = Selection().toggled([pod("one", id="first")])
    unreadable = [pod("one", Status.UNKNOWN, id="")]
    assert marks.gone_from(unreadable) == {}
    assert marks.of(unreadable) == ()


def test_a_subtree_is_a_pod_and_all_below_it() -> None:
    """Depth says where it ends; what is no pod here has none."""
    pods = one_of_each()
    names = [each.name for each in subtree(pods, pods[1].key)]
    assert names == ["coder", "reviewer", "linter", "reviewer-2", "tests"]
    assert [each.name for each in subtree(pods, pods[-1].key)] == ["fresh"]
    assert subtree(pods, "nobody") == ()


async def test_space_marks_and_unmarks_with_a_shape_and_a_count(plane: FakePlane) -> None:
    """The shape stands left of the row, also where the row is selected."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("space", "down", "down", "space")
        assert marked(screen) == ["planner", "reviewer"]
        assert "pods · 2 marked" in shown_text(app)
        assert row_of(app, "planner").startswith("■")
        assert row_of(app, "reviewer").startswith("◧")
        await pilot.press("space")
        assert row_of(app, "reviewer").startswith("▌")
        assert marked(screen) == ["planner"]


async def test_a_subtree_is_marked_and_escape_clears_all(plane: FakePlane) -> None:
    """The key m marks what is below, too, and takes these marks away again."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.press("down", "m")
        assert len(marked(screen)) == 5
        await pilot.press("m")
        assert marked(screen) == []
        await pilot.press("m", "end", "space")
        assert len(marked(screen)) == 6
        await pilot.press("escape")
        assert marked(screen) == []


async def test_marks_survive_fold_and_filter_and_say_that_they_are_hidden(
    plane: FakePlane,
) -> None:
    """What is not on screen is still counted: an action is for it, too."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("down", "m", "left")
        assert "5 marked (4 hidden)" in shown_text(app)
        await pilot.press("right", "slash", *"docs", "enter")
        await until(pilot, lambda: "5 marked (5 hidden)" in shown_text(app))
        await pilot.press("slash", "escape")
        assert "5 marked ─" in shown_text(app)
        assert len(marked(screen)) == 5


async def test_with_a_filter_a_subtree_is_what_matches_of_it(plane: FakePlane) -> None:
    """An ancestor that only places a match is not marked with it."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.press("slash", *"lost", "enter", "home", "m")
        assert marked(screen) == ["reviewer-2"]


async def test_marks_stay_with_their_pods_in_another_order(plane: FakePlane) -> None:
    """Others come, go and move; the marked ones are the same."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("end", "space", "up", "space")
        before = set(marked(screen))
        pods = [each for each in plane.snapshot.pods if each.depth == 0]
        plane.show(picture([pod("aaa"), *reversed(pods)]))
        await until(pilot, lambda: "aaa" in shown_text(app))
        assert set(marked(screen)) == before == {"fresh", "slow"}


async def test_a_marked_pod_that_goes_away_is_told(plane: FakePlane) -> None:
    """Its mark is dropped with a word; the others stay."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("end", "space", "up", "space")
        pods = plane.snapshot.pods
        plane.show(picture(pods[:-1]))
        await until(pilot, lambda: "no longer marked, since it is gone: fresh" in shown_text(app))
        assert marked(screen) == ["slow"]
        assert "1 marked" in shown_text(app)


async def test_space_in_the_output_is_a_page_down(plane: FakePlane) -> None:
    """The panes keep keys of their own."""
    plane.write_output("planner", b"line\n" * 500)
    async with opened(plane) as (pilot, _, screen):
        await pilot.press("tab", "g", "space")
        assert marked(screen) == []
        assert screen.output.scrolling.following.value != "following"


@pytest.mark.parametrize("key", ["m", "space"])
async def test_without_a_pod_there_is_nothing_to_mark(plane: FakePlane, key: str) -> None:
    """A filter that finds nothing leaves no row to mark."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.press("slash", *"zzz", "enter", key)
        assert marked(screen) == []
