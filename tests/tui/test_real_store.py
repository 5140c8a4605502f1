"""The screen over real pods: what anybody does to them is seen, and nothing makes it wait."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from podtui.cli.open_screen import screen_over
from podtui.core.model.verdicts import Status
from podtui.core.output.cursors import read_cursor
from podtui.core.output.follower import READER
from podtui.tui.app import PodtuiApp
from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen
from podtui.tui.screens.main_screen import MainScreen
from tests.support.store_fixture import Yard
from tests.tui.scene import settled, shown_text, until, words_on

SIZE = (120, 36)


@asynccontextmanager
async def opened(yard: Yard) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, MainScreen]]:
    """Give the screen over a real store."""
    app = screen_over(yard.plane, yard.system, attach=lambda name, _: name)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        yield pilot, app, app.main_screen


def status_of(screen: MainScreen, name: str) -> Status | None:
    return next((pod.status for pod in screen.pods if pod.name == name), None)


async def test_a_pod_spawned_elsewhere_appears_with_its_output(yard: Yard) -> None:
    """Another terminal starts a pod; its row and its words come by themselves."""
    async with opened(yard) as (pilot, app, _):
        assert "No pods yet." in shown_text(app)
        yard.shell("worker", "echo words of the worker; exec sleep 600")
        await until(pilot, lambda: "words of the worker" in shown_text(app))
        await until(pilot, lambda: "● working" in shown_text(app))


async def test_a_killed_supervisor_is_shown_as_lost(yard: Yard) -> None:
    """A supervisor that gets kill -9 becomes one lost row, with the two facts that prove it."""
    yard.shell("worker", "exec sleep 600")
    async with opened(yard) as (pilot, app, screen):
        await until(pilot, lambda: status_of(screen, "worker") is Status.WORKING)
        yard.kill(yard.supervisor_of("worker"))
        await until(pilot, lambda: status_of(screen, "worker") is Status.LOST)
        await until(pilot, lambda: "⊘ lost" in shown_text(app))
        await until(pilot, lambda: "lock free" in words_on(app))


async def test_a_line_reaches_the_program_in_the_pod(yard: Yard) -> None:
    """What is typed after s arrives, and the answer is seen."""
    yard.shell("asker", "read answer; echo you said $answer; exec sleep 600")
    async with opened(yard) as (pilot, app, _):
        await pilot.press("s", *"yes", "enter")
        await until(pilot, lambda: "you said yes" in shown_text(app))


async def test_a_stop_ends_the_pod_after_its_plan_was_confirmed(yard: Yard) -> None:
    """The plan comes from the core, the pod's end is seen in the tree."""
    yard.shell("worker", "exec sleep 600")
    async with opened(yard) as (pilot, app, screen):
        await pilot.press("x")
        await until(pilot, lambda: "stop it" in shown_text(app))
        await pilot.press("y")
        await until(pilot, lambda: status_of(screen, "worker") is Status.EXITED)
        await until(pilot, lambda: "✓ stopped" in shown_text(app))


async def test_a_pod_spawned_by_the_form_is_selected(yard: Yard) -> None:
    """The form starts a real pod, and its output is what is looked at next."""
    yard.shell("first", "exec sleep 600")
    async with opened(yard) as (pilot, app, screen):
        await pilot.press("n", *"second", "tab", *"sh -c 'echo I am new; sleep 600'", "enter")
        await until(pilot, lambda: "I am new" in shown_text(app))
        assert screen.pod_tree.selected is not None
        assert screen.pod_tree.selected.name == "second"
        assert screen.pod_tree.selected.parent == "first"


async def test_a_stopped_supervisor_never_hangs_the_screen(yard: Yard) -> None:
    """With a supervisor under SIGSTOP keys work, actions are refused, quitting is quick."""
    yard.shell("frozen", "echo still here; exec sleep 600")
    yard.shell("other", "echo the other one; exec sleep 600")
    supervisor = yard.supervisor_of("frozen")
    yard.stop_process(supervisor)
    try:
        async with opened(yard) as (pilot, app, screen):
            await until(pilot, lambda: "still here" in shown_text(app))
            await pilot.press("s", *"hello", "enter")
            await until(pilot, lambda: screen.notices.notice is not None)
            await pilot.press("end")
            await until(pilot, lambda: "the other one" in shown_text(app))
            assert status_of(screen, "frozen") is not Status.LOST
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)
    finally:
        yard.signal(supervisor, signal.SIGCONT)


async def test_the_screen_is_a_reader_like_any_other(yard: Yard) -> None:
    """What was on screen is written down under its own name and moves nobody else's cursor."""
    yard.shell("worker", "echo some words; exec sleep 600")
    async with opened(yard) as (pilot, app, _):
        await until(pilot, lambda: "some words" in shown_text(app))
    paths = yard.plane.access.pod_paths("worker")
    mine = read_cursor(yard.system.fs, paths, READER)
    assert mine is not None
    assert mine.offset > 0
    assert read_cursor(yard.system.fs, paths, "operator") is None


