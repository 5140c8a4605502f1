"""A terminal put on a live run: what is typed goes to the pod, what the pod writes is shown.

The bytes pass as they are, in both directions: that is what attaching means. Only what was
written before is shown as escape-free text, since a query in it would make the operator's
terminal answer into the pod a second time.
"""

from __future__ import annotations

import json
import select
from collections import deque
from typing import Literal, Protocol

import msgspec

from podtui.core.model.appearance import signal_name
from podtui.core.paths import PodPaths
from podtui.core.processes.client import SupervisorClient, SupervisorSilent
from podtui.core.processes.detach_key import DEFAULT_KEY, DetachKey, KeyWatch, detach_key
from podtui.core.processes.recent import Recent, recent_output
from podtui.core.processes.tty import Terminal, Wakeups
from podtui.core.system.fs import Fs
from podtui.core.text.safe import safe_line
from podtui.kernel import frames

KEY_MOMENT_MS = 50
"""How long the rest of a key's escape sequence may take; a terminal sends a key whole."""
PARTING_MS = 1000
"""How long a leaving viewer waits for a supervisor that does not take what was typed."""
OUTPUT_AHEAD = 64 * 1024
"""Bytes kept for a slow terminal; the supervisor keeps the rest, on disk."""
INPUT_AHEAD = 16 * 1024 * 1024
"""Bytes kept for a slow supervisor before the terminal itself is left to hold them."""
INPUT_PIECE = 32 * 1024

End = Literal["detached", "over", "gone"]


class AttachPoint(Protocol):
    """What is needed of the core; `podtui.core.control.ControlPlane` is one."""

    def attach(
        self, name: str, *, read_only: bool, columns: int, rows: int
    ) -> SupervisorClient: ...

    def pod_paths(self, name: str) -> PodPaths: ...


class Attached(msgspec.Struct, frozen=True):
    """How a session ended.

    Attributes:
        detached: True when the operator left, False when the run was over.
        message: one sentence for the operator.
    """

    pod: str
    detached: bool
    message: str


def attach_in_terminal(
    plane: AttachPoint, name: str, *, read_only: bool = False, key: str = DEFAULT_KEY
) -> str:
    """Do `attach_terminal` and return its final sentence."""
    return attach_terminal(plane, name, read_only=read_only, key=key).message


def attach_terminal(
    plane: AttachPoint,
    name: str,
    *,
    read_only: bool = False,
    key: str = DEFAULT_KEY,
    input_descriptor: int = 0,
    output_descriptor: int = 1,
) -> Attached:
    """Put the terminal on the pod's live run until the detach key or the end of the run.

    To be called from the main thread: signals of size and end are taken over meanwhile. Whatever
    happens, the terminal is given back as it was.

    Raises:
        BadInput: there is no terminal, or the detach key cannot be one.
        SupervisorSilent: the supervisor went away; what it wrote is kept.
        PodtuiError: the pod cannot be attached to, as `plane.attach` says.
        SystemExit: SIGTERM or SIGHUP came.
    """
    leave_by = detach_key(key)
    terminal = Terminal(input_descriptor, output_descriptor)
    with terminal:
        columns, rows = terminal.size()
        with plane.attach(name, read_only=read_only, columns=columns, rows=rows) as client:
            output = plane.pod_paths(name).run(_number(client.welcome, "run", 1)).output
            upto = _number(client.welcome, "output_bytes", 0)
            recent = recent_output(Fs(), output, upto, columns=columns, rows=rows)
            with Wakeups() as wakeups, terminal.raw():
                terminal.say(_greeting(client.pod, leave_by, read_only=read_only))
                session = _Session(client, terminal, wakeups, leave_by, read_only=read_only)
                return session.run(recent)


def _greeting(pod: str, key: DetachKey, *, read_only: bool) -> str:
    if read_only:
        return f"watching {safe_line(pod)}, read-only — leave with {key.name} or Ctrl-C"
    return (
        f"attached to {safe_line(pod)} — detach with {key.name}"
        " (another key: podtui attach --detach-key)"
    )


def _number(content: dict[str, object], name: str, otherwise: int) -> int:
    value = content.get(name)
    return value if isinstance(value, int) else otherwise


