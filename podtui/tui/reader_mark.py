"""How far the screen has shown a pod's output: the screen is a named reader like any other."""

from __future__ import annotations

from podtui.core.paths import PodPaths
from podtui.core.system.clock import Clock
from podtui.core.system.fs import Fs
from podtui.tui.output_source import OutputSource

READER = "tui"


class ReaderMark:
    """The screen's own cursor in the output of one pod."""

    def __init__(self, fs: Fs, clock: Clock, paths: PodPaths, *, writes: bool) -> None:
        self._fs = fs
        self._clock = clock
        self._paths = paths
        self._writes = writes
        self._written = 0

    def read(self, source: OutputSource) -> int | None:
        """Return the position seen last, None when this pod was never looked at."""
        return None

    def write(self, source: OutputSource, position: int) -> None:
        """Remember a position on disk, if it is further than the last."""
