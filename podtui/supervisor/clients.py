"""Serves the clients of a run: accepts, bounds, answers and drops each without harm to others."""

from __future__ import annotations

import errno
import os
import sys
import time
from _collections_abc import Callable
from _socket import socket

from podtui.kernel import frames, json_text
from podtui.supervisor.address import Address
from podtui.supervisor.client import Client, ClientGone
from podtui.supervisor.errors import describe
from podtui.supervisor.event_loop import READABLE, WRITABLE, EventLoop
from podtui.supervisor.input_queue import CUT_LINE, Piece, TypingQueue
from podtui.supervisor.pty import Terminal
from podtui.supervisor.run_spec import as_bytes, clamped, seconds
from podtui.supervisor.screen_size import ScreenSize

MOST_CLIENTS = 64
HELLO_WITHIN_S = 5.0
_REDRAW_PAUSE_S = 0.05
_ACCEPT_REST_S = 1.0
_LAST_WORDS_WITHIN_S = 1.0
_MOST_FAREWELL_ROUNDS = 10
_LONGEST_NAME = 200
_TRANSIENT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_ENDED_REASON = "the run has ended; what was not typed yet was not typed"

_ALLOWED: dict[str, frozenset[int]] = {
    "control": frozenset({frames.SEND, frames.STOP, frames.PING, frames.REDRAW}),
    "observe": frozenset({frames.PING, frames.RESIZE}),
    "attach": frozenset(
        {frames.INPUT, frames.SEND, frames.RESIZE, frames.STOP, frames.PING, frames.REDRAW}
    ),
}


class Facts:
    """The facts of the run that clients receive; filled in by the host.

    Attributes:
        welcome: the fixed part of WELCOME.
        pong: returns the payload of PONG.
        output_length: returns the bytes of output on disk.
        read_output: returns bytes of it from an offset.
        stop: ends the run: grace in seconds, and the actor.
        resized: the terminal's size has changed.
    """

    def __init__(
        self,
        *,
        welcome: dict[str, object],
        pong: Callable[[], dict[str, object]],
        output_length: Callable[[], int],
        read_output: Callable[[int, int], bytes],
        stop: Callable[[float, str], None],
        resized: Callable[[], None],
    ) -> None:
        self.welcome = welcome
        self.pong = pong
        self.output_length = output_length
        self.read_output = read_output
        self.stop = stop
        self.resized = resized


