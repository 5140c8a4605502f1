"""Output: on disk first, whole, and to every viewer as far as that viewer takes it."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from podtui.kernel import frames, index_rows
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import PYTHON, SEAMS, Run, python, retry_until

THREE_MEGABYTES = """
import os, sys, termios
mode = termios.tcgetattr(1); mode[1] = 0; termios.tcsetattr(1, termios.TCSANOW, mode)
data = bytes(range(256)) * 12000
while data:
    data = data[os.write(1, data):]
os._exit(0)
"""
TEN_MEGABYTES = THREE_MEGABYTES.replace("12000", "40000")


def same(data: bytes, times: int) -> bool:
    wanted = hashlib.sha256(bytes(range(256)) * times).digest()
    return hashlib.sha256(data).digest() == wanted


def test_a_burst_at_the_exit_is_kept_to_the_last_byte(new_run: NewRun) -> None:
    """What is still in the terminal when the command is dead is drained, byte for byte."""
    run = new_run(*python(THREE_MEGABYTES)).start()
    ended = run.wait_end()
    assert ended["output_bytes"] == 12000 * 256
    assert same(run.output(), 12000)


def test_a_viewer_gets_the_whole_run_and_then_its_end(new_run: NewRun) -> None:
    """From offset 0 a viewer has exactly the bytes of the file, then ENDED, then a close."""
    run = new_run("sh", "-c", "read go; " + " ".join(["echo line;"] * 50) + " exit 7").start()
    with run.connect("attach", columns=80, rows=24, start=0) as viewer:
        viewer.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
        assert viewer.expect(frames.ENDED) == {"exit_code": 7, "signal": None}
        assert viewer.is_closed_by_peer()
        run.wait_end()
        assert viewer.output == run.output()


def test_a_viewer_that_comes_later_starts_where_it_asks(new_run: NewRun) -> None:
    """Offsets are those of the output file; -1 is now, and one past the end is the end."""
    run = new_run("sh", "-c", "echo 0123456789; read go; echo more; read end").start()
    run.say_until(b"9\r\n")
    with (
        run.connect("observe", start=5) as middle,
        run.connect("observe", start=-1) as now,
        run.connect("observe", start=10**12) as beyond,
        run.connect() as control,
    ):
        control.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
        for viewer, first in ((middle, b"56789\r\n"), (now, b""), (beyond, b"")):
            assert viewer.read_until(b"more\r\n") == first + b"go\r\nmore\r\n"


def test_a_viewer_that_does_not_read_delays_nobody(new_run: NewRun) -> None:
    """The pod and the other viewers are done while the slow one has hardly begun."""
    run = new_run("sh", "-c", 'read go; exec "$0" -I -S -c "$1"', PYTHON, TEN_MEGABYTES).start()
    with run.connect("observe", start=0) as slow, run.connect("observe", start=0) as quick:
        with run.connect() as control:
            control.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
        quick.expect(frames.ENDED)
        run.wait_end()
        assert same(quick.output.removeprefix(b"go\r\n"), 40000)
        assert slow.is_closed_by_peer()
        assert run.output().startswith(slow.output)


def test_a_slow_viewer_costs_the_supervisor_no_memory(new_run: NewRun) -> None:
    """Ten megabytes wait on disk for a viewer that does not read, not in the supervisor."""
    run = new_run("sh", "-c", '"$0" -I -S -c "$1"; read end', PYTHON, TEN_MEGABYTES).start()
    before = resident_kilobytes(run.pid)
    with run.connect("observe", start=0) as slow, run.connect() as control:
        retry_until(
            lambda: control.ask(frames.PING, b"", frames.PONG)["output_bytes"] == 40000 * 256
        )
        assert resident_kilobytes(run.pid) - before < 2048
        assert same(slow.read_bytes(40000 * 256), 40000)


def resident_kilobytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def test_a_viewer_that_vanishes_in_the_middle_harms_nobody(new_run: NewRun) -> None:
    """Its connection is dropped; the run and its output are as if it had never been there."""
    run = new_run("sh", "-c", 'read go; exec "$0" -I -S -c "$1"', PYTHON, THREE_MEGABYTES).start()
    viewers = [run.connect("attach", columns=80, rows=24, start=0) for _ in range(5)]
    viewers[0].ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
    for viewer in viewers:
        viewer.expect(frames.OUTPUT)
        viewer.close()
    assert run.wait_end()["exit_code"] == 0
    assert same(run.output().removeprefix(b"go\r\n"), 12000)


def test_a_program_may_close_its_terminal_and_open_it_again(new_run: NewRun) -> None:
    """End of file on the terminal is no end: only the kernel's word about the process is."""
    code = (
        "import os; os.closerange(0, 3); os.open('/dev/tty', os.O_RDWR); os.write(0, b'back again')"
    )
    run = new_run(*python(code)).start()
    assert run.wait_end()["exit_code"] == 0
    assert run.output() == b"back again"


