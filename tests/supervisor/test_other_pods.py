"""Another pod's processes below a supervisor are never its own to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.kernel import frames, processes
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import (
    ENTRY,
    PYTHON,
    Run,
    is_alive,
    kill,
    python,
    retry_until,
)

OTHER_POD = "01JD00000000000000000000BB"
STARTS_INNER = """
import json, subprocess, sys
entry, directory, request = sys.argv[1:4]
with open(directory + "/supervisor.log", "ab") as log:
    inner = subprocess.Popen(
        [sys.executable, "-I", "-S", "-E", entry, directory],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
    )
ready, _ = inner.communicate(open(request, "rb").read())
print("inner", ready.decode().strip(), "end", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def family(new_run: NewRun) -> Callable[[], tuple[Run, Run]]:
    """Start a run whose command starts a run of another pod, as an agent does; return both."""

    def start() -> tuple[Run, Run]:
        inner = new_run(
            "sh", "-c", "trap '' HUP; echo inner; exec sleep 1000", root="inner", pod_id=OTHER_POD
        )
        (inner.directory / "run.json").write_text(json.dumps(inner.record))
        request = inner.directory.parent / "request"
        specification = {"run_record": inner.record, "env": inner.environment}
        request.write_text(json.dumps({**specification, **inner.specification}))
        arguments = (str(ENTRY), str(inner.directory), str(request))
        outer = new_run(PYTHON, "-I", "-S", "-c", STARTS_INNER, *arguments, root="outer")
        outer.record["columns"] = 1000
        outer.start()
        said = outer.say_until(b" end")
        inner.ready = json.loads(said.split(b"inner ", 1)[1].rsplit(b" end", 1)[0])
        inner.say_until(b"inner")
        retry_until(lambda: processes.read_stat(inner.pid).parent == outer.pid)
        return outer, inner

    return start


def test_a_stop_leaves_the_supervisor_of_another_pod_alone(
    family: Callable[[], tuple[Run, Run]],
) -> None:
    """The outer run ends, names what it left and on what proof; the inner one notices nothing."""
    outer, inner = family()
    outer.stop(0.0)
    ended = outer.wait_end()
    assert ended["proof"] == "scan"
    assert [each["pid"] for each in ended["survivors"]] == [inner.pid]
    assert "is the supervisor of the run in" in ended["survivors"][0]["reason"]
    assert is_alive(inner.child)
    with inner.connect() as control:
        assert control.ask(frames.PING, b"", frames.PONG)["state"] == "running"


def test_the_natural_end_of_a_parent_leaves_its_child_pod_alone(
    family: Callable[[], tuple[Run, Run]],
) -> None:
    """An agent that has finished does not take the pods it started with it."""
    outer, inner = family()
    with outer.connect() as control:
        control.ask(frames.SEND, {"text": "", "enter": True}, frames.DONE)
    ended = outer.wait_end()
    assert (ended["exit_code"], ended["ended_leftovers"]) == (0, [])
    assert is_alive(inner.child)


def test_processes_of_another_pod_are_not_among_those_seen(
    family: Callable[[], tuple[Run, Run]],
) -> None:
    """A later clean-up works from this list, so it holds nobody else's processes."""
    outer, inner = family()
    retry_until((outer.directory / "status.json").exists)
    with outer.connect() as control:
        control.ask(frames.SEND, {"text": "x", "enter": False}, frames.DONE)
    retry_until(lambda: outer.status_record()["output_bytes"] > 0)
    seen = {each["pid"] for each in outer.status_record()["descendants"]}
    assert inner.pid not in seen
    assert inner.child not in seen


def test_the_orphans_of_a_lost_inner_pod_are_left_to_that_pod(
    family: Callable[[], tuple[Run, Run]],
) -> None:
    """They fall to the outer supervisor, which names them and never ends them."""
    outer, inner = family()
    kill(inner.pid)
    try:
        retry_until(lambda: processes.read_stat(inner.child).parent == outer.pid)
        outer.stop(0.0)
        ended = outer.wait_end()
        assert is_alive(inner.child)
        assert ended["proof"] == "scan"
        assert [each["pid"] for each in ended["survivors"]] == [inner.child]
        assert OTHER_POD in ended["survivors"][0]["reason"]
    finally:
        kill(inner.child)


def test_a_process_that_says_it_is_another_pods_is_left_and_named(new_run: NewRun) -> None:
    """The marker in its environment decides, and what is below it is left as well."""
    run = new_run(
        *("setsid", "-f", "env", f"PODTUI_POD_ID={OTHER_POD}"),
        *("sh", "-c", "trap '' HUP; echo up $$ end; sleep 1000 & wait"),
    )
    run.record["argv"] = ["sh", "-c", '"$@"; read end', "sh", *run.record["argv"]]
    run.start()
    leader = int(run.say_until(b"end").split()[1])
    retry_until(lambda: len(processes.children_of(leader)) == 1)
    others = [leader, *processes.children_of(leader)]
    try:
        run.stop(0.0)
        ended = run.wait_end()
        assert [each["pid"] for each in ended["survivors"]] == [leader]
        assert OTHER_POD in ended["survivors"][0]["reason"]
        assert ended["proof"] == "scan"
        assert all(is_alive(pid) for pid in others)
    finally:
        for pid in others:
            kill(pid)


def test_a_name_alone_does_not_protect_a_process(new_run: NewRun, tmp_path: Path) -> None:
    """Who looks like a supervisor, but whose run record names another one, is ended."""
    forged = tmp_path / "forged"
    forged.mkdir()
    someone = processes.identify(1).as_record()
    (forged / "run.json").write_text(json.dumps({"supervisor": someone, "child": someone}))
    run = new_run(
        *python("print('on', flush=True); input()"), "/x/podtui/supervisor/__main__.py", str(forged)
    ).start()
    run.say_until(b"on")
    run.stop(0.0)
    ended = run.wait_end()
    assert (ended["proof"], ended["survivors"]) == ("echild", [])


@pytest.mark.parametrize("record", [None, "not json", "{}", '{"supervisor": {"pid": []}}'])
def test_in_doubt_what_looks_like_a_supervisor_is_protected(
    new_run: NewRun, tmp_path: Path, record: str | None
) -> None:
    """A record that is missing, torn or not written yet is no proof that it is ours to end."""
    inner = tmp_path / "inner"
    inner.mkdir()
    if record is not None:
        (inner / "run.json").write_text(record)
    code = "import os, signal; signal.signal(1, 1); print('on', os.getpid(), 'end', flush=True)\n"
    run = new_run(
        *("sh", "-c", '"$@" & read end', "sh"),
        *python(code + "signal.pause()"),
        *("/x/podtui/supervisor/__main__.py", str(inner)),
    ).start()
    looks_like_one = int(run.say_until(b"end").split()[1])
    try:
        run.stop(0.0)
        ended = run.wait_end()
        is_protected = record != '{"supervisor": {"pid": []}}'
        assert is_alive(looks_like_one) == is_protected
        assert bool(ended["survivors"]) == is_protected
    finally:
        kill(looks_like_one)
