"""A plane whose every answer is scripted, so that the screen can be tested without a store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from podtui.core.control import SpawnRequest
from podtui.core.errors import NotFound, PodtuiError
from podtui.core.model.plans import Plan, Report
from podtui.core.model.snapshot import Detector, DetectorState, Health, PodView, Snapshot
from podtui.core.model.verdicts import Answer, Evidence, Probe, Source, Status, Verdict
from podtui.core.paths import PodPaths, StorePaths

NOW = datetime(2026, 3, 4, 12, 3, 44, tzinfo=UTC)
DEAD = frozenset({Status.EXITED, Status.FAILED, Status.LOST})


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


class FakePlane:
    """Answers as it is told, and writes down what it was asked.

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
        self.plan: Plan | None = None
        self.live: FakeLive | None = None
        self.watching = threading.Event()
        self.called = threading.Condition()
        self.hold: threading.Event | None = None
        self._on_snapshot: Callable[[Snapshot], None] = lambda _: None

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

    def pod_paths(self, name: str) -> PodPaths:
        found = self.snapshot.find(name)
        if found is None:
            raise NotFound(f"there is no pod {name!r}", pod=name)
        return self.paths.pod(found.name)

    def _called(self, *call: object) -> None:
        with self.called:
            self.calls.append(call)
            self.called.notify_all()
        if self.hold is not None:
            self.hold.wait()
        if self.error is not None:
            raise self.error

    def plan_stop(self, name: str, *, grace_s: float | None) -> Plan:
        self._called("plan_stop", name)
        found = self.snapshot.find(name)
        shown = found.name if found else name
        return self.plan or Plan(
            action="stop",
            pod=shown,
            steps=(f"ask {shown} to end (TERM)", "wait 10s, then end what is left (KILL)"),
            warnings=("2 children go on running",),
        )

    def stop(self, name: str, *, grace_s: float | None, actor: str) -> Report:
        self._called("stop", name, actor)
        return Report(action="stop", pod=name, done=("asked it to end", "ended: exited 0"))

    def send(self, name: str, text: str, *, enter: bool = True, actor: str) -> Report:
        self._called("send", name, text, enter)
        return Report(action="send", pod=name, done=(f"sent {len(text)} characters",))

    def plan_spawn(self, request: SpawnRequest) -> Plan:
        return self.plan or Plan(
            action="spawn",
            pod=request.name,
            steps=(f"reserve {request.name}", f"start {' '.join(request.argv)}"),
            undo=f"podtui stop {request.name}",
        )

    def spawn(self, request: SpawnRequest) -> Report:
        self._called("spawn", request)
        return Report(action="spawn", pod=request.name, done=(f"spawned {request.name}, run 1",))

    def write_output(self, name: str, data: bytes, *, run: int = 1) -> Path:
        """Let a pod have printed this."""
        output = self.paths.pod(name).run(run).output
        output.parent.mkdir(parents=True, exist_ok=True)
        self.paths.pod(name).cursors.mkdir(exist_ok=True)
        with output.open("ab") as file:
            file.write(data)
        return output
