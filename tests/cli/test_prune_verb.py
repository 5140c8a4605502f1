"""``podtui prune``: dead pods go, by name or by how they ended."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from podtui.core.model.records import RunRecord
from podtui.core.store.codec import encode_json
from tests.cli.conftest import Podtui
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard


def ended(yard: Yard, name: str, **fields: object) -> None:
    write_exit(yard.plane, write_pod(yard.plane, name), **fields)


def names(podtui: Podtui) -> list[str]:
    return [pod["name"] for pod in podtui("ls", "--json").document["pods"]]


def test_a_dead_pod_is_pruned_without_a_question(yard: Yard, podtui: Podtui) -> None:
    """`recover` undoes it, so nobody is asked, with a terminal or without."""
    ended(yard, "pod")
    told = podtui("prune", "pod")
    assert told.code == 0, told.err
    assert told.out.startswith("pruned pod: it is in the trash as ")
    assert names(podtui) == []


def test_the_plan_is_shown_and_nothing_done(yard: Yard, podtui: Podtui) -> None:
    """With its steps and the command that undoes it."""
    ended(yard, "pod")
    plan = podtui("prune", "pod", "--dry-run", "--json").document["plan"]
    assert plan["action"] == "prune"
    assert plan["undo"] == "podtui recover pod"
    assert plan["steps"]
    assert names(podtui) == ["pod"]


def test_the_report_is_one_object(yard: Yard, podtui: Podtui) -> None:
    """What was done, what was skipped with its reason, what failed."""
    ended(yard, "pod")
    yard.spawn("alive")
    report = podtui("prune", "pod", "alive", "--json").document["report"]
    assert [len(report[key]) for key in ("done", "skipped", "failed")] == [1, 1, 0]
    assert "alive" in report["skipped"][0]


def test_a_living_pod_is_refused_with_its_next_step(yard: Yard, podtui: Podtui) -> None:
    """Kind refused, and the code of it."""
    yard.spawn("pod")
    told = podtui("prune", "pod", "--json")
    assert told.code == 5
    assert told.error["next"] == "podtui stop pod"


def test_what_exited_or_failed_is_pruned_and_what_is_lost_stays(yard: Yard, podtui: Podtui) -> None:
    """Who lost a pod may want it back: it is pruned by its name only."""
    ended(yard, "exited")
    ended(yard, "failed", exit_code=3)
    write_pod(yard.plane, "lost", supervisor=a_dead_process(), child=a_dead_process())
    told = podtui("prune", "--exited")
    assert told.code == 0, told.err
    assert names(podtui) == ["lost"]
    again = podtui("prune", "--exited")
    assert (again.code, again.out) == (0, "")
    assert "no pod has exited" in again.err


def test_only_what_ended_long_ago_is_pruned_by_age(yard: Yard, podtui: Podtui) -> None:
    """A week is a week."""
    ended(yard, "pod")
    told = podtui("prune", "--exited", "--older-than", "7d")
    assert told.code == 0
    assert "that long ago" in told.err
    assert names(podtui) == ["pod"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("pod", "--exited"),
        ("pod", "--older-than", "7d"),
        ("--exited", "--unreadable"),
        ("--exited", "--older-than", "soon"),
    ],
)
def test_a_wrong_mix_is_bad_input(yard: Yard, podtui: Podtui, arguments: tuple[str, ...]) -> None:
    """Nothing is guessed, and nothing is pruned."""
    ended(yard, "pod")
    told = podtui("prune", *arguments, "--json")
    assert told.code == 2
    assert told.error["kind"] == "bad_input"
    assert told.error["next"]
    assert names(podtui) == ["pod"]


def test_an_unreadable_pod_is_pruned_when_that_is_asked_for(yard: Yard, podtui: Podtui) -> None:
    """The refusal names the option, and with it no row is stuck."""
    ended(yard, "pod")
    yard.plane.store.paths.pod("pod").record.write_bytes(b"name = [")
    told = podtui("prune", "pod", "--json")
    assert (told.code, told.error["kind"]) == (8, "unreadable")
    assert "--unreadable" in told.error["next"]
    assert podtui("prune", "pod", "--unreadable").code == 0
    assert names(podtui) == []


def test_whoever_asks_for_a_pruned_pod_is_told_of_its_prune(yard: Yard, podtui: Podtui) -> None:
    """Every verb gives the same answer: when, by whom, and the way back."""
    ended(yard, "pod")
    podtui("prune", "pod")
    for arguments in (("inspect", "pod"), ("read", "pod"), ("stop", "pod"), ("send", "pod", "x")):
        told = podtui(*arguments, "--json")
        assert told.code == 3, told
        assert "was pruned on" in told.error["message"]
        assert "by operator" in told.error["message"]
        assert told.error["next"] == "podtui recover pod"


def test_the_tree_says_where_a_parent_is(yard: Yard, podtui: Podtui) -> None:
    """Its children are roots now, and nobody has to wonder."""
    parent = write_pod(yard.plane, "parent")
    write_exit(yard.plane, parent)
    write_exit(yard.plane, write_pod(yard.plane, "child", parent=parent))
    podtui("prune", "parent")
    told = podtui("tree")
    assert "the parent of child, parent, was pruned on" in told.err
    assert "parent" in podtui("inspect", "child").out
    assert "recover with podtui recover" in podtui("inspect", "child").out


def test_a_pod_of_another_host_is_refused(yard: Yard, podtui: Podtui) -> None:
    """Could not tell is a code of its own."""
    write_pod(yard.plane, "pod", supervisor=a_dead_process())
    record = yard.plane.store.run_record("pod", 1)
    assert isinstance(record, RunRecord)
    elsewhere = replace(record, machine_id="another")
    yard.plane.store.paths.pod("pod").run(1).record.write_bytes(encode_json(elsewhere))
    assert podtui("prune", "pod").code == 7
