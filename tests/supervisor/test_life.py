"""The life of a run: from a blocked process to an exit record."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import msgspec
import pytest

import podtui
from podtui.core.model.records import ExitRecord, RunRecord, StatusRecord
from podtui.kernel import frames, locks, processes
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import (
    PYTHON,
    SEAMS,
    is_alive,
    kill,
    python,
    retry_until,
    wait_gone,
    wait_readable,
)

LISTS_ITS_DESCRIPTORS = """
import os
entries = os.listdir("/proc/self/fd")
open_ones = sorted(int(e) for e in entries if os.path.exists("/proc/self/fd/" + e))
print("fds", open_ones, "end")
"""


def test_a_command_runs_and_its_end_is_on_record(new_run: NewRun) -> None:
    """What a command prints and how it ends is on disk when its supervisor is gone."""
    run = new_run("sh", "-c", "echo hello; exit 3").start()
    ended = run.wait_end()
    assert run.output() == b"hello\r\n"
    assert (ended["exit_code"], ended["signal"], ended["asked_by"]) == (3, None, None)
    assert (ended["output_bytes"], ended["proof"]) == (7, "echild")
    assert run.log() == ""


def test_every_record_is_one_that_core_can_read(new_run: NewRun) -> None:
    """Run, status and exit records decode into the strict types of the model."""
    run = new_run("sh", "-c", "echo ready; read line").start()
    run.say_until(b"ready")
    retry_until((run.directory / "status.json").exists)
    status = msgspec.json.decode((run.directory / "status.json").read_bytes(), type=StatusRecord)
    run.stop(0.0, by="a test")
    run.wait_end()
    record = msgspec.json.decode((run.directory / "run.json").read_bytes(), type=RunRecord)
    ended = msgspec.json.decode((run.directory / "exit.json").read_bytes(), type=ExitRecord)
    assert status.run == record.run == ended.run == 1
    assert record.supervisor is not None
    assert record.child is not None
    assert record.started_at is not None
    assert record.argv == run.record["argv"]
    assert ended.asked_by == "a test"


def test_both_identities_are_recorded_as_they_are(new_run: NewRun) -> None:
    """The recorded supervisor and child are exactly the processes that are there."""
    run = new_run("sleep", "1000").start()
    record = run.run_record()
    assert record["supervisor"] == run.ready["supervisor"]
    assert record["child"] == run.ready["child"]
    assert record["supervisor"] == processes.identify(run.pid).as_record()
    assert record["child"] == processes.identify(run.child).as_record()


def test_the_supervisor_is_nobodys_child(new_run: NewRun) -> None:
    """Its death must not stay a zombie until its starter thinks of waiting."""
    run = new_run("sleep", "1000").start()
    assert processes.read_stat(run.pid).parent != os.getpid()


def test_the_lock_is_held_exactly_as_long_as_the_supervisor_lives(new_run: NewRun) -> None:
    """Not the command, which outlives a killed supervisor here, keeps the lock."""
    run = new_run("sh", "-c", "trap '' HUP; echo on; sleep 1000").start()
    run.say_until(b"on")
    lock = os.open(run.directory / "lock", os.O_RDONLY)
    try:
        assert locks.is_locked(lock)
        below = [each.pid for each in processes.descendants_of(run.pid)]
        kill(run.pid)
        assert not locks.is_locked(lock)
        assert is_alive(run.child)
    finally:
        os.close(lock)
        for pid in below:
            kill(pid)


def test_a_second_supervisor_is_refused_by_the_lock(new_run: NewRun) -> None:
    """Two supervisors of one run would mix their output: the second starts nothing."""
    run = new_run("sleep", "1000").start()
    before = run.run_record()
    (run.directory / "run.json").rename(run.directory / "kept")
    answer = run.launch()
    (run.directory / "kept").rename(run.directory / "run.json")
    assert (answer["ok"], answer["kind"]) == (False, "busy")
    assert run.run_record() == before
    assert not (run.directory / "exit.json").exists()
    assert is_alive(run.child)


def test_a_run_that_has_ended_is_never_started_again(new_run: NewRun) -> None:
    """The exit record of a run stays the one of the start it belongs to."""
    run = new_run("true").start()
    ended = run.wait_end()
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert run.exit_record() == ended


def test_the_command_sees_its_terminal_and_no_other_descriptor(new_run: NewRun) -> None:
    """Neither lock nor socket nor another file of the supervisor reaches the command."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        run = new_run(*python(LISTS_ITS_DESCRIPTORS)).start(close_fds=False)
    finally:
        os.close(reading)
        os.close(writing)
    run.wait_end()
    assert b"fds [0, 1, 2] end" in run.output()


