"""Drawing the end of an output, in bounded time, at the sizes the terminal had meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from podtui.core.errors import PodtuiError, Unreadable
from podtui.core.screen.emulator import AvtEmulator
from podtui.core.screen.screen import PIECE, MakeEmulator, Screen
from podtui.core.screen.tail import Tail
from podtui.core.system.clock import Clock

_ALL = 1 << 62
BUDGET_S = 0.05
_ATTEMPTS = ((_ALL, BUDGET_S), (64 * 1024, 0.02), (2 * 1024, float("inf")))
"""How many bytes of the end are tried, and for how many seconds: output that is slow to draw is
no honest one, and costs its author the picture, not its viewer the time."""
SHORTENED = "only the end of the output was drawn: all of it would have taken too long"


class SizeFrom(NamedTuple):
    """The terminal has had this size since ``offset`` bytes of the output."""

    offset: int
    columns: int
    rows: int


def draw_tail(
    tail: Tail, sizes: Sequence[SizeFrom], clock: Clock, *, make: MakeEmulator = AvtEmulator
) -> Screen:
    """Return the screen after the end of an output; ``sizes`` are at least one, oldest first."""
    first = _at(sizes, tail.start)
    screen = Screen(first.columns, first.rows, make=make)
    screen.feed(tail.before)
    screen.held = b""
    for length, budget_s in _ATTEMPTS:
        skipped = max(len(tail.data) - length, 0)
        if skipped:
            screen.begin_anew(SHORTENED)
        is_late = after(clock, budget_s)
        if draw_on(screen, tail.data[skipped:], tail.start + skipped, sizes, is_late=is_late):
            break
    return screen


def after(clock: Clock, seconds: float) -> Callable[[], bool]:
    """Return a question that is answered with yes from so many seconds on."""
    deadline = clock.monotonic() + seconds
    return lambda: clock.monotonic() > deadline


def draw_on(
    screen: Screen,
    data: bytes,
    offset: int,
    sizes: Sequence[SizeFrom],
    *,
    is_late: Callable[[], bool] = lambda: False,
) -> bool:
    """Draw the bytes that follow, beginning at ``offset``, each at the size of its time.

    Returns False when it was late before all was drawn.
    """
    place = 0
    while place < len(data):
        if is_late():
            return False
        _set_size(screen, _at(sizes, offset + place))
        changes = (each.offset - offset for each in sizes if each.offset > offset + place)
        end = min(place + PIECE, len(data), *changes)
        screen.feed(data[place:end])
        place = end
    _set_size(screen, _at(sizes, offset + len(data)))
    return True


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
