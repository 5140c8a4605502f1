"""From bytes on disk to the lines of a page: only what is near the reader's place is decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from podtui.core.output.positions import CHUNK, PositionedOutput
from podtui.core.output.source import Segment
from podtui.core.text.boundaries import safe_end
from podtui.core.text.durations import size_words
from podtui.core.text.safe import SafeText, safe_line
from podtui.core.text.view import text_view

View = Literal["text", "screen", "raw"]
VIEWS: tuple[View, ...] = ("text", "screen", "raw")

Kind = Literal["text", "boundary", "gap", "unread"]
LONGEST_SHOWN = 16 * 1024
"""Characters of one line that are shown; the rest is counted."""
DECODED_HEAD = 24 * 1024
TAB = 8

_PICTURES = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}


class OutputLine(NamedTuple):
    """One line as shown.

    Attributes:
        start: position of the first byte of the line on disk; several shown lines may share one,
            since programs that move the cursor write without line breaks.
        part: number of the shown line among those.
        end: position behind the line on disk, its line break included.
    """

    start: int
    part: int
    end: int
    text: SafeText
    kind: Kind = "text"

    @property
    def key(self) -> tuple[int, int, int]:
        """Where the line stands in the order of all lines."""
        return (self.start, _BEFORE_TEXT[self.kind], self.part)


_BEFORE_TEXT: dict[Kind, int] = {"boundary": 0, "gap": 1, "unread": 2, "text": 3}


def decode_text(raw: bytes) -> list[SafeText]:
    """Return the bytes of one line as escape-free shown lines."""
    body = raw.removesuffix(b"\n").removesuffix(b"\r")
    if body.isascii():
        plain = body.decode("ascii")
        if plain.isprintable():
            return [SafeText(plain)]
    return [SafeText(line.expandtabs(TAB)) for line in text_view(body, fresh_line=True).split("\n")]


def decode_raw(raw: bytes) -> list[SafeText]:
    """Return the bytes of one line with every control character drawn as a picture of itself."""
    text = raw.removesuffix(b"\n").decode("utf-8", "replace")
    return [safe_line(text.translate(_PICTURES))]


_DECODERS: dict[View, Callable[[bytes], list[SafeText]]] = {
    "text": decode_text,
    "raw": decode_raw,
}


class LineReader:
    """Reads lines of an output forwards and backwards from any position."""

    def __init__(self, output: PositionedOutput, view: View, *, ended: bool) -> None:
        self._output = output
        # The screen view shows no lines; a search in it is one in its text.
        self._decode = _DECODERS.get(view, decode_text)
        self._ended = ended

    def forward(self, segment: Segment, position: int, count: int) -> tuple[list[OutputLine], int]:
        """Return at least ``count`` lines, if there are, from the line that begins at ``position``.

        Returns the position behind them, too.
        """
        lines: list[OutputLine] = []
        while len(lines) < count and position < segment.data_end:
            data = self._output.read(segment, position, CHUNK)
            if not data:
                break
            last_break = data.rfind(b"\n")
            if last_break >= 0:
                lines += self._split(position, data[: last_break + 1])
                position += last_break + 1
            elif position + len(data) >= segment.data_end:
                lines += self._unfinished(segment, position, data)
                position = segment.data_end
            else:
                end = self._output.line_end(segment, position)
                lines += self._long(segment, position, end)
                position = end
        return lines, position

    def backward(self, segment: Segment, position: int, count: int) -> tuple[list[OutputLine], int]:
        """Return at least ``count`` lines, if there are, before the line at ``position``.

        Returns the position of the first of them, too.
        """
        lines: list[OutputLine] = []
        while len(lines) < count and position > segment.start:
            begin = max(segment.start, position - CHUNK)
            data = self._output.read(segment, begin, position - begin)
            if not data:
                break
            if begin > segment.start:
                first_break = data.find(b"\n", 0, len(data) - 1)
                if first_break < 0:
                    begin = self._output.line_start(segment, position - 1)
                    lines = self._long(segment, begin, position) + lines
                    position = begin
                    continue
                begin += first_break + 1
                data = data[first_break + 1 :]
            lines = self._split(begin, data) + lines
            position = begin
        return lines, position

    def _split(self, position: int, data: bytes) -> list[OutputLine]:
        lines: list[OutputLine] = []
        for raw in _at_breaks(data):
            end = position + len(raw)
            lines += self._shown(position, end, raw)
            position = end
        return lines

    def _unfinished(self, segment: Segment, position: int, data: bytes) -> list[OutputLine]:
        """The newest line of a run that goes on: what is half a character is not shown yet."""
        growing = not self._ended and segment is self._output.segments[-1]
        shown = data[: safe_end(data)] if growing else data
        return self._shown(position, segment.data_end, shown)

    def _long(self, segment: Segment, start: int, end: int) -> list[OutputLine]:
        """A line longer than a chunk: its beginning, or its last state if overwritten."""
        length = end - start
        tail = self._output.read(segment, max(start, end - CHUNK), min(CHUNK, length))
        if b"\r" in tail.rstrip(b"\r\n") or b"\x1b" in tail:
            return self._shown(start, end, tail)
        head = self._output.read(segment, start, DECODED_HEAD)
        return self._shown(start, end, head, length - len(head))

    def _shown(self, start: int, end: int, raw: bytes, left_out: int = 0) -> list[OutputLine]:
        if len(raw) > DECODED_HEAD and b"\r" not in raw and b"\x1b" not in raw:
            left_out += len(raw) - DECODED_HEAD
            raw = raw[:DECODED_HEAD]
        texts = self._decode(raw)
        return [
            OutputLine(start, part, end, _clipped(text, left_out if part == len(texts) - 1 else 0))
            for part, text in enumerate(texts)
        ]


def _at_breaks(data: bytes) -> list[bytes]:
    """Split at line feeds only: unlike for `bytes.splitlines`, a carriage return is in its line."""
    parts = [part + b"\n" for part in data.split(b"\n")]
    parts[-1] = parts[-1][:-1]
    return parts if parts[-1] else parts[:-1]


def _clipped(text: SafeText, left_out: int) -> SafeText:
    more = left_out + max(len(text) - LONGEST_SHOWN, 0)
    if not more:
        return text
    return SafeText(f"{text[:LONGEST_SHOWN]}… {size_words(more)} more in this line")
