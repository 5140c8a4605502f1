"""What a control plane can do to pods: every action as its plan and its carrying out.

What only some verbs need is imported inside the methods: a command that stops a pod must not pay
for the code that starts one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from podtui.core.access.access import Access
from podtui.core.errors import UnknownState, leaf_of
from podtui.core.model.requests import SpawnRequest
from podtui.core.model.snapshot import Inspection, PodView, Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.store.store import Store

if TYPE_CHECKING:
    import threading

    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.diagnostics.view import DiagnosticsView
    from podtui.core.model.diagnostics import Diagnostic
    from podtui.core.model.loans import Loan, LoanBook
    from podtui.core.model.plans import Plan, Report
    from podtui.core.model.trash import TrashView
    from podtui.core.observe.inspector import Inspector
    from podtui.core.observe.live.live_view import LiveView


class Acting(ABC):
    """The acting half of `podtui.core.control.local.LocalPlane`; the other half looks."""

    store: Store
    access: Access

    @property
    @abstractmethod
    def inspector(self) -> Inspector:
        """Looks at pods."""

    @abstractmethod
    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Look at everything once."""

    @abstractmethod
    def watch(self, on_snapshot: Callable[[Snapshot], None]) -> LiveView:
        """Keep looking until the view is closed."""

    @abstractmethod
    def inspect(self, name: str) -> Inspection:
        """Look at one pod closely."""

    @abstractmethod
    def look_at(self, name: str) -> PodView:
        """Look at one pod, by its own name."""

    def plan_spawn(self, request: SpawnRequest) -> Plan:
        """Return what a spawn will do."""
        from podtui.core.actions.spawn.spawn import plan_spawn

        return plan_spawn(self.access, request)

    def spawn(self, request: SpawnRequest) -> Report:
        """Start a new pod; returns once its command runs.

        Raises:
            PodtuiError: it did not start; what was kept is named.
        """
        from podtui.core.actions.spawn.spawn import carry_out_spawn
        from podtui.core.model.plans import Report

        self.store.refuse_if_read_only()
        launch = carry_out_spawn(self.access, request)
        if launch.confirmed and not launch.started:
            raise leaf_of(launch.kind)(
                f"{request.name!r} could not start: {launch.error}",
                pod=request.name,
                next_step=f"podtui inspect {request.name}",
                kept="the pod is kept with the reason in its exit record",
            )
        view = self.look_at(request.name)
        if not launch.started and view.verdict is not Verdict.ALIVE:
            raise UnknownState(
                f"whether {request.name!r} started cannot be told: {launch.error}; {view.message}",
                pod=request.name,
                next_step=f"podtui inspect {request.name}",
                kept="its records and the words of its supervisor are kept",
            )
        if not launch.started and view.status is not Status.STARTING:
            # It runs after all: nothing of it is left to the reaper.
            from podtui.core.processes.handoff import clear_handoff

            clear_handoff(self.store, view.id, view.run)
        done = f"spawned {request.name}, run 1: {view.message}"
        return Report(
            action="spawn", pod=request.name, done=(done,), skipped=launch.remarks, view=view
        )

    def plan_send(self, name: str, text: str, *, enter: bool = True) -> Plan:
        """Return what a send will do."""
        from podtui.core.actions.running.send import plan_send

        return plan_send(self.look_at(self.access.name_of(name)), text, enter=enter)

    def send(self, name: str, text: str, *, enter: bool = True, actor: str = "operator") -> Report:
        """Type a line into a pod's terminal; returns once the terminal has all of it."""
        from podtui.core.actions.running.send import carry_out_send

        self.store.refuse_if_read_only()
        own_name = self.access.name_of(name)
        return carry_out_send(
            self.store, lambda: self.look_at(own_name), text, enter=enter, actor=actor
        )

    def plan_stop(self, name: str, *, grace_s: float | None = None) -> Plan:
        """Return what a stop will do."""
        from podtui.core.actions.framework.limits import STOP_GRACE_S
        from podtui.core.actions.running.stop import plan_stop

        return plan_stop(self.inspect(name), STOP_GRACE_S if grace_s is None else grace_s)

    def stop(self, name: str, *, grace_s: float | None = None, actor: str = "operator") -> Report:
        """End a pod's run; returns when its process tree is gone."""
        from podtui.core.actions.framework.limits import STOP_GRACE_S
        from podtui.core.actions.running.stop import carry_out_stop

        self.store.refuse_if_read_only()
        own_name = self.access.name_of(name)
        return carry_out_stop(
            self.store,
            lambda: self.inspect(own_name),
            name=own_name,
            grace_s=STOP_GRACE_S if grace_s is None else grace_s,
            actor=actor,
        )

    # bringing back and clearing away; of several pods each stands for itself

    def plan_restore(
        self, names: Sequence[str], *, without: Sequence[str] = (), in_bulk: bool = False
    ) -> Plan:
        """Return what restoring pods will do.

        ``without`` names paths that are not lent again; ``in_bulk`` leaves out pods that end at
        once each time, as it is for several names anyway.
        """
        from podtui.core.actions.restore.restore import plan_restore

        return plan_restore(self.inspector, names, without=without, in_bulk=in_bulk)

    def restore(
        self,
        names: Sequence[str],
        *,
        without: Sequence[str] = (),
        in_bulk: bool = False,
        actor: str = "operator",
    ) -> Report:
        """Start a new run of pods whose latest is proven over, one after the other.

        Raises:
            PodtuiError: of a single pod: why it was not restored.
        """
        from podtui.core.actions.restore.restore import carry_out_restore

        self.store.refuse_if_read_only()
        return carry_out_restore(
            self.inspector, names, without=without, actor=actor, in_bulk=in_bulk
        )

    def lost_pods(self) -> tuple[str, ...]:
        """Return the names of pods that are lost or never started, parents before children."""
        return tuple(pod.name for pod in self.snapshot().pods if pod.status is Status.LOST)

    def plan_reap(self, names: Sequence[str], *, grace_s: float | None = None) -> Plan:
        """Return which processes that pods' past runs left would be ended."""
        from podtui.core.actions.reap.reap import plan_reap

        return plan_reap(self.inspector, names, grace_s=grace_s)

    def reap(
        self, names: Sequence[str], *, grace_s: float | None = None, actor: str = "operator"
    ) -> Report:
        """End what pods' past runs left running, and prove it."""
        from podtui.core.actions.reap.reap import carry_out_reap

        self.store.refuse_if_read_only()
        return carry_out_reap(self.inspector, names, grace_s=grace_s, actor=actor)

    def plan_reap_orphans(self, *, grace_s: float | None = None) -> Plan:
        """Return what reaping every orphan of this store would do."""
        from podtui.core.actions.reap.reap import plan_reap_orphans

        return plan_reap_orphans(self.inspector, grace_s=grace_s)

    def reap_orphans(self, *, grace_s: float | None = None, actor: str = "operator") -> Report:
        """End every orphan: leftovers of ended runs, and starts that failed halfway."""
        from podtui.core.actions.reap.reap import carry_out_reap_orphans

        self.store.refuse_if_read_only()
        return carry_out_reap_orphans(self.inspector, grace_s=grace_s, actor=actor)

    def plan_prune(self, names: Sequence[str], *, unreadable: bool = False) -> Plan:
        """Return what moving pods into the trash will do."""
        from podtui.core.actions.trash.prune import plan_prune

        return plan_prune(self.inspector, names, unreadable=unreadable)

    def prune(
        self, names: Sequence[str], *, unreadable: bool = False, actor: str = "operator"
    ) -> Report:
        """Move pods that are proven dead into the trash, whole."""
        from podtui.core.actions.trash.prune import carry_out_prune

        self.store.refuse_if_read_only()
        return carry_out_prune(self.inspector, names, unreadable=unreadable, actor=actor)

    def ended_pods(self, *, older_than_s: float = 0.0) -> tuple[str, ...]:
        """Return the names of pods whose end is proven and at least so old, children first."""
        from podtui.core.actions.trash.prune import ended_pods

        return ended_pods(self.inspector, older_than_s)

    def trash(self) -> tuple[TrashView, ...]:
        """Return what is in the trash, newest first."""
        from podtui.core.actions.trash.recover import trash_views

        return trash_views(self.access)

    def plan_recover(self, target: str, *, as_name: str | None = None) -> Plan:
        """Return what bringing a pod back from the trash will do; ``target``: name or id."""
        from podtui.core.actions.trash.recover import plan_recover

        return plan_recover(self.inspector, target, as_name=as_name)

    def recover(
        self, target: str, *, as_name: str | None = None, actor: str = "operator"
    ) -> Report:
        """Bring a pod back from the trash with everything it had."""
        from podtui.core.actions.trash.recover import carry_out_recover

        self.store.refuse_if_read_only()
        return carry_out_recover(self.inspector, target, as_name=as_name, actor=actor)

    def plan_purge(self, *, older_than_s: float) -> Plan:
        """Return what would be deleted from the trash for good."""
        from podtui.core.actions.trash.purge import plan_purge

        return plan_purge(self.inspector, older_than_s=older_than_s)

    def purge(self, *, older_than_s: float, actor: str = "operator") -> Report:
        """Delete what has been in the trash for at least so long; nothing brings it back."""
        from podtui.core.actions.trash.purge import carry_out_purge

        self.store.refuse_if_read_only()
        return carry_out_purge(self.inspector, older_than_s=older_than_s, actor=actor)

    # scope loans

    def loans(self) -> LoanBook:
        """Return every scope loan of the pods in place, and what cannot be told."""
        from podtui.core.actions.loans.loans import loan_book

        return self.access.sight.limit_loans(loan_book(self.store))

    def loans_of(self, name: str) -> tuple[Loan, ...]:
        """Return what was ever lent to one pod, as it is now."""
        from podtui.core.actions.loans.loans import own_loans

        return own_loans(self.store, self.access.name_of(name), "").loans

    def plan_return(self, name: str, *, paths: Sequence[str] = ()) -> Plan:
        """Return what taking back the scopes of a dead pod will do; no paths = all."""
        from podtui.core.actions.loans.loans import plan_return

        return plan_return(self.inspector, name, paths=paths)

    def return_loans(
        self, name: str, *, paths: Sequence[str] = (), actor: str = "operator"
    ) -> Report:
        """Take back scopes of a pod that is proven dead."""
        from podtui.core.actions.loans.loans import carry_out_return

        self.store.refuse_if_read_only()
        return carry_out_return(self.inspector, name, paths=paths, actor=actor)

    def plan_relend(self, name: str, *, paths: Sequence[str] = ()) -> Plan:
        """Return what lending returned scopes again will do; no paths = all."""
        from podtui.core.actions.loans.loans import plan_relend

        return plan_relend(self.inspector, name, paths=paths)

    def relend(self, name: str, *, paths: Sequence[str] = (), actor: str = "operator") -> Report:
        """Lend scopes to a pod again that came back from it, if nobody else has them."""
        from podtui.core.actions.loans.loans import carry_out_relend

        self.store.refuse_if_read_only()
        return carry_out_relend(self.inspector, name, paths=paths, actor=actor)

    # diagnostics

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return every diagnostic, oldest first; ends nobody had noticed yet are told now.

        Raises:
            Unreadable: the diagnostics cannot be had.
        """
        self.snapshot()
        return self.access.sight.visible(self.store.diagnostics.entries())

    def unread_diagnostics(self, reader: str = "operator") -> tuple[Diagnostic, ...]:
        """Return the diagnostics a reader has not seen, oldest first."""
        return self.access.sight.visible(self.store.diagnostics.unread(reader))

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

    def mark_diagnostics_read_up_to(self, diagnostic_id: str, reader: str = "operator") -> None:
        """Note that a reader has seen the diagnostics up to one.

        Raises:
            NotFound: there is no such diagnostic.
            DiskTrouble, Busy: it is not noted, and they are told again.
        """
        from podtui.core.diagnostics.read_state import mark_read_up_to

        mark_read_up_to(self.store, reader, diagnostic_id)

    def mark_diagnostics_read(self, ids: Collection[str], reader: str = "operator") -> None:
        """Note that a reader has seen these; errors as `mark_diagnostics_read_up_to`."""
        from podtui.core.diagnostics.read_state import mark_read

        mark_read(self.store, reader, ids)

    def follow_diagnostics(self, stop: threading.Event) -> Iterator[Diagnostic]:
        """Yield every diagnostic as it is written, those of the past first, until ``stop``."""
        from podtui.core.diagnostics.read_state import follow_diagnostics

        return follow_diagnostics(self.access, stop, self.watch)
