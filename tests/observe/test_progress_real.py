"""Stalls of real pods: what spins, what computes, what waits for another pod.

Their thresholds are fractions of a second, so that the real clocks can be used: a supervisor
stamps output with those.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Source, Status
from podtui.core.observe.observer import Observer
from podtui.core.observe.waiting_on import pod_waited_for
from tests.observe.conftest import row
from tests.support.store_fixture import Yard, until

REPOSITORY = Path(__file__).resolve().parents[2]
STALL_S = 0.4
BURN = "while :; do :; done"
PODTUI = f"PYTHONPATH={REPOSITORY} exec {sys.executable} -m podtui"


def wait_until(observer: Observer, name: str, status: Status, words: str = "") -> PodView:
    """Look until a pod has a status and says certain words."""
    seen: list[PodView] = []

    def is_so() -> bool:
        seen[:] = [row(observer.look(), name)]
        return seen[0].status is status and words in seen[0].message

    until(is_so)
    return seen[0]


def wait_for_words(observer: Observer, name: str, words: str) -> PodView:
    """Look until a pod's row says something, whatever its status: others use the CPU as well."""
    seen: list[PodView] = []

    def is_so() -> bool:
        seen[:] = [row(observer.look(), name)]
        return words in seen[0].message

    until(is_so)
    return seen[0]


def cpu_evidence(view: PodView) -> tuple[Answer, str]:
    found = (each for each in view.evidence if each.probe is Probe.CPU)
    return next((each.answer, each.detail) for each in found)


def test_a_spinner_is_stalled_although_it_prints_all_the_time(yard: Yard) -> None:
    """Frames that come one after the other, for as long as nobody stops them, are no progress."""
    frames = "for c in '|' '/' '-'; do printf '\\r%s wait' $c; read -t 0.02 x <> <(:); done"
    yard.spawn("coder", "/bin/bash", "-c", f"while :; do {frames}; done", stall_after_s=STALL_S)

    view = wait_until(
        Observer(yard.plane.store), "coder", Status.STALLED, "running, only repeating itself for "
    )

    assert (view.asserted, view.source) == (False, Source.OUTPUT)
    assert view.quiet_for_s is not None
    assert view.progress_quiet_s is not None
    assert view.quiet_for_s < view.progress_quiet_s


def test_a_silent_pod_is_stalled_and_its_idle_processes_say_so(yard: Yard) -> None:
    """That nothing computes is among the evidence."""
    yard.shell("sleeper", "echo begun; sleep 600", stall_after_s=STALL_S)

    observer = Observer(yard.plane.store)
    view = wait_until(observer, "sleeper", Status.STALLED)

    assert view.message.startswith("running, no new output for ")
    assert cpu_evidence(view) == (Answer.NO, "its processes use 0.0 % CPU")


def test_a_tool_that_computes_is_named_in_the_row(yard: Yard) -> None:
    """Silent and computing is told apart from silent and idle, as a guess from figures."""
    yard.shell("builder", f"echo begun; ({BURN}) & wait", stall_after_s=STALL_S)

    view = wait_for_words(Observer(yard.plane.store), "builder", "in a long tool: sh ")

    assert view.message.startswith("running, no new output for ")
    assert (view.asserted, view.source) == (False, Source.PROCESS)
    assert cpu_evidence(view)[0] is Answer.YES


def test_a_tool_that_computes_beside_a_spinner_is_seen(yard: Yard) -> None:
    """An agent draws its spinner while a tool of its own works."""
    spin = "while :; do printf '\\rwait'; sleep 0.05; done"
    yard.shell("agent", f"({BURN}) & {spin}", stall_after_s=2 * STALL_S)

    view = wait_for_words(Observer(yard.plane.store), "agent", "in a long tool")

    assert view.message.startswith("running, only repeating itself for ")


def test_one_look_at_a_tool_that_has_always_computed_is_enough(yard: Yard) -> None:
    """A command that lists the pods has no earlier look: what was surely used since counts."""
    yard.shell("builder", BURN, stall_after_s=STALL_S)

    until(lambda: "in a long tool: sh " in yard.view("builder").message)


def test_a_pod_that_waits_for_one_at_work_is_not_stalled(yard: Yard) -> None:
    """A parent that runs ``podtui wait`` for its child is as well as the child."""
    yard.shell(
        "child", "while :; do echo $(od -An -tx1 -N9 /dev/urandom | tr 0-9 g-p); sleep 0.05; done"
    )
    yard.shell("parent", f"{PODTUI} wait child --until ended", stall_after_s=STALL_S, sees=("all",))
    observer = Observer(yard.plane.store)

    view = wait_until(observer, "parent", Status.WORKING, "waits for child (working)")

    assert (view.asserted, view.source) == (False, Source.PROCESS)


def test_a_pod_that_waits_for_one_that_is_stalled_says_so(yard: Yard) -> None:
    """The row of the parent names whose fault it is, in the first look of a new observer too."""
    yard.shell("child", "sleep 600", stall_after_s=STALL_S)
    yard.shell("parent", f"{PODTUI} wait child --until ended", stall_after_s=STALL_S, sees=("all",))

    seen = wait_until(
        Observer(yard.plane.store), "parent", Status.STALLED, "waits for child (stalled)"
    )

    assert seen.source is Source.PROCESS
    # A young process has used much of its short life to start: a single look may take it for busy.
    until(lambda: "waits for child (stalled)" in yard.view("parent").message)


def test_pods_that_wait_for_each_other_are_stalled_in_the_end(yard: Yard) -> None:
    """Neither takes the other for at work for ever."""
    yard.shell("one", f"{PODTUI} wait two --until ended", stall_after_s=STALL_S, sees=("all",))
    yard.shell("two", f"{PODTUI} wait one --until ended", stall_after_s=STALL_S, sees=("all",))
    observer = Observer(yard.plane.store)

    wait_until(observer, "one", Status.STALLED, "waits for two")
    wait_until(observer, "two", Status.STALLED, "waits for one")


@pytest.mark.parametrize(
    ("arguments", "pod"),
    [
        (["podtui", "wait", "coder", "--until", "ended"], "coder"),
        (["/usr/bin/python3", "/opt/bin/podtui", "wait", "--until", "ended", "coder"], "coder"),
        (["python", "-I", "-m", "podtui", "wait", "--timeout=5m", "coder"], "coder"),
        (["podtui", "read", "coder", "--follow"], "coder"),
        (["podtui", "read", "-f", "--as", "me", "coder"], "coder"),
        (["podtui", "read", "coder"], None),
        (["podtui", "ls"], None),
        (["podtui", "wait"], None),
        (["podtui"], None),
        (["grep", "wait", "coder"], None),
        (["sh", "-c", "podtui wait coder"], None),
        ([], None),
    ],
)
def test_whom_a_command_waits_for_is_told_from_its_arguments(
    arguments: list[str], pod: str | None
) -> None:
    """Only podtui's own waiting verbs count, options and their values aside."""
    assert pod_waited_for(arguments) == pod
