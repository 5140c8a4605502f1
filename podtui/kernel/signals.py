"""The only module that sends a signal, always through a pidfd.

A pidfd names one process for ever: between a check and a signal a pid may be given to another
process, and a pidfd then answers ESRCH.
"""

from __future__ import annotations

import os

from podtui.kernel.processes import NO_SUCH_PROCESS, Identity, ProcessGone, identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    # `signal` builds enumerations when it is loaded; every supervisor would pay for them.
    import _signal

LOWEST_TARGET = 2
"""Process 1 and the special numbers 0 and below are never a target."""


def open_target(pid: int) -> int:
    """Return a pidfd for a process that may be signalled.

    Raises:
        ValueError: the number names no process that may ever be signalled.
        ProcessGone: there is no such process.
        OSError: could not tell.
    """
    if pid < LOWEST_TARGET or pid == os.getpid():
        raise ValueError(f"process {pid} is never signalled")
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno in NO_SUCH_PROCESS:
            raise ProcessGone(str(pid)) from None
        raise


def send(descriptor: int, number: int) -> bool:
    """Send a signal through a pidfd; False when the process is gone."""
    try:
        _signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    return True


def is_same_process(recorded: Identity, descriptor: int) -> bool:
    """Whether a pidfd is of the recorded process, every recorded fact agreeing.

    Raises:
        OSError: could not tell.
    """
    try:
        now = identify(recorded.pid, descriptor)
    except ProcessGone:
        return False
    return (
        now.boot == recorded.boot
        and now.start_ticks == recorded.start_ticks
        and now.uid == recorded.uid
        and (recorded.inode is None or now.inode == recorded.inode)
    )
