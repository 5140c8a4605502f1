"""Scopes on the command line: spawn with them, list them, return and relend; and who sees whom."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from podtui.core.model.records import PodRecord
from tests.cli.conftest import REPOSITORY, Podtui
from tests.support.loans import lend, out_paths, write_holder
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard, until


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A directory to lend parts of."""
    made = tmp_path / "work"
    made.mkdir()
    return made


def test_scopes_are_lent_listed_and_shown(podtui: Podtui, yard: Yard, work: Path) -> None:
    """Spawn, ls --loans and inspect, as text and as objects of the documented fields."""
    lent = ("--cwd", str(work), "--write", "src", "--read", "/etc")
    assert podtui("spawn", "coder", *lent, "--", "sleep", "600").code == 0
    loans = podtui("ls", "--loans", "--json").document["loans"]
    assert [list(each) for each in loans] == [
        ["loan", "pod", "mode", "path", "out", "since", "why"]
    ] * 2
    assert [(each["pod"], each["mode"], each["path"], each["out"]) for each in loans] == [
        ("coder", "write", f"{work}/src", True),
        ("coder", "read", "/etc", True),
    ]
    assert podtui("inspect", "coder", "--json").document["pod"]["loans"] == loans
    listed = podtui("ls", "--loans").out.splitlines()
    assert listed[0].split() == ["POD", "MODE", "STATE", "PATH", "SINCE", "WHY", "LOAN"]
    assert listed[1].split()[:4] == ["coder", "write", "lent", f"{work}/src"]
    assert f"scopes   write {work}/src, read /etc" in podtui("inspect", "coder").out
    assert out_paths(yard.plane, "coder") == [f"{work}/src", "/etc"]


def test_an_overlap_is_refused_with_holder_rule_and_next_step(
    podtui: Podtui, yard: Yard, work: Path
) -> None:
    """The same answer as plan, as error and as object; nothing is started."""
    write_holder(yard.plane, "coder", ("write", work))
    wanted = ("spawn", "other", "--write", str(work / "x"), "--json")
    told = podtui(*wanted, "--", "true")
    assert told.code == 5
    assert (told.error["kind"], told.error["pod"]) == ("refused", "other")
    assert f"coder may write {work} and all below it" in told.error["message"]
    assert f"podtui return coder {work}" in told.error["next"]
    plan = podtui(*wanted, "--dry-run", "--", "true")
    assert plan.code == 5
    assert yard.plane.store.pod_names() == ["coder"]


def test_return_and_relend_undo_each_other(podtui: Podtui, yard: Yard, work: Path) -> None:
    """Neither asks; each shows its plan, reports, and names the way back."""
    write_holder(yard.plane, "coder", ("write", work), ("read", "/etc"))
    plan = podtui("return", "coder", str(work), "--dry-run", "--json").document["plan"]
    assert plan["steps"] == [f"take back write {work}"]
    assert plan["undo"] == f"podtui relend coder {work}"
    assert out_paths(yard.plane, "coder") == [str(work), "/etc"]
    report = podtui("return", "coder", str(work), "--json").document
    assert report["report"]["done"] == [f"coder: write {work} came back"]
    assert report["pod"]["name"] == "coder"
    listed = podtui("ls", "--loans").out.splitlines()
    assert [line.split()[2] for line in listed[1:]] == ["lent", "returned"]
    assert f"returned write {work} (returned by operator)" in podtui("inspect", "coder").out
    done = podtui.shell(f"{sys.executable} -m {plan['undo']}")
    assert (done.code, done.out) == (0, f"coder: write {work} lent again\n")
    assert out_paths(yard.plane, "coder") == [str(work), "/etc"]


def test_the_undo_of_a_diagnostic_is_a_command_that_works(
    podtui: Podtui, yard: Yard, work: Path
) -> None:
    """What a diagnostic gives as its way back can be typed as it is."""
    write_holder(yard.plane, "coder", ("write", work / "a b"), ("write", work / "c"))
    assert podtui("return", "coder").code == 0
    (told,) = yard.plane.store.diagnostics.read().entries
    assert told.undo is not None
    assert podtui.shell(f"{shlex.quote(sys.executable)} -m {told.undo.command}").code == 0
    assert len(out_paths(yard.plane, "coder")) == 2


@pytest.mark.parametrize("verb", ["return", "relend"])
def test_what_cannot_be_done_is_one_sentence_and_a_code(
    podtui: Podtui, yard: Yard, work: Path, verb: str
) -> None:
    """No such pod, no such scope, nothing to do: each its kind."""
    write_holder(yard.plane, "plain")
    write_holder(yard.plane, "coder", ("write", work))
    codes = {
        ("nobody",): 3,
        ("coder", "/nowhere"): 2,
        ("plain",): 5,
    }
    for words, code in codes.items():
        told = podtui(verb, *words, "--json")
        assert (told.code, bool(told.error["next"])) == (code, True), words


