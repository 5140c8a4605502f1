"""One connection to the supervisor, with all its bounds."""

from __future__ import annotations

import struct
from _collections_abc import Callable
from _socket import SO_PEERCRED, SOL_SOCKET, socket

from podtui.kernel import frames, json_text
from podtui.supervisor.event_loop import READABLE, WRITABLE, EventLoop

LARGEST_BACKLOG = 64 * 1024
"""A client that does not take its answers is not read from until it has taken some."""
OUTPUT_PIECE = 64 * 1024
_RECEIVE_BYTES = 64 * 1024
_CREDENTIALS = struct.Struct("3i")


class ClientGone(Exception):
    """The client has closed, broke the protocol, or cannot be reached."""


class Client:
    """A connected client: what it is, what it may still be sent, what it has asked for.

    Attributes:
        number: grows with every client of this supervisor.
        role: None until its HELLO.
        offset: the next byte of output it is to be sent (viewers only).
        last_active: grows with every sign of life of any viewer; the latest owns the size.
        waiting: frames received and not handled yet.
        last_words: the payload of ENDED, once the run is over and until it was sent.
        closes_when_sent: nothing more is read, and it is closed when all is sent.
    """

    def __init__(self, number: int, connection: socket, loop: EventLoop) -> None:
        self.number = number
        self.connection = connection
        self.descriptor = connection.fileno()
        self.role: str | None = None
        self.offset = 0
        self.columns = 0
        self.rows = 0
        self.last_active = 0
        self.waiting: list[tuple[int, bytes]] = []
        self.closes_when_sent = False
        self.last_words: dict[str, object] | None = None
        self.has_all_output = True
        self._unpacker = frames.Unpacker()
        self._unsent = bytearray()
        self._loop = loop

    @property
    def is_viewer(self) -> bool:
        return self.role in {"attach", "observe"}

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def peer_uid(self) -> int:
        """Return the id of the user that connected.

        Raises:
            OSError: could not tell.
        """
        packed = self.connection.getsockopt(SOL_SOCKET, SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(packed)[1])

    def receive(self) -> None:
        """Take what has come into `waiting`.

        Raises:
            ClientGone: it closed or sent what is no frame.
        """
        try:
            data = self.connection.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise ClientGone from error
        if not data and self._unsent and not self.is_viewer:
            self.closes_when_sent = True  # it has asked all it wanted, and still takes answers
            return
        if not data:
            raise ClientGone
        try:
            self.waiting.extend(self._unpacker.feed(data))
        except frames.BadFrame as error:
            raise ClientGone from error

    def send_object(self, kind: int, value: dict[str, object]) -> None:
        """Queue a control frame and send what the client takes now."""
        self._unsent += frames.pack(kind, json_text.encode(value))
        self.send_on()

    def send_on(self) -> None:
        """Send what is queued, as far as the client takes it.

        Raises:
            ClientGone: it cannot be reached.
        """
        while self._unsent:
            try:
                sent = self.connection.send(self._unsent)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise ClientGone from error
            del self._unsent[:sent]

    def send_output(self, length: int, read: Callable[[int, int], bytes]) -> None:
        """Send output from disk, up to ``length`` of the file, as far as the client takes it.

        At most one piece is in memory: a slow viewer is served from disk when it is ready.

        Raises:
            ClientGone: it cannot be reached.
        """
        self.send_on()
        while not self._unsent and self.offset < length:
            piece = read(self.offset, min(OUTPUT_PIECE, length - self.offset))
            if not piece:
                # The file is shorter than we wrote it: somebody cut it. Waiting for the socket
                # to take bytes that are not there would never end.
                self.has_all_output = True
                return
            self.offset += len(piece)
            self._unsent += frames.pack(frames.OUTPUT, piece)
            self.send_on()
        self.has_all_output = self.offset >= length

    def update_interest(self, *, may_read: bool) -> None:
        """Wait for what there is to do with this client."""
        reads = may_read and not self.closes_when_sent and len(self._unsent) < LARGEST_BACKLOG
        writes = self.has_unsent or (self.is_viewer and not self.has_all_output)
        self._loop.change_interest(
            self.descriptor, (READABLE if reads else 0) | (WRITABLE if writes else 0)
        )

    def close(self) -> None:
        self._loop.forget(self.descriptor)
        self.connection.close()
