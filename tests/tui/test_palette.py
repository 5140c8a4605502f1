"""Every entry of the command palette does what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.command import CommandPalette

from podtui.tui.app import PodtuiApp
from podtui.tui.commands.commands import COMMANDS
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.dialogs.spawn import SpawnForm
from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen
from podtui.tui.screens.trash_screen import TrashScreen
from tests.tui.fake_plane import FakePlane
from tests.tui.scene import app_over, settled, shown_text, until

SIZE = (120, 36)
Done = Callable[[PodtuiApp, FakePlane], object]


def selected(app: PodtuiApp) -> str:
    pod = app.main_screen.pod_tree.selected
    return pod.name if pod else ""


DONE: dict[str, Done] = {
    "tree.mark": lambda app, _: "1 marked" in shown_text(app),
    "tree.mark-subtree": lambda app, _: "7 marked" in shown_text(app),
    "tree.clear-marks": lambda app, _: not app.main_screen.pod_tree.marked,
    "pod.restore": lambda app, _: "'planner' is alive" in shown_text(app),
    "pod.reap": lambda app, _: "'planner' is alive" in shown_text(app),
    "pod.prune": lambda app, _: "'planner' is alive" in shown_text(app),
    "pod.recover": lambda app, _: isinstance(app.screen, TrashScreen),
    "pods.restore-lost": lambda app, _: "restore reviewer-2" in shown_text(app),
    "pods.reap-orphans": lambda app, _: "sleep (4711)" in shown_text(app),
    "view.trash": lambda app, _: isinstance(app.screen, TrashScreen),
    "view.report": lambda app, _: "nothing was done from this screen yet" in shown_text(app),
    "tree.fold-all": lambda app, _: len(app.main_screen.pod_tree.rows) < len(app.main_screen.pods),
    "tree.unfold-all": lambda app, _: (
        len(app.main_screen.pod_tree.rows) == len(app.main_screen.pods)
    ),
    "pod.attach": lambda app, _: "podtui attach planner" in shown_text(app),
    "pod.observe": lambda app, _: "podtui attach planner" in shown_text(app),
    "pod.send": lambda app, _: "to planner ▸" in shown_text(app),
    "pod.stop": lambda app, _: isinstance(app.screen, PlanDialog),
    "pod.spawn": lambda app, _: isinstance(app.screen, SpawnForm),
    "output.follow": lambda app, _: "paused" in shown_text(app),
    "output.wrap": lambda app, _: not app.main_screen.output.scrolling.wraps,
    "output.view": lambda app, _: app.main_screen.terminal.display,
    "output.unread": lambda app, _: "nothing new here" in shown_text(app),
    "output.search": lambda app, _: "search ▸" in shown_text(app),
    "pods.filter": lambda app, _: "filter ▸" in shown_text(app),
    "view.why": lambda app, _: app.main_screen.why.folded,
    "view.zoom": lambda app, _: app.main_screen.has_class("-zoomed"),
    "view.urgent": lambda app, _: selected(app) == "reviewer",
    "view.diagnostics": lambda app, _: isinstance(app.screen, DiagnosticsScreen),
    "app.help": lambda app, _: isinstance(app.screen, HelpScreen),
    "app.theme": lambda app, _: "high-contrast" in shown_text(app),
    "app.repaint": lambda app, _: getattr(app, "painted", 0),
    "app.quit": lambda app, _: not app.is_running,
}


def test_every_command_of_the_palette_is_tried() -> None:
    """A new one is not forgotten here."""
    assert DONE.keys() == {command.id for command in COMMANDS if command.palette}


@pytest.mark.parametrize("command_id", DONE)
async def test_an_entry_does_what_its_key_does(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch, command_id: str
) -> None:
    """Found by its sentence and chosen with Enter."""
    command = next(each for each in COMMANDS if each.id == command_id)
    app = app_over(plane)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        if command_id == "tree.unfold-all":
            await pilot.press("minus")
        if command_id == "tree.clear-marks":
            await pilot.press("m")
        monkeypatch.setattr(app, "action_repaint", lambda: setattr(app, "painted", 1))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        entry = next(
            each for each in app.get_system_commands(app.screen) if each.help == command.sentence
        )
        await pilot.press(*entry.title.partition(" (")[0])
        await until(pilot, lambda: command.sentence in shown_text(app), "the entry")
        await pilot.press("enter")
        await until(pilot, lambda: DONE[command_id](app, plane), command_id)
