"""Every key does what the help says, on the real screen over a scripted plane."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from podtui.core.errors import Refused
from podtui.core.model.plans import Plan, Refusal
from podtui.tui.app import PodtuiApp
from podtui.tui.commands.commands import COMMANDS
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.screens.command_screen import CommandScreen
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


def selected(screen: MainScreen) -> str:
    pod_now = screen.pod_tree.selected
    assert pod_now is not None
    return pod_now.name


def calls(plane: FakePlane, *kinds: str) -> list[tuple[object, ...]]:
    return [call for call in plane.calls if call[0] in kinds]


def test_every_binding_has_an_id_a_word_and_a_sentence() -> None:
    """Ids are unique, so that a keymap can name them."""
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert all(command.word and command.sentence for command in COMMANDS)


def test_no_two_commands_of_one_place_share_a_key() -> None:
    """A key means one thing in one place."""
    for place in {command.place for command in COMMANDS}:
        keys = [k for c in COMMANDS if c.place == place for k in c.keys.split(",")]
        assert len(set(keys)) == len(keys)


async def test_every_command_is_in_the_table_of_its_screen(plane: FakePlane) -> None:
    """A command without an action of Textual's runs the function its screen has for its id."""

    def without_action(place: str) -> set[str]:
        return {each.id for each in COMMANDS if each.place == place and not each.action}

    async with opened(plane) as (pilot, app, screen):
        assert set(screen.commands) == without_action("screen")
        await pilot.press("D")
        assert isinstance(app.screen, CommandScreen)
        assert set(app.screen.commands) == without_action("diagnostics")
        await pilot.press("escape", "T")
        assert isinstance(app.screen, CommandScreen)
        assert set(app.screen.commands) == without_action("trash")


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (("down",), "coder"),
        (("j", "j"), "reviewer"),
        (("j", "j", "k"), "coder"),
        (("down", "up"), "planner"),
        (("end",), "fresh"),
        (("G", "home"), "planner"),
        (("end", "g"), "planner"),
        (("pagedown",), "fresh"),
        (("end", "pageup"), "planner"),
        (("j", "j", "left"), "reviewer"),
        (("j", "j", "left", "left"), "coder"),
        (("right",), "coder"),
        (("j", "h", "j"), "docs"),
        (("j", "h", "l", "l"), "reviewer"),
        (("j", "space", "j"), "reviewer"),
        (("minus", "j"), "release"),
        (("minus", "plus", "j"), "coder"),
        (("exclamation_mark",), "reviewer"),
    ],
)
async def test_keys_move_the_selection(plane: FakePlane, keys: tuple[str, ...], name: str) -> None:
    """Arrows, letters and page keys select; left and right fold, or go to parent and child."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.press(*keys)
        assert selected(screen) == name


async def test_enter_attaches_to_the_selected_pod(plane: FakePlane) -> None:
    """Where the terminal cannot be handed over, the screen says how else to attach."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("enter")
        await until(pilot, lambda: "podtui attach planner" in shown_text(app))


