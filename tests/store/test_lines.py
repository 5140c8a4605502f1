"""Files that grow by lines: what is committed is read, and nothing is lost to what is not."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podtui.core.model.records import ChildEntry
from podtui.core.paths import PodPaths
from podtui.core.store.children import add_child, children_of
from podtui.core.store.codec import encode_json
from podtui.core.store.lines import LONGEST_LINE, WINDOW, read_lines
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.core.system.system import System
from tests.support.at_once import at_once
from tests.support.faulty import FaultyFs, everywhere

AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int, name: str = "") -> ChildEntry:
    return ChildEntry(id=f"{number:026d}", name=name or f"child-{number}", at=AT)


def line(number: int, name: str = "") -> bytes:
    return encode_json(entry(number, name)) + b"\n"


def ids(path: Path, offset: int = 0) -> list[int]:
    return [int(each.id) for each in read_lines(Fs(), path, ChildEntry, offset=offset).entries]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "children.jsonl"


def test_a_file_that_is_not_there_holds_nothing(ledger: Path) -> None:
    """Nothing was written yet: no entry, no problem."""
    read = read_lines(Fs(), ledger, ChildEntry)
    assert (read.entries, read.problems, read.next_offset) == ((), (), 0)


def test_a_file_torn_at_any_byte_keeps_every_committed_line(ledger: Path) -> None:
    """Whatever a crash cut off, the lines before it count and the torn one does not."""
    whole = line(1) + line(2) + line(3)
    for length in range(len(whole) + 1):
        ledger.write_bytes(whole[:length])
        committed = whole[:length].count(b"\n")
        read = read_lines(Fs(), ledger, ChildEntry)
        assert [int(each.id) for each in read.entries] == list(range(1, committed + 1))
        torn = length > 0 and not whole[:length].endswith(b"\n")
        assert [problem.torn for problem in read.problems] == [True] * torn
        assert read.next_offset == len(b"".join(line(n) for n in range(1, committed + 1)))


def test_an_append_after_any_torn_end_is_whole(ledger: Path) -> None:
    """A torn line stays as one bad line and never swallows what is written after it."""
    whole = line(1) + line(2)
    for length in range(len(whole) + 1):
        ledger.write_bytes(whole[:length])
        before = ids(ledger)
        Fs().append_line(ledger, encode_json(entry(3)))
        read = read_lines(Fs(), ledger, ChildEntry)
        found = [int(each.id) for each in read.entries]
        # A line of which only the newline was torn off is whole again, and comes in its place.
        assert found in (
            [*before, 3],
            [*before, len(before) + 1, 3],
        )
        assert ledger.read_bytes().startswith(whole[:length])
        assert not any(problem.torn for problem in read.problems)


@pytest.mark.parametrize(
    "bad",
    [b"{", b"[1]", b"null", b'{"id": 3}', b"\xff\xfe", b"[" * 50_000, b'{"id":"\\ud800"}', b"NaN"],
)
def test_a_bad_line_in_the_middle_is_named_and_kept(ledger: Path, bad: bytes) -> None:
    """It is skipped, told with line and byte, and stays where it is."""
    ledger.write_bytes(line(1) + bad + b"\n" + line(2))
    before = ledger.read_bytes()
    read = read_lines(Fs(), ledger, ChildEntry)
    assert [int(each.id) for each in read.entries] == [1, 2]
    (problem,) = read.problems
    assert (problem.line, problem.offset, problem.torn) == (2, len(line(1)), False)
    assert f"{ledger} has a line that cannot be read: line 2, byte" in problem.sentence()
    assert ledger.read_bytes() == before


def test_an_empty_line_is_no_problem(ledger: Path) -> None:
    """A line of nothing is what closing a torn line twice would leave."""
    ledger.write_bytes(line(1) + b"\n\n" + line(2))
    read = read_lines(Fs(), ledger, ChildEntry)
    assert (len(read.entries), read.problems) == (2, ())


@pytest.mark.parametrize("length", [LONGEST_LINE + 1, WINDOW - 1, WINDOW, 3 * WINDOW + 7])
def test_a_line_without_end_is_one_bad_line(ledger: Path, length: int) -> None:
    """However long a line is, it is one problem, and what hides at its end is not taken for one."""
    hidden = line(7)[:-1]
    ledger.write_bytes(line(1) + b"x" * (length - len(hidden)) + hidden + b"\n" + line(2))
    read = read_lines(Fs(), ledger, ChildEntry)
    assert [int(each.id) for each in read.entries] == [1, 2]
    assert [problem.line for problem in read.problems] == [2]


def test_a_long_line_that_is_not_ended_yet_is_waited_for(ledger: Path) -> None:
    """Reading goes on at its beginning, so that its end is never taken for a line."""
    ledger.write_bytes(line(1) + b"x" * (2 * WINDOW))
    read = read_lines(Fs(), ledger, ChildEntry)
    assert read.next_offset == len(line(1))
    assert [problem.torn for problem in read.problems] == [True]


def test_lines_lie_across_windows(ledger: Path) -> None:
    """Where one read ends and the next begins cannot be seen in what is read."""
    count = 3 * WINDOW // len(line(1))
    ledger.write_bytes(b"".join(line(number) for number in range(count)))
    assert ids(ledger) == list(range(count))


def test_a_terabyte_of_nothing_is_not_read(ledger: Path) -> None:
    """What no ledger can be is read up to a bound, and that is told."""
    ledger.write_bytes(line(1))
    os.truncate(ledger, 1 << 40)
    read = read_lines(Fs(), ledger, ChildEntry)
    assert [int(each.id) for each in read.entries] == [1]
    assert "only its first 64 MiB" in read.problems[-1].sentence()


def test_reading_goes_on_where_it_ended(ledger: Path) -> None:
    """The position after one read is the start of what comes next."""
    ledger.write_bytes(line(1) + line(2)[:-5])
    first = read_lines(Fs(), ledger, ChildEntry)
    ledger.write_bytes(line(1) + line(2) + line(3))
    assert ids(ledger, first.next_offset) == [2, 3]


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_a_disk_that_refuses_is_a_problem_of_the_file(ledger: Path, number: int) -> None:
    """Not to be able to read is told, and is not the same as nothing being there."""
    ledger.write_bytes(line(1))
    read = read_lines(FaultyFs({"open_plain": (number, everywhere)}), ledger, ChildEntry, offset=3)
    assert errno.errorcode[number] in read.problems[0].sentence()
    assert read.next_offset == 3


class TornFs(Fs):
    """A disk that becomes full in the middle of a line."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write_line(self, descriptor: int, data: bytes) -> None:
        super().write_line(descriptor, data[: self.room])
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_line_a_full_disk_took_a_part_of_is_taken_back(ledger: Path) -> None:
    """What was not written leaves nothing behind, whatever fitted."""
    ledger.write_bytes(line(1))
    for room in range(len(line(2))):
        with pytest.raises(OSError, match="No space"):
            TornFs(room).append_line(ledger, encode_json(entry(2)))
        assert ledger.read_bytes() == line(1)


