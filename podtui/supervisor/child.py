"""Starts the command: forks it blocked, and releases it when its identity is on record."""

from __future__ import annotations

import errno
import fcntl
import os
import termios

from podtui.supervisor import signalling
from podtui.supervisor.errors import CannotStart, describe
from podtui.supervisor.run_spec import Specification, as_bytes

_DEFAULT_PATH = b"/usr/local/bin:/usr/bin:/bin"
_GO = b"g"
_NOT_FOUND, _NOT_RUNNABLE = 127, 126
_NEXT_ON_PATH = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG})


class BlockedChild:
    """A forked process that waits for `let_go`; when this supervisor dies, it exits by itself.

    Attributes:
        pid: its process id, which stays its own until it is reaped.
        pidfd: readable when it has ended.
        verdict: the pipe that reports the result of ``exec``: closed without a byte is success.
    """

    def __init__(self, specification: Specification, slave: int, lock: int) -> None:
        go_reading, go_writing = os.pipe()
        verdict_reading, verdict_writing = os.pipe()
        try:
            self.pid = os.fork()
        except OSError as error:
            raise CannotStart(
                "refused",
                f"the command was not started: no process can be made now: {describe(error)}",
            ) from error
        if self.pid == 0:
            try:
                # Before anything else: as long as this copy is open the lock outlives its holder.
                os.close(lock)
                os.close(go_writing)
                _become_command(specification, slave, go_reading, verdict_writing)
            finally:
                os._exit(_NOT_FOUND)
        os.close(go_reading)
        os.close(verdict_writing)
        self._go = go_writing
        self.verdict = verdict_reading
        self.pidfd = os.pidfd_open(self.pid)

    def let_go(self) -> None:
        """Let it change into the command."""
        try:
            os.write(self._go, _GO)
        except BrokenPipeError:
            pass  # Killed while it waited: its pidfd reports it, as any later death.
        finally:
            os.close(self._go)

    def send_away(self) -> None:
        """Let it exit without ever having been the command, and reap it."""
        os.close(self._go)
        os.waitpid(self.pid, 0)


def _become_command(
    specification: Specification, slave: int, go_reading: int, verdict_writing: int
) -> None:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for standard in (0, 1, 2):
        os.dup2(slave, standard)
    close_all_but({0, 1, 2, go_reading, verdict_writing})
    signalling.reset_all()
    os.umask(specification.umask)
    if os.read(go_reading, 1) != _GO:
        return
    step = f"go to directory {specification.cwd}"
    try:
        os.chdir(specification.cwd)
        step = f"run {specification.argv[0]}"
        _execute(specification)
    except OSError as error:
        os.write(verdict_writing, f"{error.errno} {step}".encode("utf-8", "surrogateescape"))


def close_all_but(kept: set[int]) -> None:
    """Close every other descriptor of this process."""
    # Listed, not counted up to a limit: the limit may be a thousand million.
    for entry in os.listdir("/proc/self/fd"):
        descriptor = int(entry)
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                continue  # the listing's own descriptor


def _execute(specification: Specification) -> None:
    """Replace this process; returns never, raises the error that says most."""
    arguments = [as_bytes(argument) for argument in specification.argv]
    environment = specification.environment
    if b"/" in arguments[0]:
        _execute_file(arguments[0], arguments, environment)
    refusal: OSError | None = None
    for directory in environment.get(b"PATH", _DEFAULT_PATH).split(b":"):
        try:
            _execute_file((directory or b".") + b"/" + arguments[0], arguments, environment)
        except OSError as error:
            if error.errno not in _NEXT_ON_PATH:
                raise
            # As shells do: "found but not permitted" says more than "not found further on".
            if error.errno == errno.EACCES:
                refusal = error
    raise refusal or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _execute_file(path: bytes, arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
    try:
        os.execve(path, arguments, environment)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script without "#!": what execvp(3) and every shell do with it.
        os.execve(b"/bin/sh", [b"/bin/sh", path, *arguments[1:]], environment)


def failure_in(verdict: bytes) -> CannotStart | None:
    """Return what kept the command from starting, from what the verdict pipe said."""
    if not verdict:
        return None
    number, _, step = verdict.decode("utf-8", "replace").partition(" ")
    code = int(number)
    is_missing = code == errno.ENOENT and step.startswith("run ")
    return CannotStart(
        "refused" if code in {errno.EAGAIN, errno.ENOMEM, errno.ENFILE} else "bad_input",
        f"the command was not started: cannot {step}: {os.strerror(code)}",
        exit_code=_NOT_FOUND if is_missing else _NOT_RUNNABLE,
    )