async def test_attaching_hands_the_terminal_over_and_tells_how_it_ended(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter attaches, o only watches; afterwards the final sentence stands above the keys."""
    async with opened(plane) as (pilot, app, _):
        monkeypatch.setattr(type(app._driver), "can_suspend", property(lambda _: True))
        monkeypatch.setattr(type(app._driver), "suspend_application_mode", lambda _: None)
        monkeypatch.setattr(type(app._driver), "resume_application_mode", lambda _: None)
        await pilot.press("enter", "o")
        await until(pilot, lambda: "it goes on running" in shown_text(app))
        address = one_of_each()[0].id
        assert calls(plane, "attach") == [("attach", address, False), ("attach", address, True)]


async def test_a_line_goes_to_the_pod_named_when_enter_was_pressed(plane: FakePlane) -> None:
    """The bar names its pod; another selection made meanwhile does not change who gets it."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("s", *"hello there")
        assert "to planner ▸ hello there" in shown_text(app)
        screen.pod_tree.action_move(1)
        await pilot.press("enter")
        await until(pilot, lambda: calls(plane, "send"))
        assert calls(plane, "send") == [("send", one_of_each()[0].id, "hello there", True)]
        assert screen.focused is screen.pod_tree


async def test_a_line_that_could_not_be_sent_is_not_lost(plane: FakePlane) -> None:
    """The error says why, and the text is there again when the bar is opened."""
    plane.error = Refused("a line of 5000 bytes would be cut", pod="planner")
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("s", *"precious", "enter")
        await until(pilot, lambda: "would be cut" in shown_text(app))
        await pilot.press("s")
        assert screen.input_bar.line.value == "precious"


async def test_a_draft_is_kept_for_its_own_pod(plane: FakePlane) -> None:
    """Escape closes the bar without sending, and what was typed waits for that pod."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.press("s", *"draft", "escape", "down", "s")
        assert screen.input_bar.line.value == ""
        await pilot.press("escape", "up", "s")
        assert screen.input_bar.line.value == "draft"
        assert not calls(plane, "send")


async def test_a_pasted_text_keeps_all_its_lines(plane: FakePlane) -> None:
    """Textual's own input would keep the first line only; control characters are made safe."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("s")
        app.post_message(events.Paste("a\r\nb\x1b[1m\nc"))
        await pilot.pause()
        assert "a⏎b\ufffd⏎c" in shown_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: calls(plane, "send"))
        assert calls(plane, "send")[0][2] == "a\nb\ufffd\nc"


@pytest.mark.parametrize(("answer", "stopped"), [("y", True), ("enter", True), ("escape", False)])
async def test_stop_shows_its_plan_and_asks(plane: FakePlane, answer: str, stopped: bool) -> None:
    """The key x shows what will be done; only yes does it, and the report follows."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await until(pilot, lambda: "ask planner to end (TERM)" in shown_text(app))
        assert "2 children go on running" in shown_text(app)
        await pilot.press(answer)
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        if stopped:
            await until(pilot, lambda: "asked it to end; ended: exited 0" in shown_text(app))
        assert bool(calls(plane, "stop")) is stopped


async def test_a_plan_that_comes_late_takes_no_key_meant_for_something_else(
    plane: FakePlane,
) -> None:
    """Who goes on typing while a plan is made does not confirm it with a letter of a message."""
    plane.hold = threading.Event()
    async with opened(plane) as (pilot, app, _):
        await pilot.press("x")
        await until(pilot, lambda: calls(plane, "plan_stop"))
        await pilot.press("s")
        plane.hold.set()
        await until(pilot, lambda: "the plan to stop planner is ready" in shown_text(app))
        await pilot.press("y", "enter")
        await until(pilot, lambda: calls(plane, "send"))
        assert not calls(plane, "stop")


async def test_quitting_while_a_plan_is_made_is_no_trouble(plane: FakePlane) -> None:
    """An answer that comes while the screen goes away is dropped."""
    plane.hold = threading.Event()
    async with opened(plane) as (pilot, app, _):
        await pilot.press("x")
        await until(pilot, lambda: calls(plane, "plan_stop"))
        await pilot.press("q")
        plane.hold.set()
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0


async def test_a_refused_plan_cannot_be_carried_out(plane: FakePlane) -> None:
    """The refusal is shown with what to do next, and yes does nothing."""
    refusal = Refusal(kind="refused", message="it has ended already", next="podtui ls")
    plane.scripted_plan = Plan(action="stop", pod="planner", steps=(), refusals=(refusal,))
    async with opened(plane) as (pilot, app, _):
        await pilot.press("x")
        await until(pilot, lambda: "it has ended already" in shown_text(app))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert not calls(plane, "stop")


async def test_a_pod_without_a_live_run_is_not_acted_on(plane: FakePlane) -> None:
    """The screen says why, without asking the core for a plan it would refuse."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("exclamation_mark", "exclamation_mark")
        assert selected(screen) == "reviewer-2"
        for key in ("enter", "s", "x"):
            await pilot.press(key)
            await until(pilot, lambda: "has no live run" in shown_text(app))
        assert not calls(plane, "plan_stop", "send", "attach")


