"""Opening a store, making one, and refusing what is not safely ours."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from podtui.core.errors import Busy, DiskTrouble, NoStore, PodtuiError, Unreadable
from podtui.core.model.ids import new_id
from podtui.core.model.records import StoreRecord
from podtui.core.paths import StorePaths
from podtui.core.store.codec import ProblemKind, RecordProblem, encode_toml, read_record
from podtui.core.system.fs import is_disk_trouble
from podtui.core.system.system import System
from podtui.kernel.files import TEMPORARY_SUFFIX

CREATE_WAIT_S = 10.0
CREATE_LOCK = ".create.lock"


class OpenedStore(msgspec.Struct, frozen=True):
    """A store that may be used, and how.

    Attributes:
        read_only: why nothing may be written, or None.
        remedy: what the operator can do about that.
    """

    paths: StorePaths
    store_id: str
    read_only: str | None = None
    remedy: str = ""


def open_store(system: System, root: Path, *, create: bool) -> OpenedStore:
    """Open the store at ``root``; with ``create``, make one where nothing or nothing else is.

    Raises:
        NoStore: there is none, it is not a store, or others could meddle with it.
        Unreadable: whether it is a store could not be determined.
        DiskTrouble: it could not be made or read.
        Busy: another process is making it and does not come to an end.
    """
    paths = StorePaths(root)
    try:
        if create and _may_be_made(system, paths):
            _make(system, paths)
        return _open(system, paths)
    except BlockingIOError:
        raise Busy(
            f"another process has been making the store {root} for {CREATE_WAIT_S:.0f} s",
            next_step="try again",
            kept="nothing was changed",
        ) from None
    except OSError as error:
        raise _disk_error(root, error) from error


def _may_be_made(system: System, paths: StorePaths) -> bool:
    """Whether the directory is missing or empty, or holds an interrupted creation of a store."""
    fs = system.fs
    if fs.stamp(paths.root) is None:
        return True
    if not fs.is_own_directory(paths.root):
        return False
    ours = {path.name for path in paths.directories} | {CREATE_LOCK}
    return all(
        name in ours or (name.startswith(paths.record.name) and name.endswith(TEMPORARY_SUFFIX))
        for name in fs.names_in(paths.root)
    )


def _make(system: System, paths: StorePaths) -> None:
    fs = system.fs
    fs.make_directories(paths.root)
    fs.make_private(paths.root)
    lock = paths.root / CREATE_LOCK
    with fs.locked(lock, clock=system.clock, timeout_s=CREATE_WAIT_S):
        # Again, since before it was private and locked anybody could have come in between.
        if not _may_be_made(system, paths):
            return
        for directory in paths.directories:
            fs.make_directory(directory)
        now = system.clock.now()
        store_id = new_id(int(now.timestamp() * 1000))
        # Last, since its presence says that the store is complete.
        fs.replace(paths.record, encode_toml(StoreRecord(store_id=store_id, created_at=now)))


def _open(system: System, paths: StorePaths) -> OpenedStore:
    _refuse_unsafe(system, paths)
    record = read_record(system.fs, paths.record, StoreRecord)
    if not isinstance(record, RecordProblem):
        return _complete(system, paths, record)
    if record.is_missing:
        raise NoStore(
            f"{paths.root} is not a podtui store: it has no {paths.record.name}",
            next_step="set PODTUI_HOME to a store, or to a directory that is empty or not there",
            kept="nothing in it was touched",
        )
    if record.kind is ProblemKind.NOT_READ:
        raise Unreadable(
            record.sentence(),
            next_step="repair its permissions or its disk",
            kept="nothing was touched",
        )
    return OpenedStore(paths, "", *_only_to_be_read(paths, record))


def _only_to_be_read(paths: StorePaths, record: RecordProblem) -> tuple[str, str]:
    """Say why a store whose own record does not say that it is ours is shown all the same."""
    if record.kind is ProblemKind.NEWER:
        why = f"this store is newer than this podtui: {record.reason}"
        return why, "use a podtui that knows this format, or another store"
    remedy = (
        f"repair {paths.record} or bring it back from a copy; docs/store.md shows what is in it"
    )
    return f"whether podtui may write here could not be determined: {record.sentence()}", remedy


def _refuse_unsafe(system: System, paths: StorePaths) -> None:
    if system.fs.stamp(paths.root) is None:
        raise NoStore(
            f"there is no store at {paths.root}",
            next_step="podtui spawn NAME -- COMMAND makes it; podtui demo shows one",
        )
    for directory in (paths.root, *paths.directories):
        if directory != paths.root and system.fs.stamp(directory) is None:
            continue
        problem = system.fs.directory_problem(directory)
        if problem:
            repair = f"; if nobody else has written there: chmod 700 {directory}"
            raise NoStore(
                f"the store directory {directory} is not safe to use: {problem}",
                next_step="set PODTUI_HOME to a directory of your own"
                + (repair if system.fs.is_own_directory(directory) else ""),
                kept="nothing in it was touched",
            )


def _complete(system: System, paths: StorePaths, record: StoreRecord) -> OpenedStore:
    """Make directories that are missing, but never those whose loss would be hidden by that."""
    for directory in paths.directories:
        if system.fs.stamp(directory) is not None:
            continue
        if directory in {paths.pods, paths.journal}:
            remedy = f"bring it back from a copy, or accept the loss: mkdir -m 700 {directory}"
            return OpenedStore(paths, record.store_id, f"{directory} is missing", remedy)
        try:
            system.fs.make_directory(directory)
        except OSError as error:
            why = f"{directory} is missing and cannot be made: {os.strerror(error.errno or 0)}"
            return OpenedStore(paths, record.store_id, why, "repair the disk or its permissions")
    return OpenedStore(paths, record.store_id)


def _disk_error(root: Path, error: OSError) -> PodtuiError:
    words = error.strerror or str(error)
    leaf: type[PodtuiError] = DiskTrouble if is_disk_trouble(error) else NoStore
    return leaf(
        f"the store at {root} cannot be used: {words} ({error.filename or root})",
        next_step="free the disk, repair its permissions, or set PODTUI_HOME to another directory",
        kept="nothing was changed",
    )
