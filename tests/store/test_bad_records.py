"""A record that is damaged, hostile or in the wrong place costs its own row, and nothing else."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.records import Record
from podtui.core.model.requests import Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.store.codec import RecordProblem, encode_json
from podtui.core.system.system import System
from tests.support.faulty import FaultyFs, on
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trees import fingerprint

GIB = 1024**3
MEMORY_BOUND = 64 * 1024 * 1024
RECORDS = ("pod.toml", "runs/0001/run.json", "runs/0001/exit.json")
DEEP = b"[" * 20_000


@pytest.fixture
def pods(yard: Yard) -> Path:
    """A store with two ended pods and a lost one."""
    for name in ("bad", "good"):
        write_exit(yard.plane, write_pod(yard.plane, name, supervisor=a_dead_process()))
    write_pod(yard.plane, "lost", supervisor=a_dead_process())
    yard.plane.snapshot()
    return yard.plane.store_path / "pods"


def place_of(pods: Path, record: str) -> Path:
    """Return where a record of the bad pod is; for its run record the run has no exit record.

    An exit record decides alone, whatever happened to the record of the run.
    """
    if record == "runs/0001/run.json":
        (pods / "bad/runs/0001/exit.json").unlink()
    return pods / "bad" / record


def look(yard: Yard) -> PodView:
    """Look with new eyes; the healthy pods must be as healthy as ever. Returns the bad one."""
    plane = yard.reopened()
    picture = plane.snapshot()
    assert picture.health.ok, picture.health.reason
    good, lost = picture.find("good"), picture.find("lost")
    assert good is not None
    assert lost is not None
    assert (good.status, good.record_error) == (Status.EXITED, None)
    assert (lost.status, lost.record_error) == (Status.LOST, None)
    plane.doctor()
    plane.events()
    plane.inspect("bad")
    bad = next(view for view in picture.pods if view.name == "bad")
    msgspec.json.encode(picture)
    return bad


def assert_unknown_and_said(yard: Yard, record: Path) -> None:
    """The row is there, is UNKNOWN, and names the file; the doctor does, too."""
    bad = look(yard)
    assert bad.verdict is Verdict.UNKNOWN
    assert str(record) in bad.message
    assert str(record) in {problem.path for problem in yard.reopened().doctor()}
    with pytest.raises(PodtuiError) as told:
        yard.reopened().carry_out(Stop(("bad",), grace_s=0))
    assert told.value.kind == "unknown_state"


def a_directory(record: Path) -> None:
    record.unlink()
    record.mkdir(mode=0o700)


def a_fifo(record: Path) -> None:
    record.unlink()
    os.mkfifo(record, 0o600)


def outside(record: Path) -> Path:
    """Return a directory of this test that is no part of the store."""
    return Path(str(record).partition("/store/pods/")[0])


def a_link_to_a_copy(record: Path) -> None:
    copy = outside(record) / "copy"
    record.rename(copy)
    record.symlink_to(copy)


def a_dangling_link(record: Path) -> None:
    record.unlink()
    record.symlink_to("nowhere")


def a_second_name(record: Path) -> None:
    os.link(record, outside(record) / "second")


def a_device(record: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a device")
    record.unlink()
    os.mknod(record, 0o600 | 0o020000, os.makedev(1, 5))


def one_byte_too_long(record: Path) -> None:
    content = record.read_bytes()
    record.write_bytes(content + b" " * (64 * 1024 + 1 - len(content)))


def a_sparse_giant(record: Path) -> None:
    os.truncate(record, GIB)


def written(content: bytes) -> Callable[[Path], None]:
    def write(record: Path) -> None:
        record.write_bytes(content)

    return write


def zero_filled(record: Path) -> None:
    record.write_bytes(bytes(len(record.read_bytes())))


def with_a_zero_filled_end(record: Path) -> None:
    content = record.read_bytes()
    record.write_bytes(content[: len(content) // 2] + bytes(len(content) // 2))


def of_another_pod(record: Path) -> None:
    shutil.copyfile(str(record).replace("/bad/", "/good/"), record)


def of_another_run(record: Path) -> None:
    record.write_bytes(record.read_bytes().replace(b'"run":1', b'"run":2'))


DAMAGES: tuple[Callable[[Path], None], ...] = (
    a_directory,
    a_fifo,
    a_link_to_a_copy,
    a_dangling_link,
    a_second_name,
    a_device,
    one_byte_too_long,
    a_sparse_giant,
    zero_filled,
    with_a_zero_filled_end,
    of_another_pod,
)


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_is_in_a_records_place_costs_its_own_row(
    yard: Yard, pods: Path, record: str, damage: Callable[[Path], None]
) -> None:
    """Whatever stands in the place of a record, its row says so, and the file stays as it is."""
    place = place_of(pods, record)
    damage(place)
    before = fingerprint(pods)
    assert_unknown_and_said(yard, place)
    assert fingerprint(pods) == before


CONTENTS = {
    "empty": b"",
    "binary": bytes(range(256)),
    "not utf-8": b'format = 1\nid = "\xff\xfe"\n',
    "deep": DEEP,
    "deep objects": b'{"a":' * 20_000,
    "deep toml": b"a = " + DEEP,
    "not a number": b'{"format": NaN}',
    "toml not a number": b"format = nan\n",
    "huge integer": b'{"format": ' + b"9" * 5000 + b"}",
    "toml huge integer": b"format = " + b"9" * 5000,
    "huge float": b'{"format": 1e999}',
    "lone surrogate": b'{"pod_id": "\\ud800"}',
    "toml lone surrogate": b'id = "\\ud800"\n',
    "a list": b"[]",
    "null": b"null",
    "format zero": b'{"format": 0}',
    "format of another kind": b'{"format": true}',
    "duplicate tables": b"[a]\n[a]\n",
}


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_any_content_costs_its_own_row(yard: Yard, pods: Path, record: str, content: bytes) -> None:
    """Garbage of every sort is shown as garbage, and kept."""
    place = place_of(pods, record)
    place.write_bytes(content)
    before = fingerprint(pods)
    assert_unknown_and_said(yard, place)
    assert fingerprint(pods) == before


@pytest.mark.parametrize("field", ["supervisor", "child"])
@pytest.mark.parametrize("pid", ["-1", "0", "1", "true", "1e3", '"7"', "4194305", "1" * 30, "null"])
def test_a_hostile_pid_makes_no_target(yard: Yard, pods: Path, field: str, pid: str) -> None:
    """Only a number that can be a pod's process is taken for one."""
    place = place_of(pods, "runs/0001/run.json")
    record = msgspec.json.decode(place.read_bytes())
    record[field] = {"pid": "PID", "start_ticks": 1, "boot_id": "b", "uid": 0}
    place.write_bytes(msgspec.json.encode(record).replace(b'"PID"', pid.encode()))
    assert_unknown_and_said(yard, place)


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yesterday"],
)
def test_a_time_nobody_can_compare_is_damage(yard: Yard, pods: Path, moment: str) -> None:
    """A time without its zone, or one that no other zone can show, is not taken."""
    place = pods / "bad" / "runs/0001/exit.json"
    record = msgspec.json.decode(place.read_bytes())
    record["ended_at"] = moment
    place.write_bytes(msgspec.json.encode(record))
    assert_unknown_and_said(yard, place)


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_of_a_newer_format_says_so(yard: Yard, pods: Path, record: str) -> None:
    """A newer record need not fit our types: it is told from damage by its number."""
    place = place_of(pods, record)
    is_toml = place.suffix == ".toml"
    place.write_bytes(b"format = 7\nwhat = 1\n" if is_toml else b'{"format": 7, "what": []}')
    assert "it has format 7" in look(yard).message
    assert_unknown_and_said(yard, place)


