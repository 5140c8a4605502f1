"""Replacing a file: whole or not at all, whatever fails."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from podtui.kernel import files


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_bytes(b"before")
    return path


def test_a_file_is_replaced_whole_and_private(record: Path) -> None:
    """The new content is there under the name, for the owner alone, and nothing beside it."""
    files.replace_whole(str(record), b"after")
    assert record.read_bytes() == b"after"
    assert record.stat().st_mode & 0o777 == 0o600
    assert os.listdir(record.parent) == ["record.json"]


def test_a_reader_with_the_old_file_open_keeps_the_old_content(record: Path) -> None:
    """Nobody ever reads half of one and half of the other."""
    with record.open("rb") as reader:
        files.replace_whole(str(record), b"after")
        assert reader.read() == b"before"


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_a_failing_step_leaves_the_file_as_it_was(
    record: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    """The error comes out, the old content stays, and no temporary file is left behind."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match=os.strerror(number)):
            files.replace_whole(str(record), b"after")
    assert record.read_bytes() == b"before"
    assert os.listdir(record.parent) == ["record.json"]


def test_an_interrupt_leaves_the_file_as_it_was(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle leaves no temporary file either."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            files.replace_whole(str(record), b"after")
    assert record.read_bytes() == b"before"
    assert os.listdir(record.parent) == ["record.json"]


def test_short_writes_are_gone_on_with(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes one byte at a time gets them all."""
    real_write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: real_write(descriptor, data[:1]))
        files.replace_whole(str(record), b"after, byte by byte")
    assert record.read_bytes() == b"after, byte by byte"


@pytest.mark.parametrize("kind", ["symlink", "fifo", "left over"])
def test_what_is_in_the_place_of_the_temporary_file_is_never_written_through(
    record: Path, tmp_path: Path, kind: str
) -> None:
    """Whoever guesses the name cannot make us write elsewhere, nor wait, nor fail for ever."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    planted = Path(f"{record}.{threading.get_native_id()}{files.TEMPORARY_SUFFIX}")
    match kind:
        case "symlink":
            planted.symlink_to(elsewhere)
        case "fifo":
            os.mkfifo(planted)
        case _:
            planted.write_bytes(b"half of an earl")
    files.replace_whole(str(record), b"after")
    assert elsewhere.read_bytes() == b"untouched"
    assert record.read_bytes() == b"after"
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "record.json"]


def test_what_is_synced_is_the_file_and_then_its_directory(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content before name, and the name before anyone is told; unsynced does neither."""
    real_fsync, synced = os.fsync, []

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    files.replace_whole(str(record), b"after")
    assert [Path(each).name for each in synced] == [
        f"record.json.{threading.get_native_id()}{files.TEMPORARY_SUFFIX}",
        record.parent.name,
    ]
    files.replace_whole(str(record), b"later", sync=False)
    assert len(synced) == 2
