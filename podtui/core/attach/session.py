"""One attach session: a terminal, a connection, and the data on its way between them."""

from __future__ import annotations

import json
import select
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from podtui.core.attach.banner import Notice
from podtui.core.attach.first_paint import Arrival, arrival, painted_arrival
from podtui.core.attach.screen_mirror import Mirror
from podtui.core.attach.tty import Terminal, Wakeups
from podtui.core.hosts.interface.base import RunSilent, Stream
from podtui.core.model.appearance import signal_name
from podtui.core.paths import RunPaths
from podtui.core.screen.draw import SizeFrom
from podtui.core.screen.live import DEFAULT_SIZE
from podtui.core.settings.detach_key import DetachKey, KeyWatch, detach_key
from podtui.core.system.clock import Clock
from podtui.core.system.fs import Fs
from podtui.core.text.safe import safe_line
from podtui.kernel import frames

KEY_MOMENT_MS = 50
"""How long the rest of a key's escape sequence may take; a terminal sends a key at once."""
PARTING_MS = 1000
"""How long a detaching viewer waits for a supervisor that does not read its input."""
OUTPUT_AHEAD = 64 * 1024
"""Bytes kept for a slow terminal; the supervisor keeps the rest, on disk."""
INPUT_AHEAD = 16 * 1024 * 1024
"""Bytes kept for a slow supervisor before the terminal itself is left to hold them."""
INPUT_PIECE = 32 * 1024
BEL = b"\x07"

End = Literal["detached", "over", "gone"]


@dataclass(frozen=True, slots=True)
class Attached:
    """How a session ended.

    Attributes:
        detached: True when the operator left, False when the run was over.
        message: one sentence for the operator.
    """

    pod: str
    detached: bool
    message: str


