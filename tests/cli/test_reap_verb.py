"""``podtui reap`` as a program: question, plan, report, exit codes."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Podtui
from tests.support.orphans import DEAF, Handles, handles, lose_supervisor
from tests.support.store_fixture import Yard, until


def a_lost_pod(yard: Yard, held: Handles) -> int:
    yard.shell("pod", f"{DEAF} exec sleep 600")
    command = held.hold(yard.child_of("pod").pid)
    # Before it is deaf, it would end with its terminal.
    until(lambda: yard.system.proc.stat(command).name == "sleep")
    lose_supervisor(yard, "pod")
    return command


def test_a_plan_is_shown_and_nothing_done(yard: Yard, podtui: Podtui) -> None:
    """The same plan for a person and as JSON, with the proof of each process."""
    with handles() as held:
        command = a_lost_pod(yard, held)
        plan = podtui("reap", "pod", "--dry-run", "--json").document["plan"]
        assert plan["action"] == "reap"
        assert f"end sleep {command}, left of run 1" in plan["steps"][0]
        assert f"end sleep {command}" in podtui("reap", "--orphans", "--dry-run").out
        assert held.is_living(command)


@pytest.mark.parametrize("which", ["pod", "--orphans"])
def test_it_ends_what_is_left_and_says_so(yard: Yard, podtui: Podtui, which: str) -> None:
    """By name or all of them; exit code 0 when nothing is left."""
    with handles() as held:
        command = a_lost_pod(yard, held)
        report = podtui("reap", which, "--yes", "--json").document["report"]
        assert not held.is_living(command)
        assert f"ended sleep {command}" in report["done"][0]
        assert report["failed"] == []


@pytest.mark.parametrize("which", ["pod", "--orphans"])
def test_without_a_terminal_it_needs_yes(yard: Yard, podtui: Podtui, which: str) -> None:
    """What cannot be undone is never done without a word; the next step works as it stands."""
    with handles() as held:
        command = a_lost_pod(yard, held)
        error = podtui("reap", which, "--json").error
        assert error["kind"] == "bad_input"
        assert error["next"] == f"podtui reap {which} --yes"
        assert held.is_living(command)


def test_a_living_pod_is_refused(yard: Yard, podtui: Podtui) -> None:
    """With the exit code of a refusal, and what to do instead."""
    yard.spawn("pod")
    answer = podtui("reap", "pod", "--yes", "--json")
    assert (answer.code, answer.error["next"]) == (5, "podtui stop pod")


def test_it_wants_names_or_orphans(podtui: Podtui) -> None:
    """Not both, and not neither."""
    for arguments in ((), ("pod", "--orphans")):
        assert podtui("reap", *arguments, "--json").error["kind"] == "bad_input"
