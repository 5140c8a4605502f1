"""The whole screen for the output, and the tree again."""

from __future__ import annotations

import pytest
from textual.widget import Widget

from podtui.tui.screens.main_screen import MainScreen
from tests.tui.fake_plane import FakePlane
from tests.tui.scene import shown_text, until
from tests.tui.test_keys import opened


def has_focus(screen: MainScreen, widget: Widget) -> bool:
    return screen.focused is widget


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_z_gives_the_screen_to_the_output_and_back(
    plane: FakePlane, size: tuple[int, int]
) -> None:
    """The tree is away, keys go to the output, and the same key brings the tree back."""
    async with opened(plane, size) as (pilot, app, screen):
        rows, columns = screen.output.size.height, screen.output.size.width
        await pilot.press("z")
        await until(pilot, lambda: "─ pods " not in shown_text(app))
        assert screen.output.size.height > rows or screen.output.size.width > columns
        assert has_focus(screen, screen.output)
        await pilot.press("z")
        await until(pilot, lambda: "─ pods " in shown_text(app))
        assert has_focus(screen, screen.pod_tree)


async def test_all_evidence_fits_a_small_screen_without_the_tree(plane: FakePlane) -> None:
    """What was said to be more lines is there; without the tree nothing is left out."""
    async with opened(plane, (80, 24)) as (pilot, app, _):
        await pilot.press("exclamation_mark", "i")
        await until(pilot, lambda: "more lines; z gives them room" in shown_text(app))
        await pilot.press("z")
        await until(pilot, lambda: "more lines" not in shown_text(app))
        assert "exit record none" in shown_text(app)


async def test_what_needs_the_tree_shows_it(plane: FakePlane) -> None:
    """The filter is about the tree; a line that was closed gives the keys to what is there."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("z", "s", "escape")
        await until(pilot, lambda: has_focus(screen, screen.output))
        await pilot.press("slash")
        await until(pilot, lambda: "filter ▸" in shown_text(app) and "─ pods " in shown_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: has_focus(screen, screen.pod_tree))
