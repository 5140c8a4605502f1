"""Who a process is: a zombie has exited, a reused pid is another one, a name proves nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from podtui.core.model.records import IdentityRecord
from podtui.core.model.verdicts import Answer, Probe, Status, Verdict
from podtui.core.processes.sample import identity_of
from podtui.core.system.proc import Proc
from podtui.kernel.processes import ProcessGone, identify, read_stat
from tests.observe.conftest import Scene
from tests.support.faults import FaultyProc
from tests.support.record_builders import record_of
from tests.support.store_fixture import until

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Waiting:
    """A process that waits for its input to be closed."""

    process: subprocess.Popen[bytes]

    @property
    def record(self) -> IdentityRecord:
        return record_of(identify(self.process.pid))

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    """A process of the test's own that lives until it is let go."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield Waiting(process)
        process.kill()


def faulty(*, inodes: bool) -> FaultyProc:
    proc = FaultyProc()
    proc.without_inodes = not inodes
    return proc


@pytest.mark.parametrize("inodes", [True, False], ids=["pidfd inodes", "older kernel"])
def test_a_living_process_is_recognised(waiting: Waiting, *, inodes: bool) -> None:
    """Every recorded fact agrees, so it is there; with and without inodes of pidfds."""
    answer, detail = faulty(inodes=inodes).is_there(identity_of(waiting.record))

    assert answer is Answer.YES
    assert f"cat {waiting.process.pid}" in detail


@pytest.mark.parametrize("inodes", [True, False], ids=["pidfd inodes", "older kernel"])
def test_a_zombie_has_exited(waiting: Waiting, *, inodes: bool) -> None:
    """A process nobody has waited for still has its pid, and is gone all the same."""
    record = waiting.record
    waiting.let_go()
    until(lambda: read_stat(record.pid).state == "Z")

    assert faulty(inodes=inodes).is_there(identity_of(record))[0] is Answer.NO


@pytest.mark.parametrize("inodes", [True, False], ids=["pidfd inodes", "older kernel"])
def test_only_no_such_process_is_gone(waiting: Waiting, *, inodes: bool) -> None:
    """Once it was waited for, the pid is nobody's and the answer is a plain no."""
    record = waiting.record
    waiting.let_go()
    waiting.process.wait()

    assert faulty(inodes=inodes).is_there(identity_of(record))[0] is Answer.NO


def test_a_pid_that_a_thread_has_now_is_no_process(waiting: Waiting) -> None:
    """Pids and thread ids are one set of numbers: a thread that got the pid is not the process."""
    release = threading.Event()
    numbers: list[int] = []

    def hold() -> None:
        numbers.append(threading.get_native_id())
        release.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        until(lambda: bool(numbers))
        record = msgspec.structs.replace(waiting.record, pid=numbers[0])
        answer, _ = Proc().is_there(identity_of(record))
    finally:
        release.set()
        thread.join()

    assert answer is Answer.NO


def test_the_same_pid_and_start_with_another_inode_is_another_process(waiting: Waiting) -> None:
    """Two processes of one tick have the same start time; the inodes of their pidfds differ."""
    record = waiting.record
    assert record.pidfd_inode is not None
    other = msgspec.structs.replace(record, pidfd_inode=record.pidfd_inode + 1)

    answer, detail = Proc().is_there(identity_of(other))

    assert answer is Answer.NO
    assert "another process" in detail


def test_an_inode_that_agrees_is_proof_whatever_the_start_time_looks_like(waiting: Waiting) -> None:
    """A reader in another time namespace sees other start times of the same process."""
    shifted = msgspec.structs.replace(
        waiting.record, start_ticks=waiting.record.start_ticks + 8640000
    )

    assert Proc().is_there(identity_of(shifted))[0] is Answer.YES
    assert faulty(inodes=False).is_there(identity_of(shifted))[0] is Answer.NO


