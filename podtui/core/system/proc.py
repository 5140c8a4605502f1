"""The only door to other processes: looking at them, never touching them."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from podtui.core.model.verdicts import Answer
from podtui.kernel import identity
from podtui.kernel.identity import Identity, ProcessGone, ProcessStat

if TYPE_CHECKING:
    import socket


class Proc:
    """The real processes of this machine."""

    def __init__(self) -> None:
        self.ticks_per_second = os.sysconf("SC_CLK_TCK")

    def boot_id(self) -> str:
        """Return the id of this boot.

        Raises:
            OSError: could not tell.
        """
        return identity.boot_id()

    def own_pid(self) -> int:
        return os.getpid()

    def stat(self, pid: int) -> ProcessStat:
        """Return what the kernel says of a process; raises ProcessGone or OSError."""
        return identity.read_stat(pid)

    def is_there(self, recorded: Identity) -> tuple[Answer, str]:
        """Tell whether the recorded process is there, every recorded fact agreeing.

        Returns the answer and why. A process with the same pid but other facts is another one:
        the recorded one is gone. A zombie has exited. Anything unreadable is "could not tell".
        """
        try:
            handle = os.pidfd_open(recorded.pid)
        except OSError as error:
            if error.errno in {errno.ESRCH, errno.EINVAL}:
                return Answer.NO, f"no process {recorded.pid}"
            return Answer.UNKNOWN, f"process {recorded.pid}: {_reason(error)}"
        try:
            return self._compare(recorded, handle)
        except ProcessGone:
            return Answer.NO, f"process {recorded.pid} ended while it was looked at"
        except (OSError, ValueError, IndexError) as error:
            return Answer.UNKNOWN, f"process {recorded.pid}: {_reason(error)}"
        finally:
            os.close(handle)

    def _compare(self, recorded: Identity, handle: int) -> tuple[Answer, str]:
        inode = identity.pidfd_inode(handle)
        if recorded.inode is not None and inode is not None and inode != recorded.inode:
            return Answer.NO, f"pid {recorded.pid} is another process now (other pidfd inode)"
        facts = identity.read_stat(recorded.pid)
        if facts.start_ticks != recorded.start_ticks:
            return Answer.NO, f"pid {recorded.pid} is another process now (other start time)"
        if facts.has_exited:
            return Answer.NO, f"process {recorded.pid} has exited (zombie)"
        if recorded.inode is None and os.stat(f"/proc/{recorded.pid}").st_uid != recorded.uid:
            return Answer.UNKNOWN, f"pid {recorded.pid} has the start time but another user"
        state = " but is stopped" if facts.state in "Tt" else ""
        return Answer.YES, f"{facts.name} {recorded.pid}, same start, same boot{state}"

    def descendants(self, pid: int) -> list[ProcessStat]:
        """Return the stats of every descendant; a hint, see `kernel.identity.children_of`."""
        return identity.descendants_of(pid)

    def environment_of(self, pid: int) -> dict[str, str]:
        """Return the environment a process started with; raises ProcessGone or OSError."""
        return identity.read_environ(pid)

    def open_pidfd(self, pid: int) -> int | None:
        """Return a pidfd that becomes readable when the process ends; None when it is gone."""
        try:
            return os.pidfd_open(pid)
        except OSError as error:
            if error.errno in {errno.ESRCH, errno.EINVAL}:
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

        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
            close_fds=True,
        )
        assert process.stdin is not None  # noqa: S101 - asked for above; for the type checker
        assert process.stdout is not None  # noqa: S101 - same
        with process.stdin as specification_pipe, process.stdout as ready_pipe:
            try:
                specification_pipe.write(specification)
                specification_pipe.close()
            except BrokenPipeError:
                pass  # It died before reading: its log and the empty answer tell.
            answer = _read_until_closed(ready_pipe.fileno(), timeout_s)
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
            OSError: not there, refused; EAGAIN when nobody accepts.
        """
        return self._connect(directory, name, 0)

    def _connect(self, directory: Path, name: str, timeout_s: float) -> socket.socket:
        # Loaded here only: with no pod alive there is nobody to connect to.
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

    def ends_within(self, pid: int, milliseconds: int) -> bool:
        """Whether a process is gone, waiting up to ``milliseconds`` for its end."""
        handle = self.open_pidfd(pid)
        if handle is None:
            return True
        try:
            waiter = select.poll()
            waiter.register(handle, select.POLLIN)
            return bool(waiter.poll(milliseconds))
        finally:
            os.close(handle)

    def blocked_on_terminal(self, pid: int) -> Answer:
        """Tell whether a process waits in the kernel for input from its terminal.

        Only a plain read and a select of descriptor 0 alone can be told; a program that waits in
        an event loop always answers NO. UNKNOWN where the kernel does not let us look.
        """
        try:
            fields = identity.read_syscall(pid).split()
            descriptor = _descriptor_waited_on(fields)
            if descriptor is None:
                return Answer.NO
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except (ProcessGone, FileNotFoundError):
            return Answer.NO
        except (OSError, ValueError):
            return Answer.UNKNOWN
        return Answer.YES if target.startswith(("/dev/pts/", "/dev/tty")) else Answer.NO


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
