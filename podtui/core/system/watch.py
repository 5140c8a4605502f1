"""Hints that something changed below a directory; the truth is always a re-read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

STEP_MS = 5
"""How long the watcher waits for more changes before it tells; readers merge what they hear."""
DEBOUNCE_MS = 25


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
    # Loaded here only: most commands watch nothing.
    import watchfiles  # noqa: PLC0415

    try:
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
    except (OSError, RuntimeError) as error:
        raise WatchFailed(str(error)) from error