def test_without_an_inode_another_user_leaves_it_open(waiting: Waiting) -> None:
    """The right start time and the wrong user is too little for a yes and too much for a no."""
    record = msgspec.structs.replace(waiting.record, pidfd_inode=None, uid=waiting.record.uid + 1)

    assert Proc().is_there(identity_of(record))[0] is Answer.UNKNOWN


def test_a_process_that_proc_hides_is_not_gone(waiting: Waiting) -> None:
    """With hidepid a process has no entry in /proc; its pidfd, not readable, says that it lives."""
    for inodes, expected in ((True, Answer.YES), (False, Answer.UNKNOWN)):
        proc = faulty(inodes=inodes)
        proc.stat_fault = lambda pid: ProcessGone(str(pid))
        assert proc.is_there(identity_of(waiting.record))[0] is expected


@pytest.mark.parametrize(
    "name", [") Z 1 1 (", "a) R 1 (b", "((((", "))))", "\n) Z", "\xff\xfe", " ", ""]
)
def test_a_hostile_name_changes_nothing_of_what_is_read(name: str) -> None:
    """A program may call itself ") Z 1 1 (": it is neither a zombie nor a child of process 1."""
    script = (
        "import ctypes, sys; ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0); "
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, name.encode("latin-1").hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stat = read_stat(process.pid)
        answers = [
            faulty(inodes=inodes).is_there(identify(process.pid))[0] for inodes in (True, False)
        ]
        process.kill()

    assert stat.parent == os.getpid()
    assert stat.state in "SR"
    assert not stat.has_exited
    assert answers == [Answer.YES, Answer.YES]


REUSE = """
import json, os, subprocess, sys
sys.path.insert(0, sys.argv[1])
from podtui.core.processes.sample import identity_of
from podtui.core.system.proc import Proc
from podtui.kernel.processes import identify

class Older(Proc):
    def pidfd_inode(self, handle):
        return None

def start():
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE)

found = []
for _ in range(20):
    first = start()
    recorded = identify(first.pid)
    first.communicate()
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(first.pid - 1))
    second = start()
    same_tick = identify(second.pid).start_ticks == recorded.start_ticks
    if second.pid == recorded.pid:
        found.append([Proc().is_there(recorded)[0], Older().is_there(recorded)[0], same_tick])
    second.communicate()
print(json.dumps(found))
"""


def test_a_reused_pid_is_another_process() -> None:
    """With the kernel made to give a pid again at once, nobody is taken for the one before."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run(
        [*command, sys.executable, "-c", REUSE, str(REPOSITORY)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"this machine gives no namespaces: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    assert len(found) > 0
    assert {with_inode for with_inode, _, _ in found} == {"no"}
    # Start times alone cannot tell two processes of one tick apart; all others they can.
    assert {without for _, without, same_tick in found if not same_tick} <= {"no"}


def test_a_reused_pid_never_makes_a_lost_pod_look_alive(scene: Scene, waiting: Waiting) -> None:
    """A pod whose supervisor's pid is another process now is lost, as without that process."""
    record = waiting.record
    assert record.pidfd_inode is not None
    former = msgspec.structs.replace(record, pidfd_inode=record.pidfd_inode + 1)
    scene.lost("gone", supervisor=former)

    assert scene.view("gone").status is Status.LOST


def test_where_only_start_times_agree_the_disagreement_is_shown(
    scene: Scene, waiting: Waiting
) -> None:
    """A free lock and a process that may be the supervisor: neither dead nor alive, and said so."""
    scene.lost("odd", supervisor=msgspec.structs.replace(waiting.record, pidfd_inode=None))

    view = scene.view("odd")

    assert view.verdict is Verdict.UNKNOWN
    assert "disagree" in view.message
    answers = {each.probe: each.answer for each in view.evidence}
    assert answers[Probe.LOCK] is Answer.NO
    assert answers[Probe.SUPERVISOR] is Answer.YES
