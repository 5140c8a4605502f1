"""Whether a program paints the whole terminal, guessed from its output."""

from __future__ import annotations

import re

from podtui.core.output.positions import PositionedOutput
from podtui.core.output.source import Segment

NEAR_BYTES = 512 * 1024
"""The end of an output that is searched when a pod is opened."""
HEAD_BYTES = 64 * 1024
"""Its beginning, where a program that paints for hours has taken the other screen."""
LONGEST_SWITCH = 48
_SWITCH = re.compile(rb"\x1b\[\?(?:[0-9;]{0,20};)?(?:1049|1047|47)(?:;[0-9;]{0,20})?([hl])")


class FullScreenWatch:
    """Follows when the newest run's program takes and leaves the terminal's other screen.

    A guess that decides only which view is offered: what is between the beginning and the end of
    a long output is not read.
    """

    def __init__(self) -> None:
        self._run = 0
        self._read_to = 0
        self._is_taken = False

    def update(self, output: PositionedOutput) -> bool:
        """Take in what has come; returns whether the other screen is taken now."""
        if not output.segments:
            return False
        segment = output.segments[-1]
        if segment.run != self._run:
            self._run, self._read_to, self._is_taken = segment.run, segment.start, False
        if segment.data_end - self._read_to > NEAR_BYTES:
            self._take(output.read(segment, segment.start, HEAD_BYTES))
            self._read_to = segment.data_end - NEAR_BYTES
        if segment.data_end > self._read_to:
            self._take(self._unread(output, segment))
        self._read_to = segment.data_end
        return self._is_taken

    def _unread(self, output: PositionedOutput, segment: Segment) -> bytes:
        # A little of what was read already: a sequence may have come in two pieces.
        start = max(self._read_to - LONGEST_SWITCH, segment.start)
        return output.read(segment, start, segment.data_end - start)

    def _take(self, data: bytes) -> None:
        for switch in _SWITCH.finditer(data):
            self._is_taken = switch[1] == b"h"