async def test_the_spawn_form_plans_what_is_typed_and_starts_it(plane: FakePlane) -> None:
    """The selected pod is proposed as parent, the plan is shown, Enter starts."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("n", *"helper", "tab", *"make 'all of it'")
        await until(pilot, lambda: "reserve helper" in shown_text(app))
        assert app.screen.query_one("#spawn-parent", Input).value == "planner"
        await pilot.press("enter")
        await until(pilot, lambda: "spawned helper, run 1" in shown_text(app))
        request = calls(plane, "spawn")[0][1]
        assert request.name == "helper"  # type: ignore[attr-defined]
        assert request.argv == ("make", "all of it")  # type: ignore[attr-defined]
        assert request.parent == "planner"  # type: ignore[attr-defined]
        assert screen is app.screen


async def test_the_spawn_form_lends_scopes(plane: FakePlane) -> None:
    """Paths are parted as in a shell; an open quotation mark is told with its field."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("n", *"helper", "tab", *"make", "tab", "tab", "tab")
        await pilot.press(*"docs", "tab", *"src 'my tests", "enter")
        await until(pilot, lambda: "what is in 'may write' cannot be read" in shown_text(app))
        await pilot.press("'", "enter")
        await until(pilot, lambda: calls(plane, "spawn"))
        request = calls(plane, "spawn")[0][1]
        assert request.read == ("docs",)  # type: ignore[attr-defined]
        assert request.write == ("src", "my tests")  # type: ignore[attr-defined]


async def test_the_spawn_form_stays_open_on_a_refusal(plane: FakePlane) -> None:
    """What was typed is still there to be mended."""
    refusal = Refusal(kind="exists", message="there is a pod 'planner'", next="choose another")
    plane.scripted_plan = Plan(action="spawn", pod="planner", steps=(), refusals=(refusal,))
    async with opened(plane) as (pilot, app, _):
        await pilot.press("n", *"planner", "tab", *"ls", "enter")
        await until(pilot, lambda: "there is a pod 'planner'" in shown_text(app))
        assert app.screen.query_one("#spawn-name", Input).value == "planner"
        await pilot.press("escape")
        assert not calls(plane, "spawn")


async def test_an_open_quotation_mark_is_told_in_the_form(plane: FakePlane) -> None:
    """A command that cannot be split into words is refused before anything is planned."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("n", *"x", "tab", *"echo 'oops", "enter")
        await until(pilot, lambda: "close the quotation mark" in shown_text(app))


async def test_the_filter_narrows_while_typing_and_escape_shows_all(plane: FakePlane) -> None:
    """Only matches and their ancestors stay, the title counts them."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("slash", *"review")
        await until(
            pilot, lambda: "3 of 13" not in shown_text(app) and "2 of 13" in shown_text(app)
        )
        assert "bisect" not in shown_text(app)
        await pilot.press("enter")
        assert screen.pod_tree.state.wanted == "review"
        await pilot.press("slash", "escape")
        assert "bisect" in shown_text(app)


