"""One sentence over the last row of the operator's terminal, for a moment.

The program has the whole terminal, so there is no other place for it. It is written while nothing
comes, and taken back before anything else is: what is under it is known from an emulator.
"""

from __future__ import annotations

from podtui.core.screen.paint import ERASE_REST, RESET, move_to, painted_line, sgr
from podtui.core.screen.picture import Style
from podtui.core.screen.screen import Screen
from podtui.core.system.clock import Clock
from podtui.core.text.safe import safe_line

QUIET_S = 0.15
"""How long nothing has to come first: a program that paints would paint over it."""
SHOWN_S = 1.5
WAITS_S = 5.0
"""How long a moment of quiet is waited for."""
STYLE = Style(reverse=True)
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_PLAIN_CHARSET = "\x1b(B\x0f"


class Notice:
    """A sentence that waits to be shown, is shown, and is over.

    Args:
        screen: the terminal as it is, to be kept up with what is written to it.
    """

    def __init__(self, screen: Screen, sentence: str, clock: Clock) -> None:
        self._screen = screen
        self._sentence = sentence
        self._clock = clock
        self._shown = False
        self._asked_s = clock.monotonic()
        self._next_s = self._asked_s + QUIET_S
        self.over = False

    @property
    def due_ms(self) -> int:
        """Milliseconds until `turn` has something to do."""
        return max(int((self._next_s - self._clock.monotonic()) * 1000) + 1, 0)

    def before_output(self, data: bytes) -> bytes:
        """Return what must be written before ``data`` is."""
        taken_back = self.take_back()
        self._screen.feed(data)
        self._next_s = self._clock.monotonic() + QUIET_S
        return taken_back

    def end(self) -> bytes:
        """Return what gives the last row back, if it is taken; nothing is shown from now on."""
        taken_back, self.over = self.take_back(), True
        return taken_back

    def take_back(self) -> bytes:
        """Return what gives the last row back; the notice is over once it was seen."""
        if not self._shown:
            return b""
        self._shown, self.over = False, True
        picture = self._screen.picture()
        row = picture.rows - 1
        return _over_row(row, painted_line(picture.lines[row]))

    def turn(self) -> bytes:
        """Return what is to be written now that its time has come, nothing before that."""
        now = self._clock.monotonic()
        if now < self._next_s:
            return b""
        if self._shown or now > self._asked_s + WAITS_S:
            return self.end()
        picture = self._screen.picture()
        # In the middle of a sequence, or behind the last column, nothing can be put in between.
        if self._screen.held or picture.cursor.x >= picture.columns or picture.rows == 1:
            self._next_s = now + QUIET_S
            return b""
        self._shown = True
        self._next_s = now + SHOWN_S
        sentence = safe_line(f" {self._sentence} ", picture.columns)
        return _over_row(picture.rows - 1, sgr(STYLE) + sentence + RESET)


def _over_row(row: int, content: str) -> bytes:
    # The cursor is saved where the program may have saved its own; it has been quiet since then,
    # and programs that save it restore it in the same breath.
    parts = (_SAVE, _PLAIN_CHARSET, RESET, move_to(0, row), ERASE_REST, content, _RESTORE)
    return "".join(parts).encode("utf-8", "replace")
