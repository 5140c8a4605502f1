"""Every verb on a real store: what it prints for a person and for a program."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from podtui.core.model.requests import Send
from podtui.core.model.snapshot import LS_FIELDS
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard

ACTION_KEYS = ["report", "pod"]
PLAN = ["action", "pod", "steps", "refusals", "warnings", "undo", "step_details"]


def assert_pod(pod: dict[str, Any], *more: str) -> None:
    """Check the fields of a pod, their order, and the form of its times."""
    assert list(pod) == [*LS_FIELDS, *more]
    for field in ("since", "last_output_at"):
        if pod[field] is not None:
            assert pod[field].endswith("Z")
            datetime.fromisoformat(pod[field])


def test_spawn_starts_a_pod_and_says_so(podtui: Podtui) -> None:
    """Without --json one line tells what was done; with it the report and the new pod."""
    told = podtui("spawn", "one", "--", "sleep", "600")
    assert told.code == 0
    assert told.out.startswith("spawned one")
    made = podtui("spawn", "two", "--json", "--parent", "one", "--", "sleep", "600").document
    assert list(made) == ACTION_KEYS
    assert list(made["report"]) == ["done", "skipped", "failed"]
    assert_pod(made["pod"])
    assert made["pod"]["parent"] == "one"


def test_options_of_spawn_stand_on_either_side_of_the_name(podtui: Podtui) -> None:
    """What is asked for is recorded, and everything after -- is the command untouched."""
    made = podtui(
        *("spawn", "--role", "tester", "p", "--task", "try", "--env", "GREETING=a=b"),
        *("--size", "91x33", "--stall-after", "1h30m", "--leftovers", "keep", "--cwd", "/", "--"),
        *("sh", "-c", 'echo "$GREETING" "$PWD" "$@"; stty size', "--json", "--", "--help"),
    )
    assert made.code == 0
    podtui("wait", "p", "--until", "ended")
    seen = podtui("inspect", "p", "--json").document["pod"]
    assert seen["argv"][-3:] == ["--json", "--", "--help"]
    assert (seen["role"], seen["cwd"]) == ("tester", "/")
    assert podtui("read", "p").out == "a=b / -- --help\n33 91\n"


def test_a_variable_is_passed_on_only_when_it_is_asked_for(podtui: Podtui) -> None:
    """--pass-env gives the pod one of the caller's variables; others do not leak into it."""
    podtui(
        *("spawn", "p", "--pass-env", "WANTED", "--", "sh", "-c", 'echo "$WANTED-$OTHER"'),
        environment={"WANTED": "yes", "OTHER": "secret"},
    )
    podtui("wait", "p", "--until", "ended")
    assert podtui("read", "p").out == "yes-\n"


def test_a_pod_that_spawns_becomes_the_parent(podtui: Podtui) -> None:
    """Inside a pod the calling pod is the parent by default."""
    podtui("spawn", "boss", "--pass-env", "PYTHONPATH", "--", "sleep", "600")
    boss = podtui("inspect", "boss", "--json").document["pod"]
    inside = {"PODTUI_POD": "boss", "PODTUI_POD_ID": boss["id"]}
    made = podtui("spawn", "child", "--json", "--", "true", environment=inside).document
    assert made["pod"]["parent"] == "boss"
    elsewhere = {"PODTUI_POD": "boss", "PODTUI_POD_ID": "01JD00000000000000000000ZZ"}
    root = podtui("spawn", "root", "--json", "--", "true", environment=elsewhere).document
    assert root["pod"]["parent"] is None


def test_a_dry_run_shows_the_plan_and_does_nothing(yard: Yard, podtui: Podtui) -> None:
    """Every action has its plan as lines and as an object, and leaves everything as it was."""
    yard.spawn("p")
    plans = {
        "spawn": ("spawn", "q", "--dry-run", "--", "true"),
        "send": ("send", "p", "hello", "--dry-run"),
        "stop": ("stop", "p", "--dry-run"),
    }
    for verb, arguments in plans.items():
        told = podtui(*arguments)
        assert (told.code, told.err) == (0, "")
        assert told.out.startswith(f"plan: {verb} ")
        plan = podtui(arguments[0], "--json", *arguments[1:]).document["plan"]
        assert list(plan) == PLAN
        assert plan["steps"]
        assert plan["refusals"] == []
    assert [pod["name"] for pod in podtui("ls", "--json").document["pods"]] == ["p"]
    assert podtui("read", "p").out == ""