class AttachSession:
    """A terminal attached to a run.

    While the program has the size of this terminal, its bytes pass unchanged. While it has another
    size, because a newer viewer owns the size or this one is read-only, its screen is redrawn
    instead (`Mirror`).
    """

    def __init__(
        self,
        client: Stream,
        run: RunPaths,
        terminal: Terminal,
        wakeups: Wakeups,
        key: DetachKey,
        *,
        read_only: bool,
        fs: Fs,
        clock: Clock,
    ) -> None:
        self._client = client
        self._run = run
        self._terminal = terminal
        self._wakeups = wakeups
        self._key = key
        # Input goes nowhere, so the key that people try first may detach as well.
        self._keys = KeyWatch(key.or_also(detach_key("ctrl-c")) if read_only else key)
        self._read_only = read_only
        self._fs = fs
        self._clock = clock
        self._outgoing: deque[memoryview] = deque()
        self._queued = 0
        self._offset = _number(client.welcome, "output_bytes", 0)
        self._sizes = sizes_in(client.welcome)
        self._owns_size = not read_only
        self._mirror: Mirror | None = None
        self._notice: Notice | None = None
        self._remarks: dict[str, None] = {}
        self._end: End | None = None
        self._result = ""
        self._poller = select.poll()
        self._registered: dict[int, int] = {}

    def run(self, greeting: str) -> Attached:
        """Show the screen as it is, then pass data both ways until one side ends."""
        self._client.stop_waiting()
        self._terminal.say(greeting)
        here = self._arrival()
        if self._must_mirror():
            self._begin_mirror(here)
        else:
            self._show(here)
            if not here.modes.origin:
                self._notice = Notice(here.screen, greeting, self._clock)
        self._take_frames()
        while self._end is None:
            self._step()
        self._end_notice()
        self._terminal.drain()
        self._send(PARTING_MS if self._end == "detached" else 0)
        return self._attached()

    def _step(self) -> None:
        room = self._terminal.waiting < OUTPUT_AHEAD
        wanted = (select.POLLIN if room else 0) | (select.POLLOUT if self._outgoing else 0)
        # Registered only while needed: poll would report the end of the connection again and again
        # while the terminal still has to take the output before it.
        self._wait_for(self._client.fileno(), wanted)
        self._wait_for(self._wakeups.fileno(), select.POLLIN)
        reads = select.POLLIN if self._queued < INPUT_AHEAD else 0
        self._wait_for(self._terminal.input, reads)
        self._wait_for(self._terminal.output, select.POLLOUT if self._terminal.waiting else 0)
        ready = dict(self._poller.poll(self._patience_ms()))
        if not ready and self._keys.holds:
            self._pass_on(self._keys.flush())
        if self._wakeups.fileno() in ready:
            self._react()
        if ready.get(self._terminal.input, 0) & ~select.POLLOUT:
            self._take_input()
        if ready.get(self._client.fileno(), 0) & ~select.POLLOUT and room:
            self._take_frames()
        if self._outgoing:
            self._send(0)
        self._terminal.flush()
        self._take_turns()

    def _wait_for(self, descriptor: int, events: int) -> None:
        """Change what poll waits for, only where it differs: most rounds wait for the same."""
        if self._registered.get(descriptor, 0) == events:
            return
        if events:
            self._poller.register(descriptor, events)
        else:
            self._poller.unregister(descriptor)
        self._registered[descriptor] = events

    def _patience_ms(self) -> int | None:
        due = [KEY_MOMENT_MS] if self._keys.holds else []
        if self._notice is not None:
            due.append(self._notice.due_ms)
        if self._mirror is not None and (paint_ms := self._mirror.due_ms) is not None:
            due.append(paint_ms)
        return min(due, default=None)

    def _take_turns(self) -> None:
        if self._mirror is not None:
            self._mirror.paint()
        if self._notice is not None and not self._terminal.waiting:
            self._terminal.write(self._notice.turn())
            self._notice = None if self._notice.over else self._notice

    # typed

    def _take_input(self) -> None:
        data = self._terminal.read()
        if not data:
            # The terminal is gone, so no key can be pressed any more.
            self._end = self._end or "detached"
            return
        self._end_notice()
        typed = self._keys.feed(data)
        self._pass_on(typed.passed)
        if typed.detach:
            self._end = self._end or "detached"

    def _pass_on(self, data: bytes) -> None:
        if self._read_only:
            return
        for start in range(0, len(data), INPUT_PIECE):
            self._queue(frames.INPUT, data[start : start + INPUT_PIECE])

    def _react(self) -> None:
        self._wakeups.take()
        resumed, self._wakeups.resumed = self._wakeups.resumed, False
        self._end_notice()
        if resumed:
            # While we were stopped, a shell had the terminal and changed its modes.
            self._terminal.set_raw()
        if not self._read_only:
            columns, rows = self._terminal.size()
            self._queue(frames.RESIZE, json.dumps({"cols": columns, "rows": rows}).encode())
        if self._mirror is not None:
            self._mirror.repaint()
        elif resumed:
            self._show(self._arrival())
        self._update_view()

    def _queue(self, kind: int, payload: bytes = b"") -> None:
        packed = frames.pack(kind, payload)
        self._outgoing.append(memoryview(packed))
        self._queued += len(packed)

    def _send(self, wait_ms: int) -> None:
        """Send what the other side takes now; wait up to ``wait_ms`` whenever it takes nothing."""
        try:
            while self._outgoing:
                sent = self._client.send_now(self._outgoing[0])
                if not sent and not self._room_within(wait_ms):
                    return
                self._queued -= sent
                self._outgoing[0] = self._outgoing[0][sent:]
                if not self._outgoing[0]:
                    self._outgoing.popleft()
        except ConnectionError:
            # What it sent before it closed is still unread, and decides how the session ends.
            self._outgoing.clear()
            self._queued = 0

    def _room_within(self, wait_ms: int) -> bool:
        if not wait_ms:
            return False
        waiter = select.poll()
        waiter.register(self._client, select.POLLOUT)
        return bool(waiter.poll(wait_ms))

    # shown

    def _take_frames(self) -> None:
        received = self._client.receive_now()
        if received is None:
            self._end = self._end or "gone"
            return
        for kind, payload in received:
            if kind == frames.OUTPUT:
                self._take_output(payload)
            elif kind == frames.SIZE:
                self._take_size(payload)
            elif kind == frames.NOTE:
                self._take_note(payload)
            elif kind == frames.ENDED:
                self._result = _result(payload)
                self._end = "over"

    def _take_output(self, data: bytes) -> None:
        self._offset += len(data)
        if self._mirror is not None:
            self._mirror.feed(data)
            return
        if self._notice is not None:
            self._terminal.write(self._notice.before_output(data))
            self._notice = None if self._notice.over else self._notice
        self._terminal.write(data)

    def _take_note(self, payload: bytes) -> None:
        text = safe_line(str(_object(payload).get("text", "")), 200)
        self._remarks[text] = None
        self._terminal.write(BEL)

    def _end_notice(self) -> None:
        if self._notice is not None:
            self._terminal.write(self._notice.end())
            self._notice = None

    # whose size it is

    def _take_size(self, payload: bytes) -> None:
        content = _object(payload)
        latest = self._sizes[-1]
        size = SizeFrom(
            self._offset,
            _number(content, "cols", latest.columns),
            _number(content, "rows", latest.rows),
        )
        self._owns_size = content.get("yours") is True
        if size[1:] != latest[1:]:
            self._sizes.append(size)
            self._end_notice()
            if self._mirror is not None:
                self._mirror.resize(size.columns, size.rows)
        self._update_view()

    def _must_mirror(self) -> bool:
        return not self._owns_size and self._sizes[-1][1:] != self._terminal.size()

    def _update_view(self) -> None:
        """Switch between passing bytes on and redrawing, as the sizes require."""
        if self._must_mirror() == (self._mirror is not None):
            return
        self._end_notice()
        if self._mirror is None:
            self._begin_mirror(self._arrival())
            return
        here, self._mirror = self._mirror.here, None
        self._terminal.write(self._terminal.leaving())
        self._show(here)

    def _begin_mirror(self, here: Arrival) -> None:
        pod = safe_line(self._client.pod)
        why = f"watching {pod}, read-only"
        if not self._read_only:
            why = f"type to take it: {pod} has another viewer's size"
        # The key comes first: a narrow terminal cuts off the rest.
        note = f"{self._key.name} leaves — {why}"
        self._mirror = Mirror(
            self._terminal, here, self._clock, note=note, takes_keys=not self._read_only
        )

    def _arrival(self) -> Arrival:
        return arrival(self._fs, self._run.output, self._offset, self._sizes, self._clock)

    def _show(self, here: Arrival) -> None:
        columns, rows = self._terminal.size()
        self._terminal.write(painted_arrival(here, columns=columns, rows=rows))
        if here.modes.alternate_screen and not here.is_whole and not self._read_only:
            # The program knows its screen better. It is asked only in this case: an editor that
            # repaints loses the message it was showing.
            self._queue(frames.REDRAW)

    def _attached(self) -> Attached:
        pod = self._client.pod
        shown = safe_line(pod)
        if self._end == "over":
            message = f"{shown} {self._result}"
            return Attached(pod, detached=False, message="; ".join([message, *self._remarks]))
        if self._end == "gone":
            raise RunSilent(
                f"the supervisor of {shown!r} went away while this terminal was attached",
                pod=pod,
                next_step=f"podtui inspect {shown}",
                kept="what the pod wrote is kept",
            )
        message = "; ".join([f"detached from {shown}, it goes on running", *self._remarks])
        if self._queued:
            message += (
                f"; its supervisor is slow: the last {self._queued} bytes on their way to it"
                " were not delivered"
            )
        return Attached(pod, detached=True, message=message)


