"""Taking back what a diagnostic tells: its plan, the question, and what came of it."""

from __future__ import annotations

import threading

import pytest

from podtui.core.errors import DiskTrouble
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.plans import Plan, Refusal
from podtui.core.model.requests import UNDO_ACTIONS
from podtui.tui.controllers.action_runner import undo_action
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen
from tests.support.plans import steps_of
from tests.tui.diagnostics_builders import (
    called,
    diagnostic,
    opened,
)
from tests.tui.fake_plane import FakePlane
from tests.tui.scene import until, words_on


async def test_u_shows_the_plan_and_y_does_it(plane: FakePlane) -> None:
    """The pod is addressed by its id: a namesake is never meant."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        await pilot.pause()
        assert "restore id-pod-001" in words_on(app)
        await pilot.press("y")
        await until(pilot, lambda: "restore: id-pod-001" in words_on(app), "the report")
        assert called(plane, "plan_restore", "restore") == [
            ("plan_restore", "id-pod-001"),
            ("restore", "id-pod-001", "operator"),
        ]
        assert isinstance(app.screen, DiagnosticsScreen)


async def test_anything_but_yes_does_nothing(plane: FakePlane) -> None:
    """Escape closes the question, and the list is still there."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, DiagnosticsScreen)
        assert not called(plane, "restore")


async def test_many_are_taken_back_together(plane: FakePlane) -> None:
    """On the line of many the plan is for all of them; those restored meanwhile are left out."""
    losses = [diagnostic(number, ago_s=2) for number in range(3)]
    plane.show_diagnostics([*losses, diagnostic(9, DiagnosticKind.RESTORED, pod_name="pod-001")])
    async with opened(plane, "D", "down", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        assert called(plane, "plan_restore") == [("plan_restore", "id-pod-000, id-pod-002")]


async def test_of_many_the_refused_ones_do_not_stop_the_others(plane: FakePlane) -> None:
    """A plan of which some can be done may be answered with yes."""
    refused = Plan(
        action="recover",
        pod="b",
        steps=(),
        refusals=(Refusal(kind="exists", message="there is a pod 'b'"),),
    )
    going_on = Plan(
        action="recover", pod="a", steps=steps_of("bring a back"), undo="podtui prune a"
    )
    plane.scripted_plan = Plan(
        action="recover",
        pod="a, b",
        steps=steps_of("a: bring a back"),
        refusals=refused.refusals,
        parts=(going_on, refused),
    )
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        await pilot.pause()
        assert "there is a pod 'b'" in words_on(app)
        await pilot.press("y")
        await until(pilot, lambda: called(plane, "restore"), "the action")


async def test_a_refused_plan_is_shown_and_not_done(plane: FakePlane) -> None:
    """Alive, unknown, in the way: the sentence says why."""
    plane.scripted_plan = Plan(
        action="restore",
        pod="pod-001",
        steps=(),
        refusals=(Refusal(kind="refused", message="it is alive: attach instead"),),
    )
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        await pilot.press("y")
        await pilot.pause()
        assert not called(plane, "restore")


async def test_what_is_undone_already_or_has_no_way_back_says_so(plane: FakePlane) -> None:
    """No plan is asked for; the key is not offered."""
    plane.show_diagnostics(
        [diagnostic(1), diagnostic(2, DiagnosticKind.RESTORED, pod_name="pod-001")]
    )
    async with opened(plane, "D") as (pilot, app):
        assert "U undo" not in words_on(app)
        await pilot.press("U")
        await pilot.pause()
        assert "there is no undo for this" in words_on(app)
        await pilot.press("down", "U")
        await pilot.pause()
        assert "it is restored already" in words_on(app)
        assert not called(plane, "plan_restore")


async def test_what_an_undo_came_to_is_told_where_the_operator_is(plane: FakePlane) -> None:
    """Gone back to the pods before it was done: it is told there."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        plane.hold = threading.Event()
        await pilot.press("y", "escape")
        await until(pilot, lambda: app.screen is app.main_screen, "the pods")
        plane.hold.set()
        await until(pilot, lambda: "restore: id-pod-001" in words_on(app), "the report")
        assert app.screen is app.main_screen


async def test_the_result_of_an_action_on_the_pods_is_shown_on_the_diagnostics(
    plane: FakePlane,
) -> None:
    """Opened before the action was done, the diagnostics show that it runs and what it did."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "escape", "x") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        plane.hold = threading.Event()
        await pilot.press("y", "D")
        await until(pilot, lambda: isinstance(app.screen, DiagnosticsScreen), "the diagnostics")
        await until(pilot, lambda: "stopping planner" in words_on(app), "what is running")
        plane.hold.set()
        await until(pilot, lambda: "asked it to end" in words_on(app), "the report")
        assert isinstance(app.screen, DiagnosticsScreen)


async def test_an_outcome_goes_with_who_leaves_at_once(plane: FakePlane) -> None:
    """Told on the list a moment ago, and still to be read above the pods' keys."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "U") as (pilot, app):
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        await pilot.press("y")
        await until(pilot, lambda: "restore: id-pod-001" in words_on(app), "the report")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main_screen, "the pods")
        await pilot.pause()
        assert "restore: id-pod-001" in words_on(app)


@pytest.mark.parametrize("verb", UNDO_ACTIONS)
@pytest.mark.parametrize("count", [1, 2])
def test_every_undo_there_is_has_its_plan_and_its_action(
    plane: FakePlane, verb: str, count: int
) -> None:
    """The verb that a diagnostic offers is the call that is made, for each of them."""
    given = [diagnostic(number, undo=Undo(verb, f"target-{number}")) for number in range(count)]
    intended = undo_action(plane, given, "pods", "diagnostics.undo")
    assert intended is not None
    assert intended.plan().action == verb
    report = intended.carry_out()
    assert not report.failed
    pods = {name for call in called(plane, verb) for name in str(call[1]).split(", ")}
    assert pods == {f"target-{number}" for number in range(count)}


def test_an_error_of_one_of_many_does_not_stop_the_others(plane: FakePlane) -> None:
    """It is a refusal in the plan and a failure in the report, each with its pod."""
    given = [diagnostic(number, undo=Undo("recover", f"t-{number}")) for number in range(2)]
    intended = undo_action(plane, given, "2 pods", "diagnostics.undo")
    assert intended is not None
    plane.error = DiskTrouble("the disk is full")
    assert [each.message for each in intended.plan().refusals] == ["the disk is full"] * 2
    assert intended.plan().is_refused
    assert intended.carry_out().failed == ("t-0: the disk is full", "t-1: the disk is full")
