"""The demo: a store of its own with a tree of real pods, one of them lost with its supervisor.

Everything is done through the same `LocalPlane` the doors use. The pods go on running when the
screen is closed; `stop_demo` ends them and what is left of them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podtui.core.control.local import LocalPlane
from podtui.core.errors import Exists, NotFound, PodtuiError, TimedOut, UnknownState
from podtui.core.model.appearance import APPEARANCE, status_word
from podtui.core.model.plans import Plan, Step, StepKind
from podtui.core.model.records import IdentityRecord, RunRecord
from podtui.core.model.requests import Reap, Spawn, Stop
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.model.verdicts import ENDED_STATUSES, Status
from podtui.core.paths import STORE_FILE
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.system import System, real_system
from podtui.core.text.safe import safe_line
from podtui.kernel import signals
from podtui.kernel.processes import Identity, ProcessGone

ACTOR = "demo"
STORE_PREFIX = "podtui-demo-"
AGENT = Path(__file__).with_name("agent.py")
AGENT_PLACE = "/podtui/demo/agent.py"
"""End of the agent's path in every installation: another podtui may end the demo."""
READY_TIMEOUT_S = 20.0
LOST_TIMEOUT_S = 10.0
STOP_GRACE_S = 2.0
STOP_LOOKS = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One pod of the demo: its name, the role the demo agent plays, and its parent in the tree."""

    name: str
    role: str
    task: str
    parent: str | None = None


VICTIM = Part("scout", "victim", "find users of the old format elsewhere", parent="planner")
PARTS = (
    Part("planner", "planner", "move the importer to the new record format"),
    VICTIM,
    Part("release", "asker", "release version 2.4.0"),
    Part("build", "crasher", "build the package for release 2.4.0", parent="release"),
    Part("search", "forker", "keep the documentation searchable"),
)
SPAWNED_BY_PLANNER = ("coder", "reviewer", "tests")
"""The planner starts these through podtui's command line, as any parent agent would."""


def run_demo(
    *,
    root: Path | None,
    open_screen: Callable[[LocalPlane], int] | None,
    say: Say,
    system: System | None = None,
    pace: float = 1.0,
) -> int:
    """Start the demo, show it, and say how to come back to it and how to end it.

    Args:
        root: directory of the demo's store; None makes a fresh one.
        open_screen: opens a screen on the store and returns its exit code when it is left; None
            prints the tree instead.
        say: takes one line for the operator.
        system: the outside; None is this process's own.
        pace: factor of the pauses the demo agents make.

    Raises:
        PodtuiError: as `start_demo`.
    """
    plane = start_demo(root, say, system, pace)
    if open_screen is None:
        wait_for_planner(plane)
        code = 0
        shown = [*tree_lines(plane.snapshot()), "The pods go on running."]
    else:
        # The screen itself says at its end that the pods go on running.
        code = open_screen(plane)
        shown = []
    for line in (*shown, *ways_back(plane.store_path)):
        say(line)
    return code


def plan_demo(root: Path | None) -> Plan:
    """Return what the demo will do; touches nothing."""
    names = ", ".join(part.name for part in PARTS)
    return Plan(
        action="start",
        pod="demo",
        steps=(
            _step(
                StepKind.RESERVE,
                f"make a store of its own in {root or 'a fresh temporary directory'}",
            ),
            _step(StepKind.START, f"spawn {names}"),
            _step(
                StepKind.START,
                f"let planner spawn {', '.join(SPAWNED_BY_PLANNER)} through podtui itself",
            ),
            _step(
                StepKind.END,
                f"kill {VICTIM.name} together with its supervisor, so that a lost pod is there",
            ),
            _step(StepKind.KEEP, "open the screen; the pods go on running when it is closed"),
        ),
        undo="podtui demo --stop",
    )


def _step(kind: StepKind, text: str) -> Step:
    return Step(kind, "demo", text)


def plan_stop_demo(root: Path, system: System | None = None) -> Plan:
    """Return what ending a demo will do; raises as `stop_demo`."""
    plane = LocalPlane.open(system or real_system(), root=root, create=False)
    living = [view.name for view in _parts(plane) if view.status not in ENDED_STATUSES]
    return Plan(
        action="stop",
        pod="demo",
        steps=(
            _step(
                StepKind.STOP,
                f"stop {', '.join(living) or 'nothing: no pod of the demo is running'}",
            ),
            _step(
                StepKind.END,
                "end what the demo's pods have left running, where it is proven to be theirs",
            ),
            _step(StepKind.KEEP, f"keep the store {plane.store_path}"),
        ),
        undo="podtui demo",
    )


