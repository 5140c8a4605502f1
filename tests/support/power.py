"""What a power loss could take back at a given moment: everything that was not synced yet."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

CONVENIENCES = frozenset({"lock", "action.lock", ".create.lock", "supervisor.log"})
"""Files whose loss loses nothing: locks are made again, and the log is for reading."""


class PowerWatch:
    """Follows this process's own writes below a directory, from now on.

    Attributes:
        misordered: renames of what was not synced yet: after a power loss the new name may hold
            an empty file.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._root = str(root)
        self._unsynced_data: set[str] = set()
        self._unsynced_names: dict[str, set[str]] = defaultdict(set)
        self.misordered: list[str] = []
        for name in ("open", "write", "pwrite", "fsync", "fdatasync", "rename", "mkdir"):
            self._follow(name, monkeypatch)

    def _follow(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        real, seen = getattr(os, name), getattr(self, f"_on_{name}")

        def followed(*arguments: Any, **options: Any) -> Any:
            note = seen(*arguments)
            answer = real(*arguments, **options)
            if note is not None:
                note()
            return answer

        monkeypatch.setattr(os, name, followed)

    def unsynced(self) -> list[str]:
        """Return what a power loss could take back now, conveniences left out."""
        names = [
            f"{directory}/{name}"
            for directory, entries in self._unsynced_names.items()
            for name in entries
        ]
        lost = {*self._unsynced_data, *names}
        return sorted(path for path in lost if Path(path).name not in CONVENIENCES)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._root)

    def _on_open(self, path: Any, flags: int = 0, *_: Any) -> Any:
        name = os.fspath(path) if not isinstance(path, int) else ""
        if flags & os.O_CREAT and self._is_ours(str(name)) and not os.path.lexists(name):
            parent, own = os.path.split(str(name))
            return lambda: self._unsynced_names[parent].add(own)
        return None

    def _written(self, descriptor: int) -> Any:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        return lambda: self._unsynced_data.add(path) if self._is_ours(path) else None

    def _on_write(self, descriptor: int, *_: Any) -> Any:
        return self._written(descriptor)

    def _on_pwrite(self, descriptor: int, *_: Any) -> Any:
        return self._written(descriptor)

    def _on_fsync(self, descriptor: int) -> Any:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)

        def note() -> None:
            if is_directory:
                self._unsynced_names.pop(path, None)
            else:
                self._unsynced_data.discard(path)

        return note

    def _on_fdatasync(self, descriptor: int) -> Any:
        return self._on_fsync(descriptor)

    def _on_rename(self, source: Any, target: Any) -> Any:
        old, new = str(source), str(target)
        if not self._is_ours(old):
            return None
        below = [
            path
            for path in self.unsynced()
            if (path == old and path in self._unsynced_data) or path.startswith(f"{old}/")
        ]
        self.misordered += [f"{path} -> {new}" for path in below]

        def note() -> None:
            parent, own = os.path.split(old)
            self._unsynced_names[parent].discard(own)
            for path in [each for each in self._unsynced_data if each.startswith(old)]:
                self._unsynced_data.discard(path)
                self._unsynced_data.add(path.replace(old, new, 1))
            parent, own = os.path.split(new)
            self._unsynced_names[parent].add(own)

        return note

    def _on_mkdir(self, path: Any, *_: Any) -> Any:
        parent, own = os.path.split(str(path))
        if self._is_ours(str(path)):
            return lambda: self._unsynced_names[parent].add(own)
        return None