def test_a_dry_run_of_what_would_be_refused_exits_as_the_action_would(
    yard: Yard, podtui: Podtui
) -> None:
    """The plan goes to standard output, the reason to standard error, the code is the kind's."""
    yard.spawn("p")
    answer = podtui("spawn", "p", "--dry-run", "--json", "--", "true")
    assert answer.code == 4
    assert answer.any_document["plan"]["refusals"][0]["kind"] == "exists"
    assert answer.error["kind"] == "exists"


def test_ls_lists_every_pod(yard: Yard, podtui: Podtui) -> None:
    """A table for a person, all documented fields for a program; a live one has its figures."""
    yard.spawn("alive")
    yard.shell("dead", "exit 3", parent="alive")
    yard.wait_ended("dead")
    told = podtui("ls")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[0].split()[:3] == ["NAME", "STATUS", "AGE"]
    assert "● working" in told.out
    assert "✗ failed 3" in told.out
    assert "\x1b" not in told.out
    listed = podtui("ls", "--json").document
    assert list(listed) == ["pods"]
    for pod in listed["pods"]:
        assert_pod(pod)
    alive, dead = listed["pods"]
    assert alive["rss_bytes"] is None
    assert (dead["exit_code"], dead["signal"], dead["verdict"]) == (3, None, "dead")
    assert dead["rss_bytes"] is None


@pytest.mark.parametrize("verb", ["ls", "tree"])
def test_figures_are_shown_when_they_are_asked_for(yard: Yard, podtui: Podtui, verb: str) -> None:
    """CPU and memory of a live pod take time to find out, and are columns only on demand."""
    yard.spawn("alive")
    plain = podtui(verb).out.splitlines()[0].split()
    asked = podtui(verb, "--figures").out.splitlines()[0].split()
    (pod,) = podtui(verb, "--figures", "--json").document["pods"]

    assert {"CPU", "MEM"}.isdisjoint(plain)
    assert {"CPU", "MEM"} <= set(asked)
    assert pod["rss_bytes"] > 0
    assert pod["cpu_percent"] >= 0


def test_tree_shows_who_started_whom(yard: Yard, podtui: Podtui) -> None:
    """Children stand below their parent, drawn for a person and nested for a program."""
    yard.spawn("a")
    yard.spawn("b", parent="a")
    yard.spawn("c", parent="b")
    yard.spawn("d", parent="a")
    names = [line.split("●")[0].rstrip() for line in podtui("tree").out.splitlines()[1:]]
    assert names == ["a", "├─ b", "│  └─ c", "└─ d"]
    (root,) = podtui("tree", "--json").document["pods"]
    assert_pod(root, "children")
    assert [child["name"] for child in root["children"]] == ["b", "d"]
    assert [child["name"] for child in root["children"][0]["children"]] == ["c"]


def test_inspect_shows_everything_with_its_evidence(yard: Yard, podtui: Podtui) -> None:
    """Status and why, runs, processes, command, directory and children."""
    yard.spawn("p")
    yard.spawn("q", parent="p")
    answer = podtui("inspect", "p", "--json").document
    assert list(answer) == ["pod"]
    pod = answer["pod"]
    assert_pod(pod, "evidence", "runs", "processes", "argv", "cwd", "children", "loans")
    assert all(list(each) == ["probe", "answer", "detail", "at"] for each in pod["evidence"])
    assert {each["answer"] for each in pod["evidence"]} <= {"yes", "no", "unknown"}
    assert list(pod["processes"][0]) == ["pid", "name", "rss_bytes", "cpu_percent"]
    assert pod["runs"][0]["run"] == 1
    assert (pod["argv"], pod["children"]) == (["sleep", "600"], ["q"])
    told = podtui("inspect", pod["id"]).out
    for words in ("● working", "sleep 600", "PROBE", "lock", "PROCESS"):
        assert words in told


