"""Signals as events: the kernel's interruption becomes a byte in a pipe the event loop reads."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    # `signal` builds enumerations when it is loaded; every supervisor would pay for them.
    import _signal

SIGCHLD = int(_signal.SIGCHLD)
SIGIO = int(_signal.SIGIO)
SIGINT = int(_signal.SIGINT)
SIGKILL = int(_signal.SIGKILL)
SIGTERM = int(_signal.SIGTERM)
NAMES = {SIGTERM: "SIGTERM", SIGINT: "SIGINT"}
_HIGHEST_SIGNAL = 64


def _only_wake_up(number: int, frame: object) -> None:
    """Do nothing: the byte in the wake-up pipe is what counts."""


def open_wake_up_pipe() -> int:
    """Turn SIGCHLD, SIGTERM, SIGINT and SIGIO into bytes in a pipe; return its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    for ignored in (_signal.SIGHUP, _signal.SIGPIPE, _signal.SIGXFSZ):
        # SIGXFSZ: a file size limit must be an error of the write, not the end of the supervisor.
        _signal.signal(ignored, _signal.SIG_IGN)
    # A full pipe loses only more of what it is full of: each kind is asked for by its effect.
    _signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (SIGCHLD, SIGTERM, SIGINT, SIGIO):
        _signal.signal(number, _only_wake_up)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, [])
    return reading


def read_numbers(reading: int) -> set[int]:
    """Return which signals came since the last call."""
    try:
        return set(os.read(reading, 4096))
    except BlockingIOError:
        return set()


def reset_all() -> None:
    """Give a forked child the signal dispositions and mask of a fresh process."""
    _signal.set_wakeup_fd(-1)
    for number in range(1, _HIGHEST_SIGNAL + 1):
        try:
            _signal.signal(number, _signal.SIG_DFL)
        except (OSError, ValueError):
            continue  # KILL and STOP cannot be set, nor two numbers the C library keeps
    _signal.pthread_sigmask(_signal.SIG_SETMASK, [])
