"""Whether a program paints the whole terminal, told from its output at little cost."""

from __future__ import annotations

import re

from podtui.tui.output_source import OutputSource, Segment

NEAR_BYTES = 512 * 1024
"""The end of an output that is looked through when a pod is opened."""
HEAD_BYTES = 64 * 1024
"""Its beginning, where a program that paints for hours has taken the other screen."""
LONGEST_SWITCH = 48
_SWITCH = re.compile(rb"\x1b\[\?(?:[0-9;]{0,20};)?(?:1049|1047|47)(?:;[0-9;]{0,20})?([hl])")


class FullScreenWatch:
    """Follows when the newest run's program takes and leaves the terminal's other screen.

    A guess that decides only which view is offered: what is between the beginning and the end of
    a long output is not looked at.
    """

    def __init__(self) -> None:
        self._run = 0
        self._looked_to = 0
        self._is_taken = False

    def look(self, source: OutputSource) -> bool:
        """Take in what has come; returns whether the other screen is taken now."""
        if not source.segments:
            return False
        segment = source.segments[-1]
        if segment.run != self._run:
            self._run, self._looked_to, self._is_taken = segment.run, segment.start, False
        if segment.end - self._looked_to > NEAR_BYTES:
            self._take(source.read(segment, segment.start, HEAD_BYTES))
            self._looked_to = segment.end - NEAR_BYTES
        if segment.end > self._looked_to:
            self._take(self._unseen(source, segment))
        self._looked_to = segment.end
        return self._is_taken

    def _unseen(self, source: OutputSource, segment: Segment) -> bytes:
        # A little of what was looked at already: a sequence may have come in two pieces.
        start = max(self._looked_to - LONGEST_SWITCH, segment.start)
        return source.read(segment, start, segment.end - start)

    def _take(self, data: bytes) -> None:
        for switch in _SWITCH.finditer(data):
            self._is_taken = switch[1] == b"h"
