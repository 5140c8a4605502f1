"""The journal: every event once, in order, whatever crashes and however many write."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from podtui.core.errors import Busy, Unreadable
from podtui.core.model.events import Event, EventKind
from podtui.core.paths import StorePaths, log_lock, log_segment
from podtui.core.store import logs as log_module
from podtui.core.store.logs import Journal, LogPosition
from podtui.core.system.fs import Fs
from podtui.core.system.system import System
from tests.support.at_once import at_once
from tests.support.clocks import FrozenClock
from tests.support.faulty import FaultyFs, full_disk, on
from tests.support.record_builders import a_dead_process, write_pod
from tests.support.store_fixture import Yard

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int, summary: str = "it happened") -> Event:
    return Event(id=f"event-{number}", at=AT, kind=EventKind.SENT, summary=summary)


def numbers(journal: Journal, position: LogPosition | None = None) -> list[int]:
    return [int(each.id.partition("-")[2]) for each in journal.read(position).entries]


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    """Where a store's journal is."""
    paths = StorePaths(tmp_path)
    paths.journal.mkdir(mode=0o700)
    return paths


@pytest.fixture
def journal(paths: StorePaths) -> Journal:
    return Journal(paths, System())


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments that are full after three events or so."""
    monkeypatch.setattr(log_module, "SEGMENT_BYTES", 300)


def test_events_come_back_in_the_order_they_were_written(journal: Journal) -> None:
    """What was appended is read, and nothing else."""
    for number in range(5):
        journal.append(event(number))
    assert numbers(journal) == [0, 1, 2, 3, 4]
    assert journal.read().problems == ()


@pytest.mark.usefixtures("small_segments")
def test_a_full_segment_is_followed_by_the_next(journal: Journal, paths: StorePaths) -> None:
    """Rotation loses nothing, and positions taken before it go on after it."""
    positions = []
    for number in range(20):
        positions.append(journal.read().position)
        journal.append(event(number))
    assert len(journal.segments()) > 4
    assert numbers(journal) == list(range(20))
    for number, position in enumerate(positions):
        assert numbers(journal, position) == list(range(number, 20))
    assert {path.stat().st_mode & 0o777 for path in paths.journal.iterdir()} == {0o600}


def test_a_journal_torn_at_any_byte_loses_the_torn_event_only(
    journal: Journal, paths: StorePaths
) -> None:
    """A crash inside an append costs the event that was not acknowledged."""
    journal.append(event(0))
    first = log_segment(paths.journal, 1).read_bytes()
    journal.append(event(1))
    whole = log_segment(paths.journal, 1).read_bytes()
    for length in range(len(first), len(whole)):
        log_segment(paths.journal, 1).write_bytes(whole[:length])
        assert numbers(journal) == [0]
        journal.append(event(2))
        assert numbers(journal) in ([0, 2], [0, 1, 2])


def test_an_event_of_which_only_a_torn_line_is_there_is_written(
    journal: Journal, paths: StorePaths
) -> None:
    """The id in a torn line is no event: the end it told of must still come into the journal."""
    journal.append(event(0))
    first = len(log_segment(paths.journal, 1).read_bytes())
    journal.append(event(1))
    whole = log_segment(paths.journal, 1).read_bytes()
    for length in range(first, len(whole) - 1):
        log_segment(paths.journal, 1).write_bytes(whole[:length])
        assert journal.append_once([event(1)]) == (event(1),)
        assert numbers(journal) == [0, 1]
        assert journal.append_once([event(1)]) == ()


def test_an_id_in_the_words_of_another_event_is_not_that_event(journal: Journal) -> None:
    """A summary may quote anything."""
    journal.append(event(0, summary='{"id":"event-1"} "id":"event-1"'))
    assert journal.append_once([event(1)]) == (event(1),)


def test_a_bad_line_is_told_with_its_place_and_costs_no_other(
    journal: Journal, paths: StorePaths
) -> None:
    """Every readable event around it counts."""
    journal.append(event(0))
    with log_segment(paths.journal, 1).open("ab") as segment:
        segment.write(b'{"id": "x", "kind": "of a later podtui"}\n')
    journal.append(event(1))
    read = journal.read()
    assert numbers(journal) == [0, 1]
    assert [problem.line for problem in read.problems] == [2]


@pytest.mark.parametrize("kind", ["link", "fifo", "directory", "second name"])
def test_a_segment_that_is_no_file_costs_itself_only(
    journal: Journal, paths: StorePaths, tmp_path: Path, kind: str
) -> None:
    """What comes after it goes into the next segment; it is told of and stays."""
    journal.append(event(0))
    bad = log_segment(paths.journal, 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine\n")
    if kind == "link":
        bad.symlink_to(elsewhere)
    elif kind == "fifo":
        os.mkfifo(bad)
    elif kind == "directory":
        bad.mkdir()
    else:
        os.link(elsewhere, bad)
    journal.append(event(1))
    assert journal.append_once([event(0), event(1), event(2)]) == (event(2),)
    assert numbers(journal) == [0, 1, 2]
    (problem,) = journal.read().problems
    assert problem.sentence().startswith(f"{bad} cannot be read: it is a")
    assert elsewhere.read_bytes() == b"mine\n"


@pytest.mark.usefixtures("small_segments")
def test_a_missing_segment_is_told(journal: Journal, paths: StorePaths) -> None:
    """A hole in the journal is seen from the numbers."""
    for number in range(12):
        journal.append(event(number))
    log_segment(paths.journal, 2).unlink()
    assert any("segments 2 to 2 are missing" in p.reason for p in journal.read().problems)
    log_segment(paths.journal, 1).unlink()
    assert any("segments 1 to 2 are missing" in p.reason for p in journal.read().problems)


def test_what_is_no_segment_is_left_alone(journal: Journal, paths: StorePaths) -> None:
    """Other names in the directory are not read and not written."""
    for name in ("1.jsonl", "0000001.jsonl", "000001.jsonl.4.tmp", "٠٠٠٠٠٢.jsonl", "notes"):
        (paths.journal / name).write_text("x")
    journal.append(event(0))
    assert (numbers(journal), journal.segments()) == ([0], [1])


def test_an_event_is_cut_rather_than_written_unreadably(journal: Journal) -> None:
    """Texts of any length and any content give a line that can be read back."""
    hostile = "\x1b[2J\ud800\n" * 500_000
    journal.append(event(0, summary=hostile))
    journal.append(msgspec.structs.replace(event(1), actor="\0" * 1_000_000, pod="\udcff"))
    read = journal.read()
    assert (numbers(journal), read.problems) == ([0, 1], ())
    assert len(read.entries[0].summary) == log_module.LONGEST_TEXT


def test_a_full_disk_writes_nothing_and_tears_nothing(journal: Journal, paths: StorePaths) -> None:
    """The error is the disk's own, and later events follow as if nothing had been."""
    journal.append(event(0))
    full = Journal(paths, System(fs=full_disk()))
    with pytest.raises(OSError, match="No space"):
        full.append(event(1))
    assert numbers(full) == [0]
    journal.append(event(2))
    assert (numbers(journal), journal.read().problems) == ([0, 2], ())


