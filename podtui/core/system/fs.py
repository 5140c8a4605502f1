"""The only door to the disk.

Reading refuses what an agent could have put in a record's place: links, FIFOs, devices,
directories, files of other users, files that are too long. Writing follows one rule per kind:
whole files are replaced by rename, journals and ledgers grow by one synced line.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from podtui.core.system import fs_links
from podtui.core.system.clock import Clock
from podtui.kernel import files, locks

MISSING = (FileNotFoundError, NotADirectoryError)
"""Errors of the disk for a path where nothing is."""
RECORD_LIMIT = 64 * 1024
"""Bytes a record may have; a longer one is unreadable, not read."""
SEARCHED_BYTES = 64 * 1024 * 1024
LOCK_RETRY_S = 0.005
PRIVATE_UMASK = 0o077
_inherited_umask: list[int] = []
"""One umask belongs to the whole process, so it is remembered for the whole process."""
_PART = 1024 * 1024
_UNSAFE_TO_OPEN = {
    errno.ELOOP: "a symbolic link",
    errno.ENXIO: "a socket or a device",
    errno.EISDIR: "a directory",
}


class UnsafeFile(OSError):
    """What is at the path is not a plain file of ours; ``reason`` says what it is instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EINVAL, reason)
        self.reason = reason


class Stamp(msgspec.Struct, frozen=True):
    """What changes when a file is replaced or grows."""

    inode: int
    size: int
    modified_ns: int


def _read_and_close(descriptor: int, limit: int) -> bytes:
    try:
        data = b""
        while len(data) <= limit and (part := os.read(descriptor, limit + 1 - len(data))):
            data = data + part if data else part
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise UnsafeFile(f"longer than the {limit} bytes it may have")
    return data


def _stamp_of(facts: os.stat_result) -> Stamp:
    return Stamp(facts.st_ino, facts.st_size, facts.st_mtime_ns)


def _kind_of(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISREG, "a plain file"),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for matches, name in kinds if matches(mode)), "not a plain file")