def test_send_types_a_line_into_the_pod(yard: Yard, podtui: Podtui) -> None:
    """Enter is pressed unless it is not wanted; a text like an option stands after --."""
    yard.shell("p", 'read -r one; read -r two; echo "<$one|$two>"')
    assert podtui("send", "p", "first").code == 0
    assert podtui("send", "p", "sec", "--no-enter").code == 0
    sent = podtui("send", "p", "--json", "--", "-ond").document
    assert list(sent) == ACTION_KEYS
    assert_pod(sent["pod"])
    podtui("wait", "p", "--until", "ended")
    assert podtui("read", "p").out.endswith("<first|sec-ond>\n")


def test_stop_ends_a_pod(yard: Yard, podtui: Podtui) -> None:
    """With --yes nobody is asked; afterwards the pod has exited, and its whole tree with it."""
    yard.shell("p", "sleep 600 & sleep 600")
    stopped = podtui("stop", "p", "--yes", "--grace", "5s", "--json").document
    assert list(stopped) == ACTION_KEYS
    assert stopped["pod"]["status"] == "exited"
    assert stopped["report"]["failed"] == []
    assert "stopped by operator" in podtui("ls").out


def test_wait_returns_when_the_pod_has_the_status(yard: Yard, podtui: Podtui) -> None:
    """Several statuses, and the words for all live and all ended ones, may be named."""
    yard.shell("p", "read -r line")
    assert podtui("wait", "p", "--until", "exited,live").out.startswith("p working")
    waiting = podtui.start("wait", "p", "--until", "ended", "--json")
    yard.plane.carry_out(Send("p", "go"))
    out, _ = waiting.communicate(timeout=20)
    answer = json.loads(out)
    assert list(answer) == ["version", "pod"]
    assert_pod(answer["pod"])
    assert answer["pod"]["status"] == "exited"
    assert waiting.returncode == 0


def test_events_tell_what_happened_oldest_first(yard: Yard, podtui: Podtui) -> None:
    """The end of a pod nobody watched is among them, once."""
    yard.shell("p", "exit 0")
    yard.wait_ended("p")
    events = podtui("events", "--json").document["events"]
    assert all(list(each) == ["at", "kind", "pod", "run", "summary", "details"] for each in events)
    assert [each["at"] for each in events] == sorted(each["at"] for each in events)
    assert [each["kind"] for each in events if each["pod"] == "p"][-1] == "exited"
    told = podtui("events")
    assert told.out.count("p: exited 0") == 1
    assert len(told.out.splitlines()) == len(events)


def test_events_are_followed_one_object_per_line(yard: Yard, podtui: Podtui) -> None:
    """What happens while following comes at once, as one object each."""
    yard.spawn("p")
    following = podtui.start("events", "--follow", "--json")
    try:
        assert following.stdout is not None
        kinds: list[str] = []
        while "spawned" not in kinds:
            kinds.append(json.loads(following.stdout.readline())["kind"])
        yard.kill(yard.child_of("p"))
        event: dict[str, Any] = {}
        while event.get("kind") != "failed":
            event = json.loads(following.stdout.readline())
        assert list(event) == ["version", "at", "kind", "pod", "run", "summary", "details"]
    finally:
        following.kill()
        following.communicate()


def test_the_doctor_says_whether_all_is_well(yard: Yard, podtui: Podtui) -> None:
    """A healthy store is ok with exit code 0; a bad record is a problem with exit code 1."""
    yard.spawn("p")
    well = podtui("doctor", "--json").document
    assert set(well.pop("host")) == {"memory_bytes", "memory_free_bytes", "cores", "load"}
    assert well == {"ok": True, "problems": []}
    assert podtui("doctor").out.startswith("nothing is wrong with ")
    yard.plane.access.pod_paths("p").record.write_text("not = [toml")
    ill = podtui("doctor", "--json")
    assert ill.code == 1
    found = ill.any_document
    assert found["ok"] is False
    assert all(
        list(each) == ["kind", "pod", "path", "message", "next"] for each in found["problems"]
    )
    assert "p" in [each["pod"] for each in found["problems"]]
    assert "pod.toml" in podtui("doctor").out


@pytest.mark.parametrize("verb", ["ls", "tree"])
def test_an_empty_store_says_what_to_do_next(podtui: Podtui, verb: str) -> None:
    """The hint goes to standard error, so that an empty list stays empty in a pipe."""
    told = podtui(verb)
    assert (told.code, told.out) == (0, "")
    assert "podtui spawn NAME -- COMMAND" in told.err
    assert podtui(verb, "--json").document == {"pods": []}
