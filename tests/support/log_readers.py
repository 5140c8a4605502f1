"""A pod whose output is written by the test, to read states that a real run is hardly ever in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from podtui.core.model.records import ExitRecord, RunRecord
from podtui.core.output.cursors import read_cursor
from podtui.core.output.files import FileOutput
from podtui.core.output.reading import OutputPiece, OutputReading
from podtui.core.output.source import Position
from podtui.core.paths import PodPaths, RunPaths
from podtui.core.store.codec import encode_json
from podtui.core.system.fs import Fs
from podtui.core.system.system import System
from tests.support.clocks import FrozenClock

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POD_ID = "0" * 26


class WrittenPod:
    """Runs with any output, readers with any options, and a switch that ends the latest run.

    Attributes:
        over: what readings are told of the latest run: proven DEAD or not.
    """

    def __init__(self, root: Path, fs: Fs | None = None) -> None:
        self.paths = PodPaths(root / "pods" / "writer")
        self.clock = FrozenClock(NOON)
        self.system = System(fs=fs or Fs(), clock=self.clock)
        self.over = False
        self.paths.runs.mkdir(parents=True)

    def run(
        self,
        number: int,
        data: bytes = b"",
        *,
        reason: str = "restore",
        at: datetime = NOON,
        printed: int | None = None,
    ) -> RunPaths:
        """Write a run; ``printed`` is what its exit record says of its output."""
        paths = self.paths.run(number)
        paths.root.mkdir()
        paths.output.write_bytes(data)
        record = RunRecord(
            pod_id=POD_ID,
            run=number,
            reserved_at=at - timedelta(seconds=1),
            started_at=at,
            reserved_boottime_s=0.0,
            starting_deadline_s=10.0,
            boot_id="boot",
            machine_id="machine",
            argv=["true"],
            cwd="/",
            reason=reason,
            actor="test",
        )
        paths.record.write_bytes(encode_json(record))
        if printed is not None:
            self.end(number, printed)
        return paths

    def end(self, number: int, printed: int) -> None:
        """Write a run's exit record."""
        record = ExitRecord(
            pod_id=POD_ID, run=number, ended_at=NOON, exit_code=0, output_bytes=printed
        )
        self.paths.run(number).exit.write_bytes(encode_json(record))

    def print(self, number: int, data: bytes) -> None:
        """Append to a run's output, as its supervisor does."""
        with self.paths.run(number).output.open("ab") as output:
            output.write(data)

    def reading(self, **options: Any) -> OutputReading:
        """Begin to read: the operator's text from the cursor on, unless asked otherwise."""
        chosen: dict[str, Any] = {
            "reader": "operator",
            "view": "text",
            "from_start": False,
            "peek": False,
            "is_over": lambda: self.over,
        }
        return OutputReading(FileOutput(self.system, self.paths), **{**chosen, **options})

    def pieces(self, **options: Any) -> list[OutputPiece]:
        """Read what is new, and commit every piece."""
        reading = self.reading(**options)
        return list(committed(reading, reading.pieces()))

    def text(self, **options: Any) -> str:
        """Read what is new as text, and commit it."""
        return text_of(self.pieces(**options))

    def raw(self, **options: Any) -> bytes:
        """Read what is new as it was printed, and commit it."""
        return b"".join(
            piece.data
            for piece in self.pieces(view="raw", **options)
            if isinstance(piece.data, bytes)
        )

    def cursor(self, reader: str = "operator") -> Position | None:
        return read_cursor(self.system.fs, self.paths, reader)


def committed(reading: OutputReading, pieces: Iterator[OutputPiece]) -> Iterator[OutputPiece]:
    """Yield pieces that have arrived and moved the cursor."""
    for piece in pieces:
        reading.commit(piece)
        yield piece


def text_of(pieces: list[OutputPiece]) -> str:
    """Return the text of pieces of the text view."""
    return "".join(piece.data for piece in pieces if isinstance(piece.data, str))
