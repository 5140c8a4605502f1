"""Shows a pod's screen on a terminal of another size: redrawn, clipped, with a line that says so.

The program's own bytes would paint wrongly: they are meant for a terminal of the program's size.
"""

from __future__ import annotations

from podtui.core.attach.first_paint import OTHER_SCREEN, Arrival
from podtui.core.attach.tty import Terminal
from podtui.core.screen.paint import RESET, move_to, painted_rows, sgr
from podtui.core.screen.picture import Cursor, ScreenPicture, Style
from podtui.core.system.clock import Clock
from podtui.core.text.safe import safe_line

APART_S = 0.02
"""Seconds between two paintings: a flood of output is sampled, not painted in full."""
NOTE_STYLE = Style(reverse=True)


class Mirror:
    """Redraws a run's screen on a terminal of another size.

    Args:
        note: the text of the last row, after the sizes.
        takes_keys: input goes to the pod, so the terminal must encode keys as the pod expects.
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
        """Apply live output; it is shown by the next `paint`."""
        self.here.feed(data)
        self._dirty = True

    def resize(self, columns: int, rows: int) -> None:
        """Apply the program's new size."""
        self.here.resize(columns, rows)
        self._dirty = True

    def repaint(self) -> None:
        """Paint everything next time: the size changed, or another program wrote on it."""
        self._size = (0, 0)
        self._dirty = True

    @property
    def due_ms(self) -> int | None:
        """Milliseconds until `paint` has something to do; None = not before more output."""
        if not self._dirty or self._terminal.waiting:
            return None
        return max(int((self._next_s - self._clock.monotonic()) * 1000) + 1, 0)

    def paint(self) -> None:
        """Paint the changes, unless the last painting was just now or is not written yet."""
        if not self._dirty or self._terminal.waiting or self._clock.monotonic() < self._next_s:
            return
        self._terminal.write(self._painting().encode("utf-8", "replace") + self._keys())
        self._dirty = False
        self._next_s = self._clock.monotonic() + APART_S

    def _painting(self) -> str:
        picture = self.here.screen.picture()
        columns, rows = self._terminal.size()
        # The last row holds the note, unless it is the only row.
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
        """Return the bytes that set the key modes the pod expects; nothing if they are set."""
        wanted = self.here.modes.key_settings() if self._takes_keys else b""
        if wanted == self._key_settings:
            return b""
        self._key_settings = wanted
        return self._terminal.modes.key_resets() + wanted


def _top(cursor: Cursor, room: int, rows: int) -> int:
    """Return the first row to show: 0, or as far down as needed to show the cursor."""
    return max(min(cursor.y, rows - 1) - room + 1, 0)


def _cursor(cursor: Cursor, columns: int, shown: range) -> str:
    if not cursor.visible or cursor.y not in shown or cursor.x >= columns:
        return ""
    return move_to(cursor.x, cursor.y - shown.start) + "\x1b[?25h"
