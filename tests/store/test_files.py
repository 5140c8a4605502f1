"""Writing small files: whole or not at all, for every reader and after every failure."""

from __future__ import annotations

import errno
import json
import os
import threading
from _thread import get_native_id
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.model.records import PodRecord, StatusRecord
from podtui.core.store.codec import (
    ProblemKind,
    RecordProblem,
    decode,
    encode_json,
    encode_toml,
    read_record,
)
from podtui.core.system.fs import RECORD_LIMIT, Fs, UnsafeFile
from tests.support.at_once import at_once
from tests.support.clocks import FrozenClock

AT = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(argv=st.lists(TEXT, min_size=1), env=st.dictionaries(TEXT, TEXT), task=TEXT)
def test_a_record_comes_back_from_toml_as_it_was(
    argv: list[str], env: dict[str, str], task: str
) -> None:
    """Any text survives the file a person may mend: quotes, controls, line ends, all of Unicode."""
    record = PodRecord(
        id="0" * 26, name="a", created_at=AT, argv=argv, cwd=task or "/", task=task, env=env
    )
    assert decode(encode_toml(record), Path("pod.toml"), PodRecord) == record
    assert decode(encode_json(record), Path("pod.json"), PodRecord) == record


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_problem(data: bytes) -> None:
    """Decoding raises nothing, whatever it is given."""
    for name in ("pod.toml", "pod.json"):
        assert isinstance(decode(data, Path(name), PodRecord), PodRecord | RecordProblem)


def test_a_later_field_of_our_own_format_is_ignored() -> None:
    """A patch release may add one, and an older podtui still reads the record."""
    content = {**json.loads(encode_json(StatusRecord(run=1, at=AT))), "mood": "good"}
    found = decode(json.dumps(content).encode(), Path("status.json"), StatusRecord)
    assert found == StatusRecord(run=1, at=AT)


def test_missing_unreadable_and_untold_are_three_answers(tmp_path: Path) -> None:
    """Nothing there, something bad there, and nobody knows."""
    (tmp_path / "bad.json").write_bytes(b"{")
    (tmp_path / "file").touch()
    kinds = {
        name: read_record(Fs(), tmp_path / name, StatusRecord)
        for name in ("none.json", "bad.json", "file/x.json")
    }
    told = {name: each.kind for name, each in kinds.items() if isinstance(each, RecordProblem)}
    assert told == {
        "none.json": ProblemKind.MISSING,
        "bad.json": ProblemKind.UNREADABLE,
        "file/x.json": ProblemKind.NOT_READ,
    }


def test_a_record_may_have_exactly_its_limit(tmp_path: Path) -> None:
    """One byte more is too long."""
    path = tmp_path / "record"
    path.write_bytes(b"x" * RECORD_LIMIT)
    assert len(Fs().read_record(path)) == RECORD_LIMIT
    path.write_bytes(b"x" * (RECORD_LIMIT + 1))
    with pytest.raises(UnsafeFile, match="longer than"):
        Fs().read_record(path)


def failing(call: str, number: int) -> Callable[..., Any]:
    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise OSError(number, os.strerror(number), call)

    return fail


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_write_that_fails_leaves_the_earlier_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """Whichever step fails, the record is the one it was, and no temporary file is left."""
    path = tmp_path / "run.json"
    Fs().replace(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(call, number))
        with pytest.raises(OSError, match=os.strerror(number)):
            Fs().replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["run.json"]


