"""Asking many supervisors for a sign of life at once, within one time limit."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Iterable

from podtui.core.hosts.interface.facts import Pong
from podtui.core.model.verdicts import Answer
from podtui.core.paths import SocketPlace
from podtui.core.system.clock import Clock
from podtui.core.system.proc import Proc
from podtui.kernel import frames

HELLO = frames.pack(frames.HELLO, b'{"protocol": 1, "role": "control", "cols": 0, "rows": 0}')
OWN_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM})
"""Errors of the observer itself, which say nothing about the supervisor."""


def ping_all(
    proc: Proc,
    clock: Clock,
    places: Iterable[SocketPlace],
    *,
    timeout_s: float,
) -> dict[str, Pong]:
    """Ask every socket within ``timeout_s`` in all; return one answer for each socket name."""
    answers: dict[str, Pong] = {}
    with selectors.DefaultSelector() as selector:
        for place in places:
            connected = _connect(proc, place)
            if isinstance(connected, Pong):
                answers[place.name] = connected
            else:
                selector.register(connected, selectors.EVENT_READ, place.name)
        started = clock.monotonic()
        while selector.get_map():
            left = started + timeout_s - clock.monotonic()
            ready = selector.select(max(left, 0))
            if not ready:
                break
            for key, _ in ready:
                answers[key.data] = _answer_of(key.fileobj, clock.monotonic() - started)
                selector.unregister(key.fileobj)
                _close(key.fileobj)
        for key in list(selector.get_map().values()):
            answers[key.data] = Pong(Answer.NO, f"silent for {timeout_s * 1000:.0f} ms")
            _close(key.fileobj)
    return answers


def _connect(proc: Proc, place: SocketPlace) -> socket.socket | Pong:
    trouble = Pong(Answer.NO, "no socket directory")
    for directory in place.directories:
        try:
            connection = proc.connect_now(directory, place.name)
        except OSError as error:
            words = errno.errorcode.get(error.errno or 0, os.strerror(error.errno or 0))
            answer = Answer.UNKNOWN if error.errno in OWN_ERRORS else Answer.NO
            # A full backlog: a process listens and does not accept, as a stopped one does.
            detail = "does not accept" if error.errno == errno.EAGAIN else words
            hung_up = error.errno in {errno.ENOENT, errno.ECONNREFUSED}
            trouble = Pong(answer, f"{detail} at {directory / place.name}", hung_up=hung_up)
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                continue
            return trouble
        try:
            connection.send(HELLO)
        except OSError as error:
            connection.close()
            return Pong(Answer.NO, errno.errorcode.get(error.errno or 0, "error"), hung_up=True)
        return connection
    return trouble


def _answer_of(connection: object, seconds: float) -> Pong:
    assert isinstance(connection, socket.socket)  # noqa: S101 - only sockets are registered
    try:
        data = connection.recv(4096)
    except OSError as error:
        return Pong(Answer.NO, errno.errorcode.get(error.errno or 0, "error"), hung_up=True)
    if data[:1] == bytes([frames.WELCOME]):
        return Pong(Answer.YES, f"answers in {seconds * 1000:.0f} ms")
    return Pong(
        Answer.NO, "closed the connection" if not data else "answered nonsense", hung_up=not data
    )


def _close(connection: object) -> None:
    assert isinstance(connection, socket.socket)  # noqa: S101 - only sockets are registered
    connection.close()
