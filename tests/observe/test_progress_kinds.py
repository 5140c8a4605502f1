"""Which kind of standstill a run is in, and how long each kind is in order."""

from __future__ import annotations

from math import inf
from typing import Protocol

import msgspec
import pytest

from podtui.core.hosts.pty.host import PtyHost
from podtui.core.model.verdicts import Answer, Status
from podtui.core.observe.progress.cpu_work import Work, sample_cpu
from podtui.core.observe.progress.progress import Progress
from podtui.core.observe.progress.stall_rules import Peer, Standstill, StandstillKind, standstill_of
from podtui.core.processes.sample import TreeSample
from podtui.kernel.processes import ProcessStat
from tests.observe.conftest import Scene
from tests.support.record_builders import a_dead_process

LIMIT = 600.0
BUSY = Work(Answer.YES, "pytest 48977 uses 97 % CPU")
IDLE = Work(Answer.NO, "its processes use 0.1 % CPU")
WORKS = Peer("coder", Status.WORKING, gets_on=True)
COMMAND = 4_000_000
UNSEEN, WAITS, STUCK = Peer("coder"), Peer("coder", Status.WORKING), Peer("docs", Status.LOST)
SILENT, CHATTER = "no new output for 12m 31s", "only repeating itself for 12m 31s"
TOOL = f"in a long tool: {BUSY.words}"


class Weighed(Protocol):
    """Weighs the processes of a run at two moments."""

    def __call__(
        self, before: list[ProcessStat], after: list[ProcessStat], *, is_chatter: bool = False
    ) -> Work: ...


def still(
    *,
    quiet: float,
    stuck: float | None = None,
    work: Work | None = None,
    peers: tuple[Peer, ...] = (),
    printed: int = 5,
) -> Standstill | None:
    """Return the standstill of a run that is silent and without progress for so long."""
    progress = Progress(
        output_bytes=printed,
        quiet_since=100_000 - quiet,
        progress_since=None if stuck is None else 100_000 - stuck,
    )
    return standstill_of(progress, work, peers=peers, awake_seconds=100_000, stall_after_s=LIMIT)


def test_a_run_that_gets_on_stands_not_still() -> None:
    """A few quiet seconds, or a minute's spinner, are nothing to tell of."""
    assert still(quiet=9) is None
    assert still(quiet=0.1, stuck=59) is None
    assert standstill_of(Progress(), None, awake_seconds=5, stall_after_s=LIMIT) is None


@pytest.mark.parametrize(
    ("given", "kind", "limit", "words"),
    [
        ({"quiet": 751}, "SILENT", 1, SILENT),
        ({"quiet": 751, "work": IDLE}, "SILENT", 1, SILENT),
        ({"quiet": 751, "printed": 0}, "MUTE", 1, f"{SILENT}: it never printed anything"),
        ({"quiet": 1, "stuck": 751}, "CHATTER", 1, CHATTER),
        ({"quiet": 751, "stuck": 9000}, "SILENT", 1, SILENT),
        ({"quiet": 550, "stuck": 601}, "SILENT", 1, "no new output for 9m 10s"),
        ({"quiet": 751, "work": BUSY}, "LONG_TOOL", 3, f"{SILENT}, {TOOL}"),
        ({"quiet": 1, "stuck": 751, "work": BUSY}, "LONG_TOOL", 3, f"{CHATTER}, {TOOL}"),
        ({"quiet": 751, "printed": 0, "work": BUSY}, "LONG_TOOL", 3, f"{SILENT}, {TOOL}"),
        ({"quiet": 751, "peers": (WORKS,)}, "PEER", inf, f"{SILENT}, waits for coder (working)"),
        ({"quiet": 751, "peers": (UNSEEN,)}, "PEER", 3, f"{SILENT}, waits for coder"),
        ({"quiet": 751, "peers": (WAITS,)}, "PEER", 3, f"{SILENT}, waits for coder (working)"),
        ({"quiet": 751, "peers": (WORKS, STUCK)}, "PEER", 1, f"{SILENT}, waits for docs (lost)"),
        ({"quiet": 751, "peers": (STUCK,), "work": BUSY}, "LONG_TOOL", 3, f"{SILENT}, {TOOL}"),
    ],
)
def test_each_kind_has_its_words_and_its_limit(
    given: dict[str, object], kind: str, limit: float, words: str
) -> None:
    """What is seen decides what is said, and after how many thresholds it is called a stall."""
    found = still(**given)  # type: ignore[arg-type]

    assert found is not None
    assert found.kind is StandstillKind[kind]
    assert found.words == f"running, {words}"
    assert found.limit_s == limit * LIMIT
    assert found.is_stall is (limit == 1)


