"""A record is opened once, and asked for by its stamp from then on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from podtui.core.model.records import StatusRecord
from podtui.core.store.codec import ProblemKind, RecordCache, RecordProblem, encode_json
from podtui.core.system.fs import Fs, Stamp

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Counted(Fs):
    """The real disk, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def stamp(self, path: Path | str) -> Stamp | None:
        self.asked.append("stamp")
        return super().stamp(path)

    def open_plain(self, path: Path) -> int:
        self.asked.append("open")
        return super().open_plain(path)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record on disk."""
    place = tmp_path / "status.json"
    write(place, 1)
    return place


def write(place: Path, run: int) -> None:
    made = StatusRecord(run=run, at=NOON)
    Fs().replace(place, encode_json(made), sync=False)


def test_a_record_costs_one_opening_and_then_one_stamp(record: Path) -> None:
    """With thousands of pods every way along a path counts."""
    fs = Counted()
    cache = RecordCache(fs)
    assert cache.read(record, StatusRecord) is cache.read(record, StatusRecord)
    assert fs.asked == ["open", "stamp"]


def test_a_record_that_was_replaced_is_read_again(record: Path) -> None:
    """Also one of the same size: it is another file."""
    cache = RecordCache(Fs())
    cache.read(record, StatusRecord)
    write(record, 2)
    again = cache.read(record, StatusRecord)
    assert isinstance(again, StatusRecord)
    assert again.run == 2


def test_a_record_that_was_taken_away_is_missing(record: Path) -> None:
    """What was read before is no answer to what is there now."""
    cache = RecordCache(Fs())
    cache.read(record, StatusRecord)
    record.unlink()
    gone = cache.read(record, StatusRecord)
    assert isinstance(gone, RecordProblem)
    assert gone.kind is ProblemKind.MISSING