class _Session:
    """One terminal, one connection, and what is on its way between them."""

    def __init__(
        self,
        client: SupervisorClient,
        terminal: Terminal,
        wakeups: Wakeups,
        key: DetachKey,
        *,
        read_only: bool,
    ) -> None:
        self._client = client
        self._terminal = terminal
        self._wakeups = wakeups
        # Nothing that is typed goes anywhere, so the key everybody tries first may leave.
        self._keys = KeyWatch(key.or_also(detach_key("ctrl-c")) if read_only else key)
        self._read_only = read_only
        self._outgoing: deque[memoryview] = deque()
        self._end: End | None = None
        self._result = ""

    def run(self, recent: Recent) -> Attached:
        """Show what was, pass on what comes, until the end of one side."""
        self._client.stop_waiting()
        self._terminal.write(recent.shown)
        self._terminal.write(recent.begun)
        if recent.full_screen and not self._read_only:
            self._queue(frames.REDRAW)
        self._take_frames()
        while self._end is None:
            self._step()
        self._terminal.drain()
        self._send(PARTING_MS if self._end == "detached" else 0)
        return self._attached()

    def _step(self) -> None:
        poller = select.poll()
        room = self._terminal.waiting < OUTPUT_AHEAD
        wanted = (select.POLLIN if room else 0) | (select.POLLOUT if self._outgoing else 0)
        if wanted:
            # Not registered for nothing: the end of the connection would be told again and again
            # while the terminal still has to take what came before it.
            poller.register(self._client, wanted)
        poller.register(self._wakeups, select.POLLIN)
        if self._queued < INPUT_AHEAD:
            poller.register(self._terminal.input, select.POLLIN)
        if self._terminal.waiting:
            poller.register(self._terminal.output, select.POLLOUT)
        ready = dict(poller.poll(KEY_MOMENT_MS if self._keys.holds else None))
        if not ready:
            self._pass_on(self._keys.flush())
        if self._wakeups.fileno() in ready:
            self._react()
        if self._terminal.input in ready:
            self._take_input()
        if ready.get(self._client.fileno(), 0) & ~select.POLLOUT and room:
            self._take_frames()
        self._send(0)
        self._terminal.flush()

    # typed

    def _take_input(self) -> None:
        data = self._terminal.read()
        if not data:
            # The terminal is gone, and with it whoever could press a key.
            self._end = self._end or "detached"
            return
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
        if self._wakeups.resumed:
            # While we were stopped a shell had the terminal and set it up for itself.
            self._wakeups.resumed = False
            self._terminal.set_raw()
            if not self._read_only:
                self._queue(frames.REDRAW)
        if not self._read_only:
            columns, rows = self._terminal.size()
            self._queue(frames.RESIZE, json.dumps({"cols": columns, "rows": rows}).encode())

    @property
    def _queued(self) -> int:
        return sum(map(len, self._outgoing))

    def _queue(self, kind: int, payload: bytes = b"") -> None:
        self._outgoing.append(memoryview(frames.pack(kind, payload)))

    def _send(self, wait_ms: int) -> None:
        """Send what the supervisor takes now; wait up to ``wait_ms`` for each piece of room."""
        waiter = select.poll()
        waiter.register(self._client, select.POLLOUT)
        try:
            while self._outgoing and waiter.poll(wait_ms):
                sent = self._client.send_now(self._outgoing[0])
                self._outgoing[0] = self._outgoing[0][sent:]
                if not self._outgoing[0]:
                    self._outgoing.popleft()
        except ConnectionError:
            # What it said before it went is still to be read: that decides how this ends.
            self._outgoing.clear()

    # shown

    def _take_frames(self) -> None:
        received = self._client.receive_now()
        if received is None:
            self._end = self._end or "gone"
            return
        for kind, payload in received:
            if kind == frames.OUTPUT:
                self._terminal.write(payload)
            elif kind == frames.ENDED:
                self._result = _result(payload)
                self._end = "over"

    def _attached(self) -> Attached:
        pod = self._client.pod
        shown = safe_line(pod)
        if self._end == "over":
            return Attached(pod, detached=False, message=f"{shown} {self._result}")
        if self._end == "gone":
            raise SupervisorSilent(
                f"the supervisor of {shown!r} went away while this terminal was attached",
                pod=pod,
                next_step=f"podtui inspect {shown}",
                kept="what the pod wrote is kept",
            )
        message = f"detached from {shown}, it goes on running"
        if self._queued:
            message += (
                f"; its supervisor is slow: the last {self._queued} bytes on their way to it"
                " were not delivered"
            )
        return Attached(pod, detached=True, message=message)


def _result(payload: bytes) -> str:
    try:
        content = json.loads(payload or b"{}")
    except ValueError:
        content = {}
    facts = content if isinstance(content, dict) else {}
    number, code = facts.get("signal"), facts.get("exit_code")
    if isinstance(number, int):
        return f"was ended by {signal_name(number)}"
    if isinstance(code, int):
        return f"exited {code}" if code == 0 else f"failed {code}"
    return "ended"
