"""How far the screen has shown a pod's output: the screen is a named reader like any other."""

from __future__ import annotations

from podtui.core.paths import PodPaths
from podtui.core.store.cursors import Place, move_cursor, read_cursor
from podtui.core.system.host import System
from podtui.tui.output_source import OutputSource

READER = "tui"


class ReaderMark:
    """The screen's own cursor in the output of one pod.

    Args:
        writes: False when the store may only be read.
    """

    def __init__(self, system: System, paths: PodPaths, *, writes: bool) -> None:
        self._system = system
        self._paths = paths
        self._writes = writes
        self._written: Place | None = None

    def read(self, source: OutputSource) -> int | None:
        """Return the position seen last, None when this pod was never looked at.

        Raises:
            Unreadable: the cursor's record does not say.
        """
        place = read_cursor(self._system.fs, self._paths, READER)
        if place is None:
            return None
        self._written = place
        return source.position_of(place.run, place.offset)

    def write(self, source: OutputSource, position: int) -> None:
        """Remember a position on disk, unless it is there already.

        Raises:
            PodtuiError: it could not be remembered.
        """
        if not self._writes or position <= 0:
            return
        place = Place(*source.place_of(position))
        if self._written is None or place > self._written:
            self._written = move_cursor(self._system, self._paths, READER, place)
