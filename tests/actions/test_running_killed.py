"""A stop or a send that is interrupted is reported by the next start, once, and not repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.requests import Request, Send, Stop
from podtui.core.model.verdicts import Verdict
from tests.support.faulty import Killed, MortalFs, Steps
from tests.support.store_fixture import Yard, until


def by_a_mortal(yard: Yard, request: Request, die_at: int) -> Steps:
    """Do it as a process that dies before its ``die_at``-th change; 0 lives on."""
    steps = Steps(die_at)
    plane = LocalPlane.open(replace(yard.system, fs=MortalFs(steps)))
    with suppress(Killed):
        plane.carry_out(request, actor="ann")
    return steps


def interrupted(yard: Yard, pod: str) -> list[str]:
    told = yard.plane.diagnostics()
    found = [each for each in told if each.kind is DiagnosticKind.INTERRUPTED]
    return [each.summary for each in found if each.pod == pod]


def outcomes(yard: Yard, pod: str) -> list[EventKind]:
    over = {EventKind.STOPPED, EventKind.SENT, EventKind.FINISHED_LATER, EventKind.ROLLED_BACK}
    return [each.kind for each in yard.plane.events() if each.pod == pod and each.kind in over]


SEND_STEPS = (
    *("locked action.lock", "note_holder ", "locked ACTION.lock", "replace ACTION.json"),
    *("locked lock", "append_line 000001.jsonl", "write_line "),
    *("remove ACTION.json", "remove ACTION.lock", "sync_directory intents"),
)
LINE = SEND_STEPS.index("locked lock") + 1
"""The first change after the line was typed."""


def test_the_steps_of_a_send_are_known(yard: Yard) -> None:
    """Every change a send makes is one of the steps at which it is killed below."""
    yard.spawn("cat", "cat")
    taken = by_a_mortal(yard, Send("cat", "hello"), 0).taken
    action = taken[2].removeprefix("locked ").removesuffix(".lock")
    assert [each.replace(action, "ACTION") for each in taken] == list(SEND_STEPS)
    assert outcomes(yard, "cat") == [EventKind.SENT]
    assert interrupted(yard, "cat") == []


@pytest.mark.parametrize("die_at", range(1, len(SEND_STEPS) + 1))
def test_a_sender_may_die_before_any_step(yard: Yard, die_at: int) -> None:
    """That it is not known what arrived is reported once, and nothing is typed again."""
    yard.spawn("cat", "cat")
    assert by_a_mortal(yard, Send("cat", "hello"), die_at).is_dead
    output = yard.plane.access.pod_paths("cat").run(1).output
    if die_at >= LINE:
        until(lambda: output.read_bytes().count(b"hello") == 2)

    was_begun = SEND_STEPS.index("replace ACTION.json") + 1 < die_at
    is_open = was_begun and die_at <= SEND_STEPS.index("remove ACTION.json") + 1
    words = "cat: a send by ann was interrupted; whether its 5 characters arrived in run 1 is not"
    recovered = yard.reopened().recovered
    assert recovered == ((f"{words} known",) if is_open else ())
    assert yard.reopened().recovered == ()
    assert yard.plane.store.intents.all() == []
    assert interrupted(yard, "cat") == list(recovered)
    assert len(outcomes(yard, "cat")) == was_begun
    yard.plane.carry_out(Send("cat", "again"))
    until(lambda: output.read_bytes().count(b"again") == 2)
    assert output.read_bytes().count(b"hello") == (2 if die_at >= LINE else 0)


@pytest.mark.parametrize("die_at", range(3, 14))
def test_what_became_of_an_interrupted_stop_is_reported(yard: Yard, die_at: int) -> None:
    """Whether the run has ended by now is said; it is not asked again."""
    yard.spawn("pod", write=(str(yard.root),))
    by_a_mortal(yard, Stop(("pod",), grace_s=0), die_at)
    was_begun = [each.pod for each in yard.plane.store.intents.all() if hasattr(each, "pod")]
    if yard.view("pod").verdict is not Verdict.ALIVE:
        yard.wait_ended("pod")

    recovered = yard.reopened().recovered

    assert len(recovered) == len(was_begun)
    for words in recovered:
        alive = yard.view("pod").verdict is Verdict.ALIVE
        assert words.startswith("pod: a stop by ann was interrupted; run 1 has")
        assert ("has not ended: podtui stop pod asks again" in words) is alive
        assert ("podtui return pod takes it back" in words) is not alive
    assert yard.plane.store.intents.all() == []
    assert interrupted(yard, "pod") == list(recovered)
    assert yard.reopened().recovered == ()


@pytest.fixture(autouse=True)
def nobody_is_left(yard: Yard) -> Iterator[None]:
    """Close the test by ending what it started."""
    yield
    yard.end_everything()
