"""How the main screen looks, as pictures under ``snapshots/``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from podtui.core.model.snapshot import Health
from podtui.core.model.verdicts import Answer, Probe, Status
from podtui.tui.app import PodtuiApp
from podtui.tui.screens.main_screen import MainScreen
from tests.support.hostile import HOSTILE_TEXTS
from tests.tui.conftest import refuse_other_textual
from tests.tui.fake_plane import FakePlane, evidence, picture, pod
from tests.tui.scene import app_over, furnished, settled, until

WIDE, MIDDLE, NARROW = (120, 36), (80, 24), (60, 20)
ACTIVITY = {
    "planner": (0, 0, 100, 3000, 50_000, 900, 40, 0, 0, 2000),
    "coder": (40, 400, 2000, 900, 200, 60_000, 80_000, 9_000, 700, 70_000),
    "reviewer": (900, 100, 0, 0, 0, 0, 0, 0, 0, 0),
}
PAINTED = (
    "\x1b[?1049h\x1b[2J\x1b[H\x1b[7m  review.py                        12 % \x1b[0m\r\n\r\n"
    "  \x1b[1;34mdef\x1b[0m \x1b[33mrestore\x1b[0m(pod: Pod) -> None:\r\n"
    "      \x1b[32m# looks again under the lock\x1b[0m\r\n"
    "      \x1b[38;2;255;128;0mtwice\x1b[0m \x1b[38;5;213mby number\x1b[0m \x1b[3mslanted\x1b[0m "
    "\x1b[4munderlined\x1b[0m 日本 é\r\n\x1b[41;97m E501 \x1b[0m line too long\x1b[8;3H:w"
).encode()
Compare = Callable[..., bool]


def shot(
    plane: FakePlane, *keys: str, **environment: str
) -> tuple[PodtuiApp, Callable[[Pilot[int]], object]]:
    """Return the screen, and what is to be done before the picture is taken."""
    app = app_over(plane, **environment)

    async def prepare(pilot: Pilot[int]) -> None:
        await settled(pilot, app)
        screen = app.main_screen
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            if app.screen is screen:
                await until(pilot, lambda: is_output_shown(screen))
        activity = {each.key: ACTIVITY[each.name] for each in screen.pods if each.name in ACTIVITY}
        screen._sampler.stop()
        screen.pod_tree.show_activity(activity)
        await pilot.pause()

    return app, prepare


def is_output_shown(screen: MainScreen) -> bool:
    """Return whether the selected pod's output is on screen, in whichever view."""
    selected = screen.pod_tree.selected
    page, taken = screen.output.scrolling.page, screen.terminal._shot
    shown = taken if screen.terminal.display else page
    return selected is None or (shown is not None and shown.pod == selected.key)


@pytest.mark.parametrize("size", [WIDE, MIDDLE, NARROW], ids=["wide", "80x24", "60x20"])
def test_one_pod_of_every_status(
    plane: FakePlane, snap_compare: Compare, size: tuple[int, int]
) -> None:
    """The whole scene, the stalled reviewer selected, at each size."""
    app, prepare = shot(plane, "down", "down")
    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_the_empty_store(tmp_path: Path, snap_compare: Compare) -> None:
    """What a newcomer sees."""
    plane = FakePlane(Path("/store"), picture(()))
    app, prepare = shot(plane)
    assert snap_compare(app, terminal_size=MIDDLE, run_before=prepare)


def test_a_lost_pod_and_an_unwell_observer(plane: FakePlane, snap_compare: Compare) -> None:
    """The banner says why nothing can be believed."""
    plane.snapshot = picture(
        plane.snapshot.pods,
        health=Health(ok=False, reason="half of all records vanished in one look"),
        notices=("200 pods ended within a second",),
    )
    app, prepare = shot(plane, "exclamation_mark", "exclamation_mark")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_hostile_text_on_every_surface(tmp_path: Path, snap_compare: Compare) -> None:
    """What cannot be shown is seen to have been there, and nothing is out of place."""
    pods = [
        pod(
            f"pod-{number:02d}",
            tuple(Status)[number % len(Status)],
            message=text,
            task=text,
            agent=text,
            evidence=evidence((Probe.LOCK, Answer.UNKNOWN, text)),
        )
        for number, text in enumerate((*HOSTILE_TEXTS, "[@click=app.quit]x[/]", "pod[/x]"))
    ]
    plane = FakePlane(tmp_path, picture(pods, notices=("[/] \x1b]0;x\x07",)))
    for each in pods:
        plane.write_output(each.name, "\n".join(HOSTILE_TEXTS).encode("utf-8", "surrogatepass"))
    # The hostile output takes the other screen, too: its text is asked for.
    app, prepare = shot(plane, "down", "v", "v")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


@pytest.mark.parametrize("theme", ["podtui-light", "high-contrast", "colour-blind", "podtui-ansi"])
def test_each_theme(plane: FakePlane, snap_compare: Compare, theme: str) -> None:
    """The same scene in the other colours."""
    app, prepare = shot(plane, "down", "down", PODTUI_THEME=theme)
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_the_plan_of_a_stop(plane: FakePlane, snap_compare: Compare) -> None:
    """What will be done is shown before it is done."""
    app, prepare = shot(plane, "down", "down", "x", "_")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_the_spawn_form(plane: FakePlane, snap_compare: Compare) -> None:
    """The form with its plan below."""
    app, prepare = shot(plane, "n", *"helper", "tab", *"make all", "_")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_a_scrolled_output_with_a_search(plane: FakePlane, snap_compare: Compare) -> None:
    """The match is marked and the title says that the screen is held."""
    app, prepare = shot(plane, "down", "down", "ctrl+f", *"read", "enter", "_")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_the_screen_view_of_a_full_screen_program(plane: FakePlane, snap_compare: Compare) -> None:
    """A terminal with colours, a title bar and its cursor, in the place of the lines."""
    plane.write_output("reviewer", PAINTED)
    app, prepare = shot(plane, "down", "down")
    assert snap_compare(app, terminal_size=WIDE, run_before=prepare)


def test_folded_and_filtered(tmp_path: Path, snap_compare: Compare) -> None:
    """A folded parent tells of the worst below it."""
    app, prepare = shot(furnished(tmp_path), "right", "left", "down")
    assert snap_compare(app, terminal_size=MIDDLE, run_before=prepare)


def test_pictures_are_not_updated_by_another_textual() -> None:
    """Taking new pictures with a Textual that is not the pinned one is refused."""
    with pytest.raises(pytest.fail.Exception, match="Textual 8"):
        refuse_other_textual("0.1")
