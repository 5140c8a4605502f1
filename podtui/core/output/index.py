"""When which part of a run's output was written, from the tail of its ``index`` file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from podtui.core.system.fs import Fs
from podtui.kernel.index_rows import ROW, unpack_rows

_ROWS_AT_ONCE = 512
_NANOSECONDS = 1e9


class IndexRow(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        wall_s: seconds since 1970, to be shown.
        awake_s: seconds of the awake clock, still while the host sleeps: for durations.
        offset: bytes of output before the chunk that was written then.
    """

    wall_s: float
    awake_s: float
    offset: int


def last_row(fs: Fs, path: Path) -> IndexRow | None:
    """Return the newest whole row, None when there is none yet.

    Raises:
        UnsafeFile, OSError: could not tell.
    """
    rows = _tail(fs, path, stop_before=None, most=1)
    return rows[-1] if rows else None


def row_covering(fs: Fs, path: Path, offset: int) -> IndexRow | None:
    """Return the row of the moment in which the byte before ``offset`` was written, None for none.

    Rows of one run follow each other in the output, so only a few of them are read.

    Raises:
        UnsafeFile, OSError: could not tell.
    """
    try:
        descriptor = fs.open_plain(path)
    except FileNotFoundError:
        return None
    try:
        low, high = 0, fs.size_of(descriptor) // ROW.size
        found: IndexRow | None = None
        while low < high:
            middle = (low + high) // 2
            data = fs.read_at(descriptor, ROW.size, middle * ROW.size)
            rows = [_row_of(*fields) for fields in unpack_rows(data)]
            if rows and rows[0].offset < max(offset, 1):
                found, low = rows[0], middle + 1
            else:
                high = middle
        return found
    finally:
        fs.close(descriptor)


def rows_since(fs: Fs, path: Path, awake_s: float, *, most: int = 10_000) -> list[IndexRow]:
    """Return the rows from ``awake_s`` on, oldest first; the newest ``most`` of them.

    Only the tail of the file is read. A torn last row is left out; a file that is not there has
    no rows.

    Raises:
        UnsafeFile, OSError: could not tell.
    """
    return _tail(fs, path, stop_before=awake_s, most=most)


def activity(
    fs: Fs,
    path: Path,
    *,
    buckets: int,
    bucket_s: float,
    now_awake: float,
    output_bytes: int | None = None,
) -> list[int]:
    """Return the bytes that were printed in each of the latest stretches of time, oldest first.

    There are ``buckets`` of ``bucket_s`` seconds, and the last one ends at ``now_awake``.
    ``output_bytes`` is the present length of the output; without it the newest row counts nothing.

    Raises:
        UnsafeFile, OSError: could not tell.
    """
    begin = now_awake - buckets * bucket_s
    rows = rows_since(fs, path, begin)
    ends = [row.offset for row in rows[1:]]
    if rows:
        ends.append(rows[-1].offset if output_bytes is None else output_bytes)
    printed = [0] * buckets
    for row, end in zip(rows, ends, strict=True):
        # Rows of the future or of a shrinking output are of another clock or another file.
        bucket = int((row.awake_s - begin) / bucket_s)
        if row.awake_s <= now_awake and end > row.offset:
            printed[min(bucket, buckets - 1)] += end - row.offset
    return printed


def _tail(fs: Fs, path: Path, *, stop_before: float | None, most: int) -> list[IndexRow]:
    try:
        descriptor = fs.open_plain(path)
    except FileNotFoundError:
        return []
    rows: list[IndexRow] = []
    try:
        end = fs.size_of(descriptor) // ROW.size
        while end > 0 and len(rows) < most:
            start = max(end - min(_ROWS_AT_ONCE, most - len(rows)), 0)
            data = fs.read_at(descriptor, (end - start) * ROW.size, start * ROW.size)
            block = [_row_of(*fields) for fields in unpack_rows(data)]
            wanted = [row for row in block if stop_before is None or row.awake_s >= stop_before]
            rows = wanted + rows
            if len(wanted) < len(block):
                break
            end = start
    finally:
        fs.close(descriptor)
    return rows


def _row_of(wall_ns: int, awake_ns: int, offset: int) -> IndexRow:
    return IndexRow(wall_ns / _NANOSECONDS, awake_ns / _NANOSECONDS, offset)
