"""The user's keys: they work, are shown wherever a key is named, and a mistake costs one notice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from podtui.cli.open_screen import screen_over
from podtui.core.errors import BadInput
from podtui.core.settings.settings import Loaded, Settings
from podtui.tui.app import PodtuiApp
from podtui.tui.commands.commands import COMMANDS
from podtui.tui.commands.keymap import Keymap, keymap_of
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.dialogs.plan import PlanDialog
from tests.tui.conftest import REPOSITORY
from tests.tui.fake_plane import FakePlane, picture, still_system
from tests.tui.scene import settled, shown_text, until, words_on

FILE = Path("/home/ada/.config/podtui/config.toml")
SIZE = (120, 36)


@asynccontextmanager
async def opened(
    plane: FakePlane,
    keys: Mapping[str, Sequence[str]],
    *,
    trouble: BadInput | None = None,
    size: tuple[int, int] = SIZE,
    **settings: object,
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp]]:
    """Give the screen of a user with these settings."""
    written = Settings(keys={each: tuple(names) for each, names in keys.items()}, **settings)  # type: ignore[arg-type]
    app = screen_over(
        plane,
        still_system(),
        attach=lambda name, _: name,
        loaded=Loaded(written, FILE, trouble),
    )
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        yield pilot, app


@pytest.mark.parametrize(
    ("written", "bound", "shown"),
    [
        ("Q", "Q", "Q"),
        ("?", "question_mark", "?"),
        ("/", "slash", "/"),
        ("slash", "slash", "/"),
        (",", "comma", ","),
        ("+", "plus", "+"),
        ("ä", "ä", "ä"),
        (" ", "space", "space"),
        ("F5", "f5", "f5"),
        ("Enter", "enter", "enter"),
        ("Esc", "escape", "esc"),
        ("pgdn", "pagedown", "pgdn"),
        ("ctrl+l", "ctrl+l", "ctrl+l"),
        ("Ctrl-L", "ctrl+l", "ctrl+l"),
        ("ctrl-]", "ctrl+right_square_bracket", "ctrl+]"),
        ("ctrl++", "ctrl+plus", "ctrl++"),
        ("shift+tab", "shift+tab", "shift+tab"),
        ("ctrl+alt+x", "alt+ctrl+x", "alt+ctrl+x"),
        ("shift+e", "E", "E"),
        ("ctrl+i", "tab", "tab"),
        ("ctrl-m", "enter", "enter"),
    ],
)
def test_a_key_is_known_however_it_is_written(written: str, bound: str, shown: str) -> None:
    """As Textual, as the help, and as the detach key is written; as a terminal tells it."""
    # Its own place is the only one where all of these are free.
    keymap = keymap_of({"app.palette": ["f24"], **_freed(bound), "app.interrupt": [written]})
    assert keymap.complaints == ()
    assert keymap.overrides["app.interrupt"] == bound
    assert keymap.shown("app.interrupt") == shown


def _freed(key: str) -> dict[str, Sequence[str]]:
    """Return settings that take a key away from whatever has it."""
    holders = [each.id for each in COMMANDS if key in each.keys.split(",")]
    return {each: [f"f{13 + number}"] for number, each in enumerate(holders)}


@pytest.mark.parametrize(
    "written", ["", "foo", "ctrl+", "a+b", "f25", "++", "ctrl+foo", "\x1b", "\x1b[A", "\u202e"]
)
def test_what_is_no_key_is_told_as_text_and_the_usual_one_stays(written: str) -> None:
    """The complaint names the command and shows what was written, harmless."""
    keymap = keymap_of({"pod.stop": [written]})
    assert keymap.overrides == {}
    assert keymap.shown("pod.stop") == "x"
    (complaint,) = keymap.complaints
    assert "is no key" in complaint
    assert "pod.stop" in complaint
    assert complaint.isprintable()


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"pod.spwan": ["m"]}, "there is no command 'pod.spwan'; did you mean pod.spawn?"),
        ({"zzz\x1b[2J": ["m"]}, "docs/config.md has the list"),
        ({"pod.stop": []}, "pod.stop needs a key"),
        ({"pod.stop": ["s"]}, "s cannot be pod.stop: it is pod.send"),
        ({"pod.stop": ["j"]}, "j cannot be pod.stop: it is tree.down"),
        ({"tree.up": ["?"]}, "? cannot be tree.up: it is app.help"),
        ({"pod.stop": ["f6"], "pod.send": ["f6"]}, "f6 cannot be pod.send: it is pod.stop"),
        ({"app.quit-anywhere": ["z"]}, "app.quit-anywhere works in every line, too"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    wanted: Mapping[str, Sequence[str]], complaint: str
) -> None:
    """An id nobody has, a key that is taken, a key that would be typed."""
    (said,) = keymap_of(wanted).complaints
    assert complaint in said
    assert said.isprintable()


def test_the_panes_may_share_a_key() -> None:
    """Only one of them has the focus."""
    wanted = {"tree.up": ["ctrl+up"], "output.up": ["ctrl+up"], "terminal.up": ["ctrl+up"]}
    assert keymap_of(wanted).complaints == ()


def test_two_commands_may_change_their_keys() -> None:
    """What both are asked to give up, both may have."""
    keymap = keymap_of({"pod.stop": ["s"], "pod.send": ["x"]})
    assert keymap.complaints == ()
    assert (keymap.shown("pod.stop"), keymap.shown("pod.send")) == ("s", "x")


def test_a_usual_key_that_comes_back_takes_nothing_from_anybody() -> None:
    """A command whose new key is refused needs its old one, which then cannot be another's."""
    keymap = keymap_of({"pod.stop": ["s"], "pod.send": ["j"]})
    assert keymap.overrides == {}
    assert len(keymap.complaints) == 2


