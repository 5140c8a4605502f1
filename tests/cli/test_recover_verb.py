"""``podtui recover``: what was pruned comes back, and what is in the trash is shown."""

from __future__ import annotations

import pytest

from podtui.core.model.requests import Prune
from tests.cli.conftest import Podtui
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard

FIELDS = [
    "id",
    "name",
    "pod_id",
    "parent",
    "pruned_at",
    "actor",
    "status",
    "message",
    "problem",
]


@pytest.fixture
def pruned(yard: Yard) -> Yard:
    """A store with a pruned pod."""
    write_exit(yard.plane, write_pod(yard.plane, "pod"))
    yard.plane.carry_out(Prune(("pod",)), actor="ann")
    return yard


def names(podtui: Podtui) -> list[str]:
    return [pod["name"] for pod in podtui("ls", "--json").document["pods"]]


@pytest.mark.usefixtures("pruned")
def test_a_pruned_pod_comes_back(podtui: Podtui) -> None:
    """Without a question; the report has the pod as it is then."""
    answer = podtui("recover", "pod", "--json").document
    assert answer["pod"]["name"] == "pod"
    assert answer["report"]["failed"] == []
    assert names(podtui) == ["pod"]


def test_the_trash_is_listed(pruned: Yard, podtui: Podtui) -> None:
    """For a program with every field, for a person as a table."""
    (entry,) = podtui("recover", "--list", "--json").document["trash"]
    assert list(entry) == FIELDS
    assert (entry["name"], entry["actor"], entry["status"]) == ("pod", "ann", "exited")
    assert entry["pruned_at"].endswith("Z")
    shown = podtui("recover", "--list").out
    assert shown.splitlines()[0].split()[:2] == ["NAME", "ID"]
    assert entry["id"] in shown
    podtui("recover", entry["id"])
    empty = podtui("recover", "--list")
    assert (empty.out, "empty" in empty.err) == ("", True)
    assert podtui("recover", "--list", "--json").document["trash"] == []


def test_a_used_name_offers_another(pruned: Yard, podtui: Podtui) -> None:
    """The next step is a command that works."""
    write_exit(pruned.plane, write_pod(pruned.plane, "pod", pod_id="7" * 26))
    told = podtui("recover", "pod", "--json")
    assert (told.code, told.error["kind"]) == (4, "exists")
    command = told.error["next"].split()
    assert command[0] == "podtui"
    assert podtui(*command[1:]).code == 0
    assert sorted(names(podtui)) == ["pod", "pod-2"]


@pytest.mark.usefixtures("pruned")
def test_the_plan_of_a_recovery_does_nothing(podtui: Podtui) -> None:
    """It says the name it will have, and what undoes it."""
    plan = podtui("recover", "pod", "--as", "other", "--dry-run", "--json").document["plan"]
    assert plan["undo"] == "podtui prune other"
    assert names(podtui) == []


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("pod", "--list"), 2), (("nobody",), 3), (("pod", "--as", "../x"), 2)],
)
def test_what_cannot_be_meant_is_told(
    podtui: Podtui, arguments: tuple[str, ...], code: int
) -> None:
    """With a next step, and nothing recovered."""
    told = podtui("recover", *arguments, "--json")
    assert told.code == code
    assert told.error["next"]
    assert names(podtui) == []
