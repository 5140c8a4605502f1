"""Notices that the terminal is gone when no signal reports it.

A hang-up signal only goes to processes whose controlling terminal it is. A screen that has none, or
ignores the signal, would go on for ever, reading the end of its input as fast as it can.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

LOOK_EVERY_S = 2.0


def terminal_is_gone(descriptor: int) -> bool:
    """Whether what is behind a descriptor has been hung up; False for what is no terminal's."""
    waiter = select.poll()
    waiter.register(descriptor, 0)
    with suppress(OSError):
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in waiter.poll(0))
    return True


def standard_input() -> int | None:
    """Return the descriptor of the terminal keys come from, None when there is none."""
    stream = sys.__stdin__
    if stream is None or stream.closed:
        return None
    with suppress(OSError, ValueError):
        descriptor = stream.fileno()
        return descriptor if os.isatty(descriptor) else None
    return None
