"""Hints that something changed below a directory; the truth is always a re-read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

STEP_MS = 20
"""How often the watcher wakes up to see whether something came, idle or not.

Deaths are told by pidfds within a millisecond; what only files tell may be this late.
"""
DEBOUNCE_MS = 40


class WatchFailed(Exception):
    """The watcher cannot be set up or broke: limits reached, or the directory is gone."""


def watch(
    *directories: Path, stop: threading.Event, recursive: bool = True, timeout_s: float = 1.0
) -> Iterator[frozenset[Path]]:
    """Yield the paths that changed, and an empty set after every ``timeout_s`` without a change.

    New files in directories made a moment ago may be missed: whoever hears of a new directory
    reads it again.

    Raises:
        WatchFailed: it cannot watch, or can no longer.
    """
    try:
        # Loaded here only: most commands watch nothing.
        import watchfiles  # noqa: PLC0415

        for changes in watchfiles.watch(
            *directories,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=stop,
            rust_timeout=int(timeout_s * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=recursive,
        ):
            yield frozenset(Path(path) for _, path in changes)
    except (OSError, RuntimeError, ImportError) as error:
        raise WatchFailed(str(error)) from error
