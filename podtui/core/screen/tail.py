"""The end of an output file: enough of it to know what the terminal shows now.

Nothing of a long output but its end is read: the last MiB, and where a full-screen program had
taken the other screen before that, the place where it did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from podtui.core.system.fs import Fs

TAIL_BYTES = 1024 * 1024
SEARCH_BYTES = 64 * 1024 * 1024
"""How far back the start of a full-screen program is searched for."""
SEARCH_WINDOW = 1024 * 1024
BEFORE_BYTES = 32 * 1024
"""What is drawn of the screen that the full-screen program has covered."""
_SWITCH = re.compile(rb"\x1b\[\?(?:[0-9;]{0,40};)?(?:1049|1047|47)(?:;[0-9;]{0,40})?([hl])")
_USUAL_SWITCHES = tuple(
    b"\x1b[?%d%b" % (mode, switch) for mode in (1049, 1047, 47) for switch in (b"h", b"l")
)
LONGEST_SWITCH = max(map(len, _USUAL_SWITCHES))


@dataclass(frozen=True, slots=True)
class Tail:
    """The output that is to be drawn.

    Attributes:
        start: where ``data`` begins in the file; between two things, or in the middle of none that
            matters.
        is_whole: it begins with an empty screen: nothing that is missing could still be seen.
        before: the screen a full-screen program has covered, with the sequence that covered it.
        switched_at: where that sequence is in the file; None when ``before`` is empty.
    """

    start: int
    data: bytes
    is_whole: bool
    before: bytes = b""
    switched_at: int | None = None


def read_tail(fs: Fs, descriptor: int, upto: int) -> Tail:
    """Return the end of the first ``upto`` bytes of an open output."""
    start = max(upto - TAIL_BYTES, 0)
    data = fs.read_at(descriptor, upto - start, start)
    if not start:
        return Tail(0, data, is_whole=True)
    skipped = _first_beginning(data)
    start, data = start + skipped, data[skipped:]
    first = _SWITCH.search(data)
    if first and first[1] == b"h":
        return Tail(start, data, is_whole=True)
    place = last_screen_switch(fs, descriptor, start)
    if place is None:
        # Left without having been taken within the bytes searched: it was taken before them.
        before = _USUAL_SWITCHES[0] if first else b""
        return Tail(start, data, is_whole=False, before=before)
    begin = max(place - BEFORE_BYTES, 0)
    before = fs.read_at(descriptor, place + LONGEST_SWITCH - begin, begin)
    taken = _SWITCH.search(before, place - begin)
    if taken is None or taken[1] == b"l":
        return Tail(start, data, is_whole=False)
    before = before[: taken.end()]
    if begin:
        before = before[_first_beginning(before) :]
    return Tail(start, data, is_whole=False, before=before, switched_at=place)


def _first_beginning(data: bytes) -> int:
    """Return where something begins in data that was cut anywhere: a line, or a sequence."""
    places = [place for place in (data.find(b"\n"), data.find(b"\x1b")) if place >= 0]
    return min(places, default=0)


def last_screen_switch(fs: Fs, descriptor: int, upto: int) -> int | None:
    """Return where a program last took or left the other screen, within `SEARCH_BYTES`."""
    end = upto
    while end > max(upto - SEARCH_BYTES, 0):
        start = max(end - SEARCH_WINDOW, 0)
        window = fs.read_at(descriptor, end - start + LONGEST_SWITCH - 1, start)
        window = window[: upto - start]
        place = max(window.rfind(switch) for switch in _USUAL_SWITCHES)
        if place >= 0:
            return start + place
        end = start
    return None
