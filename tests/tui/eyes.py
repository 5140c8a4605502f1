"""What a person would see on the terminal of a session, drawn by a second emulator."""

from __future__ import annotations

import re
import time

import pyte

from tests.cli.terminal import TerminalSession

DEADLINE_S = 15.0
# What this emulator would print as text: it knows neither of these.
_UNKNOWN = re.compile(
    rb"\x1b\[[<=>][0-9;]*[a-z]|\x1b\[\?[0-9]+\$p|\x1bP[^\x1b]*\x1b\\|\x1b\]22;[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_CUT_OFF = re.compile(rb"\x1b[^a-zA-Z\\]{0,24}\Z")


class Eyes:
    """Follows what a session writes."""

    def __init__(self, session: TerminalSession, columns: int, rows: int) -> None:
        self._session = session
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging a window does."""
        self._screen.resize(rows, columns)
        self._session.resize(columns, rows)

    def wipe(self) -> None:
        """Take away all that is shown, so that only what is painted from now on is seen."""
        self._draw()
        self._screen.reset()

    def shown(self) -> str:
        """Return what is on the terminal now."""
        self._draw()
        return "\n".join(line.rstrip() for line in self._screen.display)

    def _draw(self) -> None:
        new = self._session.seen[self._drawn :]
        begun = _CUT_OFF.search(new)
        new = new[: begun.start()] if begun else new
        self._drawn += len(new)
        self._stream.feed(_UNKNOWN.sub(b"", new))

    def until(self, wanted: str = "", *, gone: str = "") -> str:
        """Look until ``wanted`` is shown and ``gone`` is not; returns what is shown then."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            shown = self.shown()
            if wanted in shown and not (gone and gone in shown):
                return shown
            assert time.monotonic() < deadline, f"no {wanted!r}, or still {gone!r}, on\n{shown}"
            self._session.look()
