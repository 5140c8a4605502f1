"""Identities of processes: facts of the kernel that distinguish a process from every later one.

``(pid, start ticks)`` alone is not an identity: a tick is 10 ms, and a reused pid often has the
same one. The inode of a pidfd is unique for the life of a boot where the kernel has pidfs
(6.9 and later); older kernels give every pidfd the same inode, which `pidfd_inode` finds out.
"""

from __future__ import annotations

import errno
import os

PROC = "/proc"
SUPERVISOR_NAME = "podtui-pod"
"""The name of supervisors in lists of processes."""


class ProcessGone(Exception):
    """The process does not exist (ESRCH or its /proc entry is not there)."""


NO_SUCH_PROCESS = frozenset({errno.ESRCH, errno.EINVAL, errno.ENOENT})
"""Errors by which ``pidfd_open`` says that a pid is of no process: it is free (ESRCH), or that of a
thread (EINVAL, ENOENT on newer kernels). Every other error is "could not tell"."""


class ProcessStat:
    """The fields of ``/proc/PID/stat`` podtui uses; times in clock ticks, ``rss`` in bytes.

    ``waited_ticks`` is the CPU time of the descendants that have ended and were waited for.
    """

    __slots__ = (
        "foreground_group",
        "group",
        "name",
        "parent",
        "pid",
        "rss",
        "session",
        "start_ticks",
        "state",
        "system_ticks",
        "threads",
        "tty",
        "user_ticks",
        "waited_ticks",
    )

    def __init__(self, pid: int, text: bytes) -> None:
        # The name may hold anything, ") Z 1 1 (" included, so the fields begin after the LAST ")".
        opening, closing = text.index(b"("), text.rindex(b")")
        fields = text[closing + 2 :].split()
        self.pid = pid
        self.name = text[opening + 1 : closing].decode("utf-8", "replace")
        self.state = fields[0].decode("ascii", "replace")
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.tty = int(fields[4])
        self.foreground_group = int(fields[5])
        self.user_ticks = int(fields[11])
        self.system_ticks = int(fields[12])
        self.waited_ticks = int(fields[13]) + int(fields[14])
        self.threads = int(fields[17])
        self.start_ticks = int(fields[19])
        self.rss = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def has_exited(self) -> bool:
        """Whether it is a zombie or dead: it still answers signal 0 and is not alive.

        A process whose first thread ended before the others looks like a zombie and lives.
        """
        return self.state in "ZX" and self.threads <= 1


def _read_proc(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        # The kernel raises the second when the process is reaped while its file is opened.
        raise ProcessGone(path) from None
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    except ProcessLookupError:
        raise ProcessGone(path) from None
    finally:
        os.close(descriptor)


def read_stat(pid: int) -> ProcessStat:
    """Return what ``/proc/PID/stat`` says.

    Raises:
        ProcessGone: there is no such process.
        OSError: could not tell.
    """
    return ProcessStat(pid, _read_proc(f"{PROC}/{pid}/stat"))


def read_owner(pid: int) -> int:
    """Return the real user id of a process; raises as `read_stat`.

    Not the owner of ``/proc/PID``: that is root when the process forbids tracing.
    """
    for line in _read_proc(f"{PROC}/{pid}/status").splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[1])
    raise ProcessGone(str(pid))


def read_environ(pid: int) -> dict[str, str]:
    """Return the environment a process was started with.

    Raises:
        ProcessGone: there is no such process.
        OSError: could not tell (often EPERM: another user, or not dumpable).
    """
    pairs = _read_proc(f"{PROC}/{pid}/environ").split(b"\0")
    split = (pair.decode("utf-8", "surrogateescape").partition("=") for pair in pairs if pair)
    return {key: value for key, _, value in split}


def read_arguments(pid: int) -> list[str]:
    """Return the arguments of a process; raises as `read_environ`."""
    parts = _read_proc(f"{PROC}/{pid}/cmdline").split(b"\0")
    return [part.decode("utf-8", "surrogateescape") for part in parts[:-1]]


def ignored_and_caught(pid: int) -> tuple[int, int]:
    """Return which signals a process ignores and which it handles itself.

    Two masks: bit 0 is signal 1. Raises as `read_stat`.
    """
    masks = {b"SigIgn:": 0, b"SigCgt:": 0}
    for line in _read_proc(f"{PROC}/{pid}/status").splitlines():
        name, _, content = line.partition(b"\t")
        if name in masks:
            masks[name] = int(content, 16)
    return masks[b"SigIgn:"], masks[b"SigCgt:"]


def read_syscall(pid: int) -> str:
    """Return the system call a process is blocked in, with its arguments, as the kernel reports it.

    Raises as `read_environ`.
    """
    return _read_proc(f"{PROC}/{pid}/syscall").decode("ascii", "replace")


