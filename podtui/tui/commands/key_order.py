"""Handles one key after the other: what a key opens is there before the next key is handled.

Textual gives every key at once to the widget that has the focus at that moment. Of keys that come
in one piece (over a slow connection, from a script, from a quick hand while the screen is busy) the
second would then miss the line that the first one opens, and run a command instead.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message

ROUNDS = 3
"""How many messages, each sent by the handler of the one before, a key may set off."""
LONGEST_S = 0.5
"""A key counts as handled after this time: a removed widget passes no message on."""
SENDING_NEXT = -1


class OrderedKeysApp(App[int], inherit_bindings=False):
    """An application whose keys wait for one another."""

    class KeyWent(Message):
        """Follows a key through the message queues: when it arrives, the key was handled."""

        def __init__(self, key: int, rounds: int) -> None:
            super().__init__()
            self.key = key
            self.rounds = rounds

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._held: deque[events.Key] = deque()
        self._keys_sent = 0
        self._under_way: int | None = None
        self._place_before: tuple[object, object] = (None, None)
        self._limited: int | None = None
        self._dropped_until = 0.0

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.drop_keys(), immediate=True)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is not None:
            self._held.append(event)
            self._limit_wait()
        elif event.time > self._dropped_until:
            await self._send_key(event)

    def drop_keys(self) -> None:
        """Forget all keys pressed until now: another program had the terminal."""
        self._held.clear()
        self._dropped_until = events.Event().time

    async def _send_key(self, event: events.Key) -> None:
        self._keys_sent += 1
        self._under_way = self._keys_sent
        self._place_before = (self.screen, self.focused)
        await super().on_event(event)
        self._follow(self._keys_sent, ROUNDS)

    def _follow(self, key: int, rounds: int) -> None:
        if not (self.focused or self.screen).post_message(self.KeyWent(key, rounds)):
            self._key_handled(key)

    def on_ordered_keys_app_key_went(self, message: KeyWent) -> None:
        """Send the next round, or handle the next key."""
        message.stop()
        if message.rounds > 1:
            self._follow(message.key, message.rounds - 1)
        elif (self.screen, self.focused) == self._place_before:
            self._key_handled(message.key)
        else:
            # A dialog takes keys once it is on screen.
            self.screen.call_after_refresh(self._key_handled, message.key)

    def _key_handled(self, key: int) -> None:
        if key == self._under_way:
            self._under_way = SENDING_NEXT if self._held else None
            if self._held:
                self.call_later(self._send_held)

    async def _send_held(self) -> None:
        if not self._held:
            self._under_way = None
            return
        await self._send_key(self._held.popleft())
        if self._held:
            self._limit_wait()

    def _limit_wait(self) -> None:
        if self._under_way != self._limited:
            self._limited = self._under_way
            self.set_timer(LONGEST_S, partial(self._key_handled, self._keys_sent))