def test_index_rows_tell_when_which_part_was_written(new_run: NewRun) -> None:
    """The first row is of offset 0, and rows are at least 100 ms apart."""
    run = new_run("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.03; done").start()
    run.wait_end()
    rows = index_rows.unpack_rows((run.directory / "index").read_bytes())
    assert rows[0][2] == 0
    assert len(rows) >= 2
    assert [row[2] for row in rows] == sorted({row[2] for row in rows})
    gaps = [later[1] - sooner[1] for sooner, later in pairwise(rows)]
    assert min(gaps) >= 100_000_000


def test_the_status_record_follows_output_and_rests_when_nothing_happens(new_run: NewRun) -> None:
    """It has the last output's time, its bytes and who runs; a quiet run writes it no more."""
    run = new_run("sh", "-c", "echo hello; read line; echo more; sleep 1000")
    run.entry = SEAMS / "impatient.py"
    run.start()
    retry_until((run.directory / "status.json").exists)
    retry_until(lambda: run.status_record()["output_bytes"] == 7)
    with run.connect() as control:
        control.ask(frames.SEND, {"text": "", "enter": True}, frames.DONE)
    retry_until(lambda: "sleep" in [each["name"] for each in run.status_record()["descendants"]])
    status = run.status_record()
    assert status["last_output_at"] is not None
    assert status["disk_error"] is None
    assert {each["pid"] for each in status["descendants"]} >= {run.child}


def limit_file_size(run: Run, limit: int) -> None:
    """Make the disk refuse this supervisor more than ``limit`` bytes in one file."""
    _, hard = resource.prlimit(run.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (limit, hard))


def test_a_disk_that_refuses_blocks_the_agent_and_loses_nothing(new_run: NewRun) -> None:
    """Output waits in the terminal, the trouble is told, and all comes when the disk takes it."""
    run = new_run("sh", "-c", 'read go; exec "$0" -I -S -c "$1"', PYTHON, THREE_MEGABYTES).start()
    limit_file_size(run, 5000)
    with run.connect("observe", start=0) as viewer, run.connect() as control:
        control.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
        retry_until(lambda: control.ask(frames.PING, b"", frames.PONG)["disk_error"])
        assert control.ask(frames.PING, b"", frames.PONG)["output_bytes"] == 5000
        retry_until(lambda: run.status_record().get("disk_error") is not None)
        limit_file_size(run, resource.RLIM_INFINITY)
        viewer.expect(frames.ENDED)
    ended = run.wait_end()
    assert ended["exit_code"] == 0
    assert same(run.output().removeprefix(b"go\r\n"), 12000)


def test_a_run_that_ends_on_a_full_disk_waits_until_its_end_can_be_recorded(
    new_run: NewRun,
) -> None:
    """The lock is not let go and nothing is given up before output and exit record are there."""
    run = new_run("sh", "-c", "read go; echo some last words").start()
    limit_file_size(run, 4)
    with run.connect() as control:
        control.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
        retry_until(lambda: control.ask(frames.PING, b"", frames.PONG)["state"] == "ending")
        assert control.ask(frames.PING, b"", frames.PONG)["disk_error"] == "File too large"
        assert not (run.directory / "exit.json").exists()
        limit_file_size(run, resource.RLIM_INFINITY)
    assert run.wait_end()["exit_code"] == 0
    assert run.output() == b"go\r\nsome last words\r\n"


def test_a_full_file_system_is_waited_out(new_run: NewRun, tmp_path: Path) -> None:
    """The same with a real file system without space, which needs root to make one."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(small)]
    if subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("NOT TESTED: this machine does not let root mount a tmpfs")
    try:
        run = new_run(
            *("sh", "-c", 'read go; "$0" -c "print(\'x\' * 400000)"; echo done', PYTHON),
            root="small/run",
        )
        run.start()
        ballast = small / "ballast"
        with run.connect() as control:
            ballast.write_bytes(b"x" * 100_000)
            control.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
            retry_until(lambda: control.ask(frames.PING, b"", frames.PONG)["disk_error"])
            subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
        assert run.wait_end()["exit_code"] == 0
        assert run.output() == b"go\r\n" + b"x" * 400_000 + b"\r\ndone\r\n"
        assert json.loads((run.directory / "exit.json").read_text())["output_bytes"] == 400_012
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
