"""The core's only door to signals; a test puts a recording or a refusing one in its place."""

from __future__ import annotations

import os

from podtui.kernel import signals
from podtui.kernel.processes import ProcessGone


class Signals:
    """Sends signals through pidfds."""

    def open_target(self, pid: int) -> int | None:
        """Return a pidfd of a process that may be signalled, None when it is gone.

        Raises:
            ValueError: the number names no process that may ever be signalled.
            OSError: could not tell.
        """
        try:
            return signals.open_target(pid)
        except ProcessGone:
            return None

    def send(self, handle: int, number: int) -> bool:
        """Send a signal; False when the process is gone. PermissionError when it is not ours."""
        return signals.send(handle, number)

    def close(self, handle: int) -> None:
        os.close(handle)
