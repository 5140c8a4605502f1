"""Shows one sentence over the last row of the operator's terminal for a moment.

The program uses the whole terminal, so there is no other place. The sentence is written while no
output comes, and removed before any other output: an emulator knows what is under it.
"""

from __future__ import annotations

from podtui.core.screen.paint import ERASE_REST, RESET, move_to, painted_line, sgr
from podtui.core.screen.picture import Style
from podtui.core.screen.screen import Screen
from podtui.core.system.clock import Clock
from podtui.core.text.safe import safe_line

QUIET_S = 0.15
"""How long no output must come first: a program that is painting would paint over it."""
SHOWN_S = 1.5
WAITS_S = 5.0
"""How long to wait for such a pause."""
STYLE = Style(reverse=True)
_SAVE, _RESTORE = "\x1b7", "\x1b8"
_PLAIN_CHARSET = "\x1b(B\x0f"


class Notice:
    """A sentence that waits, is shown, and is removed.

    Args:
        screen: the emulated terminal; it receives all output.
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
        """Return the bytes to write before ``data``, and apply ``data`` to the screen."""
        taken_back = self.take_back()
        self._screen.feed(data)
        self._next_s = self._clock.monotonic() + QUIET_S
        return taken_back

    def end(self) -> bytes:
        """Return the bytes that restore the last row, if needed; show nothing from now on."""
        taken_back, self.over = self.take_back(), True
        return taken_back

    def take_back(self) -> bytes:
        """Return the bytes that restore the last row; the notice is over once it was shown."""
        if not self._shown:
            return b""
        self._shown, self.over = False, True
        picture = self._screen.picture()
        row = picture.rows - 1
        return _over_row(row, painted_line(picture.lines[row]))

    def turn(self) -> bytes:
        """Return the bytes that show or remove the sentence, nothing before that is due."""
        now = self._clock.monotonic()
        if now < self._next_s:
            return b""
        if self._shown or now > self._asked_s + WAITS_S:
            return self.end()
        picture = self._screen.picture()
        # Inside a sequence, or behind the last column, nothing can be inserted.
        if self._screen.held or picture.cursor.x >= picture.columns or picture.rows == 1:
            self._next_s = now + QUIET_S
            return b""
        self._shown = True
        self._next_s = now + SHOWN_S
        sentence = safe_line(f" {self._sentence} ", picture.columns)
        return _over_row(picture.rows - 1, sgr(STYLE) + sentence + RESET)


def _over_row(row: int, content: str) -> bytes:
    # This overwrites a cursor that the program saved. It is quiet now, and programs that save the
    # cursor restore it within the same output.
    parts = (_SAVE, _PLAIN_CHARSET, RESET, move_to(0, row), ERASE_REST, content, _RESTORE)
    return "".join(parts).encode("utf-8", "replace")