def test_an_empty_list_says_how_to_lend(podtui: Podtui) -> None:
    """Nothing on standard output, a hint beside it."""
    told = podtui("ls", "--loans")
    assert (told.code, told.out) == (0, "")
    assert "--write PATH" in told.err
    assert podtui("ls", "--loans", "--json").document == {"loans": [], "doubts": []}


def test_a_ledger_that_cannot_be_read_is_named_in_the_list(
    podtui: Podtui, yard: Yard, work: Path
) -> None:
    """What is lent cannot be told, and the list says so."""
    write_holder(yard.plane, "coder", ("write", work))
    ledger = yard.plane.store.paths.pod("coder").loans
    ledger.write_bytes(ledger.read_bytes() + b"nonsense\n")
    told = podtui("ls", "--loans")
    assert str(ledger) in told.err
    (doubt,) = podtui("ls", "--loans", "--json").document["doubts"]
    assert (doubt["pod"], str(ledger) in doubt["message"]) == ("coder", True)
    assert "ledger" in podtui("inspect", "coder").out


def test_hostile_paths_and_reasons_are_shown_safely(podtui: Podtui, yard: Yard) -> None:
    """No escape of a path reaches the terminal, in text or as an object."""
    pod = write_pod(yard.plane, "coder")
    write_exit(yard.plane, pod)
    lend(yard.plane, pod, ("write", "/a\x1b[2Jb\u202e\nc"))
    refused = podtui("spawn", "x", "--write", "/a\x1b[2Jb\u202e\nc", "--", "true")
    for told in (podtui("ls", "--loans"), podtui("inspect", "coder"), refused):
        for text in (told.out, told.err):
            assert "\x1b[2J" not in text
            assert "\u202e" not in text


# visibility


def as_pod(yard: Yard, name: str) -> dict[str, str]:
    """Return the variables a process of a pod has."""
    record = yard.plane.store.pod_record(name)
    assert isinstance(record, PodRecord)
    return {"PODTUI_POD": name, "PODTUI_POD_ID": record.id}


def test_a_pod_lists_what_it_sees(podtui: Podtui, yard: Yard) -> None:
    """`ls` and `tree` show itself and those below it; the rest is counted beside."""
    parent = write_pod(yard.plane, "parent")
    for pod in (parent, write_pod(yard.plane, "child", parent=parent)):
        write_exit(yard.plane, pod)
    write_exit(yard.plane, write_pod(yard.plane, "stranger"))
    asked = as_pod(yard, "parent")
    pods = podtui("ls", "--json", environment=asked).document["pods"]
    assert [each["name"] for each in pods] == ["parent", "child"]
    (root,) = podtui("tree", "--json", environment=asked).document["pods"]
    assert [each["name"] for each in root["children"]] == ["child"]
    shown = podtui("tree", environment=asked)
    assert "stranger" not in shown.out
    assert "1 more not visible to pod 'parent'" in shown.err
    assert len(podtui("ls", "--json").document["pods"]) == 3


def test_naming_another_pod_has_a_kind_and_a_code_of_its_own(podtui: Podtui, yard: Yard) -> None:
    """It exists and is not visible, and why; the operator's environment shows it."""
    for name in ("me", "stranger"):
        write_exit(yard.plane, write_pod(yard.plane, name))
    told = podtui("inspect", "stranger", "--json", environment=as_pod(yard, "me"))
    assert (told.code, told.error["kind"], told.error["pod"]) == (12, "not_visible", "stranger")
    assert podtui("inspect", "me", environment=as_pod(yard, "me")).code == 0
    assert podtui("inspect", "stranger").code == 0


def test_a_real_pod_sees_itself_its_children_and_what_was_granted(
    podtui: Podtui, yard: Yard, tmp_path: Path
) -> None:
    """The rule holds in the environment a pod really has."""
    yard.spawn("stranger", "sleep", "600")
    yard.spawn("granted", "sleep", "600")
    me = f"{shlex.quote(sys.executable)} -m podtui"
    script = f"{me} spawn child -- sleep 600 && {me} ls --json > {tmp_path}/seen; sleep 600"
    answer = podtui(
        *("spawn", "me", "--sees", "granted", "--env", f"PYTHONPATH={REPOSITORY}"),
        *("--", "/bin/sh", "-c", script),
    )
    assert answer.code == 0, answer.err
    until(lambda: (tmp_path / "seen").exists() and b"\n" in (tmp_path / "seen").read_bytes())
    seen = (tmp_path / "seen").read_text()
    assert [name for name in ("me", "child", "granted", "stranger") if f'"{name}"' in seen] == [
        "me",
        "child",
        "granted",
    ]
