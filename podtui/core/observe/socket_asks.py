"""Asks the owners of runs for a sign of life: those that are due, at once or from a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from podtui.core.hosts.interface.facts import Pong, RunKey
from podtui.core.hosts.registry import ask_runs
from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.observe.memory import PodMemory
from podtui.core.store.store import Store
from podtui.core.system.clock import Clock
from podtui.core.system.worker import Worker

PING_TIMEOUT_S = 0.4
ASK_SILENT_AGAIN_S = 2.0


class Asking(Protocol):
    """How the owners of runs are asked."""

    def ask(self, runs: list[RunRecord]) -> None:
        """Ask the owners of these runs."""
        ...

    def answers(self) -> Mapping[RunKey, Pong]:
        """Return the answers that have come, each once."""
        ...


class AskAndWait:
    """Asks and waits, for one scan by one command."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: dict[RunKey, Pong] = {}

    def ask(self, runs: list[RunRecord]) -> None:
        self._answers |= ask_runs(self._store, runs, timeout_s=PING_TIMEOUT_S)

    def answers(self) -> Mapping[RunKey, Pong]:
        answers, self._answers = self._answers, {}
        return answers


class BackgroundPings:
    """Asks from a thread of its own, so that an owner that hangs delays no other pod.

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


class SocketAsks:
    """Keeps in memories what the owners of runs answered.

    Args:
        ping_every_s: how often an owner that answered is asked again, in awake seconds.
    """

    def __init__(self, clock: Clock, asking: Asking, *, ping_every_s: float) -> None:
        self._clock = clock
        self._asking = asking
        self._ping_every_s = ping_every_s
        self._asked: dict[RunKey, str] = {}

    def ask(self, due: Collection[PodMemory], memories: Mapping[str, PodMemory]) -> None:
        """Ask the owners that are due; one whose answer is known already is not asked."""
        self.take_answers(memories)
        runs: list[RunRecord] = []
        for memory in due:
            record = memory.live_record
            if record is not None and memory.look is not None:
                if memory.look.known_pong:
                    memory.take_pong(memory.look.known_pong, self._clock, again_after_s=0.0)
                elif memory.pong is None or self._clock.monotonic() >= memory.ping_due:
                    self._asked[record.pod_id, record.run] = memory.name
                    runs.append(record)
            memory.add_pong()
        self._asking.ask(runs)
        self.take_answers(memories)

    def take_answers(self, memories: Mapping[str, PodMemory]) -> list[str]:
        """Take the answers that have come; returns the pods they are from."""
        answered = []
        for run, pong in self._asking.answers().items():
            memory = memories.get(self._asked.pop(run, ""))
            if memory is not None:
                is_there = pong.answer is Answer.YES
                again_s = self._ping_every_s if is_there else ASK_SILENT_AGAIN_S
                memory.take_pong(pong, self._clock, again_after_s=again_s)
                answered.append(memory.name)
        return answered