def sizes_in(welcome: Mapping[str, object]) -> list[SizeFrom]:
    """Return the sizes in a welcome, oldest first; at least one."""
    listed = welcome.get("sizes")
    rows = listed if isinstance(listed, list) else []
    sizes = [SizeFrom(*row) for row in rows if isinstance(row, list) and _is_size(row)]
    now = SizeFrom(
        0, _number(welcome, "cols", DEFAULT_SIZE[0]), _number(welcome, "rows", DEFAULT_SIZE[1])
    )
    return sizes or [now]


def _is_size(row: list[object]) -> bool:
    return len(row) == len(SizeFrom._fields) and all(isinstance(each, int) for each in row)


def _number(content: Mapping[str, object], name: str, otherwise: int) -> int:
    value = content.get(name)
    return value if isinstance(value, int) else otherwise


def _object(payload: bytes) -> dict[str, object]:
    try:
        content = json.loads(payload or b"{}")
    except ValueError:
        # The sender is broken; that is no reason to end the session.
        return {}
    return content if isinstance(content, dict) else {}


def _result(payload: bytes) -> str:
    facts = _object(payload)
    number, code = facts.get("signal"), facts.get("exit_code")
    if isinstance(number, int):
        return f"was ended by {signal_name(number)}"
    if isinstance(code, int):
        return f"exited {code}" if code == 0 else f"failed {code}"
    return "ended"
