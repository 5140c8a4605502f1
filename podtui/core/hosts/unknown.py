"""Represents a run whose kind of host this podtui does not know; a newer podtui started it.

Its verdict is UNKNOWN, so no verb acts on it, and each method that could end a process refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from podtui.core.errors import UnknownState
from podtui.core.hosts.interface.base import REACH_TIMEOUT_S, Launch, Role, Stream
from podtui.core.hosts.interface.facts import Pong, RunFacts, RunKey, RunProbe
from podtui.core.hosts.interface.probing import Probing
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.verdicts import Answer, Probe
from podtui.core.store.store import Store

if TYPE_CHECKING:
    from podtui.core.model.leftovers import Ended, Survey
    from podtui.core.processes.leftovers import ProcessScan
    from podtui.core.processes.past_runs import PastRun
    from podtui.core.processes.sample import TreeSample


class UnknownHost:
    """Answers every question about a run with "could not tell"."""

    def __init__(self, store: Store, kind: str) -> None:
        self.kind = kind
        self._store = store
        self._why = (
            f"it runs on a host of kind {kind!r}, which this podtui does not know:"
            " a newer podtui started it"
        )

    def start(self, pod: PodRecord, run: RunRecord, environment: Mapping[str, str]) -> Launch:
        """Report that nothing was started."""
        return Launch(started=False, confirmed=True, error=self._why)

    def prevent(self, name: str, run: RunRecord, why: str) -> bool:
        """Report that the run may begin all the same."""
        return False

    def probe(
        self, name: str, run: RunRecord, pod_id: str | None, *, patient: bool = True
    ) -> RunProbe:
        """Answer every question with "could not tell"."""
        probing = Probing(self._store, name, run.run)
        probing.note(Probe.RECORD, Answer.UNKNOWN, self._why)
        ended = self._store.exit_record(name, run.run, pod_id or run.pod_id)
        return probing.result(RunFacts(), run, ended)

    def ask(self, runs: Sequence[RunRecord], *, timeout_s: float) -> Mapping[RunKey, Pong]:
        """Answer for every run that it could not be asked."""
        return {(run.pod_id, run.run): Pong(Answer.UNKNOWN, self._why) for run in runs}

    def death_handle(self, run: RunRecord) -> int | None:
        """Return that there is nothing to wait on."""
        return None

    def sample(self, run: RunRecord) -> TreeSample | None:
        """Return that no process is known."""
        return None

    def stop(self, name: str, run: RunRecord, *, grace_s: float, by: str) -> str:
        """Raise UnknownState."""
        self._refuse(name)

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
        """Raise UnknownState."""
        self._refuse(name)

    def leftovers(self, past: PastRun, *, scan: ProcessScan) -> Survey:
        """Raise UnknownState."""
        raise past.undetermined(self._why)

    def end(self, past: PastRun, *, grace_s: float, scan: ProcessScan | None = None) -> Ended:
        """Raise UnknownState."""
        raise past.undetermined(self._why)

    def _refuse(self, name: str) -> NoReturn:
        raise UnknownState(
            f"{name!r} cannot be reached: {self._why}",
            pod=name,
            next_step="use the newer podtui",
            kept="the pod was not touched",
        )
