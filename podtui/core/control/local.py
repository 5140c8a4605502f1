"""The plane of a store on this machine: what every door calls.

A method imports what only its verb needs: a command that lists pods must not load the code that
starts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from podtui.core.access.access import Access
from podtui.core.model.requests import OPERATOR, Request
from podtui.core.model.snapshot import Inspection, PodView, Problem, Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.paths import default_store
from podtui.core.store.store import Store
from podtui.core.system.system import System

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection

    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.diagnostics.view import DiagnosticsView
    from podtui.core.hosts.interface.base import Stream
    from podtui.core.model.diagnostics import Diagnostic
    from podtui.core.model.events import Event
    from podtui.core.model.loans import Loan, LoanBook
    from podtui.core.model.plans import Plan, Report
    from podtui.core.model.trash import TrashView
    from podtui.core.observe.inspector import Inspector
    from podtui.core.observe.live.live_view import LiveView
    from podtui.core.output.files import FileOutput
    from podtui.core.output.reading import OutputReading
    from podtui.core.system.figures import HostFigures

View = Literal["text", "raw"]
NO_RECOVERY = "PODTUI_NO_RECOVERY"
"""The variable that opens a store without finishing anything, for scripts that only look."""


class LocalPlane:
    """The plane of one store; `podtui.core.control.plane.Plane` describes its methods.

    Every method may block on the disk or a socket, for a bounded time. A pod is given by its name
    or its id. Errors are leaves of `PodtuiError`.

    Long because it is all that the doors may call: one short method for each question.
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

    def recover_interrupted(self) -> tuple[str, ...]:
        """Finish or roll back actions that a crash broke off; returns a sentence for each."""
        try:
            if self.read_only or not self.store.system.fs.names_in(self.store.paths.intents):
                return ()
        except OSError:
            # The next read of the store raises what is wrong with it.
            return ()
        from podtui.core.actions.recovery import recover_interrupted

        return recover_interrupted(self.store)

    def see_all(self) -> None:
        """Show what the operator sees, in whatever pod this process was started."""
        self.access.see_all()

    # pods as they are

    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Return all pods as they are now; with ``sample``, live ones with CPU and memory."""
        return self.inspector.snapshot(sample=sample)

    def inspect(self, name: str) -> Inspection:
        """Return everything known of one pod."""
        return self.inspector.inspect(name)

    def look_at(self, name: str) -> PodView:
        """Return the row of one pod as it is now."""
        return self.inspector.look_at(self.access.name_of(name))

    def name_of(self, name_or_id: str) -> str:
        """Return the name of the pod that has this name or id; errors as `Access.name_of`."""
        return self.access.name_of(name_or_id)

    def watch(self, on_snapshot: Callable[[Snapshot], None]) -> LiveView:
        """Call ``on_snapshot`` with each new snapshot, from another thread, until it is closed."""
        from podtui.core.actions.spawn.finish import repair_child_links
        from podtui.core.observe.live.live_view import LiveView

        return LiveView(self.store, on_snapshot, repair=lambda: repair_child_links(self.store))

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
            self.output(own_name),
            reader=reader,
            view=view,
            from_start=from_start,
            # In a store that may only be read no cursor is moved.
            peek=peek or self.read_only,
            is_over=lambda: self.look_at(own_name).verdict is Verdict.DEAD,
        )

    def output(self, name: str) -> FileOutput:
        """Return the output of a pod, alive, dead or lost; to be closed by the caller.

        Raises:
            NotFound: there is no such pod.
        """
        from podtui.core.output.files import FileOutput

        return FileOutput(self.store.system, self.access.pod_paths(name))

    def attach(self, name: str, *, read_only: bool, columns: int, rows: int) -> Stream:
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
        """Wait until a pod has one of the statuses; errors as `wait_for_status`."""
        from podtui.core.observe.live.waiting import wait_for_status

        own_name = self.access.name_of(name)
        return wait_for_status(
            self.inspector, own_name, until=until, timeout_s=timeout_s, stop=stop
        )

    def events(self) -> list[Event]:
        """Return every event, oldest first; ends that nothing had noticed are noticed now.

        Raises:
            Unreadable: the journal cannot be read.
        """
        self.snapshot()
        visible = self.access.sight.visible(self.store.journal.entries())
        return sorted(visible, key=lambda event: event.at)

    def follow_events(self, stop: threading.Event) -> Iterator[Event]:
        """Yield every event as it is written, past ones first, until ``stop`` is set."""
        from podtui.core.observe.live.waiting import follow_log

        return follow_log(self.access, self.store.journal, stop, self.watch)

    def host(self) -> HostFigures | None:
        """Return memory and load of this machine, None when they could not be determined."""
        return self.store.system.figures.host()

    def doctor(self) -> tuple[Problem, ...]:
        """Return everything that is wrong in the store."""
        from podtui.core.doctor.doctor import examine
        from podtui.core.observe.observer import Observer

        # Every caller gets all of it: what is wrong with a store concerns each of its pods.
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
        """Return every scope loan of the pods in place, and which ledgers are unreadable."""
        from podtui.core.actions.loans.conflicts import loan_book

        return self.access.sight.limit_loans(loan_book(self.store))

    def loans_of(self, name: str) -> tuple[Loan, ...]:
        """Return what was ever lent to one pod, as it is now."""
        from podtui.core.actions.loans.changes import own_loans

        return own_loans(self.store, self.access.name_of(name), "").loans

    # diagnostics

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return every diagnostic, oldest first; ends that nothing had noticed are written now.

        Raises:
            Unreadable: the diagnostics cannot be read.
        """
        self.snapshot()
        return self.access.sight.visible(self.store.diagnostics.entries())

    def diagnostics_picture(self, reader: str = "operator") -> DiagnosticsPicture:
        """Return the diagnostics as they are shown, after noticing ends as `diagnostics` does."""
        from podtui.core.diagnostics.view import look_at_diagnostics

        self.snapshot()
        return look_at_diagnostics(self.access, reader)

    def watch_diagnostics(
        self, on_picture: Callable[[DiagnosticsPicture], None], reader: str = "operator"
    ) -> DiagnosticsView:
        """Call ``on_picture`` from another thread, now and after each new or read diagnostic.

        It does not scan pods itself: a screen does that by `watch`.
        """
        from podtui.core.diagnostics.view import DiagnosticsView

        return DiagnosticsView(self.access, on_picture, reader=reader)

    def mark_diagnostics_read(self, ids: Collection[str], reader: str = "operator") -> None:
        """Mark diagnostics as read by a reader.

        Raises:
            Refused: the store is read-only.
            DiskTrouble, Busy: nothing is marked, and they are shown as unread again.
        """
        from podtui.core.diagnostics.read_state import mark_read

        mark_read(self.store, reader, ids)

    def follow_diagnostics(self, stop: threading.Event) -> Iterator[Diagnostic]:
        """Yield every diagnostic as it is written, past ones first, until ``stop`` is set."""
        from podtui.core.observe.live.waiting import follow_log

        return follow_log(self.access, self.store.diagnostics, stop, self.watch)


def caller_of(environment: Mapping[str, str]) -> str:
    """Return who acts: the pod the caller runs in, else the operator."""
    return environment.get("PODTUI_POD") or "operator"
