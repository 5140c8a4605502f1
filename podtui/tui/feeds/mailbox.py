"""One place for the newest value of a thread, so that a slow event loop never has a queue of them.

While a terminal is attached the event loop stands still for hours: what is overtaken meanwhile is
dropped, not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

T = TypeVar("T")


def post(pump: MessagePump, message: Message) -> None:
    """Post a message from a thread; one that comes while the screen goes away is dropped."""
    # Without an app, and with a loop that is closed, it is a RuntimeError both times.
    with suppress(RuntimeError):
        pump.post_message(message)


class Mailbox(Generic[T]):
    """Holds the newest value.

    Args:
        notify: called in the putting thread when there is something to take again; it must be safe
            to call from any thread.
    """

    def __init__(self, notify: Callable[[], object]) -> None:
        self._notify = notify
        self._newest: T | None = None
        self._is_notified = False

    def put(self, value: T) -> None:
        """Replace what was not taken yet."""
        # Plain assignments in this order need no lock: the taker clears the flag before it takes,
        # so a value that comes in between is notified again.
        self._newest = value
        if not self._is_notified:
            self._is_notified = True
            self._notify()

    def take(self) -> T | None:
        """Return the newest value, None when it was taken already."""
        self._is_notified = False
        newest, self._newest = self._newest, None
        return newest
