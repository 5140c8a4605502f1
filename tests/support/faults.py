"""A disk and processes that refuse what a test tells them to refuse."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from podtui.core.system.fs import Fs, Stamp
from podtui.core.system.proc import Proc
from podtui.kernel.processes import ProcessStat


def refusal(number: int, path: object = None) -> OSError:
    """Return the error the kernel raises for an errno."""
    return OSError(number, os.strerror(number), str(path) if path else None)


class FaultyFs(Fs):
    """The real disk, but for what was told to fail.

    Attributes:
        faults: by what is done ("stamp", "open", "list", "lock", "kind") and the end of the path.
        calls: how often each was done, by what is done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[tuple[str, str], int] = {}
        self.calls: dict[str, int] = {}

    def fail(self, number: int, ending: str, *whats: str) -> None:
        """Let everything named in ``whats`` fail for paths that end so."""
        for what in whats or ("stamp", "open"):
            self.faults[what, ending] = number

    def mend(self) -> None:
        """Let nothing fail any more."""
        self.faults.clear()

    def _check(self, what: str, path: Path | str) -> None:
        self.calls[what] = self.calls.get(what, 0) + 1
        for (failing, ending), number in self.faults.items():
            if failing == what and str(path).endswith(ending):
                raise refusal(number, path)

    def stamp(self, path: Path | str) -> Stamp | None:
        self._check("stamp", path)
        return super().stamp(path)

    def open_plain(self, path: Path) -> int:
        self._check("open", path)
        return super().open_plain(path)

    def names_in(self, directory: Path) -> list[str]:
        self._check("list", directory)
        return super().names_in(directory)

    def is_directory(self, path: Path) -> bool:
        self._check("kind", path)
        return super().is_directory(path)

    def is_locked(self, path: Path) -> bool:
        self._check("lock", path)
        return super().is_locked(path)


class FaultyProc(Proc):
    """The real processes, but for what a test replaces.

    Attributes:
        pidfd_fault, stat_fault: raised instead of an answer; the own process is always seen.
        boot: the boot id told instead of the real one.
        without_inodes: behave as a kernel whose pidfds all have one inode.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pidfd_fault: Callable[[int], Exception | None] = lambda _: None
        self.stat_fault: Callable[[int], Exception | None] = lambda _: None
        self.boot_fault: OSError | None = None
        self.boot: str | None = None
        self.without_inodes = False
        self.pinged = 0

    def boot_id(self) -> str:
        if self.boot_fault is not None:
            raise self.boot_fault
        return self.boot or super().boot_id()

    def open_pidfd(self, pid: int) -> int | None:
        fault = self.pidfd_fault(pid)
        if fault is not None:
            raise fault
        return super().open_pidfd(pid)

    def stat(self, pid: int) -> ProcessStat:
        fault = self.stat_fault(pid)
        if fault is not None:
            raise fault
        return super().stat(pid)

    def pidfd_inode(self, handle: int) -> int | None:
        return None if self.without_inodes else super().pidfd_inode(handle)


HARD_ERRNOS = (
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.EINTR,
    errno.ETIMEDOUT,
    errno.ELOOP,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
)
"""Refusals none of which says that anything is gone."""
