"""Doctor: what is wrong with the files of a store as files, whatever is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from podtui.core.model.snapshot import Problem
from podtui.core.store.store import Store
from podtui.kernel.files import TEMPORARY_SUFFIX
from podtui.kernel.processes import ProcessGone

_WRITER = re.compile(rf"\.([0-9]{{1,7}}){re.escape(TEMPORARY_SUFFIX)}\Z")


def names_in(store: Store, directory: Path) -> list[str]:
    """Return the names in a directory; one that is not there or cannot be listed has none.

    Those that cannot be listed are reported by `file_problems`.
    """
    try:
        return store.system.fs.names_in(directory)
    except OSError:
        return []


def file_problems(store: Store) -> Iterator[Problem]:
    """Find what others may use, what cannot be listed, and what a broken-off write left."""
    for directory, pod in _directories(store):
        yield from _mode_problem(store, directory, pod)
        try:
            names = store.system.fs.names_in(directory)
        except OSError as error:
            # A pod's own row and its runs report themselves.
            if pod is None:
                yield Problem(
                    kind="directory_unreadable",
                    path=str(directory),
                    message=f"{directory} cannot be listed: {error.strerror}",
                    next="repair its permissions or bring it back from a copy",
                )
            continue
        for name in names:
            path = directory / name
            if not _is_directory(store, path):
                yield from _mode_problem(store, path, pod)
            yield from _temporary_problem(store, path, pod)


def _directories(store: Store) -> Iterator[tuple[Path, str | None]]:
    """Yield every directory files of a store are in, with the pod it belongs to."""
    yield store.paths.root, None
    for directory in store.paths.directories:
        yield directory, None
    for pod in names_in(store, store.paths.pods):
        paths = store.paths.pod(pod)
        if _is_directory(store, paths.root):
            yield paths.root, pod
            yield paths.cursors, pod
            yield paths.runs, pod
            for run in names_in(store, paths.runs):
                if _is_directory(store, paths.runs / run):
                    yield paths.runs / run, pod


def _is_directory(store: Store, path: Path) -> bool:
    try:
        return store.system.fs.is_directory(path)
    except OSError:
        # An entry that cannot be examined is reported where its mode is checked.
        return False


def _mode_problem(store: Store, path: Path, pod: str | None) -> Iterator[Problem]:
    try:
        problem = store.system.fs.mode_problem(path)
    except OSError as error:
        problem = f"its mode could not be determined: {error.strerror}"
    if problem:
        yield Problem(
            kind="open_to_others",
            pod=pod,
            path=str(path),
            message=f"{path}: {problem}",
            next=f"chmod go-rwx {path}",
        )


def _temporary_problem(store: Store, path: Path, pod: str | None) -> Iterator[Problem]:
    writer = _WRITER.search(path.name)
    if writer is None or _is_running(store, int(writer[1])):
        return
    yield Problem(
        kind="temporary_leftover",
        pod=pod,
        path=str(path),
        message="a write was broken off before it counted; the record has its earlier content",
        next="this file may be removed",
    )


def _is_running(store: Store, pid: int) -> bool:
    try:
        store.system.proc.stat(pid)
    except ProcessGone:
        return False
    except OSError:
        # Could not tell: a file that may be in use is not called a leftover.
        return True
    return True
