"""When which part of an output was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.output.index import IndexRow, activity, last_row, rows_since
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.kernel.index_rows import ROW, pack_row

SECOND = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an index is or is not."""
    return tmp_path / "index"


def write(path: Path, *rows: tuple[float, int], torn: int = 0) -> None:
    """Write rows of (boot time in seconds, offset), and a torn one after them."""
    data = b"".join(
        pack_row(1_700_000_000 * SECOND, int(seconds * SECOND), offset) for seconds, offset in rows
    )
    path.write_bytes(data + pack_row(1, 2, 3)[:torn])


def test_the_last_row_tells_when_output_last_came(path: Path) -> None:
    """The newest row is read without the ones before it."""
    write(path, (10, 0), (12.5, 100))
    assert last_row(Fs(), path) == IndexRow(1_700_000_000, 12.5, 100)


def test_no_index_and_an_empty_one_have_no_rows(path: Path) -> None:
    """Before the first output there is nothing to tell, which is no error."""
    assert last_row(Fs(), path) is None
    assert activity(Fs(), path, buckets=3, bucket_s=1, now_awake=9) == [0, 0, 0]
    write(path)
    assert last_row(Fs(), path) is None


@pytest.mark.parametrize("torn", [1, 23])
def test_a_torn_row_is_left_out(path: Path, torn: int) -> None:
    """A row that a crash cut off does not count, and takes none with it."""
    write(path, torn=torn)
    assert last_row(Fs(), path) is None
    write(path, (10, 0), (11, 5), torn=torn)
    last = last_row(Fs(), path)
    assert last is not None
    assert last.awake_s == 11
    assert [row.offset for row in rows_since(Fs(), path, 0)] == [0, 5]


def test_something_else_in_its_place_is_refused(path: Path) -> None:
    """What is not a plain file is not an empty index."""
    path.symlink_to("/dev/zero")
    with pytest.raises(UnsafeFile):
        last_row(Fs(), path)


def test_rows_since_a_moment_are_the_tail(path: Path) -> None:
    """All rows from that moment on, oldest first, over many blocks."""
    write(path, *((second, second * 10) for second in range(2000)))
    assert [row.awake_s for row in rows_since(Fs(), path, 700)] == list(range(700, 2000))
    assert [row.offset for row in rows_since(Fs(), path, 0, most=3)] == [19970, 19980, 19990]


class CountingFs(Fs):
    """A disk that counts what is read from it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def read_at(self, descriptor: int, length: int, offset: int) -> bytes:
        self.count += length
        return super().read_at(descriptor, length, offset)


def test_a_long_index_is_not_read_whole(path: Path) -> None:
    """What is asked of the last seconds costs the last rows, however long the run has been."""
    write(path, *((second / 10, second) for second in range(50_000)))
    fs = CountingFs()
    assert last_row(fs, path)
    assert fs.count == ROW.size
    rows_since(fs, path, 4990)
    assert fs.count < 2000 * ROW.size


def test_activity_is_bytes_per_stretch_of_time(path: Path) -> None:
    """What was printed between two rows counts for the first of them."""
    write(path, (1, 0), (90.5, 50), (92.5, 60), (92.9, 100), (99.5, 101))
    options = {"buckets": 5, "bucket_s": 2.0, "now_awake": 100.0}
    assert activity(Fs(), path, **options) == [10, 41, 0, 0, 0]  # type: ignore[arg-type]
    assert activity(Fs(), path, **options, output_bytes=111) == [10, 41, 0, 0, 10]  # type: ignore[arg-type]


def test_rows_of_another_clock_are_no_activity(path: Path) -> None:
    """Rows of the future, and offsets that go back, count nothing and break nothing."""
    write(path, (98, 500), (99, 100), (99.5, 150), (500, 151))
    shown = activity(Fs(), path, buckets=2, bucket_s=5, now_awake=100, output_bytes=999)
    assert shown == [0, 51]


@given(
    rows=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2**63)), max_size=20),
    torn=st.integers(0, 23),
    now=st.floats(0, 300),
)
def test_no_index_breaks_the_sparkline(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int]],
    torn: int,
    now: float,
) -> None:
    """Whatever is in the file, there are as many numbers as asked for and none is negative."""
    path = tmp_path_factory.mktemp("index") / "index"
    write(path, *((float(second), offset) for second, offset in rows), torn=torn)
    shown = activity(Fs(), path, buckets=7, bucket_s=1.5, now_awake=now, output_bytes=10)
    assert len(shown) == 7
    assert min(shown) >= 0
