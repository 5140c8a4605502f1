"""Writing small files so that a reader never sees half of one, at any crash."""

from __future__ import annotations

import os

TEMPORARY_SUFFIX = ".tmp"
PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a short write is gone on with, never taken for done."""
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
        # It is being removed because of an earlier error, and that one is the one to be told.
        return


def replace_whole(path: str, data: bytes, *, sync: bool = True) -> None:
    """Replace a file by temp file, fsync, rename and directory fsync.

    With ``sync=False`` the file is still whole for every reader, and only a power loss may bring
    back its earlier content: for records that are a convenience, such as ``status.json``.

    Raises:
        OSError: the file has its earlier content and the temporary file is gone; or, when only
            the directory could not be synced, the new content, which a power loss may take back.
    """
    # The pid keeps two writers of one record from sharing a temporary file.
    temporary = f"{path}.{os.getpid()}{TEMPORARY_SUFFIX}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, PRIVATE_FILE)
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
