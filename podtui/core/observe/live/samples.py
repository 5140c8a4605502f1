"""CPU and memory of the pods that are on screen, and of no others."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import msgspec

from podtui.core.hosts.registry import host_of
from podtui.core.model.records import RunRecord
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.processes.figures import TreeFigures, tree_figures
from podtui.core.store.store import Store


class Sampler:
    """Remembers the last figures of each wanted pod: CPU use is counted since then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._wanted: frozenset[str] = frozenset()
        self._last: dict[str, tuple[int, TreeFigures, float]] = {}

    def want(self, names: Iterable[str]) -> None:
        """Say which pods are to be sampled from now on."""
        with self._lock:
            self._wanted = frozenset(names)

    def sample(self, runs: dict[str, int] | None = None) -> None:
        """Read the figures of the wanted pods; ``runs`` gives their latest run."""
        with self._lock:
            wanted = self._wanted
        samples: dict[str, tuple[int, TreeFigures, float]] = {}
        for name in wanted:
            run = (runs or {}).get(name) or self._latest_run(name)
            taken = self._take(name, run) if run else None
            if taken:
                samples[name] = taken
        self._last = samples

    def _latest_run(self, name: str) -> int | None:
        try:
            return max(self._store.run_numbers(name), default=None)
        except OSError:
            # No figures for this pod; its row says what is wrong with it.
            return None

    def _take(self, name: str, run: int) -> tuple[int, TreeFigures, float] | None:
        record = self._store.run_record(name, run)
        if not isinstance(record, RunRecord):
            return None
        now = tree_figures(self._store.system, host_of(self._store, record).sample(record))
        if now is None:
            return None
        last = self._last.get(name)
        before = last[1] if last and last[0] == run else None
        return run, now, now.cpu_percent(before)

    def add_to(self, pods: Sequence[PodView]) -> tuple[PodView, ...]:
        """Return the views with the figures of those that have any."""
        return tuple(self._with_figures(pod) for pod in pods)

    def _with_figures(self, pod: PodView) -> PodView:
        known = self._last.get(pod.name)
        if known is None or known[0] != pod.run or pod.verdict is not Verdict.ALIVE:
            return pod
        _, sample, percent = known
        return msgspec.structs.replace(
            pod, cpu_percent=round(percent, 1), rss_bytes=sample.rss_bytes
        )