class Fs:
    """The real disk.

    It is long because it is the whole seam to the disk: a test replaces this one class.
    """

    def __init__(self, uid: int | None = None) -> None:
        self.uid = os.geteuid() if uid is None else uid

    # reading

    def stamp(self, path: Path | str) -> Stamp | None:
        """Return the stamp of what is at ``path`` (links not followed), None when nothing is."""
        try:
            facts = os.lstat(path)
        except FileNotFoundError:
            return None
        return _stamp_of(facts)

    def open_plain(self, path: Path) -> int:
        """Open a plain file of ours for reading and return its descriptor.

        Raises:
            FileNotFoundError: there is nothing.
            UnsafeFile: it is something else.
            OSError: could not tell.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            reason = _UNSAFE_TO_OPEN.get(error.errno or 0)
            if reason:
                raise UnsafeFile(reason) from None
            raise
        self._refuse_unsafe(descriptor)
        return descriptor

    def _open_to_write(self, path: Path, flags: int) -> int:
        """Open a plain file of ours, made if missing, that is written in place."""
        # Without O_NONBLOCK a FIFO in the file's place could hold us for ever.
        flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, files.PRIVATE_FILE)
        except OSError as error:
            reason = _UNSAFE_TO_OPEN.get(error.errno or 0)
            if reason:
                raise UnsafeFile(reason) from None
            raise
        self._refuse_unsafe(descriptor)
        return descriptor

    def _refuse_unsafe(self, descriptor: int) -> None:
        """Close a descriptor of what is not a plain file of ours, and say what it is."""
        problem = self._problem(os.fstat(descriptor))
        if problem:
            os.close(descriptor)
            raise UnsafeFile(problem)

    def _problem(self, facts: os.stat_result) -> str | None:
        if not stat.S_ISREG(facts.st_mode):
            return _kind_of(facts.st_mode)
        if facts.st_uid != self.uid:
            return f"a file of another user (uid {facts.st_uid})"
        if facts.st_nlink > 1:
            return "a file with a second name (hard link)"
        return None

    def read_record(self, path: Path, limit: int = RECORD_LIMIT) -> bytes:
        """Return the content of a small plain file.

        Raises:
            FileNotFoundError: there is nothing.
            UnsafeFile: it is something else, or longer than ``limit`` bytes.
            OSError: could not tell.
        """
        return self.read_stamped(path, limit)[0]

    def read_stamped(self, path: Path, limit: int = RECORD_LIMIT) -> tuple[bytes, Stamp]:
        """Return the content of a small plain file and the stamp it had before; as `read_record`.

        Of the very file that was read, and without a second way along its path.
        """
        descriptor = self.open_plain(path)
        stamp = _stamp_of(os.fstat(descriptor))
        return _read_and_close(descriptor, limit), stamp

    def read_linked(self, path: Path, limit: int) -> bytes:
        """Return the content of a small plain file that links may lead to, whosever it is.

        For what the user keeps elsewhere and links to, as with settings; never for the store.

        Raises:
            FileNotFoundError: there is nothing.
            UnsafeFile: it is something else, or longer than ``limit`` bytes.
            OSError: could not tell.
        """
        try:
            # Without O_NONBLOCK a FIFO in the file's place could hold us for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno == errno.ENXIO:
                raise UnsafeFile(_UNSAFE_TO_OPEN[errno.ENXIO]) from None
            raise
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise UnsafeFile(_kind_of(mode))
        return _read_and_close(descriptor, limit)

    def read_at(self, descriptor: int, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes at ``offset`` of an open file."""
        return os.pread(descriptor, length, offset)

    def contains(self, path: Path, needle: bytes) -> bool:
        """Whether a plain file holds these bytes in its first `SEARCHED_BYTES`.

        A file that is not there does not.

        Raises:
            UnsafeFile, OSError: could not tell.
        """
        try:
            descriptor = self.open_plain(path)
        except FileNotFoundError:
            return False
        # Read, not mapped: where a disk fails, a mapping ends the process with SIGBUS.
        try:
            position, end = 0, b""
            while position < SEARCHED_BYTES and (part := self.read_at(descriptor, _PART, position)):
                if needle in end + part:
                    return True
                end = (end + part)[-len(needle) :]
                position += len(part)
            return False
        finally:
            os.close(descriptor)

    def size_of(self, descriptor: int) -> int:
        """Return the length of an open file in bytes."""
        return os.fstat(descriptor).st_size

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def names_in(self, directory: Path) -> list[str]:
        """Return the sorted names in a directory; the directory must be there."""
        return sorted(os.listdir(directory))

    def is_directory(self, path: Path) -> bool:
        """Whether a real directory (not a link to one) is at ``path``."""
        try:
            return stat.S_ISDIR(os.lstat(path).st_mode)
        except FileNotFoundError:
            return False

    def is_own_directory(self, path: Path) -> bool:
        """Whether a real directory of ours, whichever other users may use it, is at ``path``."""
        try:
            facts = os.lstat(path)
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(facts.st_mode) and facts.st_uid == self.uid

    def resolved(self, path: str) -> str:
        """Return where an absolute path leads; see `podtui.core.system.fs_links.resolved`."""
        return fs_links.resolved(path)

    def mode_problem(self, path: Path) -> str | None:
        """Return which other users may use a file or directory, None when no other may.

        A symbolic link is not followed; for a path where nothing is the answer is None.

        Raises:
            OSError: could not tell.
        """
        try:
            facts = os.lstat(path)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(facts.st_mode) or not facts.st_mode & 0o077:
            return None
        return f"others may use it (mode {stat.S_IMODE(facts.st_mode):04o})"

    def is_executable(self, path: Path) -> bool:
        """Whether ``path`` is a file this user may execute."""
        return path.is_file() and os.access(path, os.X_OK)

    def directory_problem(self, path: Path) -> str | None:
        """Return why a directory cannot be trusted, None when it is ours alone.

        Raises:
            OSError: could not tell; FileNotFoundError when there is nothing.
        """
        facts = os.lstat(path)
        if not stat.S_ISDIR(facts.st_mode):
            return f"it is {_kind_of(facts.st_mode)}, not a directory"
        if facts.st_uid != self.uid:
            return f"it belongs to uid {facts.st_uid}, not to you (uid {self.uid})"
        if facts.st_mode & 0o077:
            return f"others may use it (mode {stat.S_IMODE(facts.st_mode):04o}, must be 0700)"
        return None

    # writing

    def make_directory(self, path: Path) -> None:
        """Make one private directory and make its name durable; fine when it is there."""
        try:
            os.mkdir(path, files.PRIVATE_DIRECTORY)
        except FileExistsError:
            return
        files.sync_directory(str(path.parent))

    def make_directories(self, path: Path) -> None:
        """Make a private directory and whatever is missing above it."""
        missing = []
        while not path.exists():
            missing.append(path)
            path = path.parent
        for each in reversed(missing):
            self.make_directory(each)

    def make_private(self, path: Path) -> None:
        """Take every right on a directory of ours from others."""
        if os.lstat(path).st_uid == self.uid:
            os.chmod(path, files.PRIVATE_DIRECTORY)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        """Replace a file whole; see `podtui.kernel.files.replace_whole`."""
        files.replace_whole(str(path), data, sync=sync)

    def create(self, path: Path, data: bytes = b"") -> None:
        """Create a private file that must not be there yet, synced.

        Raises:
            FileExistsError: something is there; it is left as it is.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, files.PRIVATE_FILE)
        try:
            files.write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def append_line(self, path: Path, line: bytes) -> None:
        """Append one line, synced; the newline at its end is the commit mark.

        A torn line that a crash left at the end is closed with a newline first, so that it stays
        visible as one bad line and never swallows the new one. The caller holds the lock of this
        file: two writers would close one torn line twice.

        Raises:
            UnsafeFile: something else is in the file's place.
            OSError: the line is not on the disk; when only the sync failed it may be seen.
        """
        descriptor = self._open_to_write(path, os.O_RDWR | os.O_APPEND)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            self._append(descriptor, size, (b"\n" if torn else b"") + line + b"\n")
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if size == 0:
            self.sync_directory(path.parent)

    def _append(self, descriptor: int, size: int, data: bytes) -> None:
        try:
            self.write_line(descriptor, data)
        except OSError:
            # A full disk took a part: it is taken back, so that the file ends as it did before.
            # No reader has used it, as its newline was not written.
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise

    def write_line(self, descriptor: int, data: bytes) -> None:
        """Write bytes to an open file, going on after short writes."""
        files.write_all(descriptor, data)

    def rename(self, source: Path, target: Path) -> None:
        """Rename within one file system and make both directories durable.

        Raises:
            OSError: ENOTEMPTY or EEXIST when ``target`` is a directory that holds something.
        """
        os.rename(source, target)
        for directory in dict.fromkeys((target.parent, source.parent)):
            files.sync_directory(str(directory))

    def rename_new(self, source: Path, target: Path) -> None:
        """Rename as `rename` does, to a name nothing has: nothing is ever replaced by it.

        Raises:
            FileExistsError: something has the name.
            OSError: it is not renamed; or, when only a directory could not be synced, it is.
        """
        files.rename_new(str(source), str(target))
        for directory in dict.fromkeys((target.parent, source.parent)):
            files.sync_directory(str(directory))

    def sync_directory(self, path: Path) -> None:
        files.sync_directory(str(path))

    def remove(self, path: Path) -> None:
        """Remove one file of podtui's own making (a socket, a probe file), never a record."""
        os.unlink(path)

    def remove_directory(self, path: Path) -> None:
        """Remove one directory that holds nothing; raises OSError (ENOTEMPTY) when it does."""
        os.rmdir(path)
        files.sync_directory(str(path.parent))

    def remove_tree(self, path: Path) -> None:
        """Delete what is at ``path`` with all that is in it; see `removing.TreeRemover`.

        Raises:
            OSError: something of it is still there; it may be called again.
        """
        # Loaded here only: nothing but a purge deletes.
        from podtui.core.system.remove_tree import TreeRemover  # noqa: PLC0415

        TreeRemover(self.before_tree_step).remove(path)

    def before_tree_step(self, what: str, name: str) -> None:
        """Called by `remove_tree` before each change; a subclass may fail or stop there."""

    def tree_size(self, path: Path) -> int | None:
        """Return the bytes of all plain files at and below ``path``, None when it is not known."""
        # Loaded here only: as above.
        from podtui.core.system.remove_tree import tree_size  # noqa: PLC0415

        return tree_size(path)

    # locks

    def is_locked(self, path: Path) -> bool:
        """Whether another process holds the lock on a file; takes nothing.

        Raises:
            FileNotFoundError, UnsafeFile, OSError: could not tell.
        """
        descriptor = self.open_plain(path)
        try:
            return locks.is_locked(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def locked(self, path: Path, *, clock: Clock, timeout_s: float) -> Iterator[int]:
        """Hold the lock of a file, made if missing; yields its descriptor.

        Raises:
            BlockingIOError: ``timeout_s`` passed; the holder's note can be read from the file.
            UnsafeFile: something else is in the lock file's place.
            OSError: the lock file cannot be opened or made.
        """
        descriptor = self._open_to_write(path, os.O_RDWR)
        deadline = clock.boottime() + timeout_s
        try:
            # A blocking lock call has no time limit, so the lock is tried again and again.
            while not locks.try_lock(descriptor):
                if clock.boottime() >= deadline:
                    raise BlockingIOError(errno.EAGAIN, "the lock is held", str(path))
                clock.pause(LOCK_RETRY_S)
            yield descriptor
        finally:
            # Closing lets the lock go; the file stays, since removing it would let two in.
            os.close(descriptor)

    def is_at(self, descriptor: int, path: Path) -> bool:
        """Whether an open file is the one at ``path``; raises OSError."""
        stamp = self.stamp(path)
        return stamp is not None and stamp.inode == os.fstat(descriptor).st_ino

    def note_holder(self, descriptor: int, note: bytes) -> None:
        """Write the holder of a lock into its file, for those that wait for the lock."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note, 0)

    def open_append(self, path: Path) -> int:
        """Open a private file for appending, made if missing."""
        return self._open_to_write(path, os.O_WRONLY | os.O_APPEND)

    @property
    def inherited_umask(self) -> int | None:
        """The umask this process was started with, None before `set_private_umask`."""
        return _inherited_umask[0] if _inherited_umask else None

    def set_private_umask(self) -> None:
        """Make every file of this process private from its first byte."""
        before = os.umask(PRIVATE_UMASK)
        if not _inherited_umask:
            # Kept for the pods: what an agent writes is to have the rights its user chose.
            _inherited_umask.append(before)


def is_disk_trouble(error: OSError) -> bool:
    """Whether an error is of the disk: full, over quota, read-only, failing, too large."""
    return error.errno in {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EFBIG,
        errno.ENOMEM,
    }


def errno_words(error: OSError) -> str:
    """Return an error of the disk or the kernel as "EIO: Input/output error"."""
    if isinstance(error, UnsafeFile):
        return f"it is {error.reason}"
    name = errno.errorcode.get(error.errno or 0, "error")
    return f"{name}: {os.strerror(error.errno or 0)}"
