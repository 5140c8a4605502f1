"""Queues the input of clients and writes it to the terminal, one piece after the other."""

from __future__ import annotations

from _collections_abc import Callable

from podtui.supervisor.errors import describe
from podtui.supervisor.pty import LONGEST_CANONICAL_LINE, Terminal, has_overlong_line

LARGEST_QUEUE = 1024 * 1024
LARGEST_SHARE = 256 * 1024
_OVERLONG = (
    f"the program reads line by line, and the terminal would cut a line of more than "
    f"{LONGEST_CANONICAL_LINE} bytes; nothing was typed. Send shorter lines"
)
CUT_LINE = (
    f"a line of more than {LONGEST_CANONICAL_LINE} bytes was typed while the program read line by "
    "line: the terminal has cut it"
)
_LINE_ENDS = bytes.maketrans(b"\r\x03\x04\x15", b"\n\n\n\n")
"""Return, interrupt, end of file and kill: each begins a new line of input."""
OnDone = Callable[[str | None], None]


class Piece:
    """Bytes that are typed without anything in between.

    Args:
        client: number of the client that typed it.
        data: the bytes.
        is_whole_text: a text (SEND), which is refused when the terminal would cut it.
        on_done: called with None when all is typed, or with the reason why nothing was.
    """

    __slots__ = ("client", "has_begun", "is_whole_text", "on_done", "rest")

    def __init__(
        self, client: int, data: bytes, *, is_whole_text: bool, on_done: OnDone | None = None
    ) -> None:
        self.client = client
        self.rest = memoryview(data)
        self.is_whole_text = is_whole_text
        self.on_done = on_done
        self.has_begun = False

    def finish(self, refusal: str | None) -> None:
        if self.on_done is not None:
            self.on_done(refusal)


class TypingQueue:
    """Writes pieces to the terminal as fast as the program reads, in order, never mixed.

    A piece that was taken is typed even when its client has gone. Bounds are kept by not taking
    more (`has_room_for`), never by dropping.

    Args:
        changed: called when something was taken or typed.
        cut: called with a client's number when the terminal has cut a line it typed key by key;
            such a line passes as it would without us, but never silently.
    """

    def __init__(
        self,
        terminal: Terminal,
        changed: Callable[[], None],
        cut: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._terminal = terminal
        self._changed = changed
        self._cut = cut
        self._line_length = 0
        self._pieces: list[Piece] = []

    @property
    def waits_for_terminal(self) -> bool:
        """Whether there is something to type that the terminal did not take yet."""
        return bool(self._pieces)

    def has_room_for(self, client: int) -> bool:
        """Whether one more piece of this client may be taken now."""
        own = sum(len(piece.rest) for piece in self._pieces if piece.client == client)
        total = sum(len(piece.rest) for piece in self._pieces)
        return own < LARGEST_SHARE and total < LARGEST_QUEUE

    def add(self, piece: Piece) -> None:
        """Take a piece and type what the terminal takes at once."""
        self._pieces.append(piece)
        if len(self._pieces) == 1:
            self.type_on()

    def type_on(self) -> None:
        """Type on; called when the terminal takes more."""
        while self._pieces:
            piece = self._pieces[0]
            refusal = self._refusal(piece)
            if refusal is None:
                try:
                    if not self._type(piece):
                        break
                except OSError as error:
                    refusal = f"the terminal takes nothing any more: {describe(error)}"
            del self._pieces[0]
            piece.finish(refusal)
        self._changed()

    def give_up(self, reason: str) -> None:
        """Refuse all that is not typed yet: there is no program any more."""
        pieces, self._pieces = self._pieces, []
        for piece in pieces:
            piece.finish(reason)
        self._changed()

    def _refusal(self, piece: Piece) -> str | None:
        # Asked when its turn has come: what was typed before it may have changed the mode.
        if piece.has_begun or not piece.is_whole_text or not self._terminal.is_line_mode():
            return None
        return _OVERLONG if has_overlong_line(bytes(piece.rest)) else None

    def _type(self, piece: Piece) -> bool:
        """Type the piece; False when the terminal takes no more now, OSError when never again."""
        while piece.rest:
            taken = self._terminal.write_available(piece.rest)
            if taken == 0:
                return False
            piece.has_begun = True
            if self._is_overlong(bytes(piece.rest[:taken])):
                self._cut(piece.client)
            piece.rest = piece.rest[taken:]
        return True

    def _is_overlong(self, typed: bytes) -> bool:
        """Whether a line became longer just now than the terminal passes on in line mode."""
        lines = typed.translate(_LINE_ENDS).split(b"\n")
        lengths = [len(line) for line in lines]
        before, lengths[0] = self._line_length, lengths[0] + self._line_length
        self._line_length = lengths[-1]
        if before > LONGEST_CANONICAL_LINE:
            # Reported when it happened.
            lengths[0] = 0
        return max(lengths) > LONGEST_CANONICAL_LINE and self._terminal.is_line_mode()
