"""What is common to all actions, and the way to the screen: without a store, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podtui.cli.app import run
from podtui.cli.confirm import plan_lines, show_report
from podtui.cli.output import Output
from podtui.cli.session import Session
from podtui.cli.verbs.ls import guides
from podtui.core.control.local import LocalPlane
from podtui.core.model.plans import Plan, Refusal, Report
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Source, Status, Verdict
from podtui.core.system.clock import SystemClock
from tests.support.plans import steps_of

Written = Callable[[], bytes]
REPORT = Report(
    action="stop", pod="p", done=("asked",), skipped=("q: not ours",), failed=("r: still there",)
)


def no_screen(_plane: LocalPlane) -> int:
    raise AssertionError("no screen was asked for")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[tuple[Session, Written]]:
    """A session whose standard output is a file, and what was written to it."""
    path = tmp_path / "stdout"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    made = Session(environment={}, open_screen=no_screen)
    made.output = Output({}, descriptor)
    yield made, path.read_bytes
    os.close(descriptor)


def test_an_action_with_a_failed_step_exits_with_one(
    session: tuple[Session, Written], capfd: pytest.CaptureFixture[str]
) -> None:
    """What was done is the result; what was skipped and what failed are remarks."""
    made, written = session
    assert show_report(made, REPORT) == 1
    assert written() == b"asked\n"
    assert capfd.readouterr().err == "skipped: q: not ours\nfailed: r: still there\n"


def test_a_report_without_a_pod_has_null_for_it(session: tuple[Session, Written]) -> None:
    """The keys are there whatever happened."""
    made, written = session
    made.as_json = True
    assert show_report(made, REPORT) == 1
    assert json.loads(written()) == {
        "version": 1,
        "report": {"done": ["asked"], "skipped": ["q: not ours"], "failed": ["r: still there"]},
        "pod": None,
    }


def test_a_plan_is_shown_with_everything_that_speaks_against_it() -> None:
    """Steps are numbered; warnings, refusals and the way back are named; nothing can steer."""
    plan = Plan(
        action="stop",
        pod="p\x1b[2J",
        steps=steps_of("first", "second\n"),
        refusals=(Refusal(kind="refused", message="no"),),
        warnings=("careful",),
        undo="podtui undo",
    )
    assert plan_lines(plan) == [
        "plan: stop p\ufffd",
        "  1. first",
        "  2. second\ufffd",
        "  warning: careful",
        "  refused: no",
        "  undo: podtui undo",
    ]


def test_without_a_verb_the_screen_opens_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It makes the store if there is none, and its exit code is ours."""
    monkeypatch.setattr(os, "isatty", lambda _descriptor: True)
    monkeypatch.setenv("PODTUI_HOME", str(tmp_path / "store"))
    stores: list[Path] = []

    def open_screen(plane: LocalPlane) -> int:
        stores.append(plane.store_path)
        return 42

    assert run([], open_screen=open_screen, environment={"TERM": "xterm"}) == 42
    assert stores == [tmp_path / "store"]


def test_guides_are_drawn_for_any_tree() -> None:
    """A trunk goes on past the descendants of an elder child, and ends with the last child."""
    depths = [0, 1, 2, 3, 2, 1, 2, 0, 1, 1]
    assert guides([view(depth) for depth in depths]) == [
        "",
        "├─ ",
        "│  ├─ ",
        "│  │  └─ ",
        "│  └─ ",
        "└─ ",
        "   └─ ",
        "",
        "├─ ",
        "└─ ",
    ]
    assert guides([view(depth) for depth in range(30)])[-1] == "(29 deep) "


def view(depth: int) -> PodView:
    return PodView(
        name="p",
        id="",
        status=Status.WORKING,
        verdict=Verdict.ALIVE,
        asserted=True,
        source=Source.KERNEL,
        since=SystemClock().now(),
        run=1,
        agent="command",
        message="running",
        depth=depth,
    )