def test_the_last_of_two_equal_keys_counts_in_json(yard: Yard, pods: Path) -> None:
    """JSON with a key twice is read as everybody reads it, the supervisor included."""
    place = pods / "bad" / "runs/0001/exit.json"
    place.write_bytes(place.read_bytes().replace(b'"exit_code":0', b'"exit_code":0,"exit_code":3'))
    assert look(yard).exit_code == 3


def test_a_key_twice_in_toml_is_damage(yard: Yard, pods: Path) -> None:
    """TOML forbids a key twice, and whoever mended the file by hand is told where."""
    place = pods / "bad" / "pod.toml"
    place.write_bytes(place.read_bytes().replace(b"cwd =", b'name = "bad"\ncwd ='))
    assert "overwrite" in look(yard).message
    assert_unknown_and_said(yard, place)


def test_an_exit_record_decides_without_the_record_of_the_run(yard: Yard, pods: Path) -> None:
    """A damaged run.json of an ended run changes nothing of its end, and the doctor names it."""
    (pods / "bad/runs/0001/run.json").write_bytes(b"{")
    assert look(yard).status is Status.EXITED
    assert str(pods / "bad/runs/0001/run.json") in {
        problem.path for problem in yard.reopened().doctor()
    }


def test_a_run_record_of_another_run_is_not_believed(yard: Yard, pods: Path) -> None:
    """What is written of run 2 says nothing of run 1."""
    for record in ("runs/0001/run.json", "runs/0001/exit.json"):
        of_another_run(pods / "bad" / record)
    assert look(yard).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_cut_at_any_byte_is_damage_or_whole(yard: Yard, pods: Path, record: str) -> None:
    """No prefix of a record is taken for another record: it is read whole, or not at all."""
    place = place_of(pods, record)
    whole = place.read_bytes()
    store = yard.reopened().store
    readers: dict[str, Callable[[], Record | RecordProblem]] = {
        "pod.toml": lambda: store.pod_record("bad"),
        "runs/0001/run.json": lambda: store.run_record("bad", 1),
        "runs/0001/exit.json": lambda: store.exit_record("bad", 1, None),
    }
    read = readers[record]
    expected = read()
    for length in range(len(whole)):
        place.unlink()
        place.write_bytes(whole[:length])
        found = read()
        # Only the last newline is of no meaning.
        assert isinstance(found, RecordProblem) or (length == len(whole) - 1 and found == expected)


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_with_any_bit_turned_raises_nothing(yard: Yard, pods: Path, record: str) -> None:
    """Every single flipped bit gives a record or a problem, and never an exception."""
    place = place_of(pods, record)
    whole = place.read_bytes()
    store = yard.reopened().store
    for position in range(len(whole) * 8):
        turned = bytearray(whole)
        turned[position // 8] ^= 1 << position % 8
        place.unlink()
        place.write_bytes(turned)
        store.pod_record("bad")
        store.run_record("bad", 1)
        store.exit_record("bad", 1, None)


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("step", [97, 131])
def test_a_row_with_a_turned_bit_leaves_the_others_alone(
    yard: Yard, pods: Path, record: str, step: int
) -> None:
    """A sample of the same, seen through whole looks, with a healthy neighbour."""
    place = place_of(pods, record)
    whole = place.read_bytes()
    for position in range(step, len(whole) * 8, step * 5):
        turned = bytearray(whole)
        turned[position // 8] ^= 1 << position % 8
        place.unlink()
        place.write_bytes(turned)
        look(yard)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE, errno.EMFILE])
