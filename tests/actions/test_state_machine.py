"""Whatever is done to a store, in whatever order, by however many and broken off wherever.

A model of what must be there is held against the store after every step.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.loans import overlap
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Prune, Reap, Recover, Restore, Send, Spawn, Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import ENDED_STATUSES, Status, Verdict
from podtui.core.store.children import children_of
from tests.support.clocks import MovableClock
from tests.support.faulty import Killed, MortalFs, MortalProc, MortalSignals, Steps
from tests.support.store_fixture import Yard, until

NAMES = st.sampled_from(["ann", "bob", "cat"])
SCOPES = ("a", "a/b", "c")
ONE_LINE = 'echo "run $PODTUI_RUN"; exec cat'
DEEPEST_STEP = 45
EXAMPLES, STEPS = 15, 12


@dataclass
class Known:
    """What must be true of one pod that was ever seen in the store.

    Attributes:
        runs: numbers of its runs that were seen.
        children: ids ever seen in its ledger, in order.
    """

    pod_id: str
    runs: set[int] = field(default_factory=set)
    children: list[str] = field(default_factory=list)


class Operator(RuleBasedStateMachine):
    """An operator with three names to play with, and a second one who is in his way."""

    pods = Bundle("pods")
    came_to: ClassVar[Counter[tuple[str, str]]] = Counter()
    """How often each action was done, refused, or killed on its way; over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="podtui-machine-"))
        self.clock = MovableClock()
        self.yard = Yard(self.root, clock=self.clock)
        for scope in SCOPES:
            (self.root / "work" / scope).mkdir(parents=True, exist_ok=True)
        self.known: dict[str, Known] = {}

    @initialize(target=pods)
    def begin(self) -> MultipleResults[str]:
        """Begin with a family: a parent, and a child that may write."""
        for name, parent, scope in (("ann", None, None), ("bob", "ann", "a")):
            self.spawn_as(self.plane(), name, parent, scope)
        return multiple("ann", "bob")

    def teardown(self) -> None:
        self.yard.end_everything()
        shutil.rmtree(self.root)

    def plane(self, steps: Steps | None = None) -> LocalPlane:
        """Return the plane of a process that has just been started."""
        if steps is None:
            return self.yard.reopened()
        system = replace(
            self.yard.system,
            fs=MortalFs(steps),
            proc=MortalProc(steps),
            signals=MortalSignals(steps),
        )
        return LocalPlane.open(system)

    def attempt(self, act: str, name: str, die_at: int = 0) -> None:
        """Do something to a pod as a process that may be killed on its way; refusals are fine."""
        steps = Steps(die_at)
        try:
            plane = self.plane(steps if die_at else None)
            getattr(self, f"_{act}")(plane, name)
        except Killed:
            self.came_to[act, "killed"] += 1
        except PodtuiError:
            self.came_to[act, "refused"] += 1
        else:
            self.came_to[act, "done"] += 1

    def _restore(self, plane: LocalPlane, name: str) -> None:
        plane.carry_out(Restore((name,)), actor="operator")

    def _prune(self, plane: LocalPlane, name: str) -> None:
        plane.carry_out(Prune((name,)), actor="operator")

    def _recover(self, plane: LocalPlane, name: str) -> None:
        plane.carry_out(Recover((name,)), actor="operator")

    def _reap(self, plane: LocalPlane, name: str) -> None:
        plane.carry_out(Reap((name,), grace_s=0.2), actor="operator")

    def _stop(self, plane: LocalPlane, name: str) -> None:
        plane.carry_out(Stop((name,), grace_s=0.2), actor="operator")

    @rule(
        target=pods,
        name=NAMES,
        parent=st.one_of(st.none(), NAMES),
        scope=st.one_of(st.none(), st.sampled_from(SCOPES)),
        die_at=st.one_of(st.just(0), st.integers(1, DEEPEST_STEP)),
    )
    def spawn(self, name: str, parent: str | None, scope: str | None, die_at: int) -> str:
        """Spawn a pod, or be killed in the middle of it."""
        steps = Steps(die_at)
        with suppress(Killed, PodtuiError):
            plane = self.plane(steps if die_at else None)
            self.spawn_as(plane, name, parent if parent != name else None, scope)
        return name

    def spawn_as(self, plane: LocalPlane, name: str, parent: str | None, scope: str | None) -> None:
        write = (str(self.root / "work" / scope),) if scope else ()
        argv = ("/bin/sh", "-c", ONE_LINE)
        plane.carry_out(Spawn(name=name, argv=argv, parent=parent, write=write))

    @rule(name=pods)
    def exit(self, name: str) -> None:
        """Let a pod's command end by itself."""
        view = self.view_of(name)
        if view is None or view.verdict is not Verdict.ALIVE:
            return
        with suppress(PodtuiError):
            self.plane().carry_out(Send(name, "\x04", enter=False))
            until(lambda: self.is_dead(name))

    @rule(name=pods, also_command=st.booleans())
    def kill(self, name: str, also_command: bool) -> None:
        """Kill a pod's supervisor, with its command or without it."""
        self.lose(name, also_command=also_command)

    @rule(
        name=pods,
        acts=st.lists(st.sampled_from(["restore", "reap", "prune", "recover"]), max_size=3),
        also_command=st.booleans(),
        die_at=st.one_of(st.just(0), st.integers(1, DEEPEST_STEP)),
    )
    def lose_and_act(self, name: str, acts: list[str], also_command: bool, die_at: int) -> None:
        """Lose a pod, and do things about it, the first of them perhaps killed on its way."""
        self.lose(name, also_command=also_command)
        for place, act in enumerate(acts):
            self.attempt(act, name, 0 if place else die_at)

    def lose(self, name: str, *, also_command: bool) -> None:
        view = self.view_of(name)
        if view is None or view.verdict is not Verdict.ALIVE:
            return
        record = self.yard.plane.store.run_record(name, view.run)
        if not isinstance(record, RunRecord) or not record.supervisor or not record.child:
            return
        self.yard.kill(record.supervisor)
        if also_command:
            with suppress(AssertionError, ValueError, ProcessLookupError):
                self.yard.kill(record.child)
        until(lambda: self.is_dead(name))

    @rule(
        name=pods,
        act=st.sampled_from(["restore", "prune", "recover", "reap", "stop"]),
        die_at=st.one_of(st.just(0), st.integers(1, DEEPEST_STEP)),
    )
    def act(self, name: str, act: str, die_at: int) -> None:
        """Do something to a pod, or be killed in the middle of it."""
        self.attempt(act, name, die_at)

    @rule()
    def restore_everything(self) -> None:
        """Bring back everything that is lost."""
        plane = self.plane()
        lost = plane.lost_pods()
        if lost:
            with suppress(PodtuiError):
                plane.carry_out(Restore(tuple(lost)), actor="operator")

    @rule(seconds=st.sampled_from([-172800.0, -5.0, 30.0, 315360000.0]))
    def set_the_clock(self, seconds: float) -> None:
        """Let somebody set the wall clock."""
        if abs(self.clock.wall_s + seconds) < 3.2e8:
            self.clock.jump_wall(seconds)

    @rule(seconds=st.floats(0.1, 3600))
    def let_time_pass(self, seconds: float) -> None:
        """Let time pass on every clock."""
        self.clock.pass_time(seconds)

    # looking

    def view_of(self, name: str) -> PodView | None:
        return self.yard.reopened().snapshot().find(name)

    def is_dead(self, name: str) -> bool:
        view = self.view_of(name)
        return view is not None and view.verdict is Verdict.DEAD

    # what is always true

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every pod ever seen is in the store once: in its place or in the trash."""
        plane = self.yard.reopened()
        in_place = {view.id: view for view in plane.snapshot().pods if view.id}
        in_trash = [each.pod_id for each in plane.trash() if each.pod_id]
        for pod_id in in_place:
            self.known.setdefault(pod_id, Known(pod_id))
        for pod_id in self.known:
            count = (pod_id in in_place) + in_trash.count(pod_id)
            assert count == 1, f"{pod_id} is there {count} times"

    @invariant()
    def nothing_is_half_done(self) -> None:
        """After a start there is nothing left of an action that was broken off."""
        plane = self.yard.reopened()
        assert plane.store.intents.all() == []
        before = [each.id for each in plane.store.journal.read().entries]
        again = self.yard.reopened()
        assert [each.id for each in again.store.journal.read().entries] == before

    @invariant()
    def ledgers_only_grow(self) -> None:
        """No child leaves its parent's ledger, and no run goes away."""
        plane = self.yard.reopened()
        for view in plane.snapshot().pods:
            known = self.known.get(view.id)
            if known is None:
                continue
            paths = plane.store.paths.pod(view.name)
            ids = [each.id for each in children_of(plane.store.system.fs, paths).entries]
            assert ids[: len(known.children)] == known.children
            assert len(set(ids)) == len(ids)
            known.children = ids
            runs = set(plane.store.run_numbers(view.name))
            assert runs >= known.runs
            assert runs == set(range(1, max(runs, default=0) + 1))
            known.runs = runs

    @invariant()
    def no_two_pods_may_write_the_same(self) -> None:
        """Write scopes that are out never overlap, whoever has them."""
        out = [loan for loan in self.yard.reopened().loans().out if loan.mode == "write"]
        for place, loan in enumerate(out):
            for other in out[place + 1 :]:
                if loan.pod_id != other.pod_id:
                    assert not overlap(loan.path, other.path), (loan, other)

    @invariant()
    def every_end_is_told_once(self) -> None:
        """However many looks there were, a run has ended once, and what was lost was told once."""
        plane = self.yard.reopened()
        # Looked first: an end that came with time alone is told by the look.
        pods = plane.snapshot().pods
        events = [each.id for each in plane.store.journal.read().entries]
        assert len(set(events)) == len(events)
        told = [each.id for each in plane.store.diagnostics.read().entries]
        assert len(set(told)) == len(told)
        for view in pods:
            if view.status in ENDED_STATUSES and view.id:
                ends = [each for each in events if each == f"{view.id}.{view.run}.ended"]
                assert len(ends) == 1, (view.name, view.message)
            if view.status is Status.LOST and view.id:
                kinds = {DiagnosticKind.LOST, DiagnosticKind.NEVER_STARTED}
                about = [
                    each
                    for each in plane.store.diagnostics.read().entries
                    if each.pod_id == view.id and each.run == view.run and each.kind in kinds
                ]
                assert len(about) == 1, (view.name, about)

    @invariant()
    def no_run_is_alive_twice(self) -> None:
        """Of one pod at most one run is alive: its latest."""
        plane = self.yard.reopened()
        for view in plane.snapshot().pods:
            for run in range(1, view.run):
                assert not plane.store.system.fs.is_locked(
                    plane.store.paths.pod(view.name).run(run).lock
                ), (view.name, run)

    @invariant()
    def the_doctor_finds_nothing_broken(self) -> None:
        """No record is torn, and no ledger lacks a child."""
        bad = {"record_unreadable", "record_missing", "torn_line", "line_skipped", "duplicate_id"}
        problems = [each for each in self.yard.reopened().doctor() if each.kind in bad]
        assert problems == []


@pytest.mark.timeout(300)
def test_no_order_of_actions_and_crashes_loses_anything() -> None:
    """Spawns, exits, kills, crashes, restores, prunes, recoveries, reaps and clocks set at will."""
    run_state_machine_as_test(
        Operator,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # What is tried at random comes to something at least: refusals alone would prove nothing.
    assert sum(count for (_, end), count in Operator.came_to.items() if end == "done")
    assert sum(Operator.came_to.values())
