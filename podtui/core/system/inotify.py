"""The kernel's own watch over directories and all below them; woken by changes and nothing else.

Only changes are asked for. Libraries for watching ask for opened files, too, so that every look at
a store woke its own watcher; they wake up many times a second to see whether they are to stop; and
they walk through thousands of directories without letting any other thread run.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Collection, Iterator

IN_MODIFY = 0x00000002
IN_ATTRIB = 0x00000004
IN_MOVED_FROM = 0x00000040
IN_MOVED_TO = 0x00000080
IN_CREATE = 0x00000100
IN_DELETE = 0x00000200
IN_Q_OVERFLOW = 0x00004000
IN_IGNORED = 0x00008000
IN_ONLYDIR = 0x01000000
IN_DONT_FOLLOW = 0x02000000
IN_EXCL_UNLINK = 0x04000000
IN_ISDIR = 0x40000000

CHANGES = IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
_HOW = CHANGES | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK
_EVENT = struct.Struct("iIII")
_READ_BYTES = 256 * 1024
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP})
"""Directories below a watched one that went away, or that are closed to us: no hints come from
there, and the look itself says what is wrong."""


class Overflow(Exception):
    """More happened than the kernel keeps: anything may have changed."""


class Inotify:
    """Watches directories; used by one thread.

    Args:
        skips: says of the path of a directory below a watched one that it is not entered.

    Raises:
        OSError: the kernel gives no more watches, or a directory is not there.
    """

    def __init__(
        self, directories: Collection[str], *, recursive: bool, skips: Callable[[str], bool]
    ) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._recursive = recursive
        self._skips = skips
        self._paths: dict[int, str] = {}
        self.descriptor = self._checked(
            self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "inotify"
        )
        try:
            for directory in directories:
                self._watch(directory)
                self._watch_below(directory)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let every watch go."""
        os.close(self.descriptor)

    def changes(self) -> frozenset[str]:
        """Return the paths that have changed since the last call; returns at once.

        Raises:
            Overflow: some are not known any more.
            OSError: the kernel gives no more watches.
        """
        found: set[str] = set()
        for number, mask, name in self._events():
            if mask & IN_Q_OVERFLOW:
                raise Overflow
            directory = self._paths.get(number)
            if directory is None:
                continue
            if mask & IN_IGNORED:
                del self._paths[number]
                continue
            path = f"{directory}/{name}" if name else directory
            found.add(path)
            if mask & IN_ISDIR and name:
                self._take_directory(path, mask)
        return frozenset(found)

    def _take_directory(self, path: str, mask: int) -> None:
        if mask & (IN_MOVED_FROM | IN_DELETE):
            self._forget(path)
        if mask & (IN_CREATE | IN_MOVED_TO) and self._is_entered(path):
            self._watch_if_there(path)
            self._watch_below(path)

    def _is_entered(self, path: str) -> bool:
        return self._recursive and not self._skips(path)

    def _forget(self, path: str) -> None:
        """Give back the watches of a directory that was taken away, and of all below it."""
        below = f"{path}/"
        gone = [n for n, each in self._paths.items() if each == path or each.startswith(below)]
        for number in gone:
            del self._paths[number]
            # One that was deleted has lost its watch by itself.
            self._libc.inotify_rm_watch(self.descriptor, number)

    def _watch_below(self, directory: str) -> None:
        if not self._recursive:
            return
        pending = [directory]
        while pending:
            below = filter(self._is_entered, _directories_in(pending.pop()))
            pending += [path for path in below if self._watch_if_there(path)]

    def _watch_if_there(self, path: str) -> bool:
        try:
            self._watch(path)
        except OSError as error:
            if error.errno not in _GONE:
                raise
            return False
        return True

    def _watch(self, path: str) -> None:
        number = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), _HOW)
        self._paths[self._checked(number, path)] = path

    def _events(self) -> Iterator[tuple[int, int, str]]:
        while True:
            try:
                data = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            place = 0
            while place < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, place)
                place += _EVENT.size
                name = data[place : place + length].rstrip(b"\0")
                place += length
                yield number, mask, os.fsdecode(name)
            if len(data) < _READ_BYTES // 2:
                return

    @staticmethod
    def _checked(answer: int, what: str) -> int:
        if answer < 0:
            number = ctypes.get_errno()
            words = os.strerror(number)
            if number == errno.ENOSPC:
                words = "no watches are left (fs.inotify.max_user_watches)"
            elif number == errno.EMFILE:
                words = "no watchers are left (fs.inotify.max_user_instances)"
            raise OSError(number, words, what)
        return answer


def _directories_in(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return []
