"""Writing small files so that a reader never sees half of one, at any crash."""

from __future__ import annotations

import errno
import os
from _thread import get_native_id

TEMPORARY_SUFFIX = ".tmp"
PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; after a short write the rest is written, too."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(path: str) -> None:
    """Make names created, renamed or removed in a directory survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        # It is being removed because of an earlier error, and the caller raises that one.
        return


def _create_anew(path: str) -> int:
    """Create a file and return its descriptor; remove whatever has this name first.

    That is left from a crash, or was put there to redirect the write (a link, a FIFO).
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, PRIVATE_FILE)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, flags, PRIVATE_FILE)


def replace_whole(path: str, data: bytes, *, sync: bool = True) -> None:
    """Replace a file by temp file, fsync, rename and directory fsync.

    With ``sync=False`` the file is still whole for every reader, and only a power loss may bring
    back its earlier content: for records that are a convenience, such as ``status.json``.

    Raises:
        OSError: the file has its earlier content and the temporary file is gone; or, when only
            the directory could not be synced, the new content, which a power loss may take back.
    """
    # The thread id, unique on the host, keeps two writers of one record, in two processes or in
    # two threads of one, from sharing a temporary file.
    temporary = f"{path}.{get_native_id()}{TEMPORARY_SUFFIX}"
    descriptor = _create_anew(temporary)
    try:
        try:
            write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        # An interrupt (Ctrl-C in a caller) must not leave a temporary file behind either.
        _remove_if_there(temporary)
        raise
    if sync:
        sync_directory(os.path.dirname(path) or ".")


_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NOT_OFFERED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})


def rename_new(source: str, target: str) -> None:
    """Rename to a name that is free; of two callers that want one name only one gets it.

    Raises:
        FileExistsError: something has the name, even an empty directory.
        OSError: it is not renamed.
    """
    number = _rename_without_replacing(source, target)
    if number in _NOT_OFFERED:
        # An old kernel or file system: what appears between the check and the rename is not seen.
        number = errno.EEXIST if os.path.lexists(target) else 0
        if not number:
            os.rename(source, target)
    if number:
        raise OSError(number, os.strerror(number), source, None, target)


def _rename_without_replacing(source: str, target: str) -> int:
    """Return 0 or the errno."""
    # Loaded here only: a supervisor never needs it.
    import ctypes  # noqa: PLC0415

    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return errno.ENOSYS
    done: int = rename(
        _AT_FDCWD,
        os.fsencode(source),
        _AT_FDCWD,
        os.fsencode(target),
        ctypes.c_uint(_RENAME_NOREPLACE),
    )
    return 0 if done == 0 else ctypes.get_errno()
