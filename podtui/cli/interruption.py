"""Makes Ctrl-C end verbs that wait in a loop of the core."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets, which ends the loop; then raise KeyboardInterrupt.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    stop = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        # If the handler only set the event, a write to a full pipe or a sleep would continue.
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
    # The watcher suppresses an exception that is raised inside it.
    if stop.is_set():
        raise KeyboardInterrupt