def test_a_tool_at_work_does_not_hide_a_stall_for_ever() -> None:
    """At three times the threshold a run that computes and prints nothing new is stalled too."""
    before, after = still(quiet=1799, work=BUSY), still(quiet=1800, work=BUSY)

    assert before is not None
    assert after is not None
    assert (before.is_stall, after.is_stall) == (False, True)


@pytest.mark.parametrize("chatter_s", [1, 50, 61, 65, 66, 67, 100, 300, 599, 600, 700, 5000])
def test_a_stall_that_turns_from_chatter_into_silence_does_not_pause(chatter_s: int) -> None:
    """Whenever a spinner stops: once stalled, a run stays so until something new comes."""
    found = [still(quiet=quiet, stuck=chatter_s + quiet) for quiet in range(1, 2000)]
    stalled = [each is not None and each.is_stall for each in found]

    assert stalled == sorted(stalled)


def process(pid: int, parent: int, *, own: int, waited: int = 0) -> ProcessStat:
    """Return what the kernel would say of a process that has used so many ticks of CPU."""
    fields = [
        *("R", parent, pid, pid, 0, -1, 0, 0, 0, 0, 0),
        *(own, 0, waited, 0, 20, 0, 1, 0, 100, 0, 0),
    ]
    text = f"{pid} (tool) {' '.join(str(each) for each in fields)}"
    return ProcessStat(pid, text.encode())


@pytest.fixture
def weighed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Weighed:
    """Weigh two looks at a run's processes, ten seconds apart; its command is `COMMAND`."""
    dead = msgspec.structs.replace(a_dead_process(), pid=COMMAND)
    scene.alive("coder", child=dead)
    run = scene.yard.run_record("coder")

    def weigh_both(
        before: list[ProcessStat], after: list[ProcessStat], *, is_chatter: bool = False
    ) -> Work:
        now = TreeSample(20.0, tuple(after))
        monkeypatch.setattr(PtyHost, "sample", lambda *_: now)
        earlier = TreeSample(10.0, tuple(before))
        found = sample_cpu(
            scene.yard.plane.store, run, before=earlier, stuck_s=600, is_chatter=is_chatter
        )
        return found.work

    return weigh_both


def test_what_ended_tools_used_counts_once(weighed: Weighed) -> None:
    """A build of many short compilers computes, though none of them is there at both looks."""
    make = process(50, 1, own=1, waited=2000)
    compiler = process(51, 50, own=400)
    later = [process(50, 1, own=1, waited=2000 + 450), process(52, 50, own=350)]

    work = weighed([make, compiler], later)

    # (450 - 400) + 350 ticks of 10 ms in ten seconds.
    assert work.words == "its processes use 40 % CPU, most of it tool 52"
    assert work.answer is Answer.YES


def test_idle_processes_are_no_tool(weighed: Weighed) -> None:
    """An event loop that turns now and then does not hide a stall."""
    work = weighed([process(50, 1, own=9000)], [process(50, 1, own=9100)])

    assert (work.answer, work.words) == (Answer.NO, "its processes use 10.0 % CPU")


def test_printing_is_no_tool(weighed: Weighed) -> None:
    """What a command uses that prints chatter as fast as it can says nothing of a tool."""
    before, after = [process(COMMAND, 1, own=0)], [process(COMMAND, 1, own=1000)]

    assert weighed(before, after).answer is Answer.YES
    assert weighed(before, after, is_chatter=True).answer is Answer.NO


def test_processes_that_cannot_be_seen_are_no_proof_of_idleness(scene: Scene) -> None:
    """A supervisor that is not certainly there leaves the question open."""
    scene.lost("coder")
    run = scene.yard.run_record("coder")

    found = sample_cpu(scene.yard.plane.store, run, before=None, stuck_s=600, is_chatter=False)

    assert (found.sample, found.work.answer) == (None, Answer.UNKNOWN)
