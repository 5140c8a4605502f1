"""The event loop: file descriptors and named timers. With no timer set it never wakes by itself."""

from __future__ import annotations

import select
import time
from _collections_abc import Callable

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT
Handler = Callable[[int], None]


class EventLoop:
    """Calls a handler when its descriptor is ready or its moment has come."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._interests: dict[int, int] = {}
        self._timers: dict[str, tuple[float, Callable[[], None]]] = {}
        self._goes_on = True

    def watch(self, descriptor: int, interest: int, handler: Handler) -> None:
        """Call the handler, with what happened, whenever the descriptor is ready."""
        self._poll.register(descriptor, interest)
        self._handlers[descriptor] = handler
        self._interests[descriptor] = interest

    def change_interest(self, descriptor: int, interest: int) -> None:
        """Wait for something else on a watched descriptor; 0 leaves only errors and hang-ups."""
        if self._interests.get(descriptor, interest) != interest:
            self._poll.modify(descriptor, interest)
            self._interests[descriptor] = interest

    def forget(self, descriptor: int) -> None:
        """Stop watching; must come before the descriptor is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            del self._interests[descriptor]
            self._poll.unregister(descriptor)

    def after(self, name: str, delay_s: float, action: Callable[[], None]) -> None:
        """Call the action once after the delay; a name has one timer, the last one set."""
        self._timers[name] = (time.monotonic() + delay_s, action)

    def cancel(self, name: str) -> None:
        """Take a timer back, if it is there."""
        self._timers.pop(name, None)

    def has_timer(self, name: str) -> bool:
        return name in self._timers

    def time_left(self, name: str) -> float | None:
        """Return the seconds until a timer, or None when it is not set."""
        timer = self._timers.get(name)
        return None if timer is None else max(timer[0] - time.monotonic(), 0.0)

    def stop(self) -> None:
        """Return from `run` when the present handler is done."""
        self._goes_on = False

    def run(self) -> None:
        """Handle events until `stop`."""
        while self._goes_on:
            for descriptor, happened in self._poll.poll(self._patience()):
                # A handler before this one may have closed the descriptor, and even have given
                # its number to a new one: handlers take an event for a hint.
                handler = self._handlers.get(descriptor)
                if handler is not None and self._goes_on:
                    handler(happened)
            self._call_due()

    def _patience(self) -> float | None:
        if not self._timers:
            return None
        first = min(moment for moment, _ in self._timers.values())
        return max(first - time.monotonic(), 0.0)

    def _call_due(self) -> None:
        now = time.monotonic()
        for name in [name for name, (moment, _) in self._timers.items() if moment <= now]:
            timer = self._timers.pop(name, None)
            if timer is not None and self._goes_on:
                timer[1]()