def start_demo(
    root: Path | None, say: Say, system: System | None = None, pace: float = 1.0
) -> LocalPlane:
    """Make the demo's store, spawn its pods and let one be lost.

    Raises:
        Exists: there is a store with pods at ``root``; it was not touched.
        TimedOut: a pod did not get as far as the demo needs within its time.
        PodtuiError: the store could not be made or a pod not be spawned.
    """
    system = system or real_system()
    plane = LocalPlane.open(system, root=_own_store(root), create=True)
    if plane.snapshot().pods:
        raise Exists(
            f"there are pods in {plane.store_path} already, and the demo wants a store of its own",
            next_step="podtui demo, without a path, makes a fresh one",
            kept="nothing was changed",
        )
    say(f"demo store: {plane.store_path}")
    for part in PARTS:
        plane.carry_out(_request(part, pace), actor=ACTOR)
    _lose(plane, VICTIM.name, system)
    return plane


def stop_demo(root: Path, say: Say, system: System | None = None) -> int:
    """Stop every pod of a demo store that plays a part of the demo, and end what is left of them.

    Pods that run anything else are named and left alone: a path given by mistake costs nothing.

    Returns 0 when nothing of the demo is left running, 1 otherwise.

    Raises:
        PodtuiError: there is no usable store at ``root``.
    """
    system = system or real_system()
    plane = LocalPlane.open(system, root=root, create=False)
    reasons: dict[str, str] = {}
    # More than one look: the planner may have spawned a child since, and a pod that ended by itself
    # while it was asked to is no failure.
    for _ in range(STOP_LOOKS):
        for view in _parts(plane):
            if view.status not in ENDED_STATUSES:
                reasons[view.name] = _stop_part(plane, view.name, say)
    parts = _parts(plane)
    # A supervisor that wrote down the end has ended all else first: only the lost leave anything.
    lost = [view.name for view in parts if view.status is Status.LOST]
    unreaped = {name: why for name in lost if (why := _reap_part(plane, name, say))}
    reasons |= unreaped
    left = [view.name for view in parts if view.status not in ENDED_STATUSES] + list(unreaped)
    for name in left:
        say(f"{name} was not stopped: {safe_line(reasons.get(name, 'it was only just spawned'))}")
    for name in sorted(_living(plane) - {view.name for view in parts}):
        say(f"{safe_line(name)} is no part of the demo and was left alone")
    if not left:
        say(f"the demo is over; its store is kept in {plane.store_path}")
    return 1 if left else 0


def _parts(plane: LocalPlane) -> list[PodView]:
    """Return the pods that run the demo agent, children before their parents."""
    return [
        view
        for view in reversed(plane.snapshot().pods)
        if any(word.endswith(AGENT_PLACE) for word in plane.inspect(view.name).argv)
    ]


def _living(plane: LocalPlane) -> set[str]:
    return {view.name for view in plane.snapshot().pods if view.status not in ENDED_STATUSES}


def _stop_part(plane: LocalPlane, name: str, say: Say) -> str:
    """Stop one pod; return why it could not be stopped, "" when it was."""
    try:
        plane.carry_out(Stop((name,), STOP_GRACE_S), actor=ACTOR)
    except PodtuiError as error:
        return error.sentence()
    say(f"{name} stopped")
    return ""


def _reap_part(plane: LocalPlane, name: str, say: Say) -> str:
    """End what a lost pod left running; return why that was not done, "" when it was."""
    try:
        report = plane.carry_out(Reap((name,), STOP_GRACE_S), actor=ACTOR)
    except PodtuiError as error:
        return error.sentence()
    for line in (*report.done, *report.skipped):
        say(safe_line(line))
    return "; ".join(report.failed)


def newest_demo_store() -> Path:
    """Return the store of the demo that was started last.

    Raises:
        NotFound: there is none of this user.
    """
    found = [
        (facts.st_mtime_ns, path)
        for path in Path(tempfile.gettempdir()).glob(f"{STORE_PREFIX}*")
        if (facts := os.lstat(path)).st_uid == os.geteuid() and stat.S_ISDIR(facts.st_mode)
        if (path / STORE_FILE).is_file()
    ]
    if not found:
        raise NotFound(
            f"there is no demo store in {tempfile.gettempdir()}", next_step="podtui demo starts one"
        )
    return max(found)[1]


