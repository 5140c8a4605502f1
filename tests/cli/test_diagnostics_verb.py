"""``podtui diagnostics``: for a person, for a program, and as it happens."""

from __future__ import annotations

import json
import signal
from datetime import timedelta

from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.verdicts import Answer, Evidence, Probe
from tests.cli.conftest import Podtui
from tests.support.lose_pods import lose
from tests.support.record_builders import a_dead_process, write_pod
from tests.support.store_fixture import Yard

FIELDS = ["id", "at", "kind", "pod", "summary", "evidence", "undo"]
MORE = ["undone", "run", "actor", "unread", "details"]
INTERRUPTED = 130


def tell(yard: Yard, number: int, *, pod: str | None = None, **more: object) -> Diagnostic:
    """Write a diagnostic, of a pod of its own and hours after the one before."""
    name = pod or f"pod-{number}"
    fields: dict[str, object] = {
        "id": f"{number}.told",
        "at": yard.system.clock.now() + timedelta(hours=number - 1000),
        "kind": DiagnosticKind.PRUNED,
        "pod": name,
        "pod_id": f"id-{name}",
        "summary": f"{name}: pruned by operator",
        "actor": "operator",
        "undo": Undo("recover", f"trash-{number}"),
    }
    diagnostic = Diagnostic(**{**fields, **more})  # type: ignore[arg-type]
    yard.plane.store.diagnostics.append(diagnostic)
    return diagnostic


def ids(podtui: Podtui, *arguments: str) -> list[str]:
    shown = podtui("diagnostics", "--json", *arguments).document["diagnostics"]
    return [each["id"] for each in shown]


def test_a_store_in_which_nothing_was_told_says_so(podtui: Podtui) -> None:
    """No line on standard output, and an empty list for a program."""
    told = podtui("diagnostics")
    assert (told.code, told.out) == (0, "")
    assert "no diagnostics yet" in told.err
    assert podtui("diagnostics", "--json").document == {"diagnostics": [], "problems": []}


def test_a_loss_is_shown_with_its_evidence_and_the_command_that_undoes_it(
    podtui: Podtui, yard: Yard
) -> None:
    """The fields of the documented shape, in their order; nobody needs to have looked before."""
    yard.spawn("worker")
    lose(yard, "worker")
    [loss] = podtui("diagnostics", "--json").document["diagnostics"]

    assert list(loss) == [*FIELDS, *MORE]
    assert (loss["kind"], loss["pod"], loss["undo"]) == ("lost", "worker", "podtui restore worker")
    assert {each["probe"]: each["answer"] for each in loss["evidence"]}["lock"] == "no"
    assert list(loss["evidence"][0]) == ["probe", "answer", "detail", "at"]
    assert (loss["undone"], loss["run"], loss["unread"]) == (None, 1, True)

    told = podtui("diagnostics")
    assert "⊘ lost" in told.out
    assert "undo: podtui restore worker" in told.out


def test_many_that_came_together_are_one_line_and_one_by_one_for_a_program(
    podtui: Podtui, yard: Yard
) -> None:
    """Two hundred losses do not scroll the first of them away; --each unfolds them."""
    dead = a_dead_process()
    for number in range(20):
        write_pod(yard.plane, f"pod-{number:02d}", supervisor=dead)
    told = podtui("diagnostics")

    assert told.out.count("\n") == 2
    assert "20 pods were lost at" in told.out
    assert "podtui diagnostics --each names it for each of the 20" in told.out
    assert len(ids(podtui)) == 20
    each = podtui("diagnostics", "--each").out
    assert each.count("undo: podtui restore pod-") == 20


def test_kinds_and_pods_can_be_chosen(podtui: Podtui, yard: Yard) -> None:
    """Of a pod that is gone, too, by its name or its id."""
    tell(yard, 1, pod="a")
    tell(yard, 2, pod="b", kind=DiagnosticKind.RECOVERED)
    tell(yard, 3, pod="a", kind=DiagnosticKind.REAPED)

    assert ids(podtui) == ["1.told", "2.told", "3.told"]
    assert ids(podtui, "--pod", "a") == ["1.told", "3.told"]
    assert ids(podtui, "--pod", "id-b") == ["2.told"]
    assert ids(podtui, "--kind", "pruned", "--kind", "recovered") == ["1.told", "2.told"]
    wrong = podtui("diagnostics", "--kind", "prund", "--json")
    assert wrong.error["kind"] == "bad_input"


def test_a_pod_nothing_was_told_of_and_one_that_never_was_are_told_apart(
    podtui: Podtui, yard: Yard
) -> None:
    """A mistyped name is no calm answer."""
    yard.spawn("quiet")
    tell(yard, 1)
    calm = podtui("diagnostics", "--pod", "quiet")
    assert (calm.code, calm.out) == (0, "")
    assert podtui("diagnostics", "--pod", "quite", "--json").error["kind"] == "not_found"


