"""Provides the address of a supervisor: a 0600 socket in a 0700 directory of this user."""

from __future__ import annotations

import fcntl
import os
import stat
from _collections_abc import Callable
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, socket

from podtui.supervisor.errors import CannotStart, describe
from podtui.supervisor.event_loop import EventLoop
from podtui.supervisor.log import log

_BACKLOG = 64
_TIMER = "socket"
_LOOK_AFTER_S = 0.2
_LONGEST_RETRY_S = 60.0
_ONLY_OWNER_FILE = 0o177
_OTHERS = 0o077


class Address:
    """The listening socket, and the watch over its name in the file system.

    The watch is dnotify, a signal when a name leaves the directory. inotify would need one of the
    user's inotify instances per pod, and there are 128 of those for everything the user runs.
    """

    def __init__(self, directories: list[str], name: str) -> None:
        self._directories = directories
        self._name = name
        self._watched: list[int] = []
        self._bound: tuple[int, int] | None = None
        self.directory = ""
        self.listener: socket | None = None

    def open(self) -> socket:
        """Bind in the first directory that can be used safely, and return the listener.

        Raises:
            CannotStart: no directory can be used; says what is wrong with each.
        """
        self.close_listener()
        troubles = []
        for directory in self._directories:
            try:
                self.listener = self._bind_in(directory)
            except OSError as error:
                troubles.append(f"{directory}: {describe(error)}")
                continue
            self.directory = directory
            self.watch()
            return self.listener
        raise CannotStart(
            "refused", f"no directory can hold the run's socket: {'; '.join(troubles)}"
        )

    def is_in_place(self) -> bool:
        """Whether the name still leads to our socket."""
        return self._bound is not None and self._bound == _node(self._path())

    def watch(self) -> None:
        """Ask for one SIGIO when a name leaves the socket's directory, or that directory its own.

        One signal, not one per change: many pods share a directory and may end together.
        """
        for descriptor in self._watched:
            os.close(descriptor)
        self._watched = []
        for directory in (self.directory, os.path.dirname(self.directory)):
            try:
                descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                self._watched.append(descriptor)
                fcntl.fcntl(descriptor, fcntl.F_NOTIFY, fcntl.DN_DELETE | fcntl.DN_RENAME)
            except OSError:
                # Gone already (`is_in_place` is asked next), or a kernel without dnotify: the
                # socket is then not bound again by itself, and the run goes on all the same.
                continue

    def remove(self) -> None:
        """Take our name out of the file system and close."""
        if self.is_in_place():
            _unlink_if_there(self._path())
        self.close_listener()

    def close_listener(self) -> None:
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        self._bound = None

    def _path(self) -> str:
        return f"{self.directory}/{self._name}"

    def _bind_in(self, directory: str) -> socket:
        os.makedirs(directory, 0o700, exist_ok=True)
        # Bound through a descriptor: a path of any length works, and what was checked is used.
        handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
        earlier_umask = os.umask(_ONLY_OWNER_FILE)
        try:
            _refuse_unsafe(os.fstat(handle))
            name = f"/proc/self/fd/{handle}/{self._name}"
            _remove_stale_socket(name)
            listener.bind(name)
            listener.listen(_BACKLOG)
            self._bound = _node(name)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(earlier_umask)
            os.close(handle)
        return listener


def _refuse_unsafe(facts: os.stat_result) -> None:
    if facts.st_uid != os.geteuid():
        raise OSError(0, f"it belongs to user {facts.st_uid}, not to us")
    if facts.st_mode & _OTHERS:
        raise OSError(0, f"others may use it (mode {stat_mode(facts):04o}); make it 0700")


def stat_mode(facts: os.stat_result) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(facts.st_mode)


def _remove_stale_socket(path: str) -> None:
    """Remove a socket of our own name; we hold the run's lock, so no supervisor uses it."""
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(facts.st_mode):
        raise OSError(0, "something that is no socket has the socket's name")
    os.unlink(path)


def _unlink_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        # The run is over; a name that stays behind leads nowhere and the next run replaces it.
        return


def _node(path: str) -> tuple[int, int] | None:
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino)


class AddressKeeper:
    """Binds the socket again when its name was removed.

    Args:
        loop: sets the timers.
        bind: puts a new listener in the place of the old one; raises CannotStart.
    """

    def __init__(self, address: Address, loop: EventLoop, bind: Callable[[], None]) -> None:
        self._address = address
        self._loop = loop
        self._bind = bind
        self._retry_s = _LOOK_AFTER_S

    def something_left(self) -> None:
        """Look at our name soon; called on SIGIO, which may be about another name.

        Not at once: a process that removes the directory with its content should finish, and two
        hundred pods that end together should not wake each other forty thousand times.
        """
        if not self._loop.has_timer(_TIMER):
            self._loop.after(_TIMER, _LOOK_AFTER_S, self._look)

    def _look(self) -> None:
        self._address.watch()  # before the check, so that a change after it is reported again
        if self._address.is_in_place():
            return
        try:
            self._bind()
            self._retry_s = _LOOK_AFTER_S
        except CannotStart as failure:
            log(f"the run cannot be reached: {failure}")
            self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)
            self._loop.after(_TIMER, self._retry_s, self._look)
