"""What a run that did not start, or ended at once, said last."""

from __future__ import annotations

from pathlib import Path

from podtui.core.paths import RunPaths
from podtui.core.system.fs import Fs
from podtui.core.text.view import text_view

LOOKED_AT = 4096
"""Bytes that are read from the end of a file."""
SHOWN_LINES = 3
SHOWN = 400
"""Characters shown of each."""


def last_words(fs: Fs, files: RunPaths) -> str:
    """Return the last lines of the supervisor's log and of the output; "" when there are none."""
    found = (
        ("its supervisor", _tail(fs, files.supervisor_log)),
        ("its command", _tail(fs, files.output)),
    )
    return "; ".join(f"last words of {who}: {words}" for who, words in found if words)


def _tail(fs: Fs, path: Path) -> str:
    try:
        descriptor = fs.open_plain(path)
    except OSError:
        # They only explain a failure that is reported anyway.
        return ""
    try:
        size = fs.size_of(descriptor)
        data = fs.read_at(descriptor, LOOKED_AT, max(0, size - LOOKED_AT))
    except OSError:
        return ""
    finally:
        fs.close(descriptor)
    lines = [line.strip() for line in text_view(data, fresh_line=True).splitlines()]
    said = " / ".join([line for line in lines if line][-SHOWN_LINES:])
    return said if len(said) <= SHOWN else f"…{said[-SHOWN:]}"
