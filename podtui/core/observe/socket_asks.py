"""Asking the owners of runs for a sign of life, at once or from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from podtui.core.hosts.facts import Pong, RunKey
from podtui.core.hosts.registry import ask_runs
from podtui.core.model.records import RunRecord
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker

PING_TIMEOUT_S = 0.4


class Asking(Protocol):
    """How the owners of runs are asked."""

    def ask(self, runs: list[RunRecord]) -> None:
        """Ask the owners of these runs."""
        ...

    def answers(self) -> Mapping[RunKey, Pong]:
        """Return the answers that have come, each once."""
        ...


class AskAndWait:
    """Asks and waits, for one look of one command."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: dict[RunKey, Pong] = {}

    def ask(self, runs: list[RunRecord]) -> None:
        self._answers |= ask_runs(self._store, runs, timeout_s=PING_TIMEOUT_S)

    def answers(self) -> Mapping[RunKey, Pong]:
        answers, self._answers = self._answers, {}
        return answers


class BackgroundPings:
    """Asks from a thread of its own, so that an owner that hangs delays no other pod's news.

    Args:
        on_answers: called from that thread when answers have come.
    """

    def __init__(self, store: Store, on_answers: Callable[[], None]) -> None:
        self._asker = AskAndWait(store)
        self._on_answers = on_answers
        self._lock = threading.Lock()
        self._under_way: set[RunKey] = set()
        self._came: dict[RunKey, Pong] = {}
        self._worker = Worker("podtui-ask", self._ask_now)

    def ask(self, runs: list[RunRecord]) -> None:
        with self._lock:
            new = [run for run in runs if (run.pod_id, run.run) not in self._under_way]
            self._under_way.update((run.pod_id, run.run) for run in new)
        if new:
            self._worker.give(new)

    def answers(self) -> Mapping[RunKey, Pong]:
        with self._lock:
            came, self._came = self._came, {}
        return came

    @property
    def trouble(self) -> str:
        return self._worker.trouble

    def close(self, timeout_s: float) -> bool:
        """End the thread; whether it has ended within the time."""
        return self._worker.close(timeout_s)

    def _ask_now(self, runs: list[RunRecord]) -> None:
        try:
            self._asker.ask(runs)
        finally:
            with self._lock:
                self._came |= self._asker.answers()
                self._under_way.difference_update((run.pod_id, run.run) for run in runs)
        self._on_answers()