def children_of(pid: int) -> list[int]:
    """Return the pids of the direct children, of all its threads.

    A list taken while processes fork and exit can miss one: it is a hint, and an empty list
    proves nothing (``waitpid`` saying ECHILD does).

    Raises:
        ProcessGone: there is no such process.
        OSError: could not tell.
    """
    try:
        threads = os.listdir(f"{PROC}/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessGone(str(pid)) from None
    if not _lists_children():
        return [stat.pid for stat in all_stats() if stat.parent == pid]
    found: list[int] = []
    for thread in threads:
        try:
            text = _read_proc(f"{PROC}/{pid}/task/{thread}/children")
        except ProcessGone:
            continue
        found.extend(int(part) for part in text.split())
    return found


def _lists_children() -> bool:
    """Whether this kernel was built to list children; some small ones are not."""
    return os.path.exists(f"{PROC}/self/task/{os.getpid()}/children")


def all_stats() -> list[ProcessStat]:
    """Return the stats of every process that can be seen; those that end meanwhile are left out."""
    found = []
    for entry in os.listdir(PROC):
        if entry.isdigit():
            try:
                found.append(read_stat(int(entry)))
            except ProcessGone:
                continue
    return found


def descendants_of(pid: int, *, skip: frozenset[int] = frozenset()) -> list[ProcessStat]:
    """Return the stats of every descendant, parents before children.

    ``skip`` names processes to leave out together with all below them. The same caution as for
    `children_of` holds. Processes that end meanwhile are left out.
    """
    found: list[ProcessStat] = []
    pending = [pid]
    seen = {pid}
    while pending:
        try:
            children = children_of(pending.pop())
        except ProcessGone:
            continue
        for child in children:
            if child in seen or child in skip:
                continue
            seen.add(child)
            try:
                found.append(read_stat(child))
            except ProcessGone:
                continue
            pending.append(child)
    return found


def boot_id() -> str:
    """Return the id of this boot of the kernel."""
    return _read_proc("/proc/sys/kernel/random/boot_id").decode().strip()


_inodes_are_unique: bool | None = None


def pidfd_inode(descriptor: int) -> int | None:
    """Return the inode that names the process behind a pidfd, or None on kernels without pidfs."""
    global _inodes_are_unique  # noqa: PLW0603 - a fact about the kernel, found out once
    if _inodes_are_unique is None:
        _inodes_are_unique = _probe_inodes()
    return os.fstat(descriptor).st_ino if _inodes_are_unique else None


def _probe_inodes() -> bool:
    """Whether pidfds are of a file system of their own (pidfs), where each process has an inode.

    Before Linux 6.9 they are anonymous files like an eventfd, which all share one inode. Comparing
    with that instead of another process works for the first process of a namespace too.
    """
    own = os.pidfd_open(os.getpid())
    try:
        anonymous = os.eventfd(0, os.EFD_CLOEXEC)
        try:
            return os.fstat(own).st_dev != os.fstat(anonymous).st_dev
        finally:
            os.close(anonymous)
    finally:
        os.close(own)


class Identity:
    """The recorded facts of a process, by which it is never mistaken for another.

    Attributes:
        pid: process id, meaningful only together with the rest.
        start_ticks: start time in clock ticks since boot.
        inode: pidfd inode, or None where the kernel has no pidfs.
        boot: boot id.
        uid: the user it ran as when it was recorded.
    """

    __slots__ = ("boot", "inode", "pid", "start_ticks", "uid")

    def __init__(
        self, *, pid: int, start_ticks: int, inode: int | None, boot: str, uid: int
    ) -> None:
        self.pid = pid
        self.start_ticks = start_ticks
        self.inode = inode
        self.boot = boot
        self.uid = uid

    def as_record(self) -> dict[str, int | str | None]:
        """Return the JSON object that records it."""
        return {
            "pid": self.pid,
            "start_ticks": self.start_ticks,
            "pidfd_inode": self.inode,
            "boot_id": self.boot,
            "uid": self.uid,
        }


def identify(pid: int, descriptor: int | None = None) -> Identity:
    """Return the identity of a live process, through a pidfd so that it is of one process only.

    Raises:
        ProcessGone: there is no such process.
        OSError: could not tell.
    """
    own = descriptor is None
    try:
        handle = os.pidfd_open(pid) if descriptor is None else descriptor
    except OSError as error:
        if error.errno in NO_SUCH_PROCESS:
            raise ProcessGone(str(pid)) from None
        raise
    try:
        return Identity(
            pid=pid,
            start_ticks=read_stat(pid).start_ticks,
            inode=pidfd_inode(handle),
            boot=boot_id(),
            uid=os.stat(f"{PROC}/{pid}").st_uid,
        )
    except FileNotFoundError:
        raise ProcessGone(str(pid)) from None
    finally:
        if own:
            os.close(handle)
