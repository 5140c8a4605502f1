"""The tree keeps its selection and its place through every change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from textual.geometry import Region
from textual.pilot import Pilot

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.tui.app import PodtuiApp
from podtui.tui.panes.tree.tree import PodTree, TreeData
from tests.tui.fake_plane import FakePlane, picture, pod
from tests.tui.scene import app_over, settled, shown_text, until

SIZE = (120, 30)


def many(count: int) -> tuple[PodView, ...]:
    return tuple(pod(f"pod-{number:04d}", id=f"{number:026d}") for number in range(count))


@asynccontextmanager
async def opened(
    root: Path, pods: tuple[PodView, ...]
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, FakePlane, PodTree]]:
    """Give the screen over these pods."""
    plane = FakePlane(root, picture(pods))
    for each in pods[:3]:
        plane.write_output(each.name, b"x\n")
    app = app_over(plane)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        yield pilot, app, plane, app.main_screen.pod_tree


async def taken(pilot: Pilot[int], tree: PodTree, plane: FakePlane) -> None:
    """Wait until the tree shows the plane's picture."""
    await until(pilot, lambda: tree.state.pods == plane.snapshot.pods, "the picture")
    await pilot.pause()


async def test_the_selection_stays_with_its_pod_when_others_come_and_go(tmp_path: Path) -> None:
    """Rows above may come and go: the selected pod is the same, on the same line of the screen."""
    pods = many(200)
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        await pilot.press(*(["pagedown"] * 4))
        selected, line = tree.selected, tree.index - tree.scroll_offset.y
        plane.show(picture((pod("aaa"), *pods)))
        await taken(pilot, tree, plane)
        assert tree.selected == selected
        assert tree.index - tree.scroll_offset.y == line
        plane.show(picture(pods[40:]))
        await taken(pilot, tree, plane)
        assert tree.selected == selected
        assert tree.index - tree.scroll_offset.y == line


async def test_when_the_selected_pod_goes_its_neighbour_is_selected(tmp_path: Path) -> None:
    """The eye stays where it was."""
    pods = many(10)
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        await pilot.press("down", "down")
        plane.show(picture((*pods[:2], *pods[3:])))
        await taken(pilot, tree, plane)
        assert tree.selected == pods[3]


async def test_a_change_of_one_pod_repaints_its_row_alone(tmp_path: Path) -> None:
    """With ten thousand pods a change costs what one row costs."""
    pods = many(10_000)
    async with opened(tmp_path, pods) as (pilot, app, plane, tree):
        refreshed: list[tuple[Region, ...]] = []
        refresh = tree.refresh

        def noted(*regions: Region, **more: bool) -> PodTree:
            refreshed.append(regions)
            return refresh(*regions, **more)

        tree.refresh = noted  # type: ignore[method-assign]
        lost = msgspec.structs.replace(pods[4], status=Status.LOST)
        plane.show(picture((*pods[:4], lost, *pods[5:])))
        await until(pilot, lambda: "lost" in shown_text(app))
        regions = [region for call in refreshed for region in call]
        assert [region.y for region in regions] == [4]


async def test_a_change_off_screen_repaints_nothing(tmp_path: Path) -> None:
    """What cannot be seen is not drawn."""
    pods = many(500)
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        drawn = dict(tree._drawn)
        lost = msgspec.structs.replace(pods[400], status=Status.LOST)
        plane.show(picture((*pods[:400], lost, *pods[401:])))
        await taken(pilot, tree, plane)
        assert tree._drawn == drawn


async def test_only_the_pods_on_screen_are_sampled(tmp_path: Path) -> None:
    """Figures cost something, so the core is told which pods can be seen."""
    pods = many(300)
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        await until(pilot, lambda: pods[0].name in plane.sampled)
        assert len(plane.sampled) == tree.size.height
        await pilot.press("end")
        await until(pilot, lambda: pods[-1].name in plane.sampled)
        assert pods[0].name not in plane.sampled


async def test_titles_stay_above_their_columns_when_a_scroll_bar_comes(tmp_path: Path) -> None:
    """The bar takes its column from the tree, and the titles follow."""
    pods = tuple(msgspec.structs.replace(each, rss_bytes=5 << 20) for each in many(100))
    async with opened(tmp_path, pods) as (_, app, _plane, _tree):
        title, row = shown_text(app).splitlines()[1:3]
        assert row.index("5.0M") + 4 == title.index("mem") + 3


async def test_a_burst_of_pictures_is_drawn_once_with_the_last(tmp_path: Path) -> None:
    """What was overtaken is dropped, and the newest is never the one that is."""
    pods = many(5)
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        shown: list[int] = []
        show = tree.show

        def noted(data: TreeData) -> None:
            shown.append(len(data.pods))
            show(data)

        tree.show = noted  # type: ignore[method-assign]
        for count in range(1, 200):
            plane.show(picture(many(count)))
        await until(pilot, lambda: len(tree.rows) == 199)
        assert len(shown) < 10


async def test_unreadable_records_keep_a_row_each(tmp_path: Path) -> None:
    """Pods without an id are selected by their names and are not mixed up."""
    pods = (pod("one", Status.UNKNOWN, id=""), pod("two", Status.UNKNOWN, id=""))
    async with opened(tmp_path, pods) as (pilot, _, plane, tree):
        await pilot.press("down")
        plane.show(picture((pod("new"), *pods)))
        await taken(pilot, tree, plane)
        assert tree.selected == pods[1]
