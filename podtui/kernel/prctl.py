"""Process attributes that only ``prctl`` sets."""

from __future__ import annotations

import ctypes
import os

PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, argument: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    first = argument if isinstance(argument, bytes) else ctypes.c_ulong(argument)
    if libc.prctl(option, first, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become_subreaper() -> None:
    """Make every orphaned descendant, daemonised or not, become a child of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def forbid_tracing() -> None:
    """Keep other processes of the same user from reading this one's memory and descriptors.

    It does not keep them from killing it.
    """
    _prctl(PR_SET_DUMPABLE, 0)


def set_name(name: str) -> None:
    """Give this process the name that ``ps`` and ``top`` show; cut at 15 bytes by the kernel."""
    _prctl(PR_SET_NAME, name.encode())
