"""Reading a pod's output: what this reader has not seen yet, and the truth about what is missing.

The reader's cursor moves only when the door says that a piece arrived (`OutputReading.commit`), so
a reader that is interrupted anywhere is given the piece again, and never skips one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Literal

import msgspec

from podtui.core.errors import DiskTrouble
from podtui.core.output.cursors import checked_reader
from podtui.core.output.source import (
    PodOutput,
    Position,
    Segment,
    lost_words,
    missing_bytes,
    missing_runs,
)
from podtui.core.text.boundaries import line_end, safe_end, text_end
from podtui.core.text.view import text_view

View = Literal["text", "raw"]

WINDOW = 512 * 1024
"""Bytes that are read at a time; far more than the longest sequence a cut may leave over."""
HINT_TIMEOUT_S = 0.5
"""A follower reads again this often without any hint, since hints may be missed."""
STOP_LOOK_S = 0.05
"""How often a waiting follower checks whether it is to end."""
_BEFORE_EVERYTHING = Position(0, 0)
_STABLE_TRIES = 8


class PieceKind(StrEnum):
    """What a piece of a reading is."""

    OUTPUT = "output"
    RUN = "run"
    GAP = "gap"


class OutputPiece(msgspec.Struct, frozen=True):
    """A piece of a pod's output, in order.

    Attributes:
        run: the run it is of, or the one that begins with it.
        data: what to write as it is: text for the text view, bytes for the raw one. A note is a
            line of its own in text ("── run 2, restored 12:03 ──"), and nothing in raw.
        from_position: where it begins, counted in bytes over all runs.
        to_position: where it ends.
        gap_bytes: bytes that are missing here, as far as their number is known.
        note: what a run boundary or a gap says, in words without rules.
        end: where the cursor is once this piece has arrived.
        back_from: where the cursor was, when the output has become shorter than that.
    """

    kind: PieceKind
    run: int
    data: str | bytes
    from_position: int
    to_position: int
    end: Position
    gap_bytes: int = 0
    note: str = ""
    back_from: Position | None = None


class OutputReading:
    """One reader's way through the output of one pod.

    Args:
        output: the pod's; it is closed at the end of `pieces` and of `follow`.
        reader: whose cursor it is.
        view: "text" is escape-free, "raw" is the bytes as they were printed.
        from_start: begin at the first run's first byte, and move the cursor from there.
        peek: never move the cursor.
        is_over: whether the pod's latest run is proven DEAD, so that its output is complete.

    Raises:
        BadInput: the reader's name is not legal.
    """

    def __init__(
        self,
        output: PodOutput,
        *,
        reader: str,
        view: View,
        from_start: bool,
        peek: bool,
        is_over: Callable[[], bool],
    ) -> None:
        self._output = output
        self._reader = checked_reader(reader)
        self._is_text = view == "text"
        self._from_start = from_start
        self._peek = peek
        self._is_over = is_over
        self._rewind = from_start
        self._place: Position | None = None
        self._begins_line: bool | None = None
        self._said: set[tuple[Position, str]] = set()
        self.position = 0
        """Where the reading is, counted in bytes over all runs."""
        self.run = 0
        """The run it is in, 0 for a pod without any."""

    def pieces(self) -> Iterator[OutputPiece]:
        """Yield what there is now and was not given yet, oldest first.

        Raises:
            Unreadable: the cursor's record does not say where the reader is.
            NotFound: the pod is gone.
            DiskTrouble: the disk did not give it; nothing was skipped.
        """
        segments, over = self._stable_segments()
        try:
            yield from self._pass(segments, over=over)
        finally:
            self._output.close()

    def follow(self, stop: threading.Event) -> Iterator[OutputPiece]:
        """Yield as `pieces`, and go on as output comes, over restores of the pod.

        Ends when ``stop`` is set, or when the pod is over and everything has been given.

        Raises:
            As `pieces`.
        """
        try:
            while not stop.is_set():
                before = self._place
                segments = self._output.segments()
                yield from self._until(stop, self._pass(segments, over=False))
                if stop.is_set():
                    return
                if self._place != before:
                    continue
                # Whether it is over costs a scan of processes: asked only when nothing is new, and
                # before the last pass, so that what this one finds is all there will be.
                segments, over = self._stable_segments()
                if over:
                    yield from self._until(stop, self._pass(segments, over=True))
                    return
                self._wait(stop)
        finally:
            self._output.close()

    def _wait(self, stop: threading.Event) -> None:
        """Wait until more may have come, or the follower is to end."""
        left = HINT_TIMEOUT_S
        while left > 0 and not stop.is_set():
            if self._output.wait(min(STOP_LOOK_S, left)):
                return
            left -= STOP_LOOK_S

    def commit(self, piece: OutputPiece) -> None:
        """Move the cursor to the end of a piece that has arrived at the reader.

        Raises:
            Busy, NotFound, Unreadable, DiskTrouble: the cursor did not move.
        """
        if self._peek:
            return
        self._output.move_cursor(
            self._reader, piece.end, rewind=self._rewind, back_from=piece.back_from
        )
        self._rewind = False

    # one pass over what there is

    def _pass(self, segments: tuple[Segment, ...], *, over: bool) -> Iterator[OutputPiece]:
        """Yield everything up to the end as it was when the segments were read."""
        place = self._begin(segments)
        runs = [segment.run for segment in segments]
        for segment in segments:
            if segment.is_refused:
                # "Could not be read" is not "there is nothing": it is not passed over.
                raise DiskTrouble(
                    lost_words(segment),
                    pod=self._output.pod,
                    next_step=f"podtui inspect {self._output.pod}, then read again",
                    kept="no reader's cursor was moved",
                )
            if segment.run < place.run:
                continue
            if segment.run > place.run:
                yield from self._enter(segment, runs)
            yield from self._rest(segment, may_grow=not over and segment is segments[-1])
        yield from self._vanished_latest(runs)

    def _stable_segments(self) -> tuple[tuple[Segment, ...], bool]:
        """Return the segments and whether the latest run is over, both of the same moment.

        Otherwise, after a restore between the two reads, a run that has just begun would count as
        over, and half a character of it as its end.
        """
        segments = self._output.segments()
        for _ in range(_STABLE_TRIES):
            over = self._is_over()
            before, segments = segments, self._output.segments(over=over)
            if [each.run for each in segments] == [each.run for each in before]:
                return segments, over
        return self._output.segments(), False

    def _begin(self, segments: tuple[Segment, ...]) -> Position:
        if self._place is None:
            place = None
            if not (self._peek and self._from_start):
                # Asked from the start as well: a cursor that cannot be read cannot be moved.
                place = self._output.cursor(self._reader)
            self._place = _BEFORE_EVERYTHING if self._from_start or place is None else place
        self.run = self._place.run
        base = sum(segment.printed for segment in segments if segment.run < self.run)
        self.position = base + self._place.offset
        return self._place

    def _enter(self, segment: Segment, runs: list[int]) -> Iterator[OutputPiece]:
        """Go on to a run, and say which runs between are missing."""
        before = self._here()
        run = segment.run
        first = 1 if before == _BEFORE_EVERYTHING else before.run + (before.run in runs)
        end = Position(run, 0)
        words = [missing_runs(first, run - 1)] if first < run else []
        if before == _BEFORE_EVERYTHING and not words:
            self._arrive(end, segment.start)
            return
        kind = PieceKind.GAP if words else PieceKind.RUN
        words.append(self._output.heading(run))
        yield from self._note(kind, run, words, end, segment.start)

    def _rest(self, segment: Segment, *, may_grow: bool) -> Iterator[OutputPiece]:
        """Give what is left of a run."""
        if segment.problem:
            if not (segment.is_missing and may_grow):
                yield from self._lost(segment)
            return
        if self._here().offset > segment.printed:
            yield from self._shortened(segment)
        yield from self._given(segment, may_grow=may_grow)
        if self._here().offset < segment.printed and not may_grow:
            yield from self._lost(segment)

    def _given(self, segment: Segment, *, may_grow: bool) -> Iterator[OutputPiece]:
        """Give the bytes of a run from here on, a window at a time."""
        run, start = segment.run, self._here().offset
        if self._is_text and self._begins_line is None and start < segment.size:
            self._begins_line = not start or self._output.read(run, start - 1, 1) == b"\n"
        while start < segment.size:
            data = self._output.read(run, start, min(WINDOW, segment.size - start))
            is_last = start + len(data) >= segment.size
            raw = data[: self._cut(data, is_last=is_last, may_grow=may_grow)]
            if not raw:
                return
            start += len(raw)
            shown = text_view(raw, fresh_line=bool(self._begins_line)) if self._is_text else raw
            position = segment.start + start
            end = Position(run, start)
            yield OutputPiece(PieceKind.OUTPUT, run, shown, self.position, position, end)
            self._arrive(end, position)
            if isinstance(shown, str) and shown:
                self._begins_line = shown.endswith("\n")

    def _cut(self, data: bytes, *, is_last: bool, may_grow: bool) -> int:
        """Return how much of a window can be given: no half character, no half sequence."""
        if is_last and not may_grow:
            return len(data)
        if not self._is_text:
            return safe_end(data)
        return text_end(data) if is_last else line_end(data)

    # what is not there

    def _shortened(self, segment: Segment) -> Iterator[OutputPiece]:
        """Say that the cursor is past the end, and go on from the end there is now."""
        before = self._here()
        count = before.offset - segment.printed
        yield from self._note(
            PieceKind.GAP,
            segment.run,
            [missing_bytes(count, f"run {segment.run} is shorter than what was read")],
            Position(segment.run, segment.size),
            segment.data_end,
            gap_bytes=count,
            back_from=before,
        )

    def _lost(self, segment: Segment) -> Iterator[OutputPiece]:
        """Say what of a run is gone; where the amount is not known, once in this reading."""
        before = self._here()
        end = Position(segment.run, max(before.offset, segment.printed))
        count = end.offset - before.offset
        words = missing_bytes(count, lost_words(segment))
        if not count and (segment.printed or (before, words) in self._said):
            # All that is known to have been printed was read while it was there, or this was said.
            return
        self._said.add((before, words))
        position = segment.start + end.offset
        yield from self._note(PieceKind.GAP, segment.run, [words], end, position, gap_bytes=count)

    def _vanished_latest(self, runs: list[int]) -> Iterator[OutputPiece]:
        """Say that the run the reader was in is gone, and no later one is there."""
        place = self._here()
        if place.run == 0 or (runs and place.run <= runs[-1]):
            return
        words = missing_runs(place.run, place.run)
        if (place, words) not in self._said:
            self._said.add((place, words))
            yield from self._note(PieceKind.GAP, place.run, [words], place, self.position)

    def _note(
        self,
        kind: PieceKind,
        run: int,
        words: list[str],
        end: Position,
        position: int,
        *,
        gap_bytes: int = 0,
        back_from: Position | None = None,
    ) -> Iterator[OutputPiece]:
        lines = "".join(f"── {each} ──\n" for each in words)
        if self._begins_line is False:
            lines = "\n" + lines
        yield OutputPiece(
            kind=kind,
            run=run,
            data=lines if self._is_text else b"",
            from_position=min(self.position, position),
            to_position=position,
            end=end,
            gap_bytes=gap_bytes,
            note="; ".join(words),
            back_from=back_from,
        )
        self._arrive(end, position)
        self._begins_line = True

    # where we are

    def _here(self) -> Position:
        return self._place or _BEFORE_EVERYTHING

    def _arrive(self, end: Position, position: int) -> None:
        # Only after a piece was taken: one that was never taken is given again.
        self._place = end
        self.run = end.run
        self.position = position

    @staticmethod
    def _until(stop: threading.Event, pieces: Iterator[OutputPiece]) -> Iterator[OutputPiece]:
        for piece in pieces:
            yield piece
            if stop.is_set():
                return
