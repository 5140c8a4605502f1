"""When the garbage collector runs: not while much is made that stays.

Loading modules, and a first scan of thousands of pods, make many objects and drop none. Walking
them again and again took a third of the time, so the collector is off meanwhile, and what was made
is never walked later either.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def start_up() -> None:
    """Switch the collector off while a part of the program is loaded; `started` ends that."""
    gc.disable()


def started() -> None:
    """Switch the collector on again; what was loaded until now is never walked."""
    gc.freeze()
    gc.enable()


@contextmanager
def paused(*, all_stays: bool) -> Iterator[None]:
    """Switch the collector off for a while, where it is on.

    If ``all_stays``, what was made meanwhile is never walked later.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if all_stays:
                gc.freeze()
            gc.enable()
