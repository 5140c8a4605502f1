"""Maps changed paths to pods that are to be scanned, and to pods that only have more output."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from podtui.core.paths import (
    ENDED_MARKER,
    INDEX_FILE,
    OUTPUT_FILE,
    STALLED_MARKER,
    STATUS_FILE,
    SUPERVISOR_LOG,
)
from podtui.kernel.files import TEMPORARY_SUFFIX

OUTPUT_FILES = frozenset({OUTPUT_FILE, INDEX_FILE})
IGNORED_FILES = frozenset({STATUS_FILE, SUPERVISOR_LOG, ENDED_MARKER, STALLED_MARKER})
"""Written all the time; no row depends on them."""
CURSORS = "cursors"


class Hints(msgspec.Struct, frozen=True):
    """Pods that are to be scanned, and pods that only have more output."""

    changed: frozenset[str]
    more_output: frozenset[str]


def hints_in(pods: Path, paths: Iterable[Path]) -> Hints:
    """Sort changed paths below the directory of pods."""
    changed: set[str] = set()
    more_output: set[str] = set()
    for path in paths:
        try:
            parts = path.relative_to(pods).parts
        except ValueError:
            continue
        if not parts or _is_ignored(parts):
            continue
        is_output = len(parts) > 1 and parts[-1] in OUTPUT_FILES
        (more_output if is_output else changed).add(parts[0])
    return Hints(frozenset(changed), frozenset(more_output - changed))


def _is_ignored(parts: tuple[str, ...]) -> bool:
    last = parts[-1]
    if len(parts) > 1 and (parts[1] == CURSORS or last in IGNORED_FILES):
        return True
    # A temporary file becomes a record by a rename, which is reported by the name of the record.
    return len(parts) > 1 and last.endswith(TEMPORARY_SUFFIX)
