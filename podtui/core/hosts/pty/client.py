"""A connection to a supervisor over its socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Self

from podtui.core.errors import PodtuiError, Refused, TimedOut
from podtui.core.hosts.interface.base import REACH_TIMEOUT_S, Role, RunSilent
from podtui.core.paths import SocketPlace
from podtui.core.system.proc import Proc
from podtui.kernel import frames

RECEIVE_BYTES = 65536
FROM_NOW = -1
"""Output from this moment on; what was printed before is on disk."""


class SupervisorClient:
    """One connection to the supervisor of a run.

    Args:
        place: the address it listens at.
        pod: name of the pod, for errors.
        timeout_s: time limit of each wait for an answer.

    Raises:
        RunSilent: nobody answers.
    """

    def __init__(
        self,
        proc: Proc,
        place: SocketPlace,
        *,
        pod: str,
        role: Role = "control",
        columns: int = 0,
        rows: int = 0,
        timeout_s: float = REACH_TIMEOUT_S,
    ) -> None:
        self.pod = pod
        self.timeout_s = timeout_s
        self._unpacker = frames.Unpacker()
        self._waiting: list[tuple[int, bytes]] = []
        self._connection = self._connect(proc, place)
        hello: dict[str, object] = {
            "protocol": frames.PROTOCOL_VERSION,
            "role": role,
            "cols": columns,
            "rows": rows,
            "from": FROM_NOW,
        }
        try:
            self.send_object(frames.HELLO, hello)
            self.welcome: Mapping[str, object] = self.expect(frames.WELCOME)
        except PodtuiError:
            self.close()
            raise

    def _connect(self, proc: Proc, place: SocketPlace) -> socket.socket:
        troubles = []
        for directory in place.directories:
            try:
                return proc.connect(directory, place.name, self.timeout_s)
            except OSError as error:
                troubles.append(f"{directory / place.name}: {error.strerror or error}")
        raise RunSilent(
            f"the supervisor of {self.pod!r} cannot be reached: {'; '.join(troubles)}",
            pod=self.pod,
            next_step=f"podtui inspect {self.pod}",
            kept="the pod was not touched",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._connection.fileno()

    def stop_waiting(self) -> None:
        """Never wait from now on: for a caller that has its own event loop."""
        self._connection.setblocking(False)

    def receive_now(self) -> list[tuple[int, bytes]] | None:
        """Return the frames that are complete, maybe none; None at end of file."""
        if self._waiting:
            frames_now, self._waiting = self._waiting, []
            return frames_now
        try:
            data = self._connection.recv(RECEIVE_BYTES)
            return self._unpacker.feed(data) if data else None
        except BlockingIOError:
            return []
        except ConnectionResetError:
            return None
        except (OSError, frames.BadFrame) as error:
            raise self._silent(error) from error

    def send_now(self, data: bytes | memoryview) -> int:
        """Send what the connection takes at once; return the number of bytes.

        Raises:
            ConnectionError: the other side is gone.
        """
        try:
            return self._connection.send(data)
        except BlockingIOError:
            return 0

    def send_frame(self, kind: int, payload: bytes = b"") -> None:
        """Send one frame; raise RunSilent when the supervisor does not take it in time."""
        try:
            self._connection.sendall(frames.pack(kind, payload))
        except OSError as error:
            raise self._silent(error) from error

    def send_object(self, kind: int, content: dict[str, object]) -> None:
        """Send one frame with a JSON object."""
        self.send_frame(kind, json.dumps(content).encode())

    def receive(self) -> list[tuple[int, bytes]]:
        """Wait for frames and return them; an empty list at end of file."""
        if self._waiting:
            frames_now, self._waiting = self._waiting, []
            return frames_now
        while True:
            try:
                data = self._connection.recv(RECEIVE_BYTES)
            except OSError as error:
                raise self._silent(error) from error
            if not data:
                return []
            try:
                received = self._unpacker.feed(data)
            except frames.BadFrame as error:
                raise self._silent(error) from error
            if received:
                return received

    def expect(self, *kinds: int) -> dict[str, object]:
        """Return the object of the next frame of one of ``kinds``.

        Raises:
            Refused: the supervisor refused, with its reason.
            RunSilent: no answer in time, or the connection ended.
        """
        while received := self.receive():
            for position, (kind, payload) in enumerate(received):
                if kind in kinds:
                    self._waiting = received[position + 1 :] + self._waiting
                    return self._object(payload)
                if kind == frames.REFUSED:
                    reason = str(self._object(payload).get("reason", "no reason given"))
                    raise Refused(reason, pod=self.pod, kept="nothing was changed")
        raise self._silent(ConnectionError("the connection was closed"))

    def send_text(self, text: str, *, enter: bool) -> None:
        """Type a line into the pod's terminal; raises Refused when it would be cut."""
        self.send_object(frames.SEND, {"text": text, "enter": enter})
        self.expect(frames.DONE)

    def stop(self, *, grace_s: float, by: str) -> None:
        """Ask the supervisor to end the run; return before it has ended."""
        self.send_object(frames.STOP, {"grace_s": grace_s, "by": by})
        self.expect(frames.DONE)

    def _object(self, payload: bytes) -> dict[str, object]:
        try:
            content = json.loads(payload or b"{}")
        except (ValueError, RecursionError) as error:
            raise self._silent(error) from error
        return content if isinstance(content, dict) else {}

    def _silent(self, error: Exception) -> PodtuiError:
        words = "did not answer in time" if isinstance(error, TimeoutError) else str(error)
        leaf = TimedOut if isinstance(error, TimeoutError) else RunSilent
        return leaf(
            f"the supervisor of {self.pod!r} {words}",
            pod=self.pod,
            next_step=f"podtui inspect {self.pod}",
            kept="the pod was not touched",
        )
