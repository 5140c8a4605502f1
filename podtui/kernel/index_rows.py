"""The rows of a run's ``index`` file: when which part of the output was written.

A row is three little-endian 64-bit numbers: the wall clock and the awake clock (CLOCK_MONOTONIC,
which stands still while the host sleeps) in nanoseconds, and the length of the output before the
chunk that was written at that moment. The first row is of the start of the run.
"""

from __future__ import annotations

import struct

ROW = struct.Struct("<QQQ")


def pack_row(wall_ns: int, awake_ns: int, offset: int) -> bytes:
    """Return one row."""
    return ROW.pack(wall_ns, awake_ns, offset)


def unpack_rows(data: bytes) -> list[tuple[int, int, int]]:
    """Return the whole rows of a piece that begins at a row; a torn last row is left out."""
    whole = len(data) - len(data) % ROW.size
    return list(ROW.iter_unpack(data[:whole]))
