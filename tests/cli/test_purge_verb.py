"""``podtui purge``: asks before it deletes, and never without --yes where nobody is."""

from __future__ import annotations

import pytest

from podtui.core.model.requests import Prune
from tests.cli.conftest import Podtui
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard


@pytest.fixture
def pruned(yard: Yard) -> Yard:
    """A store with a pruned pod."""
    write_exit(yard.plane, write_pod(yard.plane, "pod"))
    yard.plane.carry_out(Prune(("pod",)))
    return yard


def trash(podtui: Podtui) -> list[str]:
    return [each["name"] for each in podtui("recover", "--list", "--json").document["trash"]]


@pytest.mark.usefixtures("pruned")
def test_without_a_terminal_it_needs_yes(podtui: Podtui) -> None:
    """The command to type is the next step."""
    told = podtui("purge", "--older-than", "0s", "--json")
    assert (told.code, told.error["kind"]) == (2, "bad_input")
    assert told.error["next"] == "podtui purge --older-than 0s --yes"
    assert trash(podtui) == ["pod"]
    done = podtui("purge", "--older-than", "0s", "--yes", "--json").document["report"]
    assert len(done["done"]) == 1
    assert trash(podtui) == []


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize(("answer", "left"), [(b"n\n", ["pod"]), (b"\n", ["pod"]), (b"y\n", [])])
def test_on_a_terminal_it_asks(podtui: Podtui, answer: bytes, left: list[str]) -> None:
    """The plan is shown with a warning, and Enter alone is no."""
    with podtui.in_terminal("purge", "--older-than", "0s") as terminal:
        seen = terminal.see(b"do it?")
        assert b"nothing brings back" in seen
        terminal.type(answer)
        assert terminal.ending() == (5 if left else 0)
    assert trash(podtui) == left


@pytest.mark.usefixtures("pruned")
def test_nothing_so_old_is_no_error_and_no_question(podtui: Podtui) -> None:
    """There is nothing to ask about."""
    told = podtui("purge", "--older-than", "7d")
    assert (told.code, told.out) == (0, "")
    assert "nothing" in told.err
    assert trash(podtui) == ["pod"]


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize("arguments", [(), ("--older-than", "soon"), ("--older-than", "-1")])
def test_an_age_is_always_asked_for(podtui: Podtui, arguments: tuple[str, ...]) -> None:
    """No age is a default: what is deleted is gone."""
    told = podtui("purge", *arguments, "--yes", "--json")
    assert told.code == 2
    assert trash(podtui) == ["pod"]


@pytest.mark.usefixtures("pruned")
def test_the_plan_of_a_purge_deletes_nothing(podtui: Podtui) -> None:
    """Each entry with its id, its age and its size."""
    plan = podtui("purge", "--older-than", "0s", "--dry-run", "--json").document["plan"]
    assert plan["undo"] is None
    assert plan["steps"][0].startswith("delete pod (")
    assert trash(podtui) == ["pod"]
