"""The one public object of the core: what every door calls.

What only some verbs need is imported inside their methods: a command that lists pods must not pay
for the code that starts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from podtui.core.access.access import Access
from podtui.core.errors import (
    BadInput,
    NotFound,
    Refused,
    TimedOut,
)
from podtui.core.model.requests import OPERATOR, Request
from podtui.core.model.snapshot import Inspection, PodView, Problem, Snapshot
from podtui.core.model.verdicts import ENDED_STATUSES, Status, Verdict
from podtui.core.paths import PodPaths, default_store
from podtui.core.store.store import Store
from podtui.core.system.system import System
from podtui.core.system.watch import ticks_on_change
from podtui.core.text.durations import duration

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection

    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.diagnostics.view import DiagnosticsView
    from podtui.core.hosts.pty.client import SupervisorClient
    from podtui.core.model.diagnostics import Diagnostic
    from podtui.core.model.events import Event
    from podtui.core.model.loans import Loan, LoanBook
    from podtui.core.model.plans import Plan, Report
    from podtui.core.model.trash import TrashView
    from podtui.core.observe.inspector import Inspector
    from podtui.core.observe.live.live_view import LiveView
    from podtui.core.output.reading import OutputReading
    from podtui.core.screen.live import LiveScreen
    from podtui.core.store.logs import LogPosition

View = Literal["text", "raw"]
NO_RECOVERY = "PODTUI_NO_RECOVERY"
"""The variable that opens a store without finishing anything, for scripts that only look."""


class LocalPlane:
    """Everything podtui can do with one store.

    Every method may block on the disk or a socket, for a bounded time. Wherever a pod is named,
    its name or its id will do. Errors are leaves of `PodtuiError`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.access = Access(store)
        self.recovered: tuple[str, ...] = ()
        """What was interrupted and finished, or rolled back, when this was opened."""

    @cached_property
    def inspector(self) -> Inspector:
        from podtui.core.observe.inspector import Inspector

        return Inspector(self.access)

    @classmethod
    def open(cls, system: System, *, root: Path | None = None, create: bool = False) -> LocalPlane:
        """Open the store at ``root``, or the one the environment names.

        What was interrupted is finished or rolled back first, unless `NO_RECOVERY` is set.

        Raises:
            NoStore: there is none that can be used; with ``create`` one is made where there was
                nothing.
        """
        system.fs.set_private_umask()
        place = root or default_store(system.environment)
        plane = cls(Store.open(system, place, create=create))
        if not system.environment.get(NO_RECOVERY):
            plane.recovered = plane.recover_interrupted()
        return plane

    @property
    def store_path(self) -> Path:
        return self.store.paths.root

    @property
    def read_only(self) -> bool:
        return bool(self.store.read_only)

    def pod_paths(self, name: str) -> PodPaths:
        """Return where a pod's files are."""
        return self.access.pod_paths(name)

    def recover_interrupted(self) -> tuple[str, ...]:
        """Finish or roll back actions that a crash broke off; returns a sentence for each."""
        try:
            if self.read_only or not self.store.system.fs.names_in(self.store.paths.intents):
                return ()
        except OSError:
            # A store that cannot be looked at says so to whoever looks next.
            return ()
        from podtui.core.actions.recovery import recover_interrupted

        return recover_interrupted(self.store)

    def see_all(self) -> None:
        """Look as the operator does, whoever started this process: for the operator's screen."""
        self.access.see_all()

    # looking

    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Look at everything once; with ``sample``, living pods get CPU and memory."""
        return self.inspector.snapshot(sample=sample)

    def inspect(self, name: str) -> Inspection:
        """Look at one pod closely; by name or id."""
        return self.inspector.inspect(name)

    def look_at(self, name: str) -> PodView:
        """Look at one pod, by its own name."""
        return self.inspector.look_at(name)

    def watch(self, on_snapshot: Callable[[Snapshot], None]) -> LiveView:
        """Keep looking; ``on_snapshot`` is called from another thread until the view is closed."""
        from podtui.core.actions.spawn.finish import repair_child_links
        from podtui.core.observe.live.live_view import LiveView

        return LiveView(self.store, on_snapshot, mend=lambda: repair_child_links(self.store))

    def absent_parent(self, name: str) -> str:
        """Return why a pod's parent is not in its place, "" when it is, or when it has none."""
        from podtui.core.access.names import absent_parent

        return absent_parent(self.store, name)

    # reading

    def reading(
        self,
        name: str,
        *,
        reader: str,
        view: View = "text",
        from_start: bool = False,
        peek: bool = False,
    ) -> OutputReading:
        """Return what a reader has not seen; its cursor moves by `OutputReading.commit` only."""
        from podtui.core.output.reading import OutputReading

        own_name = self.access.name_of(name)
        return OutputReading(
            self.store.system,
            self.store.paths.pod(own_name),
            reader=reader,
            view=view,
            from_start=from_start,
            # A store that is only shown has no cursor moved in it.
            peek=peek or self.read_only,
            is_over=lambda: self.look_at(own_name).verdict is Verdict.DEAD,
        )

    def screen(self, name: str, *, run: int | None = None) -> LiveScreen:
        """Return the terminal of a run as it looks now, to be drawn by `LiveScreen.update`.

        Without ``run`` it is the latest one; pods that are dead or lost show what they left.

        Raises:
            NotFound: there is no such pod, or it has no run yet.
            DiskTrouble: the disk does not tell.
        """
        from podtui.core.output.files import run_numbers
        from podtui.core.screen.live import LiveScreen

        own_name = self.access.name_of(name)
        pod_paths = self.store.paths.pod(own_name)
        number = run or max(run_numbers(self.store.system.fs, pod_paths), default=0)
        if not number:
            raise NotFound(
                f"{own_name!r} has no run yet, so it has no terminal",
                pod=own_name,
                next_step=f"podtui inspect {own_name}",
            )
        return LiveScreen(
            self.store.system.fs, pod_paths.run(number), clock=self.store.system.clock
        )

    def attach(self, name: str, *, read_only: bool, columns: int, rows: int) -> SupervisorClient:
        """Connect a terminal to a live run; output comes from now on.

        Raises:
            Refused: the pod is not alive or its supervisor does not answer.
        """
        from podtui.core.actions.framework.preconditions import connect, liveness_refusal
        from podtui.core.model.plans import Plan

        view = self.look_at(self.access.name_of(name))
        refusal = liveness_refusal(view, "attached to")
        if refusal and not (view.record_error and view.id):
            Plan.refused("attach", view.name, refusal).raise_if_refused()
        return connect(
            self.store,
            view,
            role="observe" if read_only else "attach",
            columns=columns,
            rows=rows,
        )

    # waiting and events

    def wait(
        self,
        name: str,
        *,
        until: frozenset[Status],
        timeout_s: float | None = None,
        stop: threading.Event | None = None,
    ) -> PodView:
        """Wait until a pod has one of the statuses.

        Raises:
            TimedOut: it did not come to that in time; its status is in the message.
            Refused: it has ended otherwise and cannot come to that any more.
        """
        import threading

        own_name = self.access.name_of(name)
        settled = threading.Event()
        latest = [self.look_at(own_name)]

        def see(picture: Snapshot) -> None:
            view = picture.find(own_name)
            # What was waited for is kept: a moment later it may be over.
            if view is not None and not settled.is_set():
                latest[:] = [view]
                if _is_decided(view, until):
                    settled.set()

        if not _is_decided(latest[0], until):
            from podtui.core.observe.live.live_view import LiveView

            live = LiveView(self.store, see, only=[own_name])
            try:
                _wait_for(settled, timeout_s, stop)
            finally:
                live.close()
        return _waited(own_name, latest[0], until, timeout_s)

    def events(self) -> list[Event]:
        """Return every event, oldest first; ends nobody had noticed yet are noticed now.

        Raises:
            Unreadable: the journal cannot be had.
        """
        self.snapshot()
        told = self.access.sight.told(self.store.journal.entries())
        return sorted(told, key=lambda event: event.at)

    def follow_events(self, stop: threading.Event) -> Iterator[Event]:
        """Yield every event as it is written, those of the past first, until ``stop`` is set."""
        # Somebody must look, or deaths nobody notices would never come to be events.
        live = self.watch(lambda _: None)
        position: LogPosition | None = None
        try:
            for _ in ticks_on_change(self.store.paths.journal, stop):
                read = self.store.journal.read(position)
                position = read.position
                for event in self.access.sight.told(read.entries):
                    if stop.is_set():
                        return
                    yield event
        finally:
            live.close()

    def doctor(self) -> tuple[Problem, ...]:
        """Return everything that is wrong in the store."""
        from podtui.core.doctor.doctor import examine
        from podtui.core.observe.observer import Observer

        # The store is everybody's affair: what is wrong with it is told whole.
        return examine(self.store, Observer(self.store).look())

    # acting

    def plan(self, request: Request) -> Plan:
        """Return what carrying out a request will do; touches nothing."""
        from podtui.core.control.actions import plan

        return plan(self.inspector, request)

    def carry_out(self, request: Request, *, actor: str = OPERATOR) -> Report:
        """Do what a request asks; the evidence is checked again under each pod's lock.

        Raises:
            PodtuiError: it was not done; what was kept is named.
        """
        from podtui.core.control.actions import carry_out

        return carry_out(self.inspector, request, actor=actor)

    def lost_pods(self) -> tuple[str, ...]:
        """Return the names of pods that are lost or never started, parents before children."""
        return tuple(pod.name for pod in self.snapshot().pods if pod.status is Status.LOST)

    def ended_pods(self, *, older_than_s: float = 0.0) -> tuple[str, ...]:
        """Return the names of pods whose end is proven and at least so old, children first."""
        from podtui.core.actions.trash.prune import ended_pods

        return ended_pods(self.inspector, older_than_s)

    # trash and scope loans

    def trash(self) -> tuple[TrashView, ...]:
        """Return what is in the trash, newest first."""
        from podtui.core.actions.trash.recover import trash_views

        return trash_views(self.access)

    def loans(self) -> LoanBook:
        """Return every scope loan of the pods in place, and what cannot be told."""
        from podtui.core.actions.loans.conflicts import loan_book

        return self.access.sight.limit_loans(loan_book(self.store))

    def loans_of(self, name: str) -> tuple[Loan, ...]:
        """Return what was ever lent to one pod, as it is now."""
        from podtui.core.actions.loans.changes import own_loans

        return own_loans(self.store, self.access.name_of(name), "").loans

    # diagnostics

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return every diagnostic, oldest first; ends nobody had noticed yet are told now.

        Raises:
            Unreadable: the diagnostics cannot be had.
        """
        self.snapshot()
        return self.access.sight.told(self.store.diagnostics.entries())

    def diagnostics_picture(self, reader: str = "operator") -> DiagnosticsPicture:
        """Return the diagnostics as they are shown; ends nobody had noticed yet are told now."""
        from podtui.core.diagnostics.view import look_at_diagnostics

        self.snapshot()
        return look_at_diagnostics(self.access, reader)

    def watch_diagnostics(
        self, on_picture: Callable[[DiagnosticsPicture], None], reader: str = "operator"
    ) -> DiagnosticsView:
        """Call ``on_picture`` from another thread, now and with all that is told or seen.

        It does not look at pods itself: whoever has a screen does that by `watch`.
        """
        from podtui.core.diagnostics.view import DiagnosticsView

        return DiagnosticsView(self.access, on_picture, reader=reader)

    def mark_diagnostics_read(self, ids: Collection[str], reader: str = "operator") -> None:
        """Note that a reader has seen these; errors as `mark_diagnostics_read_up_to`."""
        from podtui.core.diagnostics.read_state import mark_read

        mark_read(self.store, reader, ids)

    def follow_diagnostics(self, stop: threading.Event) -> Iterator[Diagnostic]:
        """Yield every diagnostic as it is written, those of the past first, until ``stop``."""
        from podtui.core.diagnostics.read_state import follow_diagnostics

        return follow_diagnostics(self.access, stop, self.watch)


def caller_of(environment: Mapping[str, str]) -> str:
    """Return who acts: the pod the caller runs in, else the operator."""
    return environment.get("PODTUI_POD") or "operator"


def _is_decided(view: PodView, until: frozenset[Status]) -> bool:
    """Whether a pod is what was waited for, or has ended for good as something else."""
    return view.status in until or view.verdict is Verdict.DEAD


def _wait_for(
    settled: threading.Event, timeout_s: float | None, stop: threading.Event | None
) -> None:
    if stop is None:
        settled.wait(timeout_s)
        return
    # Two events cannot be waited for at once; whoever sets ``stop`` is answered in this time.
    step, left = 0.1, timeout_s
    while not stop.is_set() and not settled.wait(step if left is None else min(step, left)):
        if left is not None:
            left -= step
            if left <= 0:
                return


def _waited(name: str, view: PodView, until: frozenset[Status], timeout_s: float | None) -> PodView:
    wanted = " or ".join(sorted(status.value for status in until))
    if view.status in until:
        return view
    now = f"it is {view.status.value}: {view.message}"
    if view.status in ENDED_STATUSES:
        raise Refused(
            f"{name!r} will not become {wanted}: {now}",
            pod=name,
            next_step=f"podtui read {name}",
        )
    if timeout_s is None:
        raise BadInput(f"waiting for {name!r} was given up: {now}", pod=name)
    raise TimedOut(
        f"{name!r} did not become {wanted} within {duration(timeout_s)}: {now}",
        pod=name,
        next_step=f"podtui inspect {name}",
        kept="the pod goes on",
    )
