"""The host of runs that a supervisor of this machine keeps, each in a terminal of its own.

Methods import what only they need: a command that lists pods must not load what starts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from podtui.core.hosts.interface.base import REACH_TIMEOUT_S, Launch, Role, Stream
from podtui.core.hosts.interface.facts import Pong, RunKey, RunProbe
from podtui.core.hosts.interface.probing import never_began
from podtui.core.hosts.pty.probe import probe_run
from podtui.core.model.leftovers import Ended, Survey
from podtui.core.model.records import PTY_HOST, ExitRecord, PodRecord, RunRecord
from podtui.core.processes.sample import TreeSample, identity_of, sample_tree
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone

if TYPE_CHECKING:
    from podtui.core.processes.leftovers import ProcessScan
    from podtui.core.processes.past_runs import PastRun


class PtyHost:
    """Runs pods under supervisors of this machine."""

    kind = PTY_HOST

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, pod: PodRecord, run: RunRecord, environment: Mapping[str, str]) -> Launch:
        """Start the supervisor of a reserved run; see `RunHost.start`."""
        from podtui.core.hosts.pty.launch import start_supervisor

        return start_supervisor(self._store, pod, run, environment)

    def prevent(self, name: str, run: RunRecord, why: str) -> bool:
        """Make sure that no supervisor can begin a reserved run; see `RunHost.prevent`.

        Only the holder of a run's lock may begin it, and a run with an exit record is never begun:
        so the exit record is written under the lock.
        """
        store = self._store
        if run.machine_id != store.system.machine_id:
            # Locks need not reach from one machine to another.
            return False
        files = store.paths.pod(name).run(run.run)
        try:
            with store.system.fs.locked(files.lock, clock=store.system.clock, timeout_s=0):
                now = store.run_record(name, run.run)
                if isinstance(now, RecordProblem) or now.supervisor is not None:
                    return False
                ended = store.exit_record(name, run.run, run.pod_id)
                if isinstance(ended, ExitRecord):
                    return ended.start_error is not None
                store.system.fs.replace(files.exit, never_began(store, run, why))
        except BlockingIOError:
            return False
        return True

    def probe(
        self, name: str, run: RunRecord, pod_id: str | None, *, patient: bool = True
    ) -> RunProbe:
        """Ask everything but the socket; see `RunHost.probe`."""
        return probe_run(self._store, name, run, pod_id, patient=patient)

    def ask(self, runs: Sequence[RunRecord], *, timeout_s: float) -> Mapping[RunKey, Pong]:
        """Ask the supervisors on their sockets; see `RunHost.ask`."""
        from podtui.core.hosts.pty.ping import ping_all

        system = self._store.system
        places = {(run.pod_id, run.run): self._store.socket_place(run) for run in runs}
        answers = ping_all(system.proc, system.clock, places.values(), timeout_s=timeout_s)
        return {key: answers[place.name] for key, place in places.items()}

    def death_handle(self, run: RunRecord) -> int | None:
        """Return a pidfd of the supervisor; see `RunHost.death_handle`."""
        if run.supervisor is None:
            return None
        proc = self._store.system.proc
        same_boot = run.supervisor.boot_id == proc.boot_id()
        handle = proc.open_recorded(identity_of(run.supervisor)) if same_boot else None
        if handle is None:
            raise ProcessGone(str(run.supervisor.pid))
        return handle

    def sample(self, run: RunRecord) -> TreeSample | None:
        """Return the processes below the supervisor; see `RunHost.sample`."""
        return sample_tree(self._store.system, run.supervisor)

    def stop(self, name: str, run: RunRecord, *, grace_s: float, by: str) -> str:
        """Ask the supervisor to end the run, and wait for it; see `RunHost.stop`."""
        from podtui.core.hosts.pty.stop import stop_run

        return stop_run(self._store, name, run, grace_s=grace_s, by=by)

    def reach(
        self,
        name: str,
        run: RunRecord,
        *,
        role: Role,
        columns: int = 0,
        rows: int = 0,
        timeout_s: float = REACH_TIMEOUT_S,
    ) -> Stream:
        """Connect to the supervisor; see `RunHost.reach`."""
        from podtui.core.hosts.pty.client import SupervisorClient

        return SupervisorClient(
            self._store.system.proc,
            self._store.socket_place(run),
            pod=name,
            role=role,
            columns=columns,
            rows=rows,
            timeout_s=timeout_s,
        )

    def leftovers(self, past: PastRun, *, scan: ProcessScan) -> Survey:
        """Find what a past run left running; see `RunHost.leftovers`."""
        from podtui.core.hosts.pty.leftovers import refuse_unless_over
        from podtui.core.processes.leftovers import survey_run

        return survey_run(self._store, past, scan=scan, refuse_unless_over=refuse_unless_over)

    def end(self, past: PastRun, *, grace_s: float, scan: ProcessScan | None = None) -> Ended:
        """End what a past run left running; see `RunHost.end`."""
        from podtui.core.hosts.pty.leftovers import refuse_unless_over
        from podtui.core.processes.terminate import end_run

        return end_run(
            self._store,
            past,
            grace_s=grace_s,
            refuse_unless_over=refuse_unless_over,
            scan=scan,
        )
