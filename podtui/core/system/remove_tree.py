"""Deleting a directory tree that others may have written into: never anything outside of it.

Links are removed and not followed, mounted file systems are not entered, and no path is walked
twice: everything goes through descriptors of the directories themselves. Directories in depth are
moved up and emptied there, so that neither depth nor the number of open files has a limit.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_ALL_RIGHTS = 0o700
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR})


class TreeRemover:
    """Removes trees; ``step`` is called before every change."""

    def __init__(self, step: Callable[[str, str], None]) -> None:
        self._step = step
        self._moved = 0

    def remove(self, path: Path) -> None:
        """Remove what is at ``path``, and if it is a directory all that is in it.

        It may be broken off and begun again. What is not there any more is fine.

        Raises:
            OSError: something of it could not be removed and is still there.
        """
        try:
            facts = os.lstat(path)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(facts.st_mode):
            self._step("unlink", path.name)
            os.unlink(path)
            return
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            top = _entered(parent, path.name, _mount_of(parent))
            try:
                self._empty(top)
            finally:
                os.close(top)
            self._step("rmdir", path.name)
            os.rmdir(path.name, dir_fd=parent)
            os.fsync(parent)
        finally:
            os.close(parent)

    def _empty(self, top: int) -> None:
        mount = _mount_of(top)
        self._clear(top, top, mount)
        while directories := os.listdir(top):
            for name in directories:
                below = _entered(top, name, mount)
                try:
                    self._clear(below, top, mount)
                finally:
                    os.close(below)
                self._step("rmdir", name)
                os.rmdir(name, dir_fd=top)

    def _clear(self, directory: int, top: int, mount: str) -> None:
        """Unlink all files of a directory; move the directories in it up to ``top``."""
        for name in os.listdir(directory):
            with suppress(FileNotFoundError):
                if not _is_directory(directory, name):
                    self._step("unlink", name)
                    os.unlink(name, dir_fd=directory)
                elif directory != top:
                    # A directory can only be moved by a user that may write into it.
                    os.close(_entered(directory, name, mount))
                    self._step("move", name)
                    self._move_up(directory, name, top)

    def _move_up(self, directory: int, name: str, top: int) -> None:
        while True:
            self._moved += 1
            try:
                os.rename(name, str(self._moved), src_dir_fd=directory, dst_dir_fd=top)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            else:
                return


def _is_directory(directory: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)


def _entered(directory: int, name: str, mount: str) -> int:
    """Open a directory itself, with the rights to empty it.

    Raises:
        NotADirectoryError: it is a link or anything else.
        OSError: EXDEV when another file system is mounted there.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    itself = os.open(name, flags, dir_fd=directory)
    try:
        if _mount_of(itself) != mount:
            raise OSError(errno.EXDEV, "another file system is mounted there", name)
        again = f"/proc/self/fd/{itself}"
        if os.fstat(itself).st_mode & _ALL_RIGHTS != _ALL_RIGHTS:
            os.chmod(again, _ALL_RIGHTS)
        return os.open(again, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(itself)


def _mount_of(descriptor: int) -> str:
    """Return the id of the mount an open directory is in: a bind mount has its own."""
    facts = os.open(f"/proc/self/fdinfo/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        lines = os.read(facts, 4096).decode("ascii", "replace").splitlines()
    finally:
        os.close(facts)
    return next((line for line in lines if line.startswith("mnt_id:")), "")


def tree_size(path: Path) -> int | None:
    """Return the bytes of all plain files at and below ``path``, None when it is not known."""
    total, pending = 0, [path]
    try:
        while pending:
            here = pending.pop()
            facts = os.lstat(here)
            if stat.S_ISDIR(facts.st_mode):
                pending.extend(here / name for name in os.listdir(here))
            elif stat.S_ISREG(facts.st_mode):
                total += facts.st_size
    except OSError:
        return None
    return total