async def test_a_filter_that_finds_nothing_says_so(plane: FakePlane) -> None:
    """An empty tree is not mistaken for an empty store."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("slash", *"zzz")
        await until(pilot, lambda: "no pod matches 'zzz'" in shown_text(app))


async def test_tab_goes_from_pane_to_pane(plane: FakePlane) -> None:
    """Tree and output take the focus in turn."""
    async with opened(plane) as (pilot, _, screen):
        focused: list[str | None] = []
        for key in ("tab", "shift+tab"):
            await pilot.press(key)
            focused.append(screen.focused.id if screen.focused else None)
        assert focused == ["output", "tree"]


async def test_help_lists_every_command_and_every_shape(plane: FakePlane) -> None:
    """The help is made from the same table as the keys."""
    async with opened(plane, (120, 160)) as (pilot, app, _):
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.pause()
        shown = shown_text(app)
        assert all(command.sentence in shown for command in COMMANDS)
        assert "unresponsive" in shown
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)


async def test_the_palette_finds_commands_and_pods(plane: FakePlane) -> None:
    """Typing a pod's name selects it, whatever hides it."""
    async with opened(plane) as (pilot, app, screen):
        await pilot.press("minus", "ctrl+p", *"pod linter")
        await until(pilot, lambda: "pod linter" in shown_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen is app.screen and selected(screen) == "linter")


async def test_why_folds_to_one_line_and_opens_again(plane: FakePlane) -> None:
    """The key i switches between all evidence and its summary."""
    async with opened(plane) as (pilot, app, _):
        assert "same boot" in shown_text(app)
        await pilot.press("i")
        assert "same boot" not in shown_text(app)
        assert "● working running" in shown_text(app)
        await pilot.press("i")
        assert "same boot" in shown_text(app)


async def test_the_interrupt_key_says_how_to_quit(plane: FakePlane) -> None:
    """Who presses what ends other programs is told what ends this one."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "q quits; the pods go on running" in shown_text(app))


async def test_quitting_ends_every_thread_and_no_pod(plane: FakePlane) -> None:
    """The key q closes the watch and the readers; nothing is asked of any pod."""
    async with opened(plane) as (pilot, app, _):
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert plane.live is not None
    assert plane.live.closed.is_set()
    assert not calls(plane, "stop", "send")
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith("podtui-")}


async def test_quitting_does_not_wait_for_a_pod_that_hangs(plane: FakePlane) -> None:
    """An action that a hung supervisor holds up does not hold up the way out."""
    plane.hold = threading.Event()
    async with opened(plane) as (pilot, app, _):
        await pilot.press("s", *"x", "enter")
        await until(pilot, lambda: calls(plane, "send"))
        await pilot.press("down", "q")
        await until(pilot, lambda: not app.is_running)
        plane.hold.set()


async def test_a_click_selects_and_a_click_on_the_mark_folds(plane: FakePlane) -> None:
    """The mouse does what the keys do."""
    async with opened(plane) as (pilot, _, screen):
        await pilot.click("#tree", offset=(8, 5))
        assert selected(screen) == "tests"
        await pilot.click("#tree", offset=(3, 1))
        assert selected(screen) == "coder"
        assert len(screen.pod_tree.rows) == 9


async def test_a_click_on_a_key_of_the_last_line_presses_it(plane: FakePlane) -> None:
    """The footer is a row of buttons, too."""
    async with opened(plane) as (pilot, app, _):
        bar = shown_text(app).splitlines()[-1]
        await pilot.click("#keys", offset=(bar.index("? help"), 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_the_empty_store_tells_what_to_press(tmp_path: Path) -> None:
    """A newcomer reads the key to start with, and the key works."""
    async with opened(FakePlane(tmp_path, picture(()))) as (pilot, app, _):
        assert "No pods yet." in shown_text(app)
        assert "podtui demo" in shown_text(app)
        await pilot.press("n")
        await until(pilot, lambda: "new pod" in shown_text(app))


async def test_the_first_pod_of_an_empty_store_is_shown_and_selected(tmp_path: Path) -> None:
    """The screen goes from the empty words to the tree by itself."""
    plane = FakePlane(tmp_path, picture(()))
    async with opened(plane) as (pilot, app, screen):
        plane.write_output("first", b"hello\n")
        plane.show(picture((pod("first"),)))
        await until(pilot, lambda: "hello" in shown_text(app))
        assert selected(screen) == "first"
