"""The messages between a supervisor and its clients, and how they are framed.

A frame is one type byte, the payload length as four bytes (big endian), and the payload. Control
payloads are JSON objects; ``INPUT`` and ``OUTPUT`` are bytes as they are. A connection begins with
the client's ``HELLO`` and the supervisor's ``WELCOME``. docs/supervisor.md is the specification.
"""

from __future__ import annotations

import struct

PROTOCOL_VERSION = 1
HEADER = struct.Struct(">BI")
LARGEST_PAYLOAD = 256 * 1024
"""A longer announced payload is a broken client: the connection is closed."""

# client to supervisor
HELLO = 1
"""``{"protocol": 1, "role": "control" | "attach" | "observe", "cols", "rows", "from": offset}``;
size and offset only for viewers: output is sent from that offset of the run's output, -1 = now."""
INPUT = 2
"""Bytes typed by an attached client."""
SEND = 3
"""``{"text": str, "enter": bool}``: a line to the pod's terminal; answered by DONE or REFUSED."""
RESIZE = 4
"""``{"cols": n, "rows": n}``: this viewer's terminal changed its size."""
STOP = 5
"""``{"grace_s": float, "by": str}``: end the run; answered by DONE at once, before it has ended."""
PING = 6
"""Empty; answered by PONG."""
REDRAW = 7
"""Empty: ask the program to paint its screen again (a size change and back)."""

# supervisor to client
WELCOME = 64
"""``{"protocol": 1, "pod_id", "run", "pid", "cols", "rows", "sizes", "read_only",
"output_bytes"}``; the pid is the supervisor's, sizes are the latest, as in ``status.json``."""
OUTPUT = 65
"""Bytes of the run's output, in order, already on disk."""
DONE = 66
"""``{}`` or facts about what was done."""
REFUSED = 67
"""``{"reason": str, "kind": str}``: nothing was done."""
PONG = 68
"""``{"state": "running" | "ending", "output_bytes": n, "disk_error": str | null}``."""
ENDED = 69
"""``{"exit_code": n | null, "signal": n | null}``: the run is over; the last frame of a viewer."""
SIZE = 70
"""``{"cols": n, "rows": n, "yours": bool}``: the size that the program sees, and whether
this viewer decides it."""
NOTE = 71
"""``{"text": str}``: a remark for a client that typed, when not all of it was taken."""


class BadFrame(Exception):
    """The other side sent something that is no frame of this protocol."""


def pack(kind: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return HEADER.pack(kind, len(payload)) + payload


class Unpacker:
    """Turns received bytes, in whatever pieces they come, into frames."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes and return the frames that are whole now.

        Raises:
            BadFrame: a payload is announced that is longer than any of ours.
        """
        pending = self._pending
        pending += data
        frames: list[tuple[int, bytes]] = []
        while len(pending) >= HEADER.size:
            kind, length = HEADER.unpack_from(pending)
            if length > LARGEST_PAYLOAD:
                raise BadFrame(f"a payload of {length} bytes was announced")
            end = HEADER.size + length
            if len(pending) < end:
                break
            frames.append((kind, bytes(pending[HEADER.size : end])))
            del pending[:end]
        return frames