class Clients:
    """The table of connected clients.

    It is long because each message of the protocol is handled next to the table it changes.
    """

    def __init__(
        self,
        loop: EventLoop,
        address: Address,
        terminal: Terminal,
        typing: TypingQueue,
        facts: Facts,
    ) -> None:
        self._loop = loop
        self._address = address
        self._terminal = terminal
        self._typing = typing
        self._facts = facts
        self._size = ScreenSize(terminal, facts.output_length, facts.resized)
        self._clients: dict[int, Client] = {}
        self._expected_hellos: dict[int, float] = {}
        self._count = 0
        self._farewell: Callable[[], None] | None = None
        self._handlers: dict[int, Callable[[Client, bytes], None]] = {
            frames.INPUT: self._on_input,
            frames.SEND: self._on_send,
            frames.RESIZE: self._on_resize,
            frames.STOP: self._on_stop,
            frames.PING: self._on_ping,
            frames.REDRAW: self._on_redraw,
        }

    # Listening

    def listen(self) -> None:
        """Bind and take connections from now on.

        Raises:
            CannotStart: no directory can hold the socket.
        """
        old = self._address.listener
        if old is not None:
            self._accept(0)  # clients that connected before the name was removed are served, too
            self._loop.forget(old.fileno())
            self._loop.cancel("accept")
        self._watch_listener(self._address.open())

    def _watch_listener(self, listener: socket) -> None:
        self._loop.watch(listener.fileno(), READABLE, self._accept)

    def _accept(self, _: int) -> None:
        listener = self._address.listener
        while listener is not None:
            try:
                descriptor, _peer = listener._accept()  # type: ignore[attr-defined]  # noqa: SLF001 - as `socket` does
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _TRANSIENT:
                    self._rest_from_accepting(listener)
                    return
                continue  # that one gave up while it waited; the next may be there
            os.set_inheritable(descriptor, False)
            os.set_blocking(descriptor, False)
            self._admit(socket(fileno=descriptor))

    def _rest_from_accepting(self, listener: socket) -> None:
        # Out of descriptors: the waiting connection would wake the loop again and again.
        self._loop.change_interest(listener.fileno(), 0)
        self._loop.after("accept", _ACCEPT_REST_S, self._accept_again)

    def _accept_again(self) -> None:
        if self._address.listener is not None:
            self._loop.change_interest(self._address.listener.fileno(), READABLE)

    def _admit(self, connection: socket) -> None:
        self._count += 1
        client = Client(self._count, connection, self._loop)
        self._clients[client.number] = client
        self._guard(client, self._check_newcomer)

    def _check_newcomer(self, client: Client) -> None:
        try:
            uid = client.peer_uid()
        except OSError as error:
            raise ClientGone from error  # a client that gets no answer is not let in
        if uid != os.geteuid():
            raise ClientGone
        if len(self._clients) > MOST_CLIENTS:
            self._refuse(client, "busy", f"{MOST_CLIENTS} clients are connected; close one first")
            raise ClientGone
        self._loop.watch(client.descriptor, READABLE, lambda event: self._on_event(client, event))
        self._expected_hellos[client.number] = time.monotonic() + HELLO_WITHIN_S
        if not self._loop.has_timer("hello"):
            self._loop.after("hello", HELLO_WITHIN_S, self._drop_silent)

    def _drop_silent(self) -> None:
        now = time.monotonic()
        for number in [each for each, end in self._expected_hellos.items() if end <= now]:
            self._drop(self._clients[number])
        if self._expected_hellos:
            rest = min(self._expected_hellos.values()) - now
            self._loop.after("hello", rest, self._drop_silent)

    # Being with one client

    def _guard(self, client: Client, action: Callable[[Client], None]) -> None:
        """Do something with one client; whatever goes wrong costs that client only."""
        try:
            action(client)
        except ClientGone:
            self._drop(client)
        except Exception:  # noqa: BLE001 - protects the pod and all other clients from this one
            sys.excepthook(*sys.exc_info())
            self._drop(client)
        else:
            self._update_interest(client)

    def _update_interest(self, client: Client) -> None:
        if client.number in self._clients:
            client.update_interest(may_read=not client.waiting)

    def _drop(self, client: Client) -> None:
        if self._clients.pop(client.number, None) is None:
            return
        self._expected_hellos.pop(client.number, None)
        if not self._expected_hellos:
            self._loop.cancel("hello")
        client.close()
        self._apply_size_and_send()
        self._maybe_finish_farewell()

    def _on_event(self, client: Client, event: int) -> None:
        self._guard(client, lambda each: self._serve(each, event))
        self._maybe_finish_farewell()

    def _serve(self, client: Client, event: int) -> None:
        if event & WRITABLE:
            self._send_more(client)
        if event & ~WRITABLE and not client.closes_when_sent:
            if client.waiting and not event & READABLE:
                raise ClientGone  # it hung up while it was not read from
            client.receive()
            self._handle_waiting(client)
        elif event & ~(READABLE | WRITABLE):
            raise ClientGone

    def _send_more(self, client: Client) -> None:
        if client.is_viewer:
            self._send_output(client)
        else:
            client.send_on()
        if client.closes_when_sent and not client.has_unsent and client.has_all_output:
            raise ClientGone

    def _send_output(self, client: Client) -> None:
        try:
            client.send_output(self._facts.output_length(), self._facts.read_output)
        except OSError as error:
            # The output cannot be read back: the viewer gets a note, and reads it later.
            self._refuse(client, "disk", f"the output cannot be read: {describe(error)}")
            raise ClientGone from error
        if client.has_all_output and client.last_words is not None:
            client.send_object(frames.ENDED, client.last_words)
            client.last_words = None
            client.closes_when_sent = True

    def show_new_output(self) -> None:
        """Send what is new to every viewer that takes it now."""
        for client in list(self._clients.values()):
            if client.is_viewer and client.has_all_output and not client.closes_when_sent:
                self._guard(client, self._send_output)

    # Frames

    def _handle_waiting(self, client: Client) -> None:
        while client.waiting and client.number in self._clients:
            kind, payload = client.waiting[0]
            types = kind in {frames.INPUT, frames.SEND}
            if types and client.role and not self._typing.has_room_for(client.number):
                return  # not taken, not dropped: it stays where it is, and no more is read
            del client.waiting[0]
            self._handle(client, kind, payload)

    def go_on_with_waiting(self) -> None:
        """Take frames that waited for room in the typing queue."""
        for client in list(self._clients.values()):
            if client.waiting:
                self._guard(client, self._handle_waiting)

    def _handle(self, client: Client, kind: int, payload: bytes) -> None:
        if client.role is None:
            if kind != frames.HELLO:
                raise ClientGone
            self._on_hello(client, _object(payload))
            return
        handler = self._handlers.get(kind)
        if handler is None:
            raise ClientGone
        if kind in _ALLOWED[client.role]:
            handler(client, payload)
        else:
            self._refuse(client, "refused", f"a client that came to {client.role} may not do this")

    def _on_hello(self, client: Client, hello: dict[str, object]) -> None:
        del self._expected_hellos[client.number]
        if not self._expected_hellos:
            self._loop.cancel("hello")
        role = hello.get("role")
        if hello.get("protocol") != frames.PROTOCOL_VERSION or role not in _ALLOWED:
            self._refuse(
                client,
                "bad_input",
                f"this supervisor speaks protocol {frames.PROTOCOL_VERSION} "
                f"with the roles {', '.join(sorted(_ALLOWED))}",
            )
            raise ClientGone
        client.role = str(role)
        client.offset = self._first_offset(hello.get("from"))
        self._take_size(client, hello)
        sizes = self._apply_size()
        length = self._facts.output_length()
        client.send_object(
            frames.WELCOME,
            {
                **self._facts.welcome,
                "cols": self._terminal.columns,
                "rows": self._terminal.rows,
                "read_only": client.role == "observe",
                "sizes": self._terminal.sizes,
                "output_bytes": length,
            },
        )
        self._send_sizes(sizes)
        if client.is_viewer:
            self._send_output(client)

    def _first_offset(self, asked: object) -> int:
        length = self._facts.output_length()
        if not isinstance(asked, int) or asked < 0:
            return length
        return min(asked, length)

    def _take_size(self, client: Client, said: dict[str, object]) -> None:
        if client.role == "attach":
            client.columns = clamped(said.get("cols"), self._terminal.columns)
            client.rows = clamped(said.get("rows"), self._terminal.rows)
            self._size.note_activity(client)

    def _on_input(self, client: Client, payload: bytes) -> None:
        self._size.note_activity(client)
        self._apply_size_and_send()
        self._typing.add(Piece(client.number, payload, is_whole_text=False))

    def _on_send(self, client: Client, payload: bytes) -> None:
        asked = _object(payload)
        text = asked.get("text")
        if not isinstance(text, str):
            raise ClientGone
        try:
            data = as_bytes(text) + (b"\r" if asked.get("enter") else b"")
        except UnicodeEncodeError as error:
            raise ClientGone from error  # half a character, which no terminal can be given
        if self._farewell is not None:
            self._refuse(client, "refused", _ENDED_REASON)
            return
        self._typing.add(
            Piece(
                client.number,
                data,
                is_whole_text=True,
                on_done=lambda refusal: self._answer_send(client, refusal),
            )
        )

    def note_cut(self, number: int) -> None:
        """Send a viewer the note that the terminal has cut its input."""
        client = self._clients.get(number)
        if client is not None:
            self._guard(client, _sender(frames.NOTE, {"text": CUT_LINE}))

    def _answer_send(self, client: Client, refusal: str | None) -> None:
        if client.number not in self._clients:
            return  # it did not wait for the answer
        if refusal is None:
            self._guard(client, _sender(frames.DONE, {}))
        else:
            self._guard(client, lambda each: self._refuse(each, "refused", refusal))

    def _on_resize(self, client: Client, payload: bytes) -> None:
        self._take_size(client, _object(payload))
        self._apply_size_and_send()

    def _on_stop(self, client: Client, payload: bytes) -> None:
        asked = _object(payload)
        by = asked.get("by")
        # Answered first: the end may come before this function returns.
        client.send_object(frames.DONE, {})
        name = by[:_LONGEST_NAME] if isinstance(by, str) and by else "a client"
        self._facts.stop(seconds(asked.get("grace_s"), 5.0), name)

    def _on_ping(self, client: Client, _: bytes) -> None:
        client.send_object(frames.PONG, self._facts.pong())

    def _on_redraw(self, client: Client, _: bytes) -> None:
        # A pause between the two sizes: programs that read the size late would see no change.
        self._terminal.show_other_size()
        self._loop.after("redraw", _REDRAW_PAUSE_S, self._show_true_size)
        client.send_object(frames.DONE, {})

    def _show_true_size(self) -> None:
        self._terminal.set_size(self._terminal.columns, self._terminal.rows)

    def _refuse(self, client: Client, kind: str, reason: str) -> None:
        client.send_object(frames.REFUSED, {"reason": reason, "kind": kind})

    # Size

    def _apply_size(self) -> list[tuple[Client, dict[str, object]]]:
        return self._size.apply(list(self._clients.values()))

    def _apply_size_and_send(self) -> None:
        self._send_sizes(self._apply_size())

    def _send_sizes(self, sizes: list[tuple[Client, dict[str, object]]]) -> None:
        for client, size in sizes:
            if client.number in self._clients:
                self._guard(client, _sender(frames.SIZE, size))

    # The end

    def say_farewell(self, ended: dict[str, object], then: Callable[[], None]) -> None:
        """Send viewers the rest of the output and ENDED; go on when they have it, or too slow."""
        self._farewell = then
        self._typing.give_up(_ENDED_REASON)
        for client in list(self._clients.values()):
            self._guard(client, lambda each: self._part_from(each, ended))
        self._wait_for_viewers(_MOST_FAREWELL_ROUNDS)
        self._maybe_finish_farewell()

    def _wait_for_viewers(self, rounds: int) -> None:
        """Stop sending when no client read anything for a second; the end is on record already."""
        sent = sum(client.offset for client in self._clients.values())

        def look_again() -> None:
            if rounds and sum(client.offset for client in self._clients.values()) > sent:
                self._wait_for_viewers(rounds - 1)
            else:
                self._finish_farewell()

        self._loop.after("farewell", _LAST_WORDS_WITHIN_S, look_again)

    def _part_from(self, client: Client, ended: dict[str, object]) -> None:
        if client.is_viewer:
            client.last_words = ended
            self._send_output(client)
        else:
            client.closes_when_sent = True
            client.send_on()
        if client.closes_when_sent and not client.has_unsent:
            raise ClientGone

    def _maybe_finish_farewell(self) -> None:
        if self._farewell is not None and not self._clients:
            self._finish_farewell()

    def _finish_farewell(self) -> None:
        then, self._farewell = self._farewell, None
        if then is None:
            return
        for client in list(self._clients.values()):
            self._drop(client)
        then()


def _sender(kind: int, value: dict[str, object]) -> Callable[[Client], None]:
    return lambda client: client.send_object(kind, value)


def _object(payload: bytes) -> dict[str, object]:
    try:
        return json_text.decode_object(payload)
    except ValueError as error:
        raise ClientGone from error
