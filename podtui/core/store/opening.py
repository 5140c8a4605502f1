"""Opening a store, making one, and refusing what is not safely ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from podtui.core.errors import DiskTrouble, NoStore, PodtuiError
from podtui.core.model.ids import new_id
from podtui.core.model.records import StoreRecord
from podtui.core.paths import StorePaths
from podtui.core.store.codec import ProblemKind, RecordProblem, encode_toml, read_record
from podtui.core.system.fs import is_disk_trouble
from podtui.core.system.host import System

CREATE_WAIT_S = 10.0
CREATE_LOCK = ".create.lock"


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A store that may be used, and how.

    Attributes:
        read_only: why nothing may be written, or None.
    """

    paths: StorePaths
    store_id: str
    read_only: str | None


def open_store(system: System, root: Path, *, create: bool) -> OpenedStore:
    """Open the store at ``root``; with ``create``, make one where nothing or nothing else is.

    Raises:
        NoStore: there is none, it is not a store, or others could meddle with it.
        DiskTrouble: it could not be made or read.
    """
    paths = StorePaths(root)
    try:
        if create and _may_be_made(system, paths):
            _make(system, paths)
        return _open(system, paths)
    except OSError as error:
        raise _disk_error(root, error) from error


def _may_be_made(system: System, paths: StorePaths) -> bool:
    fs = system.fs
    if fs.stamp(paths.record) is not None:
        return False
    if not fs.is_directory(paths.root):
        return fs.stamp(paths.root) is None
    ours = {path.name for path in paths.directories} | {CREATE_LOCK}
    return set(fs.names_in(paths.root)) <= ours


def _make(system: System, paths: StorePaths) -> None:
    fs = system.fs
    fs.make_directories(paths.root)
    fs.make_private(paths.root)
    lock = paths.root / CREATE_LOCK
    with fs.locked(lock, clock=system.clock, timeout_s=CREATE_WAIT_S):
        if fs.stamp(paths.record) is not None:
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
        read_only = _make_missing(system, paths)
        return OpenedStore(paths, record.store_id, read_only)
    if record.kind is ProblemKind.NEWER:
        return OpenedStore(paths, "", f"this store is newer than this podtui: {record.reason}")
    if record.is_missing:
        raise NoStore(
            f"{paths.root} is not a podtui store: it has no {paths.record.name}",
            next_step="set PODTUI_HOME to a store, or to a directory that is empty or not there",
            kept="nothing in it was touched",
        )
    raise record.as_error()


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
            raise NoStore(
                f"the store directory {directory} is not safe to use: {problem}",
                next_step=f"check who made it; if it is yours: chmod 700 {directory}",
                kept="nothing in it was touched",
            )


def _make_missing(system: System, paths: StorePaths) -> str | None:
    """Make store directories that are missing; return why that was not possible."""
    for directory in paths.directories:
        if system.fs.stamp(directory) is None:
            try:
                system.fs.make_directory(directory)
            except OSError as error:
                return f"{directory} is missing and cannot be made: {os.strerror(error.errno or 0)}"
    return None


def _disk_error(root: Path, error: OSError) -> PodtuiError:
    words = os.strerror(error.errno or 0)
    leaf: type[PodtuiError] = DiskTrouble if is_disk_trouble(error) else NoStore
    return leaf(
        f"the store at {root} cannot be used: {words} ({error.filename or root})",
        next_step="free the disk or mend its permissions, or set PODTUI_HOME to another directory",
        kept="nothing was changed",
    )