@pytest.mark.parametrize("name", ["pod.toml", "run.json", "exit.json"])
def test_a_record_the_disk_does_not_give_is_unknown(
    yard: Yard, pods: Path, number: int, name: str
) -> None:
    """A refusal of the disk is "could not tell", with the error's own name."""
    if name == "run.json":
        (pods / "bad/runs/0001/exit.json").unlink()
    neighbour = "bad" if name == "pod.toml" else "0001"

    def is_it(_call: str, path: Path) -> bool:
        return path.name == name and path.parent.name == neighbour and "/bad/" in str(path)

    system = System(
        fs=FaultyFs({"open_plain": (number, is_it), "stamp": (number, is_it)}),
        environment=yard.environment,
        machine_id="test-machine",
    )
    picture = LocalPlane.open(system).snapshot()
    bad, good = picture.find("bad"), picture.find("good")
    assert bad is not None
    assert good is not None
    assert good.status is Status.EXITED
    assert bad.verdict is Verdict.UNKNOWN
    assert errno.errorcode[number] in bad.message


def test_a_pod_whose_place_cannot_be_looked_at_is_unknown(yard: Yard, pods: Path) -> None:
    """A directory entry the disk cannot show keeps its row."""
    system = System(
        fs=FaultyFs({"is_directory": (errno.EIO, on("bad"))}),
        environment=yard.environment,
        machine_id="test-machine",
    )
    plane = LocalPlane.open(system)
    bad = plane.snapshot().find("bad")
    assert bad is not None
    assert bad.verdict is Verdict.UNKNOWN
    plane.doctor()


