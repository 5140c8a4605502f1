"""Reading a pod's output: what this reader has not seen yet, and the truth about what is missing.

The reader's cursor moves only when the door says that a piece arrived (`OutputReading.commit`), so
a reader that is interrupted anywhere is given the piece again, and never skips one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from enum import StrEnum
from typing import Literal

import msgspec

from podtui.core.output import files
from podtui.core.output.cursors import Position, checked_reader, move_cursor, read_cursor
from podtui.core.output.files import OutputWindow, RunOutput
from podtui.core.paths import PodPaths
from podtui.core.system.system import System
from podtui.core.system.watch import POLL_S, FileStamps
from podtui.core.text.boundaries import line_end, safe_end, text_end
from podtui.core.text.view import text_view

View = Literal["text", "raw"]

HINT_TIMEOUT_S = 0.5
"""A follower looks again this often without any hint, since hints may be missed."""
_BEFORE_EVERYTHING = Position(0, 0)
_SETTLE_TRIES = 8


class PieceKind(StrEnum):
    """What a piece of a reading tells."""

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
        system: disk and clock.
        paths: the pod's files; the pod may be dead, lost, or gone from the tree of processes.
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
        system: System,
        paths: PodPaths,
        *,
        reader: str,
        view: View,
        from_start: bool,
        peek: bool,
        is_over: Callable[[], bool],
    ) -> None:
        self._system = system
        self._paths = paths
        self._reader = checked_reader(reader)
        self._is_text = view == "text"
        self._from_start = from_start
        self._peek = peek
        self._is_over = is_over
        self._rewind = from_start
        self._place: Position | None = None
        self._begins_line: bool | None = None
        self._ended: dict[int, RunOutput] = {}
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
        runs, over = self._settled()
        yield from self._pass(runs, over=over)

    def follow(self, stop: threading.Event) -> Iterator[OutputPiece]:
        """Yield as `pieces`, and go on as output comes, over restores of the pod.

        Ends when ``stop`` is set, or when the pod is over and everything has been given.

        Raises:
            As `pieces`.
        """
        hints = self._hints(stop)
        try:
            while not stop.is_set():
                before = self._place
                runs = files.run_numbers(self._system.fs, self._paths)
                yield from self._until(stop, self._pass(runs, over=False))
                if stop.is_set():
                    return
                if self._place != before:
                    continue
                # Whether it is over costs a look at processes: asked only when nothing is new,
                # and before the last pass, so that what this one finds is all there will be.
                runs, over = self._settled()
                if over:
                    yield from self._until(stop, self._pass(runs, over=True))
                    return
                next(hints, None)
        finally:
            hints.close()

    def commit(self, piece: OutputPiece) -> None:
        """Move the cursor to the end of a piece that has arrived at the reader.

        Raises:
            Busy, NotFound, Unreadable, DiskTrouble: the cursor did not move.
        """
        if self._peek:
            return
        move_cursor(
            self._system,
            self._paths,
            self._reader,
            piece.end,
            rewind=self._rewind,
            back_from=piece.back_from,
        )
        self._rewind = False

    # one pass over what there is

    def _pass(self, runs: tuple[int, ...], *, over: bool) -> Iterator[OutputPiece]:
        """Yield everything up to the end as it is now."""
        place = self._begin(runs)
        growing = None if over or not runs else runs[-1]
        for run in runs:
            if run < place.run:
                continue
            if run > place.run:
                yield from self._enter(run, runs)
            yield from self._rest(run, runs, may_grow=run == growing)
        yield from self._vanished_latest(runs)

    def _settled(self) -> tuple[tuple[int, ...], bool]:
        """Return the runs and whether the latest of them is over, both of the same moment.

        A restore between the two questions would let a run that has just begun pass for over,
        and half a character of it for its end.
        """
        runs = files.run_numbers(self._system.fs, self._paths)
        for _ in range(_SETTLE_TRIES):
            over = self._is_over()
            before, runs = runs, files.run_numbers(self._system.fs, self._paths)
            if runs == before:
                return runs, over
        return runs, False

    def _begin(self, runs: tuple[int, ...]) -> Position:
        if self._place is None:
            place = None
            if not (self._peek and self._from_start):
                # Asked from the start as well: a cursor that cannot be read cannot be moved.
                place = read_cursor(self._system.fs, self._paths, self._reader)
            self._place = _BEFORE_EVERYTHING if self._from_start or place is None else place
        self.run = self._place.run
        self.position = self._base(self.run, runs) + self._place.offset
        return self._place

    def _enter(self, run: int, runs: tuple[int, ...]) -> Iterator[OutputPiece]:
        """Go on to a run, and tell which runs between are missing."""
        before = self._here()
        first = 1 if before == _BEFORE_EVERYTHING else before.run + (before.run in runs)
        end = Position(run, 0)
        words = [_missing_runs(first, run - 1)] if first < run else []
        if before == _BEFORE_EVERYTHING and not words:
            self._arrive(end, self._base(run, runs))
            return
        kind = PieceKind.GAP if words else PieceKind.RUN
        words.append(files.run_words(self._system.fs, self._paths, run, self._system.clock.now()))
        yield from self._note(kind, run, words, end, self._base(run, runs))

    def _rest(self, run: int, runs: tuple[int, ...], *, may_grow: bool) -> Iterator[OutputPiece]:
        """Give what is left of a run."""
        base = self._base(run, runs)
        now = self._survey(run, may_grow=may_grow)
        if now.problem:
            if not (now.is_missing and may_grow):
                yield from self._lost(
                    now, base, f"the output of run {run} cannot be read: {now.problem}"
                )
            return
        if self._here().offset > now.end:
            yield from self._shortened(now, base)
        yield from self._output(now, base, may_grow=may_grow)
        if self._here().offset < now.end and not may_grow:
            yield from self._lost(now, base, f"the end of run {run} is gone")

    def _output(self, now: RunOutput, base: int, *, may_grow: bool) -> Iterator[OutputPiece]:
        start = self._here().offset
        if self._is_text and self._begins_line is None and start < now.size:
            self._begins_line = files.begins_line(self._system.fs, self._paths, now.run, start)
        for window in files.windows(self._system.fs, self._paths, now.run, start, now.size):
            raw = window.keep(self._cut(window, may_grow=may_grow))
            if not raw:
                return
            data: str | bytes = raw
            if self._is_text:
                data = text_view(raw, fresh_line=bool(self._begins_line))
            end = Position(now.run, window.start + len(raw))
            yield OutputPiece(
                PieceKind.OUTPUT, now.run, data, self.position, base + end.offset, end
            )
            self._arrive(end, base + end.offset)
            if isinstance(data, str) and data:
                self._begins_line = data.endswith("\n")

    def _cut(self, window: OutputWindow, *, may_grow: bool) -> int:
        if window.is_last and not may_grow:
            return len(window.data)
        if not self._is_text:
            return safe_end(window.data)
        return text_end(window.data) if window.is_last else line_end(window.data)

    # what is not there

    def _shortened(self, now: RunOutput, base: int) -> Iterator[OutputPiece]:
        """The cursor is past the end: tell, and go on from the end there is now."""
        before = self._here()
        words = (
            f"{before.offset - now.end} bytes missing: run {now.run} is shorter than what was read"
        )
        yield from self._note(
            PieceKind.GAP,
            now.run,
            [words],
            Position(now.run, now.size),
            base + now.size,
            gap_bytes=before.offset - now.end,
            back_from=before,
        )

    def _lost(self, now: RunOutput, base: int, why: str) -> Iterator[OutputPiece]:
        """Tell what of a run is gone; where the number is not known, once in this reading."""
        before = self._here()
        end = Position(now.run, max(before.offset, now.end))
        count = end.offset - before.offset
        if not count and (now.end or (before, why) in self._said):
            # All that is known to have been printed was read while it was there, or this was said.
            return
        self._said.add((before, why))
        words = f"{count} bytes missing: {why}" if count else why
        yield from self._note(
            PieceKind.GAP, now.run, [words], end, base + end.offset, gap_bytes=count
        )

    def _vanished_latest(self, runs: tuple[int, ...]) -> Iterator[OutputPiece]:
        """Tell that the run the reader was in is gone, and no later one is there."""
        place = self._here()
        if place.run == 0 or (runs and place.run <= runs[-1]):
            return
        words = _missing_runs(place.run, place.run)
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

    def _base(self, run: int, runs: tuple[int, ...]) -> int:
        """Return how many bytes the runs before this one have printed."""
        return sum(self._survey(each, may_grow=False).end for each in runs if each < run)

    def _survey(self, run: int, *, may_grow: bool) -> RunOutput:
        if may_grow:
            return files.survey(self._system.fs, self._paths, run, may_grow=True)
        # What is over does not change: it is looked at once in a reading.
        if run not in self._ended:
            self._ended[run] = files.survey(self._system.fs, self._paths, run, may_grow=False)
        return self._ended[run]

    # following

    def _hints(self, stop: threading.Event) -> Generator[None, None, None]:
        """Yield when a file of the pod has changed, and now and then; ends when told to stop."""
        while not stop.is_set():
            run = self._paths.run(max(self.run, 1))
            seen = FileStamps(self._paths.root, self._paths.runs, run.output, run.exit)
            yield
            left = HINT_TIMEOUT_S
            while left > 0 and not stop.wait(POLL_S) and not seen.have_changed():
                left -= POLL_S

    @staticmethod
    def _until(stop: threading.Event, pieces: Iterator[OutputPiece]) -> Iterator[OutputPiece]:
        for piece in pieces:
            yield piece
            if stop.is_set():
                return


def _missing_runs(first: int, last: int) -> str:
    which = f"run {first}" if first == last else f"runs {first} to {last}"
    verb = "is" if first == last else "are"
    return f"{which} {verb} missing from the store, with all output"
