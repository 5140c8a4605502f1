"""The thread that starts, steers and ends the core's watch, since each of these may block."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from podtui.core.control.plane import ScreenPlane
from podtui.core.errors import PodtuiError, UnknownState
from podtui.core.model.snapshot import Snapshot

JOIN_TIMEOUT_S = 2.0
RETRY_S = 2.0


class LiveThread:
    """Owns the live view of the store.

    Args:
        on_snapshot: called from the core's looking thread.
        on_trouble: called from this thread when there can be no watch.
    """

    def __init__(
        self,
        plane: ScreenPlane,
        on_snapshot: Callable[[Snapshot], None],
        on_trouble: Callable[[PodtuiError], object],
    ) -> None:
        self._plane = plane
        self._on_snapshot = on_snapshot
        self._on_trouble = on_trouble
        self._asked: queue.SimpleQueue[frozenset[str] | bool] = queue.SimpleQueue()
        # A daemon: a store that hangs in the kernel must not keep the terminal from its user.
        self._thread = threading.Thread(target=self._run, name="podtui-live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def refresh(self) -> None:
        """Ask for a new snapshot now."""
        self._asked.put(True)

    def want_samples(self, names: frozenset[str]) -> None:
        """Say which pods are on screen."""
        self._asked.put(names)

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._asked.put(False)

    def join(self) -> None:
        """Wait for the end of the thread, for a bounded time."""
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while not self._live_until_stopped():
            # Re-armed for ever: a store that could not be watched once is not given up.
            if not self._wait_to_retry():
                return

    def _live_until_stopped(self) -> bool:
        """Watch until it is asked to end; returns False when there can be no watch now."""
        try:
            live = self._plane.watch(self._on_snapshot)
        except PodtuiError as error:
            self._on_trouble(error)
            return False
        except Exception as error:  # noqa: BLE001 - protects the operator: a screen that never
            # gets a picture and never says why looks like an empty store.
            self._on_trouble(
                UnknownState(
                    f"the store cannot be watched: {type(error).__name__}: {error}",
                    kept="nothing was changed",
                    next_step="podtui doctor",
                )
            )
            return False
        try:
            while (asked := self._asked.get()) is not False:
                if asked is True:
                    live.refresh()
                else:
                    live.want_samples(asked)
        finally:
            live.close()
        return True

    def _wait_to_retry(self) -> bool:
        """Wait for a moment; returns False when it is asked to end meanwhile."""
        with suppress(queue.Empty):
            while self._asked.get(timeout=RETRY_S) is not False:
                pass
            return False
        return True
