"""Ctrl-C for verbs that wait in a loop of the core."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets, so that a loop of the core ends; then it is Ctrl-C again.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    stop = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        # A write to a full pipe or a sleep would go on after a handler that only sets the event.
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
    # The watcher swallows an exception that is raised inside of it.
    if stop.is_set():
        raise KeyboardInterrupt