def test_looking_marks_nothing_and_marking_is_asked_for(podtui: Podtui, yard: Yard) -> None:
    """Only --mark-seen moves the mark, and only past what was shown."""
    tell(yard, 1)
    tell(yard, 2, kind=DiagnosticKind.REAPED)
    assert ids(podtui, "--unread") == ids(podtui, "--unread") == ["1.told", "2.told"]
    assert podtui("diagnostics").out.startswith("* ")

    assert ids(podtui, "--kind", "reaped", "--mark-seen") == ["2.told"]
    assert ids(podtui, "--unread") == ["1.told"]
    podtui("diagnostics", "--mark-seen")
    assert ids(podtui, "--unread") == []
    assert podtui("diagnostics").out.startswith("  ")
    assert "no diagnostics" in podtui("diagnostics", "--unread").err


def test_a_pod_has_a_mark_of_its_own(podtui: Podtui, yard: Yard) -> None:
    """What an agent has looked at is not seen by the operator."""
    tell(yard, 1)
    podtui("diagnostics", "--mark-seen", environment={"PODTUI_POD": "planner"})
    assert ids(podtui, "--unread") == ["1.told"]


def test_an_undo_that_is_past_is_no_command_any_more(podtui: Podtui, yard: Yard) -> None:
    """For a program it is said why; the command stays, as what it was."""
    tell(yard, 1, pod="a")
    tell(yard, 2, pod="a", kind=DiagnosticKind.RECOVERED, undo=Undo("prune", "id-a"))
    first = podtui("diagnostics", "--json").document["diagnostics"][0]

    assert (first["undone"], first["undo"]) == ("recovered", "podtui recover trash-1")
    assert "podtui recover" not in podtui("diagnostics").out


def test_following_writes_each_as_it_happens_until_ctrl_c(podtui: Podtui, yard: Yard) -> None:
    """One object on a line for each, of the past first; a loss nobody else sees comes, too."""
    tell(yard, 1)
    yard.spawn("worker")
    following = podtui.start("diagnostics", "--follow", "--json")
    assert following.stdout is not None
    past = json.loads(following.stdout.readline())
    assert (past.pop("version"), past["id"]) == (1, "1.told")
    assert list(past) == [*FIELDS, *MORE]

    supervisor, child = yard.supervisor_of("worker"), yard.child_of("worker")
    yard.kill(supervisor)
    yard.kill(child)
    loss = json.loads(following.stdout.readline())
    assert (loss["kind"], loss["pod"], loss["unread"]) == ("lost", "worker", True)
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == INTERRUPTED
    assert ids(podtui, "--unread") == ["1.told", loss["id"]]


def test_following_what_is_unread_marks_it_when_asked(podtui: Podtui, yard: Yard) -> None:
    """A script that takes each once: what it has had is not given to it again."""
    tell(yard, 1)
    podtui("diagnostics", "--mark-seen")
    tell(yard, 2)
    following = podtui.start("diagnostics", "--follow", "--unread", "--mark-seen", "--json")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["id"] == "2.told"
    tell(yard, 3)
    assert json.loads(following.stdout.readline())["id"] == "3.told"
    tell(yard, 4)
    assert json.loads(following.stdout.readline())["id"] == "4.told"
    following.send_signal(signal.SIGINT)
    following.wait(20)
    # Whether the last one was marked before Ctrl-C came is a matter of chance.
    assert set(ids(podtui, "--unread")) <= {"4.told"}


def test_hostile_text_steers_no_terminal(podtui: Podtui, yard: Yard) -> None:
    """Names, sentences, evidence and targets of an undo are shown, and do nothing."""
    hostile = "x\x1b]0;owned\x07\u202e[/]"
    said = Evidence(probe=Probe.LOCK, answer=Answer.NO, detail=hostile, at=yard.system.clock.now())
    tell(
        yard,
        1,
        pod=hostile,
        summary=f"{hostile}: {hostile}",
        evidence=(said,),
        undo=Undo("restore", hostile),
    )
    for arguments in ((), ("--json",)):
        told = podtui("diagnostics", *arguments)
        assert not set("\x1b\x07\u202e") & set(told.out + told.err)


def test_a_bad_line_is_told_and_the_others_are_shown(podtui: Podtui, yard: Yard) -> None:
    """What cannot be read is not taken for nothing."""
    tell(yard, 1)
    with (yard.plane.store.paths.diagnostics / "000001.jsonl").open("ab") as file:
        file.write(b"{]\n")
    tell(yard, 2)
    told, document = podtui("diagnostics"), podtui("diagnostics", "--json").document

    assert told.code == 0
    assert "000001.jsonl has a line that cannot be read" in told.err
    assert "pod-1" in told.out
    assert "pod-2" in told.out
    assert "000001.jsonl has a line that cannot be read" in document["problems"][0]
    assert len(document["diagnostics"]) == 2
