"""The seam as tests need it: a disk that fails where it is told to, a process that dies there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from podtui.core.system.clock import Clock
from podtui.core.system.figures import Figures
from podtui.core.system.fs import Fs, Stamp
from podtui.core.system.proc import Proc
from podtui.core.system.signalling import Signals

Where = Callable[[str, Path], bool]


class Killed(BaseException):
    """The process is dead from here on: nothing may catch this and go on."""


class Steps:
    """Counts what changes something, and ends the process before one of the changes.

    Attributes:
        taken: what was done so far, "call name".
        die_at: number of the change (from 1) that is not done any more, 0 for none.
    """

    def __init__(self, die_at: int = 0) -> None:
        self.taken: list[str] = []
        self.die_at = die_at
        self.is_dead = False

    def take(self, call: str, name: str) -> None:
        """Note a change, or die before it; who is dead changes nothing more."""
        if self.is_dead or len(self.taken) + 1 == self.die_at:
            self.is_dead = True
            raise Killed(f"before {call} {name}")
        self.taken.append(f"{call} {name}")


class MortalFs(Fs):
    """The real disk under a process that dies at a given step."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def make_directory(self, path: Path) -> None:
        self.steps.take("make_directory", path.name)
        super().make_directory(path)

    def make_private(self, path: Path) -> None:
        self.steps.take("make_private", path.name)
        super().make_private(path)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.steps.take("replace", path.name)
        super().replace(path, data, sync=sync)

    def create(self, path: Path, data: bytes = b"") -> None:
        self.steps.take("create", path.name)
        super().create(path, data)

    def append_line(self, path: Path, line: bytes) -> None:
        self.steps.take("append_line", path.name)
        super().append_line(path, line)

    def write_line(self, descriptor: int, data: bytes) -> None:
        self.steps.take("write_line", "")
        super().write_line(descriptor, data)

    def rename(self, source: Path, target: Path) -> None:
        self.steps.take("rename", target.name)
        super().rename(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        self.steps.take("rename_new", target.name)
        super().rename_new(source, target)

    def remove_directory(self, path: Path) -> None:
        self.steps.take("remove_directory", path.name)
        super().remove_directory(path)

    def before_tree_step(self, what: str, name: str) -> None:
        self.steps.take(what, name)

    def sync_directory(self, path: Path) -> None:
        self.steps.take("sync_directory", path.name)
        super().sync_directory(path)

    def remove(self, path: Path) -> None:
        self.steps.take("remove", path.name)
        super().remove(path)

    def note_holder(self, descriptor: int, note: bytes) -> None:
        self.steps.take("note_holder", "")
        super().note_holder(descriptor, note)

    def open_append(self, path: Path) -> int:
        self.steps.take("open_append", path.name)
        return super().open_append(path)

    @contextmanager
    def locked(self, path: Path, *, clock: Clock, timeout_s: float) -> Iterator[int]:
        self.steps.take("locked", path.name)
        with super().locked(path, clock=clock, timeout_s=timeout_s) as descriptor:
            yield descriptor


class MortalProc(Proc):
    """The real processes, started by a process that dies before or after it."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def start_detached(self, *arguments: Any, **options: Any) -> bytes:
        self.steps.take("start", "")
        answer = super().start_detached(*arguments, **options)
        self.steps.take("started", "")
        return answer


class MortalSignals(Signals):
    """Real signals, sent by a process that dies before one of them."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def send(self, handle: int, number: int) -> bool:
        self.steps.take("signal", str(number))
        return super().send(handle, number)


class FaultyFs(Fs):
    """The real disk that refuses some calls on some paths.

    ``faults`` maps the name of a call to an errno and a test of the path.
    """

    def __init__(self, faults: Mapping[str, tuple[int, Where]], uid: int | None = None) -> None:
        super().__init__(uid)
        self.faults = dict(faults)

    def _may_fail(self, call: str, path: Path) -> None:
        number, where = self.faults.get(call, (0, _nowhere))
        if number and where(call, path):
            raise OSError(number, os.strerror(number), str(path))

    def stamp(self, path: Path | str) -> Stamp | None:
        self._may_fail("stamp", Path(path))
        return super().stamp(path)

    def open_plain(self, path: Path) -> int:
        self._may_fail("open_plain", path)
        return super().open_plain(path)

    def is_directory(self, path: Path) -> bool:
        self._may_fail("is_directory", path)
        return super().is_directory(path)

    def resolved(self, path: str) -> str:
        self._may_fail("resolved", Path(path))
        return super().resolved(path)

    def names_in(self, directory: Path) -> list[str]:
        self._may_fail("names_in", directory)
        return super().names_in(directory)

    def make_directory(self, path: Path) -> None:
        self._may_fail("make_directory", path)
        super().make_directory(path)

    def create(self, path: Path, data: bytes = b"") -> None:
        self._may_fail("create", path)
        super().create(path, data)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self._may_fail("replace", path)
        super().replace(path, data, sync=sync)

    def rename_new(self, source: Path, target: Path) -> None:
        self._may_fail("rename_new", target)
        super().rename_new(source, target)

    def remove(self, path: Path) -> None:
        self._may_fail("remove", path)
        super().remove(path)

    def remove_directory(self, path: Path) -> None:
        self._may_fail("remove_directory", path)
        super().remove_directory(path)

    def before_tree_step(self, what: str, name: str) -> None:
        self._may_fail(what, Path(name))

    def append_line(self, path: Path, line: bytes) -> None:
        self._may_fail("append_line", path)
        super().append_line(path, line)

    def open_append(self, path: Path) -> int:
        self._may_fail("open_append", path)
        return super().open_append(path)

    @contextmanager
    def locked(self, path: Path, *, clock: Clock, timeout_s: float) -> Iterator[int]:
        self._may_fail("locked", path)
        with super().locked(path, clock=clock, timeout_s=timeout_s) as descriptor:
            yield descriptor


def _nowhere(_call: str, _path: Path) -> bool:
    return False


def everywhere(_call: str, _path: Path) -> bool:
    """Match every path."""
    return True


def on(name: str) -> Where:
    """Match the paths that end in this name."""
    return lambda _call, path: path.name == name


WRITES = ("make_directory", "create", "replace", "append_line", "open_append", "locked")


def full_disk(where: Where = everywhere, number: int = errno.ENOSPC) -> FaultyFs:
    """Return a disk on which nothing can be written."""
    return FaultyFs(dict.fromkeys(WRITES, (number, where)))


class NoFigures(Figures):
    """A machine that does not tell how much room is on the disk."""

    def free_bytes(self, path: Path) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