def test_the_command_has_exactly_the_given_environment(new_run: NewRun) -> None:
    """Nothing of the starter's environment is inherited, and nothing is lost or changed."""
    run = new_run(PYTHON, "-I", "-S", "-c", "import os; print(sorted(os.environb.items()))")
    run.environment = {"PATH": "/usr/bin:/bin", "ODD": "a=b\n\tü", "EMPTY": "", "LC_ALL": "C.UTF-8"}
    run.start()
    run.wait_end()
    wanted = sorted((k.encode(), v.encode()) for k, v in run.environment.items())
    assert run.output().decode() == f"{wanted}\r\n"


def test_the_command_has_the_signals_umask_and_terminal_of_a_fresh_process(
    new_run: NewRun,
) -> None:
    """The supervisor's own ignored signals, private umask and session stay its own."""
    run = new_run("sh", "-c", "umask; tty; grep -E 'SigBlk|SigIgn' /proc/self/status; stty size")
    run.start(umask=0o027)
    run.wait_end()
    words = run.output().decode().split()
    assert words[0] == "0027"
    assert words[1].startswith("/dev/pts/")
    assert words[2:6] == ["SigBlk:", "0" * 16, "SigIgn:", "0" * 16]
    assert words[6:] == ["24", "80"]


def test_a_command_without_a_slash_is_looked_for_on_its_own_path(
    new_run: NewRun, tmp_path: Path
) -> None:
    """The path searched is the command's, not the supervisor's; a script needs no first line."""
    script = tmp_path / "greet"
    script.write_text("echo greetings $1")
    script.chmod(0o755)
    run = new_run("greet", "you")
    run.environment = {"PATH": f"/nowhere:{tmp_path}:/usr/bin:/bin"}
    run.start().wait_end()
    assert run.output() == b"greetings you\r\n"


@pytest.mark.parametrize("code", [0, 1, 2, 42, 126, 127, 128, 137, 255])
def test_every_exit_code_is_kept_exactly(new_run: NewRun, code: int) -> None:
    """A code that a shell would read as a signal stays a code."""
    ended = new_run("sh", "-c", f"exit {code}").start().wait_end()
    assert (ended["exit_code"], ended["signal"]) == (code, None)


@pytest.mark.parametrize(
    "number",
    [
        each
        for each in (*range(1, 32), 34, 64)
        if each
        not in {
            *(signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP),
            *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGURG, signal.SIGWINCH),
        }
    ],
)
def test_every_deadly_signal_is_kept_exactly(new_run: NewRun, number: int) -> None:
    """A signal is a field of its own, never an exit code of 128 and more."""
    ended = new_run("sh", "-c", f"kill -{number} $$; exit 99").start().wait_end()
    assert (ended["exit_code"], ended["signal"]) == (None, number)


@pytest.mark.parametrize("seam", ["dies_before_recording.py", "dies_before_go.py"])
def test_a_supervisor_that_dies_before_the_start_leaves_no_process(
    new_run: NewRun, tmp_path: Path, seam: str
) -> None:
    """The blocked command ends by itself and never runs; the record says how far it came."""
    mark = tmp_path / "it ran"
    run = new_run("touch", str(mark))
    run.entry = SEAMS / seam
    assert run.launch() == {}
    record = run.run_record()
    is_recorded = seam == "dies_before_go.py"
    assert ("child" in record) == is_recorded
    child = int((run.directory / "child").read_text())
    wait_gone(child)
    assert not mark.exists()
    assert not (run.directory / "exit.json").exists()


def test_identities_are_on_disk_before_the_command_runs(new_run: NewRun) -> None:
    """The command itself finds its own pid in the run record."""
    run = new_run(PYTHON, "-I", "-S", "-c", READS_ITS_RECORD, "record")
    run.record["argv"][-1] = str(run.directory / "run.json")
    run.start().wait_end()
    assert run.output() == b"True\r\n"


READS_ITS_RECORD = """
import json, os, sys
print(json.load(open(sys.argv[1]))["child"]["pid"] == os.getpid())
"""


@pytest.mark.parametrize("argv", [["no-such-command"], ["/no/such/command"]])
def test_a_missing_command_is_said_and_recorded(new_run: NewRun, argv: list[str]) -> None:
    """The starter gets the sentence, and the run ends as 127 like in a shell."""
    run = new_run(*argv)
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "bad_input")
    assert argv[0] in answer["error"]
    ended = run.exit_record()
    assert (ended["exit_code"], ended["signal"]) == (127, None)
    assert ended["start_error"] == answer["error"]


def test_a_command_that_may_not_be_run_is_said_and_recorded(new_run: NewRun) -> None:
    """A file without permission to execute is another error than a missing one: 126."""
    run = new_run("/etc/passwd")
    answer = run.launch()
    assert "Permission denied" in answer["error"]
    assert run.exit_record()["exit_code"] == 126