def wait_for_planner(plane: LocalPlane) -> None:
    """Wait until the planner has spawned its children.

    Raises:
        TimedOut: they did not come within 20 seconds.
    """
    missing = set(SPAWNED_BY_PLANNER)
    with _deadline(READY_TIMEOUT_S) as over:
        for event in plane.follow_events(over):
            missing -= {event.pod} if event.kind == "spawned" else set()
            if not missing:
                return
    missing -= {pod.name for pod in plane.snapshot().pods}
    if missing:
        names = ", ".join(sorted(missing))
        raise TimedOut(
            f"the planner did not spawn {names} within {READY_TIMEOUT_S:.0f} s",
            pod="planner",
            next_step=f"PODTUI_HOME={plane.store_path} podtui read planner",
            kept="the pods of the demo go on running",
        )


def tree_lines(snapshot: Snapshot) -> list[str]:
    """Return the tree as lines: shape, name, status and what it says."""
    names = [f"{'  ' * pod.depth}{safe_line(pod.name)}" for pod in snapshot.pods]
    width = max(map(len, names), default=0)
    return [
        f"  {APPEARANCE[pod.status].glyph} {name:<{width}}  {status_word(pod):<14} "
        f"{safe_line(pod.message)}"
        for name, pod in zip(names, snapshot.pods, strict=True)
    ]


def ways_back(store: Path) -> tuple[str, ...]:
    """Return how to come back to the demo and how to end it."""
    podtui = program_words()
    return (
        f"  look again:  PODTUI_HOME={shlex.quote(str(store))} {podtui}",
        f"  end them:    {podtui} demo --stop {shlex.quote(str(store))}",
    )


def program_words() -> str:
    """Return how this very podtui is called from where the operator is."""
    script = Path(sys.executable).with_name("podtui")
    if shutil.which("podtui") == str(script):
        return "podtui"
    if not script.is_file():
        return f"{shlex.quote(sys.executable)} -m podtui"
    here = Path.cwd()
    near = script.relative_to(here) if script.is_relative_to(here) else script
    return shlex.quote(str(near))


def _own_store(root: Path | None) -> Path:
    return root.absolute() if root else Path(tempfile.mkdtemp(prefix=STORE_PREFIX))


def _request(part: Part, pace: float) -> Spawn:
    return Spawn(
        name=part.name,
        argv=(sys.executable, "-P", str(AGENT), "--pace", str(pace), part.role),
        parent=part.parent,
        role=part.role,
        task=part.task,
    )


def _lose(plane: LocalPlane, name: str, system: System) -> None:
    """Kill a pod together with its supervisor, as the kernel does when memory runs out."""
    _wait_for_output(plane, name)
    run = plane.access.pod_paths(name).run(1)
    record = read_record(system.fs, run.record, RunRecord)
    if isinstance(record, RecordProblem):
        raise record.as_error(name)
    with _verified(record.supervisor, name) as supervisor, _verified(record.child, name) as child:
        signals.send(supervisor, signal.SIGKILL)
        signals.send(child, signal.SIGKILL)
    plane.wait(name, until=frozenset({Status.LOST}), timeout_s=LOST_TIMEOUT_S)


def _wait_for_output(plane: LocalPlane, name: str) -> None:
    """Wait until the pod has said something, so that a lost pod has last words to show."""
    with _deadline(READY_TIMEOUT_S) as over:
        reading = plane.reading(name, reader=ACTOR, peek=True)
        for _ in reading.follow(over):
            return
    raise TimedOut(
        f"{name} wrote nothing within {READY_TIMEOUT_S:.0f} s",
        pod=name,
        next_step=f"PODTUI_HOME={plane.store_path} podtui inspect {name}",
        kept="the pods of the demo go on running",
    )


@contextmanager
def _deadline(seconds: float) -> Iterator[threading.Event]:
    """Give an event that is set when the time is over."""
    over = threading.Event()
    timer = threading.Timer(seconds, over.set)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        over.set()
        timer.cancel()


@contextmanager
def _verified(recorded: IdentityRecord | None, pod: str) -> Iterator[int]:
    """Give a pidfd of the recorded process, once every recorded fact agrees."""
    if recorded is None:
        raise UnknownState(f"the record of {pod} names no process yet", pod=pod)
    identity = Identity(
        pid=recorded.pid,
        start_ticks=recorded.start_ticks,
        inode=recorded.pidfd_inode,
        boot=recorded.boot_id,
        uid=recorded.uid,
    )
    try:
        handle = signals.open_target(identity.pid)
    except (ProcessGone, OSError) as error:
        raise UnknownState(f"process {identity.pid} of {pod} cannot be reached: {error}",
                           pod=pod, kept="no signal was sent") from error  # fmt: skip
    try:
        if not signals.is_same_process(identity, handle):
            raise UnknownState(
                f"process {identity.pid} is not the one {pod} was started as",
                pod=pod,
                kept="no signal was sent",
            )
        yield handle
    finally:
        os.close(handle)