def test_an_interrupt_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a write is no excuse."""

    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Fs().replace(tmp_path / "run.json", b"new")
    assert os.listdir(tmp_path) == []


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes one byte at a time gets every byte."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1]))
    fs = Fs()
    fs.replace(tmp_path / "replaced", b"all of it")
    fs.create(tmp_path / "created", b"all of it")
    fs.append_line(tmp_path / "appended", b"all of it")
    assert (tmp_path / "replaced").read_bytes() == b"all of it"
    assert (tmp_path / "created").read_bytes() == b"all of it"
    assert (tmp_path / "appended").read_bytes() == b"all of it\n"


def a_leftover(place: Path, _victim: Path) -> None:
    place.write_bytes(b"half a rec")


def a_link(place: Path, victim: Path) -> None:
    place.symlink_to(victim)


def a_second_name(place: Path, victim: Path) -> None:
    os.link(victim, place)


def a_fifo(place: Path, _victim: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize("put", [a_leftover, a_link, a_second_name, a_fifo])
def test_what_is_in_the_temporary_files_place_is_not_written_through(
    tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    """A leftover is no obstacle, and a planted file is no way to another one."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path = tmp_path / "run.json"
    put(tmp_path / f"run.json.{get_native_id()}.tmp", victim)
    Fs().replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert victim.read_bytes() == b"mine"
    assert sorted(os.listdir(tmp_path)) == ["run.json", "victim"]


def test_a_file_that_must_be_new_is_never_taken_over(tmp_path: Path) -> None:
    """Whoever comes second is told, and the first one's content stays."""
    path = tmp_path / "run.json"
    Fs().create(path, b"first")
    with pytest.raises(FileExistsError):
        Fs().create(path, b"second")
    assert path.read_bytes() == b"first"


def test_readers_never_see_half_a_record(tmp_path: Path) -> None:
    """Processes that read while another replaces: every read is a whole record."""
    script = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from podtui.core.model.records import StatusRecord
from podtui.core.store.codec import encode_json, read_record
from podtui.core.system.fs import Fs
path = Path(sys.argv[2])
whole = 0
# gate
for number in range(400):
    if sys.argv[1] == "0":
        status = StatusRecord(run=1, at=datetime.now(UTC), disk_error="x" * (number * 50))
        Fs().replace(path, encode_json(status), sync=False)
    else:
        whole += isinstance(read_record(Fs(), path, StatusRecord), StatusRecord)
print(whole)
"""
    path = tmp_path / "status.json"
    Fs().replace(path, encode_json(StatusRecord(run=1, at=AT)))
    said = at_once(script, count=3, arguments=(str(path),))
    assert [each.strip() for each in said] == ["0", "400", "400"]
    assert os.listdir(tmp_path) == ["status.json"]


def test_threads_that_replace_one_record_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    """Several looks of one process may write the same note at once."""
    path = tmp_path / "ended.json"
    troubles: list[OSError] = []
    gate = threading.Barrier(4)

    def write(number: int) -> None:
        gate.wait()
        for _ in range(100):
            try:
                Fs().replace(path, msgspec.json.encode({"by": number}), sync=False)
            except OSError as error:
                troubles.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert troubles == []
    assert "by" in msgspec.json.decode(path.read_bytes())
    assert os.listdir(tmp_path) == ["ended.json"]


def test_a_lock_is_held_by_one_and_let_go_at_the_end(tmp_path: Path) -> None:
    """The second waits for as long as it was told, and gets it when the first is done."""
    clock = FrozenClock(AT)
    path = tmp_path / "lock"
    with Fs().locked(path, clock=clock, timeout_s=0):
        assert Fs().is_locked(path)
        with (
            pytest.raises(BlockingIOError),
            Fs().locked(path, clock=clock, timeout_s=3),
        ):
            pass
        assert clock.boottime() == pytest.approx(1003, abs=0.1)
    assert not Fs().is_locked(path)
    assert path.exists()


@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 1024 * 1024 - 2])
def test_bytes_are_found_wherever_they_lie(tmp_path: Path, offset: int) -> None:
    """Also across the parts in which a file is read."""
    path = tmp_path / "segment"
    path.write_bytes(b"." * (1024 * 1024 + offset) + b"needle" + b"." * 10)
    assert Fs().contains(path, b"needle")
    assert not Fs().contains(path, b"needles")
    assert not Fs().contains(tmp_path / "none", b"needle")
