"""A screen that output is drawn on, whatever the output is."""

from __future__ import annotations

import re
from collections.abc import Callable

from podtui.core.screen.emulator import AvtEmulator, Emulator
from podtui.core.screen.picture import PLAIN, Cursor, Line, ScreenPicture
from podtui.core.screen.sanitize import sanitize
from podtui.core.text.boundaries import safe_end
from podtui.core.text.safe import SafeText, safe_line

PIECE = 4 * 1024
"""Bytes drawn at a time: bounds what one piece of hostile output can cost."""
LONG_PIECE = 24 * PIECE
"""More than `safe_end` ever holds back, so that a piece of this length is never held whole."""
LONGEST_TITLE = 200
ENTER_OTHER_SCREEN = "\x1b[?1049h"
_TITLE = re.compile("(?:\x1b\\]|\x9d)[02];([^\x07\x1b\x9c]*)(?:\x07|\x1b\\\\|\x9c)")
_NOTHING = SafeText("")

MakeEmulator = Callable[[int, int], Emulator]


class Screen:
    """The screen of one terminal.

    Output may come in any pieces. An emulator that fails costs what was drawn so far, never more:
    the screen begins anew, empty, and says so in `note`.

    Attributes:
        held: the beginning of a character or sequence whose rest has not come yet.
        note: why the picture may be incomplete.
    """

    def __init__(self, columns: int, rows: int, *, make: MakeEmulator = AvtEmulator) -> None:
        self._make = make
        self._emulator = make(columns, rows)
        self._lines: list[Line] = []
        self._changed: set[int] = set()
        self._title = _NOTHING
        self._alternate = False
        self.held = b""
        self.note = ""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._emulator.size

    def feed(self, data: bytes) -> None:
        """Draw output."""
        data = self.held + data
        while data:
            piece = data[:PIECE]
            end = safe_end(piece)
            if not end and len(data) > len(piece):
                # Only the whole text shows whether a sequence longer than a piece ends.
                piece = data[:LONG_PIECE]
                end = safe_end(piece)
            if not end:
                break
            self._draw(piece[:end].decode("utf-8", "replace"))
            data = data[end:]
        self.held = data

    def resize(self, columns: int, rows: int) -> None:
        """Give the screen another size, as terminals do."""
        self._guarded(lambda: self._emulator.resize(columns, rows), columns, rows)

    def begin_anew(self, note: str, *, alternate: bool | None = None) -> None:
        """Empty the screen; ``note`` says why."""
        columns, rows = self.size
        self._restart(columns, rows, note, alternate=alternate)

    def enter_other_screen(self) -> None:
        """Take the screen of full-screen programs, as one did before what is fed."""
        self._draw(ENTER_OTHER_SCREEN)

    def _draw(self, text: str) -> None:
        for found in _TITLE.finditer(text):
            self._title = safe_line(found[1], LONGEST_TITLE)
        columns, rows = self.size
        self._guarded(lambda: self._emulator.feed(sanitize(text, columns)), columns, rows)

    def _guarded(self, act: Callable[[], None], columns: int, rows: int) -> None:
        try:
            act()
        except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of the emulator is no Exception
            # The output of an agent must not end the podtui that shows it.
            why = f"the emulator failed ({type(error).__name__}), the screen began anew"
            self._restart(columns, rows, why, alternate=None)

    def _restart(self, columns: int, rows: int, note: str, *, alternate: bool | None) -> None:
        self._emulator = self._make(columns, rows)
        self._lines = []
        self.held = b""
        self.note = note
        if self._alternate if alternate is None else alternate:
            self._emulator.feed(ENTER_OTHER_SCREEN)

    def picture(self) -> ScreenPicture:
        """Return what the screen shows now."""
        changed: dict[int, Line] = {}
        cursor, pen = Cursor(0, 0, visible=True), PLAIN

        def look() -> None:
            nonlocal cursor, pen
            changed.update(self._emulator.changed_lines())
            cursor, pen = self._emulator.cursor, self._emulator.pen
            self._alternate = self._emulator.alternate

        columns, rows = self.size
        self._guarded(look, columns, rows)
        self._take(changed, rows)
        given, self._changed = frozenset(self._changed), set()
        return ScreenPicture(
            columns=columns,
            rows=rows,
            lines=tuple(self._lines),
            cursor=cursor,
            alternate=self._alternate,
            title=self._title,
            pen=pen,
            changed_rows=given,
            note=self.note,
        )

    def covered(self) -> ScreenPicture | None:
        """Return the screen that a full-screen program has covered; None when none has."""
        columns, rows = self.size
        under = Screen(columns, rows, make=self._make)

        def look() -> None:
            emulator = self._emulator.covered()
            if emulator is not None:
                under._emulator = emulator

        self._guarded(look, columns, rows)
        return under.picture() if self._alternate else None

    def _take(self, changed: dict[int, Line], rows: int) -> None:
        if len(self._lines) != rows:
            self._changed = set(range(rows))
            self._lines = [*self._lines[:rows], *([()] * (rows - len(self._lines)))]
        for row, line in changed.items():
            if self._lines[row] != line:
                self._lines[row] = line
                self._changed.add(row)