@pytest.mark.parametrize("kind", ["link", "fifo", "directory", "second name"])
def test_nothing_is_appended_to_what_is_no_plain_file(
    ledger: Path, tmp_path: Path, kind: str
) -> None:
    """A line never goes through a link or into a FIFO, and nobody is held up."""
    other = tmp_path / "other"
    other.write_bytes(b"mine\n")
    if kind == "link":
        ledger.symlink_to(other)
    elif kind == "fifo":
        os.mkfifo(ledger)
    elif kind == "directory":
        ledger.mkdir()
    else:
        os.link(other, ledger)
    with pytest.raises(UnsafeFile):
        Fs().append_line(ledger, b"{}")
    assert other.read_bytes() == b"mine\n"


def test_a_child_is_entered_once(tmp_path: Path) -> None:
    """Entering a child that is there changes nothing."""
    parent = PodPaths(tmp_path)
    assert add_child(System(), parent, entry(1))
    before = parent.children.read_bytes()
    assert not add_child(System(), parent, entry(1))
    assert parent.children.read_bytes() == before


class SeesItsLock(Fs):
    """A disk that looks, at every append, whether the file is locked."""

    def __init__(self) -> None:
        super().__init__()
        self.was_locked: list[bool] = []

    def append_line(self, path: Path, line: bytes) -> None:
        self.was_locked.append(self.is_locked(path))
        super().append_line(path, line)


def test_a_ledger_is_locked_while_it_is_looked_through_and_written(tmp_path: Path) -> None:
    """Between the look for a child and its line nobody else can enter it."""
    fs = SeesItsLock()
    add_child(System(fs=fs), PodPaths(tmp_path), entry(1))
    assert fs.was_locked == [True]
    assert not fs.is_locked(PodPaths(tmp_path).children)


def test_many_who_enter_children_at_once_lose_and_double_none(tmp_path: Path) -> None:
    """Processes that enter the same children at the same moment make one line of each."""
    script = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from podtui.core.model.records import ChildEntry
from podtui.core.paths import PodPaths
from podtui.core.store.children import add_child
from podtui.core.system.system import System
# gate
at = datetime(2026, 1, 1, tzinfo=UTC)
for number in range(10):
    for name in (f"common-{number}", f"own-{sys.argv[1]}-{number}"):
        add_child(System(), PodPaths(Path(sys.argv[2])), ChildEntry(id=name, name=name, at=at))
"""
    at_once(script, count=4, arguments=(str(tmp_path),))
    ledger = children_of(Fs(), PodPaths(tmp_path))
    names = [each.name for each in ledger.entries]
    assert ledger.problems == ()
    assert len(names) == len(set(names)) == 10 + 4 * 10