def test_a_segment_on_which_a_sync_failed_is_closed(journal: Journal, paths: StorePaths) -> None:
    """A sync that failed once may say nothing the next time, so what follows goes elsewhere."""
    journal.append(event(0))
    broken = FaultyFs({"append_line": (errno.EIO, on("000001.jsonl"))})
    with pytest.raises(OSError, match="Input/output"):
        Journal(paths, System(fs=broken)).append(event(1))
    journal.append(event(2))
    assert journal.segments() == [1, 2]
    assert numbers(journal) == [0, 2]


def test_a_journal_that_cannot_be_listed_is_a_problem_of_its_own(
    journal: Journal, paths: StorePaths
) -> None:
    """Reading answers with what is wrong; it raises nothing."""
    paths.journal.rename(paths.root / "away")
    read = journal.read(LogPosition(3, 9))
    assert (read.entries, read.position) == ((), LogPosition(3, 9))
    assert str(paths.journal) in read.problems[0].sentence()


def test_a_journal_that_stays_locked_is_busy(paths: StorePaths) -> None:
    """Waiting for the lock has an end."""
    clock = FrozenClock(AT)
    system = System(clock=clock)
    with (
        Fs().locked(log_lock(paths.journal), clock=clock, timeout_s=0),
        pytest.raises(Busy, match="was not free"),
    ):
        Journal(paths, system).append(event(0))


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from podtui.core.model.events import Event, EventKind
from podtui.core.paths import StorePaths, log_lock, log_segment
from podtui.core.store import logs as module
from podtui.core.store.logs import Journal
from podtui.core.system.system import System
module.SEGMENT_BYTES = 2000
journal = Journal(StorePaths(Path(sys.argv[2])), System())
def event(name):
    return Event(id=name, at=datetime.now(UTC), kind=EventKind.SENT, summary=name * 5)
# gate
"""


def test_many_writers_lose_and_tear_nothing(journal: Journal, tmp_path: Path) -> None:
    """Four processes that append at once, across segments: every event is there once."""
    script = WRITER + (
        "for number in range(40):\n    journal.append(event(f'{sys.argv[1]}-{number}'))\n"
    )
    at_once(script, count=4, arguments=(str(tmp_path),))
    read = journal.read()
    assert read.problems == ()
    assert len(journal.segments()) > 3
    for writer in range(4):
        own = [each.id for each in read.entries if each.id.startswith(f"{writer}-")]
        assert own == [f"{writer}-{number}" for number in range(40)]
    assert len(read.entries) == 160


def test_what_many_see_is_one_event(journal: Journal, tmp_path: Path) -> None:
    """Observers that tell the same things at once write each of them once."""
    script = WRITER + (
        "ids = [f'x-{number}' for number in range(30)]\n"
        "print(sum(len(journal.append_once([event(each)])) for each in ids))\n"
    )
    written = at_once(script, count=4, arguments=(str(tmp_path),))
    assert sum(int(each) for each in written) == 30
    assert sorted(numbers(journal)) == list(range(30))


def test_an_end_that_a_crash_tore_is_told_by_the_next_look(yard: Yard) -> None:
    """A look killed while it wrote a death into the journal is made good by the next one."""
    write_pod(yard.plane, "lost", supervisor=a_dead_process())
    yard.plane.snapshot()
    segment = log_segment(yard.plane.store.paths.journal, 1)
    whole = segment.read_bytes()
    yard.plane.store.paths.pod("lost").run(1).ended_marker.unlink()
    segment.write_bytes(whole[: len(whole) * 2 // 3])
    ends = [each.kind for each in yard.reopened().events()]
    assert ends == [EventKind.LOST]


def test_a_journal_that_cannot_be_listed_is_not_an_empty_one(yard: Yard) -> None:
    """Nothing happened and nothing can be told are two answers."""
    yard.spawn("pod", "true")
    plane = yard.reopened()
    journal = plane.store.paths.journal
    journal.rename(journal.with_name("elsewhere"))
    with pytest.raises(Unreadable, match="cannot be read"):
        plane.events()
    diagnostics = plane.store.paths.diagnostics
    diagnostics.rename(diagnostics.with_name("elsewhere-too"))
    with pytest.raises(Unreadable, match="cannot be read"):
        plane.diagnostics()
