"""A pod's screen shown on a terminal of another size: re-drawn, clipped, with a line that says so.

The bytes themselves would be painted wrong: they are meant for a terminal as wide and as high as
the one the program has.
"""

from __future__ import annotations

from podtui.core.attach.first_paint import OTHER_SCREEN, Arrival
from podtui.core.attach.tty import Terminal
from podtui.core.screen.paint import RESET, move_to, painted_rows, sgr
from podtui.core.screen.picture import Cursor, ScreenPicture, Style
from podtui.core.system.clock import Clock
from podtui.core.text.safe import safe_line

APART_S = 0.02
"""Seconds between two paintings: a flood of output is looked at, not followed."""
NOTE_STYLE = Style(reverse=True)


class Mirror:
    """Re-draws a run's screen on a terminal that is not of its size.

    Args:
        note: what the last row says, to which the sizes are added.
        takes_keys: what is typed goes to the pod, so that keys must be told as it expects them.
    """

    def __init__(
        self, terminal: Terminal, here: Arrival, clock: Clock, *, note: str, takes_keys: bool
    ) -> None:
        self.here = here
        self._terminal = terminal
        self._clock = clock
        self._note = note
        self._takes_keys = takes_keys
        self._key_settings = b""
        self._size = (0, 0)
        self._top = 0
        self._dirty = True
        self._next_s = 0.0
        self._written = b""
        terminal.write(terminal.leaving() + OTHER_SCREEN.encode())

    def feed(self, data: bytes) -> None:
        """Take live output; shown at the next `paint`."""
        self.here.feed(data)
        self._dirty = True

    def resize(self, columns: int, rows: int) -> None:
        """Take the program's new size."""
        self.here.resize(columns, rows)
        self._dirty = True

    def repaint(self) -> None:
        """Paint all of it next time: the terminal's size changed, or others wrote on it."""
        self._size = (0, 0)
        self._dirty = True

    @property
    def due_ms(self) -> int | None:
        """Milliseconds until `paint` has something to do; None for not before more comes."""
        if not self._dirty or self._terminal.waiting:
            return None
        return max(int((self._next_s - self._clock.monotonic()) * 1000) + 1, 0)

    def paint(self) -> None:
        """Paint what has changed, unless the last time was just now or is not shown yet."""
        if not self._dirty or self._terminal.waiting or self._clock.monotonic() < self._next_s:
            return
        self._terminal.write(self._painting().encode("utf-8", "replace") + self._keys())
        self._dirty = False
        self._next_s = self._clock.monotonic() + APART_S

    def _painting(self) -> str:
        picture = self.here.screen.picture()
        columns, rows = self._terminal.size()
        # The last row is ours, as long as there is another one.
        room = max(rows - 1, 1)
        top = _top(picture.cursor, room, picture.rows)
        anew = (columns, rows) != self._size or top != self._top
        self._size, self._top = (columns, rows), top
        shown = range(top, min(top + room, picture.rows))
        painted = shown if anew else sorted(picture.changed_rows & set(shown))
        parts = ["\x1b[?25l"]
        if anew:
            parts.append(RESET + "\x1b[2J")
        if anew or picture.rows < room:
            parts.append(self._noted(picture, columns, rows))
        parts.append(painted_rows(picture, painted, columns=columns, top=top))
        parts.append(_cursor(picture.cursor, columns, shown))
        return "".join(parts)

    def _noted(self, picture: ScreenPicture, columns: int, rows: int) -> str:
        if rows == 1:
            return ""
        sizes = f"{picture.columns}x{picture.rows} shown on {columns}x{rows}"
        note = safe_line(f" {sizes} — {self._note} ", columns)
        return move_to(0, rows - 1) + sgr(NOTE_STYLE) + note + RESET

    def _keys(self) -> bytes:
        """Return what brings the terminal's keys up to date, nothing when they are."""
        wanted = self.here.modes.key_settings() if self._takes_keys else b""
        if wanted == self._key_settings:
            return b""
        self._key_settings = wanted
        return self._terminal.modes.key_resets() + wanted


def _top(cursor: Cursor, room: int, rows: int) -> int:
    """Return the first row to show: the beginning, or as far down as the cursor asks for."""
    return max(min(cursor.y, rows - 1) - room + 1, 0)


def _cursor(cursor: Cursor, columns: int, shown: range) -> str:
    if not cursor.visible or cursor.y not in shown or cursor.x >= columns:
        return ""
    return move_to(cursor.x, cursor.y - shown.start) + "\x1b[?25h"
