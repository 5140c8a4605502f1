"""Telling a process from every other one, whatever it calls itself."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.kernel import processes, signals
from podtui.kernel.processes import ProcessGone, ProcessStat

FIELDS = "{state} 7 8 9 34816 11 4194560 1 2 3 4 55 66 0 0 20 0 {threads} 0 777 1000 25 18446"


def stat_line(pid: int, name: bytes, state: str = "S", threads: int = 1) -> bytes:
    return b"%d (%s) " % (pid, name) + FIELDS.format(state=state, threads=threads).encode()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "1000"], env={"WHO": "me", "ODD": "a=b\n"})
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "name", [b"sh", b") Z 1 1 (", b"a b", b"", b"((()", b")))", b"\xff\xfe", b") Z 1 1 1 1"]
)
def test_a_hostile_name_does_not_move_the_fields(name: bytes) -> None:
    """A program may be called anything; its state and parent are still its own."""
    stat = ProcessStat(42, stat_line(42, name))
    assert (stat.state, stat.parent, stat.group, stat.session) == ("S", 7, 8, 9)
    assert (stat.tty, stat.foreground_group) == (34816, 11)
    assert (stat.user_ticks, stat.system_ticks, stat.start_ticks) == (55, 66, 777)
    assert stat.rss == 25 * os.sysconf("SC_PAGE_SIZE")
    assert stat.name == name.decode("utf-8", "replace")


def test_a_process_that_named_itself_badly_is_read_from_the_kernel() -> None:
    """The same with a real process whose name is another one's fields."""
    code = "open('/proc/self/comm', 'w').write(') Z 1 1 ('); print(); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        stat = processes.read_stat(process.pid)
        assert stat.name == ") Z 1 1 ("
        assert stat.parent == os.getpid()
        assert not stat.has_exited
    finally:
        process.communicate(b"\n")


@pytest.mark.parametrize(
    ("state", "threads", "has_exited"),
    [
        *(("R", 1, False), ("T", 1, False), ("D", 1, False)),
        *(("Z", 1, True), ("X", 0, True), ("Z", 3, False)),
    ],
)
def test_only_a_process_without_living_threads_has_exited(
    state: str, threads: int, has_exited: bool
) -> None:
    """Stopped or stuck is alive, and so is one whose first thread alone has ended."""
    assert ProcessStat(5, stat_line(5, b"x", state, threads)).has_exited == has_exited


def test_a_process_that_is_not_there_is_gone_and_not_an_error() -> None:
    """Every question about it has the same answer."""
    process = subprocess.Popen(["true"])
    process.wait()
    for question in (
        *(processes.read_stat, processes.read_environ, processes.read_arguments),
        *(processes.children_of, processes.identify),
    ):
        with pytest.raises(ProcessGone):
            question(process.pid)


def test_a_thread_is_not_taken_for_a_process() -> None:
    """Its number answers like a process in /proc, and is none that could be signalled."""
    code = (
        "import threading; threading.Thread(target=input).start(); "
        "print(*__import__('os').listdir('/proc/self/task'), flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        threads = [int(each) for each in process.stdout.readline().split()]
        (thread,) = set(threads) - {process.pid}
        with pytest.raises(ProcessGone):
            processes.identify(thread)
    finally:
        process.communicate(b"\n")


def test_environment_and_arguments_are_read_exactly(sleeper: subprocess.Popen[bytes]) -> None:
    """Equal signs and line ends inside a value are part of the value."""
    assert processes.read_environ(sleeper.pid) == {"WHO": "me", "ODD": "a=b\n"}
    assert processes.read_arguments(sleeper.pid) == ["sleep", "1000"]


def test_an_identity_is_the_same_for_everyone_who_looks(sleeper: subprocess.Popen[bytes]) -> None:
    """It does not depend on who asks, nor through which descriptor."""
    handle = os.pidfd_open(sleeper.pid)
    try:
        through_handle = processes.identify(sleeper.pid, handle).as_record()
    finally:
        os.close(handle)
    assert through_handle == processes.identify(sleeper.pid).as_record()
    assert through_handle["uid"] == os.geteuid()
    assert through_handle["boot_id"] == processes.boot_id()


def test_two_processes_never_share_a_pidfd_inode(sleeper: subprocess.Popen[bytes]) -> None:
    """Where the kernel has pidfs; where not, there is None instead of a misleading number."""
    mine = processes.identify(os.getpid()).inode
    other = processes.identify(sleeper.pid).inode
    assert (mine is None) == (other is None)
    if mine is None:
        pytest.skip("NOT TESTED: this kernel has no pidfs (before 6.9)")
    assert mine != other


def test_descendants_are_found_parents_first_and_what_is_skipped_stays_out() -> None:
    """A process that is left out takes everything below it along."""
    process = subprocess.Popen(
        ["sh", "-c", "sh -c 'sleep 1000 & echo $$ $!; wait' & wait"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        middle, leaf = (int(each) for each in process.stdout.readline().split())
        found = [each.pid for each in processes.descendants_of(process.pid)]
        assert found == [middle, leaf]
        skipped = processes.descendants_of(process.pid, skip=frozenset({middle}))
        assert skipped == []
    finally:
        for pid in (leaf, middle):
            end(pid)
        process.communicate()


def end(pid: int) -> None:
    handle = signals.open_target(pid)
    signals.send(handle, 9)
    os.close(handle)


def test_children_are_found_on_a_kernel_that_does_not_list_them(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing is a build option; without it every process is asked for its parent."""
    monkeypatch.setattr(processes, "_lists_children", lambda: False)
    assert sleeper.pid in processes.children_of(os.getpid())


def test_a_proc_that_cannot_be_read_is_not_a_process_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Could not tell is an error, never an absence."""
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "stat").mkdir()
    monkeypatch.setattr(processes, "PROC", str(tmp_path))
    with pytest.raises(IsADirectoryError):
        processes.read_stat(42)


def test_a_process_that_is_reaped_while_its_file_is_opened_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel answers the open of its file with "no such process" then, not with "no file"."""

    def reaped(path: str, *_: object) -> int:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), path)

    monkeypatch.setattr(os, "open", reaped)
    with pytest.raises(ProcessGone):
        processes.read_stat(42)