def test_every_usual_key_may_be_written_down() -> None:
    """Who copies the table of keys into the file changes nothing."""
    keymap = keymap_of({each.id: each.keys.split(",") for each in COMMANDS})
    assert keymap.complaints == ()
    assert keymap.overrides == {each.id: each.keys for each in COMMANDS}
    assert Keymap().commands == COMMANDS


async def test_the_users_key_works_and_the_usual_one_no_longer(plane: FakePlane) -> None:
    """Remapped is moved, not doubled."""
    async with opened(plane, {"pod.stop": ["f6"]}) as (pilot, app):
        await pilot.press("x")
        await pilot.pause()
        assert not [call for call in plane.calls if call[0] == "plan_stop"]
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))


async def test_keys_that_were_exchanged_both_work(plane: FakePlane) -> None:
    """Each does what the other did."""
    async with opened(plane, {"pod.stop": ["s"], "pod.send": ["x"]}) as (pilot, app):
        await pilot.press("x")
        assert "to planner ▸" in shown_text(app)
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))


async def test_keys_of_each_place_can_be_moved(plane: FakePlane) -> None:
    """Of the tree, of the output, of every dialog, and of the program itself."""
    keys = {"tree.down": ["f6"], "output.start": ["f6"], "app.quit-anywhere": ["f7"]}
    async with opened(plane, keys) as (pilot, app):
        screen = app.main_screen
        await pilot.press("f6")
        assert screen.pod_tree.selected is not None
        assert screen.pod_tree.selected.name == "coder"
        await pilot.press("tab", "f6")
        assert screen.output.scrolling.following.value != "following"
        await pilot.press("n")
        await until(pilot, lambda: "new pod" in shown_text(app))
        await pilot.press("f7")
        await until(pilot, lambda: not app.is_running)


