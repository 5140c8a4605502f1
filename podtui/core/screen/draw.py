"""Drawing the end of an output, in bounded time, at the sizes the terminal had meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from podtui.core.errors import PodtuiError, Unreadable
from podtui.core.screen.emulator import AvtEmulator
from podtui.core.screen.screen import PIECE, MakeEmulator, Screen
from podtui.core.screen.tail import read_tail
from podtui.core.system.clock import Clock
from podtui.core.system.fs import Fs

BUDGET_S = 0.06
"""After this long only the very end is drawn: output that is slow to draw is no honest one."""
LAST_BYTES = PIECE
SHORTENED = "only the end of the output was drawn: all of it would have taken too long"


class SizeFrom(NamedTuple):
    """The terminal has had this size since ``offset`` bytes of the output."""

    offset: int
    columns: int
    rows: int


def draw_tail(
    fs: Fs,
    descriptor: int,
    upto: int,
    sizes: Sequence[SizeFrom],
    clock: Clock,
    *,
    make: MakeEmulator = AvtEmulator,
) -> Screen:
    """Return the screen after the first ``upto`` bytes of an open output.

    ``sizes`` are at least one, oldest first.
    """
    tail = read_tail(fs, descriptor, upto)
    first = _at(sizes, tail.start)
    screen = Screen(first.columns, first.rows, make=make)
    screen.feed(tail.before)
    screen.held = b""
    deadline = clock.monotonic() + BUDGET_S
    draw_on(screen, tail.data, tail.start, sizes, is_late=lambda: clock.monotonic() > deadline)
    return screen


def draw_on(
    screen: Screen,
    data: bytes,
    offset: int,
    sizes: Sequence[SizeFrom],
    *,
    is_late: Callable[[], bool] = lambda: False,
) -> None:
    """Draw the bytes that follow, beginning at ``offset``, each at the size of its time."""
    place = 0
    while place < len(data):
        if len(data) - place > LAST_BYTES and is_late():
            place = len(data) - LAST_BYTES
            screen.begin_anew(SHORTENED)
        _set_size(screen, _at(sizes, offset + place))
        changes = (each.offset - offset for each in sizes if each.offset > offset + place)
        end = min(place + PIECE, len(data), *changes)
        screen.feed(data[place:end])
        place = end
    _set_size(screen, _at(sizes, offset + len(data)))


def _at(sizes: Sequence[SizeFrom], offset: int) -> SizeFrom:
    known = [size for size in sizes if size.offset <= offset]
    return known[-1] if known else sizes[0]


def _set_size(screen: Screen, size: SizeFrom) -> None:
    if (size.columns, size.rows) != screen.size:
        screen.resize(size.columns, size.rows)


def unreadable(path: object, error: OSError) -> PodtuiError:
    """Return the error for an output that cannot be had."""
    return Unreadable(
        f"the output {path} cannot be read: {error}",
        next_step="podtui doctor",
        kept="it was left as it is",
    )
