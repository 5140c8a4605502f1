"""Figures about processes and the host, from psutil: they are shown to people, and are no evidence.

Who a process is, which run it belongs to, and whether it may be signalled rests on the exact parser
of the kernel package alone. psutil takes a command 20 ms to load, so it is loaded with the first
figure.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import psutil


class ProcessFigures(msgspec.Struct, frozen=True):
    """What one process uses.

    Attributes:
        started_at: seconds since the epoch; with the pid it tells a process from a later one.
        cpu_seconds: used so far, without ended children.
    """

    pid: int
    name: str
    started_at: float
    cpu_seconds: float
    rss_bytes: int

    @property
    def key(self) -> tuple[int, float]:
        return self.pid, self.started_at


class ProcessEntry(msgspec.Struct, frozen=True):
    """One process of the machine; what this user may not read is None."""

    pid: int
    parent: int | None
    name: str | None
    uid: int | None
    arguments: tuple[str, ...] | None
    started_at: float | None


class HostFigures(msgspec.Struct, frozen=True):
    """What the host has and uses.

    Attributes:
        load: processes that wanted a core in the last minute, on average.
    """

    memory_bytes: int
    memory_free_bytes: int
    cores: int
    load: float


class Figures:
    """The figures of this machine."""

    def of_processes(self, pids: Iterable[int]) -> tuple[ProcessFigures, ...]:
        """Return what these processes use; one that is gone or unreadable is left out."""
        wanted = list(pids)
        if not wanted:
            return ()
        import psutil  # noqa: PLC0415 - see above

        found: list[ProcessFigures] = []
        for pid in wanted:
            try:
                found.append(_figures_of(psutil.Process(pid)))
            except (psutil.Error, OSError):
                continue
        return tuple(found)

    def process_table(self) -> tuple[ProcessEntry, ...]:
        """Return every process of the machine that can be seen."""
        import psutil  # noqa: PLC0415 - see above

        attributes = ["ppid", "name", "uids", "cmdline", "create_time"]
        return tuple(_entry_of(each) for each in psutil.process_iter(attributes, ad_value=None))

    def host(self) -> HostFigures | None:
        """Return what the host has and uses, None when that could not be determined."""
        import psutil  # noqa: PLC0415 - see above

        try:
            memory, load = psutil.virtual_memory(), psutil.getloadavg()[0]
        except (psutil.Error, OSError):
            return None
        return HostFigures(memory.total, memory.available, psutil.cpu_count() or 1, load)

    def free_bytes(self, path: Path) -> int:
        """Return how many bytes this user may still write on the disk of ``path``.

        Raises:
            OSError: could not be determined.
        """
        # Asked by every spawn: one system call, for which no library is loaded.
        facts = os.statvfs(path)
        return facts.f_bavail * facts.f_frsize


def _figures_of(process: psutil.Process) -> ProcessFigures:
    with process.oneshot():
        times = process.cpu_times()
        return ProcessFigures(
            pid=process.pid,
            name=process.name(),
            started_at=process.create_time(),
            cpu_seconds=times.user + times.system,
            rss_bytes=process.memory_info().rss,
        )


def _entry_of(process: psutil.Process) -> ProcessEntry:
    info = process.info
    uids, arguments = info["uids"], info["cmdline"]
    return ProcessEntry(
        pid=process.pid,
        parent=info["ppid"],
        name=info["name"],
        uid=uids.real if uids is not None else None,
        arguments=tuple(arguments) if arguments is not None else None,
        started_at=info["create_time"],
    )
