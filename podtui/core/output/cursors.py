"""Cursors: how far each reader has come in a pod's output, kept across every restart."""

from __future__ import annotations

from podtui.core.errors import Busy, DiskTrouble, Unreadable
from podtui.core.model.names import checked_name
from podtui.core.model.records import CursorRecord
from podtui.core.output.source import Position, pod_is_gone
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_json, read_record
from podtui.core.system.fs import Fs
from podtui.core.system.system import System

LOCK_TIMEOUT_S = 5.0


def checked_reader(reader: str) -> str:
    """Return a reader's name unchanged when it is legal; raises BadInput."""
    return checked_name(reader, "reader name")


def read_cursor(fs: Fs, paths: PodPaths, reader: str) -> Position | None:
    """Return where a reader is, None for one that has not read yet.

    Raises:
        Unreadable: there is a record, and it does not say; nothing is overwritten.
    """
    path = paths.cursor(checked_reader(reader))
    record = read_record(fs, path, CursorRecord)
    if isinstance(record, CursorRecord):
        if record.reader == reader:
            return Position(record.run, record.offset)
        problem = f"{path} is the cursor of reader {record.reader!r} and lies in the wrong place"
    elif record.is_missing:
        return None
    else:
        problem = record.sentence()
    raise Unreadable(
        f"the cursor of reader {reader!r} is unknown: {problem}",
        pod=paths.root.name,
        next_step=f"repair {path}, or move it away to begin at the start; or read with --as",
        kept="the record was not touched",
    )


def move_cursor(
    system: System,
    paths: PodPaths,
    reader: str,
    to: Position,
    *,
    rewind: bool = False,
    back_from: Position | None = None,
) -> Position:
    """Move a reader's cursor, synced, and return where it is now.

    A cursor only moves forward: when another process of the same reader is further already, it
    stays there. Two exceptions: ``rewind`` moves it wherever it is, and a cursor that is exactly
    at ``back_from`` may be moved back, for an output that has become shorter.

    Raises:
        Unreadable: the present record does not say where it is.
        Busy: another process held the cursor all the time.
        NotFound: the pod is gone.
        DiskTrouble: the disk refused; the cursor is where it was.
    """
    try:
        system.fs.make_directory(paths.cursors)
        with system.fs.locked(
            paths.cursor_lock(checked_reader(reader)), clock=system.clock, timeout_s=LOCK_TIMEOUT_S
        ):
            now = read_cursor(system.fs, paths, reader)
            if now is not None and to <= now and not rewind and now != back_from:
                return now
            record = CursorRecord(
                reader=reader, run=to.run, offset=to.offset, at=system.clock.now()
            )
            system.fs.replace(paths.cursor(reader), encode_json(record))
            return to
    except BlockingIOError:
        raise Busy(
            f"another process is moving the cursor of reader {reader!r}",
            pod=paths.root.name,
            next_step="read again, or read as someone else with --as",
            kept="the cursor was not moved: what was shown will be shown again",
        ) from None
    except FileNotFoundError:
        raise pod_is_gone(paths.root.name) from None
    except OSError as error:
        raise _not_moved(error, paths, reader) from error


def _not_moved(error: OSError, paths: PodPaths, reader: str) -> DiskTrouble:
    return DiskTrouble(
        f"the cursor of reader {reader!r} could not be written: {error.strerror}",
        pod=paths.root.name,
        next_step=f"make room on the disk of {paths.cursors}, or read with --peek",
        kept="the cursor is where it was: what was shown will be shown again",
    )