def test_giants_are_not_read_into_memory(yard: Yard, pods: Path) -> None:
    """A gigabyte in the place of every file of a pod costs no memory to speak of."""
    for path in (pods / "bad").rglob("*"):
        if path.is_file():
            os.truncate(path, GIB)
    (pods / "bad" / "children.jsonl").touch(mode=0o600)
    os.truncate(pods / "bad" / "children.jsonl", GIB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    look(yard)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < MEMORY_BOUND


def a_file_among_pods(pods: Path) -> str:
    (pods / "stray").write_text("x")
    return "stray"


def an_empty_directory(pods: Path) -> str:
    (pods / "hollow").mkdir(mode=0o700)
    return "hollow"


def a_link_among_pods(pods: Path) -> str:
    (pods / "alias").symlink_to(pods / "good")
    return "alias"


def a_copy_of_a_pod(pods: Path) -> str:
    shutil.copytree(pods / "good", pods / "twin")
    return "twin"


def a_name_that_is_no_name(pods: Path) -> str:
    (pods / "a\nb [@click=x]\x1b[2J").mkdir(mode=0o700)
    return "a\nb [@click=x]\x1b[2J"


@pytest.mark.parametrize(
    "put",
    [
        a_file_among_pods,
        an_empty_directory,
        a_link_among_pods,
        a_copy_of_a_pod,
        a_name_that_is_no_name,
    ],
    ids=lambda put: put.__name__,
)
def test_every_entry_among_the_pods_is_a_row(
    yard: Yard, pods: Path, put: Callable[[Path], str]
) -> None:
    """What nobody spawned is shown as what cannot be told, with its name, and stays."""
    name = put(pods)
    before = fingerprint(pods)
    look(yard)
    row = yard.reopened().snapshot().find(name)
    assert row is not None
    assert row.verdict is Verdict.UNKNOWN
    assert row.record_error
    assert name in {problem.pod for problem in yard.reopened().doctor()}
    assert fingerprint(pods) == before


@pytest.mark.parametrize("name", ["0000", "00001", "1", "0002.tmp", "०००१", "x"])
def test_what_is_no_run_among_the_runs_is_no_run(yard: Yard, pods: Path, name: str) -> None:
    """Only what podtui itself would call a run counts as one."""
    (pods / "bad" / "runs" / name).mkdir(mode=0o700)
    assert look(yard).status is Status.EXITED


def test_a_later_run_without_records_is_not_hidden_by_an_earlier_one(
    yard: Yard, pods: Path
) -> None:
    """The newest run decides, even when nothing of it can be read."""
    (pods / "bad" / "runs" / "0002").mkdir(mode=0o700)
    bad = look(yard)
    assert (bad.run, bad.verdict) == (2, Verdict.UNKNOWN)


def test_a_record_is_read_again_when_it_was_replaced(yard: Yard, pods: Path) -> None:
    """What is remembered of a file is forgotten with its inode, size or time."""
    store = yard.plane.store
    first = store.exit_record("bad", 1, None)
    assert not isinstance(first, RecordProblem)
    changed = msgspec.structs.replace(first, exit_code=4)
    store.system.fs.replace(pods / "bad/runs/0001/exit.json", encode_json(changed))
    assert store.exit_record("bad", 1, None) == changed
