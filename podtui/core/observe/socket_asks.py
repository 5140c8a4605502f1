"""Asking supervisors on their sockets, at once or beside the looking."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from podtui.core.hosts.pty.ping import Pong, ping_all
from podtui.core.paths import SocketPlace
from podtui.core.store.store import Store
from podtui.core.system.worker import Worker

PING_TIMEOUT_S = 0.4


class Asking(Protocol):
    """How sockets are asked."""

    def ask(self, sockets: list[SocketPlace]) -> None:
        """Ask these sockets."""
        ...

    def answers(self) -> Mapping[str, Pong]:
        """Return the answers that have come, each once, by the name of the socket."""
        ...


class AskAndWait:
    """Asks and waits, for one look of one command."""

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
    """Asks from a thread of its own, so that a hanging supervisor delays no other pod's news.

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
