"""``podtui restore``: names or all that is lost, its plan, its answers and its exit codes."""

from __future__ import annotations

import json

import pytest

from podtui.core.model.requests import Return
from podtui.core.model.verdicts import Status
from tests.cli.conftest import Podtui
from tests.support.lose_pods import lose
from tests.support.record_builders import write_pod
from tests.support.store_fixture import Yard


def test_a_lost_pod_is_restored_by_name_without_a_question(yard: Yard, podtui: Podtui) -> None:
    """Stopping it takes it back, so nobody is asked."""
    yard.spawn("pod")
    lose(yard, "pod")
    answer = podtui("restore", "pod")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("restored pod, run 2: ")
    assert yard.view("pod").status is Status.WORKING
    again = podtui("restore", "pod", "--json")
    assert again.code == 5
    assert again.error["kind"] == "refused"
    assert again.error["next"] == "podtui attach pod"


def test_the_plan_is_shown_and_nothing_done(yard: Yard, podtui: Podtui) -> None:
    """Steps, warnings, and the way back."""
    yard.spawn("pod")
    lose(yard, "pod")
    plan = podtui("restore", "pod", "--dry-run", "--json").document["plan"]
    assert plan["action"] == "restore"
    assert plan["undo"] == "podtui stop pod"
    assert "reserve run 2" in " ".join(plan["steps"])
    assert plan["refusals"] == []
    assert yard.view("pod").run == 1


def test_everything_that_is_lost_is_restored(yard: Yard, podtui: Podtui) -> None:
    """Parents and children, and pods that never started; what is alive is not touched."""
    yard.spawn("alive")
    parent = write_pod(yard.plane, "parent", waited_s=60.0)
    write_pod(yard.plane, "child", parent=parent, waited_s=60.0)
    answer = podtui("restore", "--all-lost", "--json")
    report = answer.document["report"]
    assert [each.partition(",")[0] for each in report["done"]] == [
        "restored parent",
        "restored child",
    ]
    assert (report["skipped"], report["failed"]) == ([], [])
    nothing = podtui("restore", "--all-lost")
    assert (nothing.code, nothing.out) == (0, "")
    assert "no pod is lost" in nothing.err


def test_a_pod_that_fails_among_others_exits_with_one(yard: Yard, podtui: Podtui) -> None:
    """What worked is the result, what failed is a remark with its reason."""
    broken = yard.root / "tool"
    broken.write_text("#!/bin/sh\nexec sleep 600\n")
    broken.chmod(0o755)
    yard.spawn("good")
    yard.spawn("bad", str(broken))
    lose(yard, "good")
    lose(yard, "bad")
    broken.write_text("#!/no/such/interpreter\n")
    answer = podtui("restore", "good", "bad")
    assert answer.code == 1
    assert answer.out.startswith("restored good, run 2: ")
    assert "failed: bad: " in answer.err
    assert "cannot run" in answer.err


def test_several_of_which_none_can_be_restored_exit_with_the_first_reason(
    yard: Yard, podtui: Podtui
) -> None:
    """Nothing done is no success."""
    yard.spawn("alive")
    answer = podtui("restore", "nobody", "alive", "--json")
    assert answer.code == 3
    assert answer.stdout == b""
    assert json.loads(answer.stderr)["error"]["kind"] == "not_found"


@pytest.mark.parametrize("arguments", [(), ("pod", "--all-lost")])
def test_either_names_or_all_that_is_lost(podtui: Podtui, arguments: tuple[str, ...]) -> None:
    """Anything else is wrong usage."""
    answer = podtui("restore", *arguments, "--json")
    assert answer.code == 2
    assert answer.error["kind"] == "bad_input"


def test_a_scope_that_somebody_else_has_is_named_before_anything_starts(
    yard: Yard, podtui: Podtui
) -> None:
    """Holder and rule are in the plan; without that scope the pod comes back."""
    scope = yard.root / "work"
    scope.mkdir()
    yard.spawn("pod", write=(str(scope),))
    lose(yard, "pod")
    yard.plane.carry_out(Return(("pod",)))
    yard.spawn("rival", write=(str(scope),))
    plan = podtui("restore", "pod", "--dry-run", "--json").any_document["plan"]
    assert "rival may write" in plan["refusals"][0]["message"]
    refused = podtui("restore", "pod", "--json")
    assert refused.code == 5
    assert "rival may write" in refused.error["message"]
    assert yard.view("pod").run == 1
    answer = podtui("restore", "pod", "--without", str(scope))
    assert answer.code == 0, answer.err
    assert [loan.pod for loan in yard.plane.loans().out] == ["rival"]
    unknown = podtui("restore", "pod", "--without", "/no/such/scope", "--json")
    assert unknown.code == 5
