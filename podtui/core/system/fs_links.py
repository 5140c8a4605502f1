"""Resolves a path through its links, also one that does not exist yet."""

from __future__ import annotations

import errno
import os
import stat

MOST_LINKS = 40
"""As in the kernel: after so many links the path is taken for a circle."""


def resolved(path: str) -> str:
    """Return an absolute path without links, "." and ".."; what does not exist yet stays as it is.

    The standard library either demands that all of it exists, or takes a loop and a directory that
    cannot be searched for an answer.

    Raises:
        OSError: links go in circles, a part cannot be looked at, or a file is in a directory's
            place.
    """
    pending = _parts(path)
    found, links = "/", 0
    while pending:
        part = pending.pop()
        if part == "..":
            found = os.path.dirname(found)
            continue
        current = os.path.join(found, part)
        target = _target_of(current)
        if target is None:
            found = current
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            found = "/"
        pending += _parts(target)
    return found


def _parts(path: str) -> list[str]:
    """Return the names in a path, the last one first."""
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]


def _target_of(path: str) -> str | None:
    """Return where a link points, None for what is no link or is not there."""
    try:
        is_link = stat.S_ISLNK(os.lstat(path).st_mode)
        return os.readlink(path) if is_link else None
    except FileNotFoundError:
        return None
