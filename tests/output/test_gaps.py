"""What is missing is said, with its size where that is known, and never skipped in silence."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.core.errors import DiskTrouble
from podtui.core.output.reading import PieceKind
from podtui.core.output.source import Position
from podtui.core.system.fs import Fs
from tests.support.log_readers import WrittenPod, text_of


def test_a_shortened_output_is_a_gap_and_reading_goes_on(pod: WrittenPod) -> None:
    """A cursor past the end says how much is missing, once, and goes on from the end."""
    pod.run(1, b"0123456789")
    pod.text()
    os.truncate(pod.paths.run(1).output, 4)
    (gap,) = pod.pieces()
    assert (gap.kind, gap.gap_bytes) == (PieceKind.GAP, 6)
    assert gap.data == "── 6 bytes missing: run 1 is shorter than what was read ──\n"
    assert pod.cursor() == Position(1, 4)
    assert pod.pieces() == []
    pod.print(1, b"new\n")
    assert pod.text() == "new\n"


def test_peeking_at_a_shortened_output_moves_nothing(pod: WrittenPod) -> None:
    """A gap that was only looked at is still there for the next reader of that name."""
    pod.run(1, b"0123456789")
    pod.text()
    os.truncate(pod.paths.run(1).output, 4)
    assert pod.pieces(peek=True)[0].gap_bytes == 6
    assert pod.pieces()[0].gap_bytes == 6


def test_an_emptied_output_is_not_read_from_the_start_in_silence(pod: WrittenPod) -> None:
    """An output cut to nothing is a gap like any other."""
    pod.run(1, b"0123456789")
    pod.text()
    os.truncate(pod.paths.run(1).output, 0)
    pod.print(1, b"new\n")
    assert pod.text().startswith("── 6 bytes missing")
    assert pod.text(from_start=True) == "new\n"


def test_the_end_of_a_run_that_is_cut_off_is_a_gap(pod: WrittenPod) -> None:
    """What the exit record says was printed and is not in the file is missing, once."""
    pod.run(1, b"only this\n", printed=100)
    pod.over = True
    text, gap = pod.pieces()
    assert text.data == "only this\n"
    assert gap.gap_bytes == 90
    assert gap.data == "── 90 bytes missing: the end of run 1 is gone ──\n"
    assert pod.cursor() == Position(1, 100)
    assert pod.pieces() == []


def test_what_was_read_in_time_is_not_missing(pod: WrittenPod) -> None:
    """A reader that had read to the end before the file was cut has lost nothing."""
    pod.run(1, b"0123456789", printed=10)
    pod.over = True
    assert pod.text() == "0123456789"
    os.truncate(pod.paths.run(1).output, 4)
    assert pod.pieces() == []
    pod.paths.run(1).output.unlink()
    assert pod.pieces() == []


@pytest.mark.parametrize("printed", [None, 10])
def test_a_missing_output_is_a_gap(pod: WrittenPod, printed: int | None) -> None:
    """An output file that vanished is told, and the next run is read all the same."""
    pod.run(1, b"0123456789", printed=printed).output.unlink()
    pod.run(2, b"two\n")
    gap, note, text = pod.pieces()
    assert (gap.kind, gap.gap_bytes) == (PieceKind.GAP, printed or 0)
    assert "the output of run 1 cannot be read: it is missing ──\n" in str(gap.data)
    assert (note.kind, text.data) == (PieceKind.RUN, "two\n")
    assert pod.pieces() == []


def test_a_missing_run_is_a_gap(pod: WrittenPod) -> None:
    """Runs whose directories are gone are named before the next run begins."""
    pod.run(1, b"one\n")
    pod.run(3, b"three\n")
    pod.run(7, b"seven\n")
    _, gap, _, gaps, _ = pod.pieces()
    assert gap.kind is gaps.kind is PieceKind.GAP
    assert str(gap.data).startswith(
        "── run 2 is missing from the store, with all output ──\n── run 3,"
    )
    assert str(gaps.data).startswith(
        "── runs 4 to 6 are missing from the store, with all output ──\n"
    )
    assert pod.cursor() == Position(7, 6)
    assert pod.pieces() == []


def test_a_missing_first_run_is_a_gap(pod: WrittenPod) -> None:
    """A new reader is told of what was there before the oldest run that is left."""
    pod.run(2, b"two\n")
    gap, text = pod.pieces()
    assert str(gap.data).startswith(
        "── run 1 is missing from the store, with all output ──\n── run 2,"
    )
    assert (text.data, text.from_position) == ("two\n", 0)


def test_the_run_the_reader_was_in_may_vanish(pod: WrittenPod) -> None:
    """Neither is the pod read from the start again, nor is the reader left without a word."""
    pod.run(1, b"one\n")
    pod.run(2, b"two\n")
    pod.text()
    pod.paths.run(2).root.rename(pod.paths.root / "elsewhere")
    (gap,) = pod.pieces()
    assert gap.data == "── run 2 is missing from the store, with all output ──\n"
    assert pod.cursor() == Position(2, 4)
    pod.run(3, b"three\n")
    gap, text = pod.pieces()
    assert gap.kind is PieceKind.GAP
    assert text.data == "three\n"


def as_fifo(path: Path) -> None:
    os.mkfifo(path)


def as_directory(path: Path) -> None:
    path.mkdir()


def as_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def as_second_name(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another file\n")
    path.hardlink_to(other)


def as_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (as_fifo, "a FIFO"),
        (as_directory, "a directory"),
        (as_link, "a symbolic link"),
        (as_device, "a symbolic link"),
        (as_second_name, "a second name"),
    ],
)
def test_something_else_in_the_place_of_an_output_is_told(
    pod: WrittenPod, make: Callable[[Path], None], what: str, over: bool
) -> None:
    """What is not a plain file is not opened for reading; it is named, and the rest is read."""
    pod.over = over
    for run in (1, 2, 3):
        pod.run(run, b"line\n")
    for run in (2, 3):
        pod.paths.run(run).output.unlink()
        make(pod.paths.run(run).output)
    text = pod.text()
    assert text.startswith("line\n── run 2, ")
    assert text.count("cannot be read") == 2
    assert text.count(what) == 2
    assert pod.cursor() == Position(3, 0)


class ShrinkingFs(Fs):
    """A disk whose files end early when they are read, as when they are cut meanwhile."""

    left = 1

    def read_at(self, descriptor: int, length: int, offset: int) -> bytes:
        self.left -= 1
        return super().read_at(descriptor, 10, offset) if self.left >= 0 else b""


@pytest.mark.parametrize("over", [True, False])
def test_an_output_that_is_cut_while_it_is_read_loses_nothing_silently(
    tmp_path: Path, over: bool
) -> None:
    """What was there when reading began and is not any more is told, now or later."""
    fs = ShrinkingFs()
    pod = WrittenPod(tmp_path, fs)
    pod.over = over
    pod.run(1, b"0123456789 and more\n")
    pieces = pod.pieces()
    assert pieces[0].data == "0123456789"
    if over:
        assert pieces[1].gap_bytes == 10
    else:
        assert pod.cursor() == Position(1, 10)


class FailingFs(Fs):
    """A disk that fails in reading outputs."""

    def read_at(self, descriptor: int, length: int, offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_failing_disk_is_an_error_and_no_gap(tmp_path: Path) -> None:
    """Could not tell is not missing: nothing is skipped and the cursor stays."""
    WrittenPod(tmp_path).run(1, b"one\n")
    good = WrittenPod(tmp_path / "good")
    pod = WrittenPod(tmp_path / "bad", FailingFs())
    for each in (good, pod):
        each.run(1, b"one\n")
    with pytest.raises(DiskTrouble, match="EIO") as failed:
        pod.pieces()
    assert failed.value.next_step
    assert failed.value.kept
    assert pod.cursor() is None
    assert text_of(good.pieces()) == "one\n"


def test_raw_output_has_no_notes_in_it(pod: WrittenPod) -> None:
    """In raw, gaps and runs are told beside the data, which stays what was printed."""
    pod.run(1, b"one\n", printed=10)
    pod.run(3, b"three\n")
    pieces = pod.pieces(view="raw")
    assert [piece.data for piece in pieces] == [b"one\n", b"", b"", b"three\n"]
    assert [piece.gap_bytes for piece in pieces] == [0, 6, 0, 0]
    assert "run 2 is missing" in pieces[2].note
