"""What a terminal shows first after attaching: the run's screen as it is now, drawn from disk.

Only pictures and modes of earlier output reach the terminal, never its bytes: a terminal query in
them would make the terminal answer into the pod a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podtui.core.attach.terminal_modes import TerminalModes
from podtui.core.screen.draw import SizeFrom, draw_tail, unreadable
from podtui.core.screen.paint import RESET, painted_screen, painted_state
from podtui.core.screen.picture import ScreenPicture
from podtui.core.screen.screen import Screen
from podtui.core.screen.tail import read_tail
from podtui.core.system.clock import Clock
from podtui.core.system.fs import Fs, UnsafeFile

SETUP_BYTES = 256 * 1024
"""Bytes after a full-screen program took the screen in which it sets up its terminal."""
OTHER_SCREEN = "\x1b[?1049h" + RESET + "\x1b[H\x1b[2J"


@dataclass(slots=True)
class Arrival:
    """A run's terminal at one moment; live output can be fed to it.

    Attributes:
        screen: what it shows; ``screen.held`` is the beginning of a character or sequence whose
            rest comes with the next live output.
        modes: the terminal modes that the program has switched on.
        is_whole: the picture lacks nothing that could still be visible.
    """

    screen: Screen
    modes: TerminalModes
    is_whole: bool

    def feed(self, data: bytes) -> None:
        """Apply live output."""
        self.screen.feed(data)
        self.modes.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """Apply the program's new size."""
        self.screen.resize(columns, rows)
        self.modes.note_resize()


def arrival(fs: Fs, path: Path, upto: int, sizes: Sequence[SizeFrom], clock: Clock) -> Arrival:
    """Return the terminal after the first ``upto`` bytes of an output.

    ``sizes`` are those the terminal has had, at least one, oldest first.

    Raises:
        Unreadable: something else is in the output's place, or it cannot be read.
    """
    try:
        descriptor = fs.open_plain(path)
        try:
            tail = read_tail(fs, descriptor, upto)
            setup = b""
            if tail.switched_at is not None:
                length = min(SETUP_BYTES, tail.start - tail.switched_at)
                setup = fs.read_at(descriptor, max(length, 0), tail.switched_at)
        finally:
            fs.close(descriptor)
    except (OSError, UnsafeFile) as error:
        raise unreadable(path, error) from error
    modes = TerminalModes()
    modes.feed(setup or tail.before)
    resized_at = max(sizes[-1].offset - tail.start, 0)
    modes.feed(tail.data[:resized_at])
    if len(sizes) > 1:
        modes.note_resize()
    modes.feed(tail.data[resized_at:])
    screen = draw_tail(tail, sizes, clock)
    return Arrival(screen, modes, is_whole=tail.is_whole and not screen.note)


def painted_arrival(here: Arrival, *, columns: int, rows: int) -> bytes:
    """Return the bytes that show an arrival on a terminal of this size, cursor and modes included.

    The terminal's earlier content is scrolled away, not erased. Where the program left the first
    screen empty, that content stays there and is visible again after detaching.
    """

    def shown(picture: ScreenPicture) -> str:
        return painted_screen(picture, columns=columns, rows=rows)

    picture = here.screen.picture()
    first = here.screen.covered() if picture.alternate else picture
    parts = []
    if first is not None and (first is picture or first.plain_lines()):
        parts += ["\r\n" * (rows - 1), shown(first), painted_state(first)]
    if picture.alternate:
        parts.append(here.modes.settings_below().decode("ascii"))
        parts.append(OTHER_SCREEN + shown(picture))
    before = "".join(parts).encode("utf-8", "replace")
    state = painted_state(picture, origin_row=here.modes.origin_row).encode("utf-8", "replace")
    return before + here.modes.settings() + state + here.screen.held
