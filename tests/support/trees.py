"""What is in a directory tree, to the byte: to show that something was not touched."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

SAMPLE_BYTES = 1024 * 1024


def fingerprint(root: Path) -> dict[str, str]:
    """Return every name below ``root`` with its kind, mode and content (links not followed)."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        facts = path.lstat()
        mode = f"{stat.filemode(facts.st_mode)} {facts.st_nlink if path.is_file() else ''}"
        found[str(path.relative_to(root))] = f"{mode} {_content(path, facts)}"
    return found


def _content(path: Path, facts: os.stat_result) -> str:
    if stat.S_ISLNK(facts.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(facts.st_mode):
        return ""
    # Sparse giants are told by their length and their beginning.
    with path.open("rb") as content:
        beginning = content.read(SAMPLE_BYTES)
    return f"{facts.st_size} {hashlib.sha256(beginning).hexdigest()}"


def too_open(root: Path) -> list[str]:
    """Return what others than the owner may use below ``root``."""
    wrong = []
    for path in [root, *root.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        wanted = 0o700 if path.is_dir() and not path.is_symlink() else 0o600
        if mode != wanted and not path.is_symlink():
            wrong.append(f"{path.relative_to(root)} {mode:o}")
    return wrong