async def test_a_loss_is_noticed_undone_from_the_diagnostics_and_seen(yard: Yard) -> None:
    """Told above the keys, taken back with its plan, marked as seen on disk when it is left."""
    yard.shell("worker", "exec sleep 600")
    async with opened(yard) as (pilot, app, screen):
        await until(pilot, lambda: status_of(screen, "worker") is Status.WORKING)
        supervisor, child = yard.supervisor_of("worker"), yard.child_of("worker")
        yard.kill(supervisor)
        yard.kill(child)
        await until(pilot, lambda: "worker: lost" in words_on(app), "the notice")
        await pilot.press("D", "U")
        await until(pilot, lambda: "restore it" in words_on(app), "the plan")
        await pilot.press("y")
        diagnostics = app.screen
        assert isinstance(diagnostics, DiagnosticsScreen)
        await until(pilot, lambda: len(diagnostics.list.picture.diagnostics) == 2, "the diagnostic")
        # The notice says it, too: only what the list has drawn is marked as read.
        await until(pilot, lambda: len(diagnostics.list.drawn) == 2, "the row of it")
        await until(pilot, lambda: status_of(screen, "worker") is Status.WORKING, "the new run")
        await pilot.press("escape")
        await until(pilot, lambda: not yard.plane.diagnostics_picture().unread, "the mark")
        await until(pilot, lambda: not screen.diagnostics.picture.unread, "the count")
    kinds = [each.kind.value for each in yard.plane.diagnostics()]
    assert kinds == ["lost", "restored"]


async def test_a_lost_child_is_restored_by_two_keys_from_a_cold_start(yard: Yard) -> None:
    """The screen begins at it: R shows the plan, y brings it back under its parent."""
    yard.shell("parent", "exec sleep 600")
    yard.shell("sibling", "exec sleep 600", parent="parent")
    yard.shell("child", "echo words of the child; exec sleep 600", parent="parent")
    yard.kill(yard.supervisor_of("child"))
    app = screen_over(yard.plane, yard.system, attach=lambda name, _: name)
    async with app.run_test(size=SIZE) as pilot:
        screen = app.main_screen
        await until(pilot, lambda: status_of(screen, "child") is Status.LOST)
        await pilot.press("R")
        await until(pilot, lambda: "y restore it" in shown_text(app))
        await pilot.press("y")
        await until(pilot, lambda: status_of(screen, "child") is Status.WORKING)
        await until(pilot, lambda: "run 2" in shown_text(app))
        child = screen.pod_tree.selected
        assert child is not None
        assert (child.name, child.run, child.parent) == ("child", 2, "parent")
        assert status_of(screen, "parent") is Status.WORKING
        assert len(screen.pods) == 3


async def test_marked_pods_are_pruned_and_brought_back_from_the_trash(yard: Yard) -> None:
    """The living one is refused and left alone; the dead one goes, and U and y have it back."""
    yard.shell("alive", "exec sleep 600")
    yard.shell("ended", "echo my last words")
    yard.wait_ended("ended")
    async with opened(yard) as (pilot, app, screen):
        await pilot.press("space", "down", "space", "P")
        await until(pilot, lambda: "y prune 1 of 2" in shown_text(app))
        await pilot.press("y")
        await until(pilot, lambda: status_of(screen, "ended") is None)
        assert status_of(screen, "alive") is Status.WORKING
        await until(pilot, lambda: "recover: U" in shown_text(app))
        await pilot.press("T")
        await until(pilot, lambda: "✓ exited" in shown_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "y recover it" in shown_text(app))
        await pilot.press("y")
        await until(pilot, lambda: status_of(screen, "ended") is Status.EXITED)
        await until(pilot, lambda: "my last words" in shown_text(app))
        assert screen.pod_tree.selected is not None
        assert screen.pod_tree.selected.name == "ended"


async def test_what_a_killed_supervisor_left_running_is_reaped(yard: Yard) -> None:
    """X on the lost pod names the process it left, and y ends it."""
    yard.shell("parent", "exec sleep 600")
    yard.shell("leaver", "setsid sleep 601 & echo it is out; exec sleep 600")
    async with opened(yard) as (pilot, app, screen):
        await pilot.press("end")
        await until(pilot, lambda: "it is out" in shown_text(app))
        yard.kill(yard.supervisor_of("leaver"))
        await until(pilot, lambda: status_of(screen, "leaver") is Status.LOST)
        await pilot.press("X")
        await until(pilot, lambda: "y reap it" in shown_text(app))
        assert "left of run 1" in words_on(app)
        await pilot.press("y")
        await until(pilot, lambda: "nothing of it is left running" in words_on(app))
        assert status_of(screen, "parent") is Status.WORKING
