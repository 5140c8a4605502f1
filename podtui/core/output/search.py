"""Searching a pod's whole output on disk, in pieces: a gigabyte costs time but no memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from podtui.core.output.lines import LineReader, OutputLine, View
from podtui.core.output.positions import PositionedOutput
from podtui.core.output.source import PodOutput

LINES_AT_ONCE = 2000
BYTES_AT_ONCE = 1024 * 1024
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
Key = tuple[int, int, int]
"""Where a line stands in the order of all lines; see `OutputLine.key`."""


class Pattern(NamedTuple):
    """What is searched for: plain words; letter case counts only when a capital was typed."""

    words: str

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the character range of each occurrence."""
        return (match.span() for match in self.compiled.finditer(text))

    def is_in(self, text: str) -> bool:
        """Whether a text has it."""
        return self.compiled.search(text) is not None

    def cannot_be_in(self, data: bytes) -> bool:
        """Whether whole lines surely lack the words, by their bytes alone: fifty times faster.

        Never for other than plain bytes, since what is searched is what is shown: colours may
        stand between two letters, and what is overwritten is not shown.
        """
        if not self.words.isascii() or data.translate(None, _PLAIN):
            return False
        flags = 0 if self.words != self.words.casefold() else re.IGNORECASE
        return re.search(re.escape(self.words.encode("ascii")), data, flags) is None

    @property
    def compiled(self) -> re.Pattern[str]:
        """The words as an expression; `re` keeps the compiled ones."""
        flags = 0 if self.words != self.words.casefold() else re.IGNORECASE
        return re.compile(re.escape(self.words), flags)


def search(
    output: PodOutput,
    pattern: Pattern,
    *,
    view: View,
    ended: bool,
    beside: Key,
    forward: bool,
    given_up: Callable[[], bool],
) -> OutputLine | None:
    """Return the next line with the pattern, going on at the other end once; None without one.

    The search begins beside the line with key ``beside``, which comes last itself. ``given_up`` is
    asked between pieces; the search ends when it says yes.

    Raises:
        PodtuiError: the pod is gone, or the disk refused.
    """
    positioned = PositionedOutput(output)
    positioned.refresh(over=ended)
    reader = LineReader(positioned, view, ended=ended)
    for lines in _round(positioned, reader, pattern, beside, forward=forward):
        if given_up():
            return None
        found = next((line for line in lines if pattern.is_in(line.text)), None)
        if found is not None:
            return found
    return None


def _round(
    output: PositionedOutput, reader: LineReader, pattern: Pattern, beside: Key, *, forward: bool
) -> Iterator[list[OutputLine]]:
    """Yield the lines that may match in the order of the search, once around, in pieces."""
    if forward:
        for lines in _forward(output, reader, beside[0], pattern):
            yield [line for line in lines if line.key > beside]
        for lines in _forward(output, reader, 0, pattern):
            yield [line for line in lines if line.key <= beside]
            if lines and lines[-1].key > beside:
                return
        return
    for lines in _backward(output, reader, beside[0], pattern):
        yield [line for line in reversed(lines) if line.key < beside]
    for lines in _backward(output, reader, output.end, pattern):
        yield [line for line in reversed(lines) if line.key >= beside]
        if lines and lines[0].key < beside:
            return


def _forward(
    output: PositionedOutput, reader: LineReader, start: int, pattern: Pattern
) -> Iterator[list[OutputLine]]:
    for segment in output.segments:
        position = max(start, segment.start)
        while position < segment.data_end:
            data = output.read(segment, position, BYTES_AT_ONCE)
            whole = data.rfind(b"\n") + 1
            if whole and pattern.cannot_be_in(data[:whole]):
                position += whole
                # An empty piece: it is time to ask whether the search was given up.
                yield []
                continue
            lines, position = reader.forward(segment, position, LINES_AT_ONCE)
            if not lines:
                break
            yield lines


def _backward(
    output: PositionedOutput, reader: LineReader, start: int, pattern: Pattern
) -> Iterator[list[OutputLine]]:
    for segment in reversed(output.segments):
        if segment.start > start:
            continue
        position = output.line_end(segment, start) if start < segment.data_end else segment.data_end
        while position > segment.start:
            begin = max(segment.start, position - BYTES_AT_ONCE)
            data = output.read(segment, begin, position - begin)
            whole = data.find(b"\n") + 1 if begin > segment.start else 0
            if len(data) > whole and pattern.cannot_be_in(data[whole:]):
                position = begin + whole
                yield []
                continue
            lines, position = reader.backward(segment, position, LINES_AT_ONCE)
            if not lines:
                break
            yield lines
