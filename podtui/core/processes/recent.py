"""What a viewer that comes late is shown first: the last screenful, from disk."""

from __future__ import annotations

from pathlib import Path

import msgspec

from podtui.core.errors import Unreadable
from podtui.core.processes.terminal_modes import TerminalModes
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.core.text.boundaries import text_end
from podtui.core.text.view import text_view

TAIL = 256 * 1024
"""Bytes in which the last screenful is looked for."""
MODES_TAIL = 1024 * 1024
"""Bytes in which the modes of the terminal are looked for."""
SCREEN_TAIL = 64 * 1024 * 1024
"""Bytes in which the beginning of a full-screen program is looked for."""
WINDOW = 1024 * 1024
ROWS_LEFT = 2
"""Rows of the screen that are left for the greeting and for what comes."""

_SCREEN_SWITCHES = tuple(
    b"\x1b[?%d%b" % (mode, switch) for mode in (1049, 1047, 47) for switch in (b"h", b"l")
)
_LONGEST_SWITCH = max(map(len, _SCREEN_SWITCHES))


class Recent(msgspec.Struct, frozen=True):
    """The state of a screen a viewer comes to.

    Attributes:
        shown: what to write first: escape-free text, then the modes the program has set.
        begun: the beginning of a character or sequence whose rest is the next live output.
        full_screen: the program paints the whole screen, and has to be asked to paint it again.
    """

    shown: bytes
    begun: bytes
    full_screen: bool


def recent_output(fs: Fs, path: Path, upto: int, *, columns: int, rows: int) -> Recent:
    """Return the last screenful of the first ``upto`` bytes of an output.

    Raises:
        Unreadable: something else is in the output's place, or it cannot be read.
    """
    try:
        descriptor = fs.open_plain(path)
    except (OSError, UnsafeFile) as error:
        raise Unreadable(
            f"the output {path} cannot be read: {error}",
            next_step="podtui doctor",
            kept="it was left as it is",
        ) from error
    try:
        return _recent(fs, descriptor, upto, columns=columns, rows=rows)
    finally:
        fs.close(descriptor)


def _recent(fs: Fs, descriptor: int, upto: int, *, columns: int, rows: int) -> Recent:
    modes = _modes(fs, descriptor, upto)
    tail = fs.read_at(descriptor, min(upto, TAIL), max(upto - TAIL, 0))
    if upto > TAIL:
        # It begins in the middle of something, which ends with the line at the latest.
        tail = tail[tail.find(b"\n") + 1 :]
    end = text_end(tail)
    if modes.alternate_screen:
        return Recent(modes.entering(), b"", full_screen=True)
    view = text_view(tail[:end], fresh_line=True)
    text = _last_screenful(view, columns=columns, rows=rows - ROWS_LEFT)
    shown = text.replace("\n", "\r\n").encode("utf-8", "replace") + modes.entering()
    return Recent(shown, tail[end:], full_screen=False)


def _last_screenful(text: str, *, columns: int, rows: int) -> str:
    lines = text.split("\n")
    left = rows
    for place in range(len(lines) - 1, -1, -1):
        left -= 1 + max(len(lines[place]) - 1, 0) // max(columns, 1)
        if left < 0:
            # A line longer than the whole screen is cut to its end.
            rest = lines[place + 1 :] or [lines[place][-columns * rows :]]
            return "\n".join(rest)
    return text


def _modes(fs: Fs, descriptor: int, upto: int) -> TerminalModes:
    modes = TerminalModes()
    begin = max(upto - MODES_TAIL, 0)
    switched = _last_screen_switch(fs, descriptor, upto)
    if switched is not None and switched < begin:
        # A long-running program set its modes when it took the screen.
        modes.feed(fs.read_at(descriptor, min(WINDOW, begin - switched), switched))
    modes.feed(fs.read_at(descriptor, upto - begin, begin))
    return modes


def _last_screen_switch(fs: Fs, descriptor: int, upto: int) -> int | None:
    """Return where the program last took or left the other screen, as far back as we look."""
    end = upto
    while end > max(upto - SCREEN_TAIL, 0):
        start = max(end - WINDOW, 0)
        window = fs.read_at(descriptor, end - start + _LONGEST_SWITCH, start)
        place = max(window.rfind(switch) for switch in _SCREEN_SWITCHES)
        if place >= 0:
            return start + place
        end = start
    return None
