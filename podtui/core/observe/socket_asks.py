"""Asks supervisors on their sockets: which are due, at once or from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from podtui.core.hosts.pty.ping import Pong, ping_all
from podtui.core.model.verdicts import Answer
from podtui.core.observe.memory import PodMemory
from podtui.core.paths import SocketPlace
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker

PING_TIMEOUT_S = 0.4
ASK_SILENT_AGAIN_S = 2.0
STOPPED = Pong(Answer.NO, "it is stopped (SIGSTOP), and was not asked")


class Asking(Protocol):
    """How sockets are asked."""

    def ask(self, sockets: list[SocketPlace]) -> None:
        """Ask these sockets."""
        ...

    def answers(self) -> Mapping[str, Pong]:
        """Return the answers that have come, each once, by the name of the socket."""
        ...


class AskAndWait:
    """Asks and waits, for one scan by one command."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: dict[str, Pong] = {}

    def ask(self, sockets: list[SocketPlace]) -> None:
        system = self._store.system
        self._answers |= ping_all(
            system.proc,
            system.clock,
            sockets,
            timeout_s=PING_TIMEOUT_S,
        )

    def answers(self) -> Mapping[str, Pong]:
        answers, self._answers = self._answers, {}
        return answers


class BackgroundPings:
    """Asks from a thread of its own, so that a supervisor that hangs delays no other pod.

    Args:
        on_answers: called from that thread when answers have come.
    """

    def __init__(self, store: Store, on_answers: Callable[[], None]) -> None:
        self._asker = AskAndWait(store)
        self._on_answers = on_answers
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._came: dict[str, Pong] = {}
        self._worker = Worker("podtui-ask", self._ask_now)

    def ask(self, sockets: list[SocketPlace]) -> None:
        with self._lock:
            new = [socket for socket in sockets if socket.name not in self._under_way]
            self._under_way.update(socket.name for socket in new)
        if new:
            self._worker.give(new)

    def answers(self) -> Mapping[str, Pong]:
        with self._lock:
            came, self._came = self._came, {}
        return came

    @property
    def trouble(self) -> str:
        return self._worker.trouble

    def close(self, timeout_s: float) -> bool:
        """End the thread; whether it has ended within the time."""
        return self._worker.close(timeout_s)

    def _ask_now(self, sockets: list[SocketPlace]) -> None:
        try:
            self._asker.ask(sockets)
        finally:
            with self._lock:
                self._came |= self._asker.answers()
                self._under_way.difference_update(socket.name for socket in sockets)
        self._on_answers()


class SocketAsks:
    """Keeps in memories what supervisors answered.

    Args:
        ping_every_s: how often a supervisor that answered is asked again, in awake seconds.
    """

    def __init__(self, store: Store, asking: Asking, *, ping_every_s: float) -> None:
        self._store = store
        self._clock = store.system.clock
        self._asking = asking
        self._ping_every_s = ping_every_s
        self._asked: dict[str, str] = {}

    def ask(self, due: Collection[PodMemory], memories: Mapping[str, PodMemory]) -> None:
        """Ask those that are due; a stopped supervisor is not asked, since it cannot answer."""
        self.take_answers(memories)
        sockets: list[SocketPlace] = []
        for memory in due:
            record = memory.live_record
            if record is not None and memory.look is not None:
                if memory.look.supervisor and memory.look.supervisor.is_stopped:
                    memory.take_pong(STOPPED, self._clock, again_after_s=0.0)
                elif memory.pong is None or self._clock.monotonic() >= memory.ping_due:
                    socket = self._store.socket_place(record)
                    self._asked[socket.name] = memory.name
                    sockets.append(socket)
            memory.add_pong()
        self._asking.ask(sockets)
        self.take_answers(memories)

    def take_answers(self, memories: Mapping[str, PodMemory]) -> list[str]:
        """Take the answers that have come; returns the pods they are from."""
        answered = []
        for socket, pong in self._asking.answers().items():
            memory = memories.get(self._asked.pop(socket, ""))
            if memory is not None:
                is_there = pong.answer is Answer.YES
                again_s = self._ping_every_s if is_there else ASK_SILENT_AGAIN_S
                memory.take_pong(pong, self._clock, again_after_s=again_s)
                answered.append(memory.name)
        return answered