async def test_the_users_keys_are_shown_wherever_a_key_is_named(plane: FakePlane) -> None:
    """Last line, why pane, help, palette, and sentences that name a key."""
    keys = {"pod.stop": ["f6"], "app.help": ["f7"], "app.quit": ["f8"], "output.next-match": ["f9"]}
    async with opened(plane, keys, size=(150, 100)) as (pilot, app):
        last = shown_text(app).splitlines()[-1]
        assert all(words in last for words in ("f6 stop", "f8 quit", "f7 help"))
        assert "f6 stop" in shown_text(app).split("next ")[1]
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "f8 quits; the pods go on" in shown_text(app))
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "f6 Show the plan to stop the pod" in words_on(app)
        await pilot.press("escape", "ctrl+p", *"stop")
        await until(pilot, lambda: "stop (f6)" in shown_text(app))
        await pilot.press("escape", "ctrl+f")
        await until(pilot, lambda: "f9 N go on" in shown_text(app))


async def test_a_key_that_is_a_bracket_is_no_markup(plane: FakePlane) -> None:
    """It is shown as it is, in the palette as well."""
    keys = {"pod.stop": ["["], "pod.send": ["\\"], "pod.spawn": ["]"]}
    async with opened(plane, keys) as (pilot, app):
        last = shown_text(app).splitlines()[-1]
        assert all(words in last for words in ("[ stop", "\\ send", "] spawn"))
        await pilot.press("ctrl+p", *"stop")
        await until(pilot, lambda: "stop ([)" in shown_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))


async def test_the_empty_screen_tells_the_users_keys(tmp_path: Path) -> None:
    """A newcomer who was given a keymap reads the keys of that keymap."""
    plane = FakePlane(tmp_path, picture(()))
    async with opened(plane, {"pod.spawn": ["f6"], "app.quit": ["ctrl+d"]}) as (pilot, app):
        assert "f6 start a pod" in words_on(app)
        assert "ctrl+d quit" in words_on(app)
        await pilot.press("f6")
        await until(pilot, lambda: "new pod" in shown_text(app))


async def test_mistakes_in_keys_and_file_cost_one_notice(plane: FakePlane) -> None:
    """It names the file, everything else works, and it goes with the next outcome."""
    trouble = BadInput("the settings are not used", kept="the defaults hold")
    async with opened(plane, {"pod.stop": ["zz"]}, trouble=trouble) as (pilot, app):
        said = words_on(app)
        assert "the settings are not used (the defaults hold)" in said
        assert f"{FILE}: keys: 'zz' for pod.stop is no key" in said
        assert len(app.main_screen.notices._lines) <= 3
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))


async def test_the_users_threshold_goes_with_a_new_pod(plane: FakePlane) -> None:
    """A pod spawned from the form gets what was set for new pods."""
    async with opened(plane, {}, stall_after_s=1200.0) as (pilot, app):
        await pilot.press("n", *"helper", "tab", *"make", "enter")
        await until(pilot, lambda: "spawned helper" in shown_text(app))
        request = next(call[1] for call in plane.calls if call[0] == "spawn")
        assert request.stall_after_s == 1200.0  # type: ignore[attr-defined]


async def test_the_users_theme_is_below_the_one_of_the_environment(plane: FakePlane) -> None:
    """What is set for one shell is stronger; a theme that is not there is told."""
    settings = Loaded(Settings(theme="high-contrast"), FILE)
    for variables, theme in (
        ({}, "high-contrast"),
        ({"PODTUI_THEME": "colour-blind"}, "colour-blind"),
        ({"NO_COLOR": "1"}, "podtui-ansi"),
    ):
        app = screen_over(
            plane, still_system(**variables), attach=lambda name, _: name, loaded=settings
        )
        assert app.theme == theme
    async with opened(plane, {}, theme="not there") as (_, app):
        assert "there is no theme 'not there'; using podtui-dark" in words_on(app)


def test_every_command_and_its_usual_keys_are_in_the_documentation() -> None:
    """Who sets keys needs their ids; the list cannot fall behind the table it is made from."""
    written = (REPOSITORY / "docs" / "config.md").read_text("utf-8")
    for command in COMMANDS:
        keys = " ".join(f"`{key}`" for key in command.shown_keys.split())
        assert f"| `{command.id}` | {keys} | {command.sentence} |" in written
