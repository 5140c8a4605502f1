"""What every plane must do with requests: values in, plans and reports out."""

from __future__ import annotations

from importlib import import_module

import msgspec
import pytest

from podtui.core.control.actions import MODULES
from podtui.core.errors import NotFound
from podtui.core.model.requests import (
    UNDO_ACTIONS,
    Prune,
    Purge,
    Reap,
    ReapOrphans,
    Recover,
    Relend,
    Request,
    Restore,
    Return,
    Send,
    Spawn,
    Stop,
    action_of,
    request_from_json,
    request_to_json,
    undo_request,
)
from podtui.core.model.verdicts import Status
from tests.plane.conftest import PlaneUnderTest

ONE_OF_EACH: tuple[Request, ...] = (
    Spawn(name="a", argv=("sleep", "1"), env={"A": "ä"}, read=("/x",), stall_after_s=1.5),
    Send("a", "hello\n", enter=False),
    Stop(("a", "b"), 0.5),
    Restore(("a",), without=("/x",), in_bulk=True),
    Reap(("a",)),
    ReapOrphans(2.0),
    Prune(("a",), unreadable=True),
    Recover(("a",), as_name="b"),
    Purge(86400.0),
    Return(("a",), ("/x",)),
    Relend(("a",)),
)


@pytest.mark.parametrize("request_", ONE_OF_EACH, ids=action_of)
def test_a_request_survives_json(request_: Request) -> None:
    """A request that another process or machine wrote is the request that was meant."""
    assert request_from_json(request_to_json(request_)) == request_


@pytest.mark.parametrize(
    "data", [b"{}", b'{"type": "explode"}', b'{"type": "stop"}', b'{"type": "stop", "pods": 1}']
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    """An unknown action or a missing field is an error, never a default."""
    with pytest.raises(msgspec.ValidationError):
        request_from_json(data)


def test_every_request_has_a_module_that_plans_and_acts() -> None:
    """The table of actions names each request once, and each module offers both calls."""
    assert {action_of(each) for each in ONE_OF_EACH} == set(MODULES)
    for name in MODULES.values():
        module = import_module(name)
        assert callable(module.plan)
        assert callable(module.carry_out)


@pytest.mark.parametrize("action", UNDO_ACTIONS)
def test_an_undo_is_a_request(action: str) -> None:
    """Each undo names its targets, and one of an unknown action is none."""
    made = undo_request(action, ["a", "b"])
    assert made is not None
    assert action_of(made) == action
    assert undo_request("explode", ["a"]) is None


def test_a_plan_touches_nothing(plane_under_test: PlaneUnderTest) -> None:
    """Planning is asked at any time, by a screen that shows it and by a dry run."""
    plane = plane_under_test.plane
    plan = plane.plan(Spawn(name="new", argv=("sleep", "600")))

    assert [step.kind.value for step in plan.steps] == ["reserve", "start"]
    assert plane.snapshot().pods == ()


def test_a_request_is_carried_out_and_taken_back(plane_under_test: PlaneUnderTest) -> None:
    """A pod is spawned, stopped, pruned and recovered by values alone."""
    plane = plane_under_test.plane
    spawned = plane.carry_out(Spawn(name="pod", argv=("sleep", "600")), actor="tester")
    assert spawned.view is not None
    assert spawned.view.status is Status.WORKING

    plane.carry_out(Stop(("pod",), 0.0), actor="tester")
    plane.carry_out(Prune(("pod",)), actor="tester")
    with pytest.raises(NotFound, match="pruned"):
        plane.look_at("pod")
    plane.carry_out(Recover(("pod",)), actor="tester")

    assert plane.look_at("pod").verdict.value == "dead"


def test_of_many_targets_one_that_is_refused_does_not_stop_the_others(
    plane_under_test: PlaneUnderTest,
) -> None:
    """Each pod of a request stands for itself, in the plan and in the report."""
    plane = plane_under_test.plane
    plane.carry_out(Spawn(name="one", argv=("sleep", "600")), actor="tester")
    request = Stop(("one", "missing"), 0.0)

    assert [part.is_refused for part in plane.plan(request).parts] == [False, True]
    report = plane.carry_out(request, actor="tester")

    assert [line.partition(":")[0] for line in (*report.done, *report.failed)] == ["one", "missing"]
