"""Open-file-description locks: held by a descriptor, asked about without being taken.

A lock belongs to the open file, not to the process: it ends when the last descriptor of that
open file is closed, so a lock descriptor must never reach a child (close it right after fork).
"""

from __future__ import annotations

import errno
import fcntl
import struct

# The names are missing from Python's fcntl on some builds; the numbers are Linux ABI.
F_OFD_GETLK = 36
F_OFD_SETLK = 37
_FLOCK = "hhqqi4x"


def _whole_file(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, 0, 0, 0, 0)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock; False when another open file holds it. Needs a writable file."""
    try:
        fcntl.fcntl(descriptor, F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True


def is_locked(descriptor: int) -> bool:
    """Whether another open file holds the lock; takes nothing. A readable file is enough."""
    answer = fcntl.fcntl(descriptor, F_OFD_GETLK, _whole_file(fcntl.F_WRLCK))
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
