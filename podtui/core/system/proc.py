"""The only access to other processes: reads them and starts them, never signals them."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from podtui.core.model.verdicts import Answer
from podtui.kernel import files, processes, termination
from podtui.kernel.processes import Identity, ProcessGone, ProcessStat

if TYPE_CHECKING:
    import socket


STOPPED = "T"
"""The state of a stopped process (SIGSTOP); "t" is one that a debugger holds for a moment."""


class Sighting(msgspec.Struct, frozen=True):
    """The state in which a recorded process was found.

    Attributes:
        state: one letter as in ``/proc/PID/stat``, "" when it was not read.
    """

    answer: Answer
    detail: str
    state: str = ""

    @property
    def is_stopped(self) -> bool:
        return self.answer is Answer.YES and self.state == STOPPED


class Proc:
    """The real processes of this machine."""

    def __init__(self) -> None:
        self.ticks_per_second = os.sysconf("SC_CLK_TCK")

    def boot_id(self) -> str:
        """Return the id of this boot.

        Raises:
            OSError: could not tell.
        """
        try:
            return processes.boot_id()
        except ProcessGone as error:
            # No /proc, not "no process": that the observer cannot see is never an answer.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(error)) from None

    def own_pid(self) -> int:
        return os.getpid()

    def stat(self, pid: int) -> ProcessStat:
        """Return what the kernel says of a process; raises ProcessGone or OSError."""
        return processes.read_stat(pid)

    def is_there(self, recorded: Identity) -> tuple[Answer, str]:
        """Find out whether the recorded process is there, with every recorded fact agreeing.

        Returns the answer and why. A process with the same pid but other facts is another one:
        the recorded one is gone. A zombie has exited. Anything unreadable is "could not tell".
        """
        seen = self.sight(recorded)
        return seen.answer, seen.detail

    def sight(self, recorded: Identity) -> Sighting:
        """Answer as `is_there` does, with the state of the process."""
        try:
            handle = self.open_pidfd(recorded.pid)
        except OSError as error:
            return Sighting(Answer.UNKNOWN, f"process {recorded.pid}: {_reason(error)}")
        if handle is None:
            return Sighting(Answer.NO, f"no process {recorded.pid}")
        try:
            return self._compare(recorded, handle)
        except (OSError, ValueError, IndexError) as error:
            return Sighting(Answer.UNKNOWN, f"process {recorded.pid}: {_reason(error)}")
        finally:
            os.close(handle)

    def pidfd_inode(self, handle: int) -> int | None:
        """Return the inode that identifies this process, None on older kernels."""
        return processes.pidfd_inode(handle)

    def _compare(self, recorded: Identity, handle: int) -> Sighting:
        pid, inode = recorded.pid, self.pidfd_inode(handle)
        is_proven = recorded.inode is not None and inode is not None
        if is_proven and inode != recorded.inode:
            return Sighting(Answer.NO, f"pid {pid} is another process now (other pidfd inode)")
        if _has_ended(handle):
            return Sighting(Answer.NO, f"process {pid} has exited (zombie)")
        try:
            facts = self.stat(pid)
        except (ProcessGone, OSError, ValueError, IndexError) as error:
            return _sight_without_stat(pid, handle, error, is_proven=is_proven)
        # Start ticks are no identity where a better one was compared: a reader in another time
        # namespace sees them shifted.
        if not is_proven:
            other = self._other_than(recorded, facts)
            if other is not None:
                return other
        if facts.has_exited:
            return Sighting(Answer.NO, f"process {pid} has exited (zombie)")
        why = "same pidfd inode" if is_proven else "same start, same boot"
        stopped = " but is stopped (SIGSTOP)" if facts.state == STOPPED else ""
        return Sighting(Answer.YES, f"{facts.name} {pid}, {why}{stopped}", facts.state)

    def _other_than(self, recorded: Identity, facts: ProcessStat) -> Sighting | None:
        """Compare what kernels without pidfd inodes have; None when nothing speaks against it."""
        pid = recorded.pid
        if facts.start_ticks != recorded.start_ticks:
            return Sighting(Answer.NO, f"pid {pid} is another process now (other start time)")
        if os.stat(f"/proc/{pid}").st_uid != recorded.uid:
            return Sighting(Answer.UNKNOWN, f"pid {pid} has the start time but another user")
        return None

    def descendants(self, pid: int) -> list[ProcessStat]:
        """Return the stats of every descendant; a hint, see `kernel.identity.children_of`."""
        return processes.descendants_of(pid)

    def all_processes(self) -> list[ProcessStat]:
        """Return the stats of every process of the machine; raises OSError when it cannot."""
        return processes.all_stats()

    def owner_of(self, pid: int) -> int:
        """Return the real user id of a process; raises ProcessGone or OSError."""
        return processes.read_owner(pid)

    def request_to_end(self, pid: int) -> tuple[int, ...]:
        """Return the signals that ask a process to end."""
        return termination.request_to_end(pid)

    def environment_of(self, pid: int) -> dict[str, str]:
        """Return the environment a process started with; raises ProcessGone or OSError."""
        return processes.read_environ(pid)

    def arguments_of(self, pid: int) -> list[str]:
        """Return the arguments of a process; raises ProcessGone or OSError."""
        return processes.read_arguments(pid)

    def open_pidfd(self, pid: int) -> int | None:
        """Return a pidfd that becomes readable when the process ends; None when it is gone."""
        try:
            return os.pidfd_open(pid)
        except OSError as error:
            if error.errno in processes.NO_SUCH_PROCESS:
                return None
            raise

    def start_detached(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        specification: bytes,
        log: int,
        timeout_s: float,
    ) -> bytes:
        """Start a program that detaches itself; give it ``specification`` on its standard input.

        Returns what it wrote to its standard output until that was closed, or what had come when
        ``timeout_s`` was over.

        Raises:
            OSError: it could not be started.
        """
        # Loaded here only: looking starts no program.
        import subprocess  # noqa: PLC0415

        given = _in_memory(specification)
        try:
            process = subprocess.Popen(
                list(arguments),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
                close_fds=True,
            )
        finally:
            os.close(given)
        assert process.stdout is not None  # noqa: S101 - asked for above; for the type checker
        with process.stdout as ready_pipe:
            answer = _read_until_closed(ready_pipe.fileno(), timeout_s)
        # A program that is delayed before it has detached itself is not waited for.
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout_s)
        return answer

    def connect(self, directory: Path, name: str, timeout_s: float) -> socket.socket:
        """Connect to a unix socket by directory and name, so that no path is too long.

        Raises:
            OSError: not there, refused, timed out.
        """
        return self._connect(directory, name, timeout_s)

    def connect_now(self, directory: Path, name: str) -> socket.socket:
        """Connect without waiting and return a non-blocking socket.

        Raises:
            OSError: not there, refused; EAGAIN when the queue of the listener is full.
        """
        return self._connect(directory, name, 0)

    def _connect(self, directory: Path, name: str, timeout_s: float) -> socket.socket:
        # Loaded here only: with no pod alive no connection is made.
        import socket  # noqa: PLC0415

        handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(timeout_s)
                connection.connect(f"/proc/self/fd/{handle}/{name}")
            except OSError:
                connection.close()
                raise
            return connection
        finally:
            os.close(handle)

    def open_recorded(self, recorded: Identity) -> int | None:
        """Return a pidfd of exactly the recorded process, None when that one is gone.

        Raises:
            OSError: could not tell.
        """
        handle = self.open_pidfd(recorded.pid)
        if handle is None:
            return None
        try:
            is_it = self._compare(recorded, handle).answer is Answer.YES
        except ProcessGone:
            is_it = False
        except OSError:
            os.close(handle)
            raise
        if is_it:
            return handle
        os.close(handle)
        return None

    def has_ended(self, handle: int, milliseconds: int) -> bool:
        """Whether the process of a pidfd has ended, waiting up to ``milliseconds`` for it."""
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        return bool(waiter.poll(milliseconds))

    def close(self, handle: int) -> None:
        """Close a pidfd."""
        os.close(handle)

    def ends_within(self, pid: int, milliseconds: int) -> bool:
        """Whether a process is gone, waiting up to ``milliseconds`` for its end."""
        handle = self.open_pidfd(pid)
        if handle is None:
            return True
        try:
            return self.has_ended(handle, milliseconds)
        finally:
            os.close(handle)

    def blocked_on_terminal(self, pid: int) -> Answer:
        """Find out whether a process waits in the kernel for input from its terminal.

        Only a plain read and a select of descriptor 0 alone are recognised; a program that waits in
        an event loop always answers NO. UNKNOWN where the kernel does not let us look.
        """
        try:
            fields = processes.read_syscall(pid).split()
            descriptor = _descriptor_waited_on(fields)
            if descriptor is None:
                return Answer.NO
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except (ProcessGone, FileNotFoundError):
            return Answer.NO
        except (OSError, ValueError):
            return Answer.UNKNOWN
        return Answer.YES if target.startswith(("/dev/pts/", "/dev/tty")) else Answer.NO


def _has_ended(handle: int) -> bool:
    """Whether the process of a pidfd has exited: all its threads, waited for or not."""
    waiter = select.poll()
    waiter.register(handle, select.POLLIN)
    return bool(waiter.poll(0))


def _sight_without_stat(pid: int, handle: int, error: Exception, *, is_proven: bool) -> Sighting:
    if _has_ended(handle):
        return Sighting(Answer.NO, f"process {pid} ended while it was looked at")
    gone = isinstance(error, ProcessGone)
    # A pidfd that is not readable is of a living process: /proc only hides it (hidepid).
    why = (
        "it is there and /proc does not show it" if gone else f"/proc/{pid}/stat: {_reason(error)}"
    )
    if is_proven:
        return Sighting(Answer.YES, f"process {pid}, same pidfd inode; {why}")
    return Sighting(Answer.UNKNOWN, f"process {pid}: {why}")


_READ = {"x86_64": 0, "aarch64": 63}
_SELECT = {"x86_64": (23, 270), "aarch64": (72,)}


def _descriptor_waited_on(fields: list[str]) -> int | None:
    """Return the one descriptor a blocked system call waits for, None when it is not one."""
    machine = os.uname().machine
    if len(fields) < len(("number", "first argument")) or not fields[0].isdigit():
        return None
    number, first = int(fields[0]), int(fields[1], 16)
    if number == _READ.get(machine):
        return first
    # select(nfds=1, ...) can only be about descriptor 0.
    return 0 if number in _SELECT.get(machine, ()) and first == 1 else None


def _in_memory(content: bytes) -> int:
    """Return a file of no disk that holds ``content``, at its beginning.

    Unlike a pipe it takes any length at once, however long its reader is held up.
    """
    descriptor = os.memfd_create("podtui-specification")
    try:
        files.write_all(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _read_until_closed(descriptor: int, timeout_s: float) -> bytes:
    """Return what comes until end of file or the time is over (one bound for the whole)."""
    deadline = time.monotonic() + timeout_s
    waiter = select.poll()
    waiter.register(descriptor, select.POLLIN | select.POLLHUP)
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0 and waiter.poll(left * 1000):
        part = os.read(descriptor, 65536)
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return f"{errno.errorcode.get(error.errno, error.errno)} {os.strerror(error.errno)}"
    return str(error) or type(error).__name__
