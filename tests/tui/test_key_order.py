"""Keys that come faster than the screen follows."""

from __future__ import annotations

from textual import events

from podtui.tui.app import PodtuiApp
from podtui.tui.dialogs.spawn import SpawnForm
from tests.tui.fake_plane import FakePlane
from tests.tui.scene import shown_text, until
from tests.tui.test_keys import calls, opened

NAMED = {
    "\r": "enter",
    "\t": "tab",
    "/": "slash",
    " ": "space",
    "\x1b": "escape",
    "!": "exclamation_mark",
}


def at_once(app: PodtuiApp, keys: str) -> None:
    """Give the screen keys as one read of the terminal brings them."""
    for key in keys:
        app.post_message(events.Key(NAMED.get(key, key), key))


async def test_what_follows_the_key_that_opens_a_line_goes_into_it(plane: FakePlane) -> None:
    """No letter of a message is taken for a command, and what follows Enter is not sent."""
    async with opened(plane) as (pilot, app, screen):
        at_once(app, "sxn q!\rj")
        await until(pilot, lambda: bool(calls(plane, "send")))
        assert [call[2] for call in calls(plane, "send")] == ["xn q!"]
        await until(pilot, lambda: screen.pod_tree.selected is screen.pods[1])
        assert not calls(plane, "plan_stop", "stop")


async def test_what_follows_the_key_that_opens_a_dialog_goes_into_it(plane: FakePlane) -> None:
    """The form takes a name and a command that were typed before it was painted."""
    async with opened(plane) as (pilot, app, _):
        at_once(app, "nnew\tsleep 9")
        await until(pilot, lambda: isinstance(app.screen, SpawnForm))
        await until(pilot, lambda: "sleep 9" in shown_text(app))
        assert "new" in shown_text(app)


async def test_keys_typed_while_another_program_had_the_screen_are_dropped(
    plane: FakePlane,
) -> None:
    """They were not meant for this screen."""
    async with opened(plane) as (pilot, app, screen):
        late = events.Key("x", "x")
        app.drop_keys()
        app.post_message(late)
        await pilot.press("j")
        await until(pilot, lambda: screen.pod_tree.selected is screen.pods[1])
        assert not calls(plane, "plan_stop")
