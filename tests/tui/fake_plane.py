"""A plane whose every answer is scripted, so that the screen can be tested without a store."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from podtui.core.actions.framework.batch import do_each, plan_each
from podtui.core.diagnostics.report import DiagnosticsPicture, picture_of
from podtui.core.errors import NotFound, PodtuiError
from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan, Refusal, Report, joined_plan, joined_report
from podtui.core.model.requests import (
    Prune,
    Reap,
    ReapOrphans,
    Recover,
    Relend,
    Request,
    Restore,
    Return,
    Send,
    Spawn,
    Stop,
)
from podtui.core.model.snapshot import Detector, DetectorState, Health, PodView, Snapshot
from podtui.core.model.trash import TrashView
from podtui.core.model.verdicts import Answer, Evidence, Probe, Source, Status, Verdict
from podtui.core.output.files import FileOutput
from podtui.core.paths import StorePaths
from podtui.core.system.system import System
from tests.support.clocks import FrozenClock
from tests.support.plans import steps_of

NOW = datetime(2026, 3, 4, 12, 3, 44, tzinfo=UTC)
UNDOES = {
    "restore": "stop",
    "prune": "recover",
    "prune_unreadable": "recover",
    "recover": "prune",
    "return": "relend",
    "reap": "inspect",
}
DEAD = frozenset({Status.EXITED, Status.FAILED, Status.LOST})


class StillClock(FrozenClock):
    """Wall and boot time stand still; waiting goes on."""

    def monotonic(self) -> float:
        return time.monotonic()


def still_system(**environment: str) -> System:
    """Return a system whose time stands still and whose user has set nothing."""
    clock = StillClock(NOW)
    return System(clock=clock, environment={"XDG_CONFIG_HOME": "/nonexistent", **environment})


def evidence(*facts: tuple[Probe, Answer, str]) -> tuple[Evidence, ...]:
    """Return evidence from probe, answer and detail."""
    return tuple(Evidence(probe=p, answer=a, detail=d, at=NOW) for p, a, d in facts)


def pod(
    name: str,
    status: Status = Status.WORKING,
    *,
    depth: int = 0,
    parent: str | None = None,
    asserted: bool = True,
    message: str = "running",
    quiet_s: float | None = 0.0,
    since_s: float = 60.0,
    **more: object,
) -> PodView:
    """Return a pod as a snapshot shows it."""
    verdict = Verdict.DEAD if status in DEAD else Verdict.ALIVE
    verdict = Verdict.UNKNOWN if status is Status.UNKNOWN else verdict
    facts: dict[str, object] = {
        "name": name,
        "id": f"01{name.upper():A<24.24}",
        "status": status,
        "verdict": verdict,
        "asserted": asserted,
        "source": Source.KERNEL,
        "since": NOW - timedelta(seconds=since_s),
        "run": 1,
        "agent": "command",
        "message": message,
        "depth": depth,
        "parent": parent,
        "quiet_for_s": quiet_s if verdict is Verdict.ALIVE else None,
    }
    return PodView(**{**facts, **more})  # type: ignore[arg-type]


def picture(
    pods: Sequence[PodView],
    *,
    notices: tuple[str, ...] = (),
    health: Health | None = None,
    detectors: tuple[Detector, ...] | None = None,
    read_only: bool = False,
) -> Snapshot:
    """Return a snapshot of these pods."""
    counts: dict[Status, int] = {}
    for each in pods:
        counts[each.status] = counts.get(each.status, 0) + 1
    well = (
        Detector(name="rescan", state=DetectorState.OK, age_s=0.2),
        Detector(name="files", state=DetectorState.OK, age_s=0.1),
    )
    return Snapshot(
        at=NOW,
        store="/store",
        pods=tuple(pods),
        counts=counts,
        health=health or Health(ok=True),
        detectors=well if detectors is None else detectors,
        notices=notices,
        read_only=read_only,
    )


@dataclass
class FakeLive:
    """A watch that a test feeds by hand."""

    plane: FakePlane
    closed: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        self.closed.set()

    def refresh(self) -> None:
        self.plane.calls.append(("refresh",))

    def want_samples(self, names: frozenset[str]) -> None:
        self.plane.sampled = names


@dataclass
class FakeTold:
    """A watch over diagnostics that a test feeds by hand."""

    plane: FakePlane

    def close(self) -> None:
        self.plane.diagnostics_closed.set()


class FakePlane:
    """Gives scripted answers, and records its calls.

    It is long because each request has a plan and a report of its own to script.

    Args:
        root: where outputs are, as in a store.
    """

    def __init__(self, root: Path, snapshot: Snapshot) -> None:
        self.paths = StorePaths(root)
        self.snapshot = snapshot
        self.calls: list[tuple[object, ...]] = []
        self.sampled: frozenset[str] = frozenset()
        self.error: PodtuiError | None = None
        self.refusals: tuple[object, ...] = ()
        self.scripted_plan: Plan | None = None
        self.report: Report | None = None
        self.orphans: tuple[str, ...] = ("end what run 1 of planner left: sleep (4711)",)
        self.thrown_away: tuple[TrashView, ...] = ()
        self.loans: dict[str, tuple[Loan, ...]] = {}
        self.live: FakeLive | None = None
        self.watching = threading.Event()
        self.called = threading.Condition()
        self.hold: threading.Event | None = None
        self.diagnostics = DiagnosticsPicture()
        self.diagnostics_closed = threading.Event()
        self._on_snapshot: Callable[[Snapshot], None] = lambda _: None
        self._on_diagnostics: Callable[[DiagnosticsPicture], None] = lambda _: None

    @property
    def store_path(self) -> Path:
        return self.paths.root

    @property
    def read_only(self) -> bool:
        return self.snapshot.read_only

    def watch(self, on_snapshot: Callable[[Snapshot], None]) -> FakeLive:
        self._on_snapshot = on_snapshot
        self.live = FakeLive(self)
        on_snapshot(self.snapshot)
        self.watching.set()
        return self.live

    def show(self, snapshot: Snapshot) -> None:
        """Let the store look like this from now on."""
        self.snapshot = snapshot
        self._on_snapshot(snapshot)

    def output(self, name: str) -> FileOutput:
        found = self.snapshot.find(name)
        if found is None:
            raise NotFound(f"there is no pod {name!r}", pod=name)
        return FileOutput(still_system(), self.paths.pod(found.name))

    def plan(self, request: Request) -> Plan:  # noqa: PLR0911 - one answer per request
        """Answer as the core would, by the scripted plan where there is one."""
        match request:
            case Spawn():
                return self._plan_spawn(request)
            case Stop(pods):
                return plan_each("stop", pods, self._plan_stop)
            case Restore(pods):
                return self._plan_restore(pods)
            case Reap(pods):
                return self._plan_reap(pods)
            case ReapOrphans():
                return self._plan_reap_orphans()
            case Prune(pods, unreadable):
                return self._plan_prune(pods, unreadable=unreadable)
            case Recover(targets, as_name):
                return plan_each(
                    "recover", targets, lambda each: self._plan_recover(each, as_name=as_name)
                )
            case Return(pods):
                return plan_each("return", pods, self._plan_return)
            case Relend(pods):
                return plan_each("relend", pods, self._plan_relend)
            case _:
                raise NotImplementedError(request)

    def carry_out(  # noqa: C901, PLR0911 - one answer per request
        self, request: Request, *, actor: str
    ) -> Report:
        """Write down what was asked, and answer as the core would."""
        match request:
            case Spawn():
                return self._spawn(request)
            case Send(pod, text, enter):
                return self._send(pod, text, enter=enter)
            case Stop(pods):
                return do_each("stop", pods, lambda name: self._stop(name, actor=actor))
            case Restore(pods):
                return self._restore(pods, actor=actor)
            case Reap(pods):
                return self._reap(pods, actor=actor)
            case ReapOrphans():
                return self._reap_orphans(actor=actor)
            case Prune(pods, unreadable):
                return self._prune(pods, unreadable=unreadable, actor=actor)
            case Recover(targets, as_name):
                return do_each(
                    "recover",
                    targets,
                    lambda each: self._recover(each, as_name=as_name, actor=actor),
                )
            case Return(pods):
                return do_each("return", pods, lambda name: self._return_loans(name, actor=actor))
            case Relend(pods):
                return do_each("relend", pods, lambda name: self._relend(name, actor=actor))
            case _:
                raise NotImplementedError(request)

    def loans_of(self, name: str) -> tuple[Loan, ...]:
        found = self.snapshot.find(name)
        return self.loans.get(found.name if found else name, ())

    def _called(self, *call: object) -> None:
        with self.called:
            self.calls.append(call)
            self.called.notify_all()
        if self.hold is not None:
            self.hold.wait()
        if self.error is not None:
            raise self.error

    def _plan_stop(self, name: str) -> Plan:
        self._called("plan_stop", name)
        found = self.snapshot.find(name)
        shown = found.name if found else name
        return self.scripted_plan or Plan(
            action="stop",
            pod=shown,
            steps=steps_of(f"ask {shown} to end (TERM)", "wait 10s, then end what is left (KILL)"),
            warnings=("2 children go on running",),
        )

    def _stop(self, name: str, *, actor: str) -> Report:
        self._called("stop", name, actor)
        return Report(action="stop", pod=name, done=("asked it to end", "ended: exited 0"))

    def _send(self, name: str, text: str, *, enter: bool) -> Report:
        self._called("send", name, text, enter)
        return Report(action="send", pod=name, done=(f"sent {len(text)} characters",))

    def _plan_spawn(self, request: Spawn) -> Plan:
        return self.scripted_plan or Plan(
            action="spawn",
            pod=request.name,
            steps=steps_of(f"reserve {request.name}", f"start {' '.join(request.argv)}"),
            undo=f"podtui stop {request.name}",
        )

    def _spawn(self, request: Spawn) -> Report:
        self._called("spawn", request)
        return Report(action="spawn", pod=request.name, done=(f"spawned {request.name}, run 1",))

    # diagnostics, and what they offer to take back

    def watch_diagnostics(self, on_picture: Callable[[DiagnosticsPicture], None]) -> FakeTold:
        self._on_diagnostics = on_picture
        on_picture(self.diagnostics)
        return FakeTold(self)

    def show_diagnostics(
        self, diagnostics: Sequence[Diagnostic], *, seen: Collection[str] = (), problem: str = ""
    ) -> None:
        """Let these be all diagnostics there are from now on."""
        unread = frozenset(each.id for each in diagnostics) - frozenset(seen)
        self.diagnostics = picture_of(
            diagnostics, unread=unread, problems=(problem,) if problem else ()
        )
        self._on_diagnostics(self.diagnostics)

    def mark_diagnostics_read(self, ids: Collection[str], reader: str = "operator") -> None:
        self._called("seen", frozenset(ids))
        shown = self.diagnostics
        seen = {each.id for each in shown.diagnostics} - shown.unread | set(ids)
        self.show_diagnostics(shown.diagnostics, seen=seen)

    def _plan(self, action: str, pod: str) -> Plan:
        self._called(f"plan_{action}", pod)
        return self.scripted_plan or Plan(
            action=action,
            pod=pod,
            steps=steps_of(f"{action} {pod}"),
            undo=f"podtui {UNDOES.get(action, 'stop')} {pod}",
        )

    def _report(self, action: str, pod: str, actor: str) -> Report:
        self._called(action, pod, actor)
        return Report(action=action, pod=pod, done=(f"{action}: {pod}",))

    # bringing back and clearing away

    def _plan_of(self, action: str, address: str) -> Plan:
        """Return the plan for one pod: what lives is refused, as by the core."""
        found = self.snapshot.find(address)
        name = found.name if found else address
        if found is not None and found.verdict is not Verdict.DEAD and not found.record_error:
            refusal = Refusal(
                kind="refused", message=f"{name!r} is alive: {found.message}", next="podtui ls"
            )
            return Plan(action=action, pod=name, steps=(), refusals=(refusal,))
        steps = steps_of(f"look again at {name}", f"{action} {name}")
        return Plan(action=action, pod=name, steps=steps, undo=f"podtui {UNDOES[action]} {name}")

    def _plans(self, action: str, names: Sequence[str]) -> Plan:
        self._called(f"plan_{action}", ", ".join(names))
        return self.scripted_plan or joined_plan(
            action, [self._plan_of(action, name) for name in names]
        )

    def _reports(self, action: str, names: Sequence[str], actor: str) -> Report:
        self._called(action, ", ".join(names), actor)
        if self.report is not None:
            return self.report
        parts = []
        for address in names:
            plan = self._plan_of(action, address)
            skipped = tuple(f"{plan.pod}: {each.message}" for each in plan.refusals)
            done = () if skipped else (f"{action}: {plan.pod}",)
            parts.append(Report(action=action, pod=plan.pod, done=done, skipped=skipped))
        return joined_report(action, parts)

    def _plan_restore(self, names: Sequence[str]) -> Plan:
        return self._plans("restore", names)

    def _restore(self, names: Sequence[str], *, actor: str) -> Report:
        return self._reports("restore", names, actor)

    def _plan_reap(self, names: Sequence[str]) -> Plan:
        return self._plans("reap", names)

    def _reap(self, names: Sequence[str], *, actor: str) -> Report:
        return self._reports("reap", names, actor)

    def _plan_reap_orphans(self) -> Plan:
        self._called("plan_reap_orphans")
        return Plan(action="reap", pod="all orphans", steps=steps_of(*self.orphans))

    def _reap_orphans(self, *, actor: str) -> Report:
        self._called("reap_orphans", actor)
        return Report(action="reap", pod="all orphans", done=("reaped 2 processes",))

    def _plan_prune(self, names: Sequence[str], *, unreadable: bool = False) -> Plan:
        return self._plans("prune_unreadable" if unreadable else "prune", names)

    def _prune(self, names: Sequence[str], *, unreadable: bool = False, actor: str) -> Report:
        return self._reports("prune_unreadable" if unreadable else "prune", names, actor)

    def trash(self) -> tuple[TrashView, ...]:
        self._called("trash")
        return self.thrown_away

    def _plan_recover(self, target: str, *, as_name: str | None = None) -> Plan:
        self._called("plan_recover", target, as_name)
        entry = next((each for each in self.thrown_away if each.id == target), None)
        name = as_name or (entry.name if entry else target)
        if self.snapshot.find(name) is not None:
            refusal = Refusal(
                kind="exists",
                message=f"there is a pod {name!r} already",
                next=f"podtui recover {shlex.quote(target)} --as {shlex.quote(f'{name}-2')}",
            )
            return Plan(action="recover", pod=name, steps=(), refusals=(refusal,))
        return self.scripted_plan or Plan(
            action="recover",
            pod=name,
            steps=steps_of(f"move {name!r} back from the trash"),
            undo=f"podtui prune {name}",
        )

    def _recover(self, target: str, *, as_name: str | None = None, actor: str) -> Report:
        self._called("recover", target, as_name, actor)
        entry = next((each for each in self.thrown_away if each.id == target), None)
        name = as_name or (entry.name if entry else target)
        view = pod(name, Status.EXITED, id=entry.pod_id, exit_code=0) if entry else None
        return Report(action="recover", pod=name, done=(f"recovered {name}",), view=view)

    def _plan_return(self, name: str) -> Plan:
        return self._plan("return", name)

    def _return_loans(self, name: str, *, actor: str) -> Report:
        return self._report("return", name, actor)

    def _plan_relend(self, name: str) -> Plan:
        return self._plan("relend", name)

    def _relend(self, name: str, *, actor: str) -> Report:
        return self._report("relend", name, actor)

    def write_output(self, name: str, data: bytes, *, run: int = 1) -> Path:
        """Let a pod have printed this."""
        output = self.paths.pod(name).run(run).output
        output.parent.mkdir(parents=True, exist_ok=True)
        self.paths.pod(name).cursors.mkdir(exist_ok=True)
        with output.open("ab") as file:
            file.write(data)
        return output