def test_a_missing_directory_is_said_and_recorded(new_run: NewRun) -> None:
    """The sentence names the directory, so that nobody looks for the command."""
    run = new_run("true")
    run.record["cwd"] = "/no/such/directory"
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "bad_input")
    assert "/no/such/directory" in answer["error"]
    assert run.exit_record()["start_error"] == answer["error"]


def test_a_system_without_terminals_is_said_and_recorded(new_run: NewRun) -> None:
    """No PTY left is a refusal with its reason, not a crash."""
    run = new_run("true")
    run.entry = SEAMS / "has_no_terminal.py"
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert "no terminal left" in answer["error"]
    assert run.exit_record()["start_error"] == answer["error"]


def test_an_unsafe_socket_directory_keeps_the_command_from_starting(new_run: NewRun) -> None:
    """A directory others may use holds no socket of ours, and the sentence says which."""
    run = new_run("true")
    run.sockets.mkdir(mode=0o755)
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "refused")
    assert str(run.sockets) in answer["error"]
    assert "0755" in answer["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"env": 3},
        {"env": {"A=B": "c"}},
        {"env": {"A": "nul\0"}},
        {"socket_dirs": []},
        {"socket_name": "../escape"},
        {"leftovers": "burn"},
        {"run_record": None},
        {"run_record": {"pod_id": "x", "run": 1, "cwd": "/", "argv": []}},
        {"run_record": {"pod_id": "x", "run": "1", "cwd": "/", "argv": ["true"]}},
    ],
)
def test_a_bad_specification_changes_nothing(new_run: NewRun, change: dict[str, object]) -> None:
    """What cannot be used is refused before the run's files are touched."""
    run = new_run("true")
    run.specification.update(change)
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "bad_input")
    assert json.loads((run.directory / "run.json").read_text()) == run.record
    assert not (run.directory / "exit.json").exists()


def test_an_unwritable_run_record_keeps_the_command_from_starting(new_run: NewRun) -> None:
    """Without identities on record no command runs, and the starter is told why."""
    run = new_run("touch", "it-ran")
    run.entry = SEAMS / "cannot_record.py"
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "disk")
    assert "No space left" in answer["error"]
    assert not (run.directory.parent / "it-ran").exists()


def test_a_bug_of_the_supervisor_leaves_its_traceback(new_run: NewRun) -> None:
    """Whoever looks for the reason of a lost run finds it in the run's own log."""
    run = new_run("true")
    run.entry = SEAMS / "has_a_bug.py"
    answer = run.launch()
    assert (answer["ok"], answer["kind"]) == (False, "internal")
    log = run.log()
    assert "Traceback" in log
    assert "a bug on purpose" in log


def test_the_supervisor_lives_on_without_its_source(new_run: NewRun, tmp_path: Path) -> None:
    """An environment that is deleted or upgraded does not harm the runs that are under way."""
    copy = tmp_path / "installed" / "podtui"
    shutil.copytree(Path(podtui.__file__).parent, copy)
    run = new_run("sh", "-c", "setsid -f sh -c 'echo on; exec sleep 1000'; read line; exit 5")
    run.entry = copy / "supervisor" / "__main__.py"
    run.start()
    run.say_until(b"on")
    shutil.rmtree(copy)
    with run.connect("attach", columns=80, rows=24) as viewer:
        viewer.ask(frames.REDRAW, b"", frames.DONE)
        viewer.ask(frames.SEND, {"text": "go", "enter": True}, frames.DONE)
    ended = run.wait_end()
    assert ended["exit_code"] == 5
    assert len(ended["ended_leftovers"]) == 1
    assert run.log() == ""


def test_a_supervisor_that_comes_after_the_deadline_does_not_start_the_command(
    new_run: NewRun,
) -> None:
    """The run counts as never started by then, and what counts as dead must not begin to live."""
    run = new_run("/bin/sh", "-c", "echo too late")
    run.record["reserved_boottime_s"] = 0.0
    run.record["starting_deadline_s"] = 0.001

    answer = run.launch()

    assert (answer["ok"], answer["kind"]) == (False, "timeout")
    assert run.output() == b""
    assert "after the time" in run.exit_record()["start_error"]


def test_a_run_whose_directory_was_deleted_ends_and_brings_nothing_back(new_run: NewRun) -> None:
    """There is no record left to keep: a supervisor that stays for ever would help nobody."""
    run = new_run("sh", "-c", "read line").start()
    supervisor = os.pidfd_open(run.pid)
    shutil.rmtree(run.directory.parent)

    kill(run.child)

    wait_readable(supervisor)
    os.close(supervisor)
    assert not run.directory.parent.exists()
