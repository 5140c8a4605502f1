"""Ending a run: whatever the tree looks like, nothing is left, and the record says how."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from podtui.kernel import frames, processes, signals
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import PYTHON, Run, is_alive, kill, python, retry_until, wait_gone

IGNORES_EVERYTHING = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
print("tree is up", flush=True)
while True:
    signal.pause()
"""
DAEMONISES = """
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("daemon", os.getpid(), "end", flush=True)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execve("/bin/sleep", ["sleep", "1000"], {})
    os._exit(0)
os.wait()
sys.stdin.readline()
sys.exit(4)
"""
CHURNS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.monotonic() + 8
for _ in range(12):
    if os.fork() == 0:
        break
else:
    print("churning", flush=True)
    while True:  # the command itself stays, or its own end would be what ends the tree
        signal.pause()
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.005)
"""


def pid_in(output: bytes, word: bytes) -> int:
    return int(output.split(word)[1].split()[0])


def marked(marker: str) -> list[int]:
    """Return every living process of this machine that has a marker in its environment."""
    found = []
    for stat in processes.all_stats():
        try:
            if not stat.has_exited and processes.read_environ(stat.pid).get("MARKER") == marker:
                found.append(stat.pid)
        except (OSError, processes.ProcessGone):
            continue
    return found


def signal_supervisor(run: Run, number: int) -> None:
    handle = signals.open_target(run.pid)
    try:
        assert signals.send(handle, number)
    finally:
        os.close(handle)


def test_a_stop_is_answered_at_once_and_ends_the_run(new_run: NewRun) -> None:
    """The record says who asked, and that the command ended by the request."""
    run = new_run("sleep", "1000").start()
    run.stop(by="the operator")
    ended = run.wait_end()
    assert (ended["signal"], ended["exit_code"]) == (signal.SIGTERM, None)
    assert (ended["asked_by"], ended["proof"]) == ("the operator", "echild")
    assert ended["ended_leftovers"] == []


def test_a_command_that_ends_itself_when_asked_keeps_its_own_code(new_run: NewRun) -> None:
    """A clean shutdown inside the grace is an exit code, not a signal."""
    run = new_run("sh", "-c", "trap 'exit 6' TERM; echo on; while :; do sleep 0.05; done").start()
    run.say_until(b"on")
    run.stop(10.0)
    ended = run.wait_end()
    assert (ended["exit_code"], ended["signal"]) == (6, None)


def test_a_tree_that_ignores_every_request_is_killed_whole(new_run: NewRun) -> None:
    """Processes in sessions of their own that ignore TERM are gone, and the proof is ECHILD."""
    run = new_run(*python(IGNORES_EVERYTHING)).start()
    run.say_until(b"tree is up")
    below = [each.pid for each in processes.descendants_of(run.pid)]
    run.stop(0.05)
    ended = run.wait_end()
    assert len(below) >= 6
    assert not any(is_alive(pid) for pid in below)
    assert (ended["signal"], ended["proof"]) == (signal.SIGKILL, "echild")
    assert ended["survivors"] == []


def test_a_daemonised_grandchild_is_ended_with_its_run(new_run: NewRun) -> None:
    """Double fork, own session, cleared environment, no terminal: it is still below us."""
    run = new_run(*python(DAEMONISES)).start()
    daemon = pid_in(run.say_until(b"end"), b"daemon")
    retry_until(lambda: processes.read_stat(daemon).name == "sleep")
    with run.connect() as control:
        control.ask(frames.SEND, {"text": "", "enter": True}, frames.DONE)
    ended = run.wait_end()
    assert not is_alive(daemon)
    assert (ended["exit_code"], ended["asked_by"]) == (4, None)
    assert ended["ended_leftovers"] == [{"pid": daemon, "name": "sleep"}]


def test_leftovers_are_kept_and_named_when_that_was_asked_for(new_run: NewRun) -> None:
    """Kept processes live on after their supervisor, and the exit record lists them."""
    run = new_run(*python(DAEMONISES))
    run.specification["leftovers"] = "keep"
    run.start()
    daemon = pid_in(run.say_until(b"end"), b"daemon")
    retry_until(lambda: processes.read_stat(daemon).name == "sleep")
    try:
        with run.connect() as control:
            control.ask(frames.SEND, {"text": "", "enter": True}, frames.DONE)
        ended = run.wait_end()
        assert is_alive(daemon)
        who = processes.identify(daemon)
        facts = {"start_ticks": who.start_ticks, "pidfd_inode": who.inode}
        assert ended["kept_leftovers"] == [{"pid": daemon, "name": "sleep", **facts}]
        assert (ended["ended_leftovers"], ended["proof"]) == ([], "")
    finally:
        kill(daemon)


def test_leftovers_that_ignore_the_request_are_killed_after_their_grace(new_run: NewRun) -> None:
    """The run does not end before they do."""
    code = "import signal; signal.signal(15, 1); print('stubborn', flush=True); signal.pause()"
    run = new_run("sh", "-c", 'setsid -f "$0" -I -S -c "$1"; read go', PYTHON, code)
    run.specification["leftovers_grace_s"] = 0.05
    run.start()
    run.say_until(b"stubborn")
    with run.connect() as control:
        control.ask(frames.SEND, {"text": "", "enter": True}, frames.DONE)
    ended = run.wait_end()
    assert ended["exit_code"] == 0
    assert len(ended["ended_leftovers"]) == 1
    assert ended["proof"] == "echild"


def test_a_tree_that_forks_faster_than_it_is_seen_is_ended_whole(new_run: NewRun) -> None:
    """Twelve runners that fork and change session every few milliseconds leave nobody."""
    run = new_run(*python(CHURNS))
    run.environment["MARKER"] = marker = f"churn-{os.getpid()}-{run.directory}"
    run.start()
    run.say_until(b"churning")
    run.stop(0.0)
    ended = run.wait_end()
    assert ended["proof"] == "echild"
    assert marked(marker) == []


def test_a_stopped_command_hears_the_request(new_run: NewRun) -> None:
    """TERM alone does not reach a process under SIGSTOP; it is continued, and ends by TERM."""
    run = new_run("sh", "-c", "kill -STOP $$").start()
    retry_until(lambda: processes.read_stat(run.child).state == "T")
    run.stop(20.0)
    assert run.wait_end()["signal"] == signal.SIGTERM


def test_a_second_stop_can_shorten_the_grace(new_run: NewRun) -> None:
    """Who asked first stays on record; the hour it gave does not have to be waited for."""
    run = new_run("sh", "-c", "trap '' TERM HUP; echo on; while :; do sleep 1000; done").start()
    run.say_until(b"on")
    run.stop(3600.0, by="first")
    with run.connect() as control:
        assert control.ask(frames.PING, b"", frames.PONG)["state"] == "ending"
    run.stop(3600.0, by="second")
    run.stop(0.0, by="third")
    ended = run.wait_end()
    assert (ended["signal"], ended["asked_by"]) == (signal.SIGKILL, "first")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_is_a_stop(new_run: NewRun, number: signal.Signals) -> None:
    """A system that shuts down ends runs properly, with their records."""
    run = new_run("sleep", "1000").start()
    signal_supervisor(run, number)
    ended = run.wait_end()
    assert ended["asked_by"] == f"signal {number.name}"
    assert ended["signal"] == signal.SIGTERM


def test_a_hang_up_of_the_supervisor_is_nothing(new_run: NewRun) -> None:
    """The terminal that started a run may go without any effect on the run."""
    run = new_run("sleep", "1000").start()
    signal_supervisor(run, signal.SIGHUP)
    with run.connect() as control:
        assert control.ask(frames.PING, b"", frames.PONG)["state"] == "running"
    assert is_alive(run.child)


def test_orphans_that_end_while_the_run_goes_on_are_reaped(new_run: NewRun) -> None:
    """A run that lives for weeks collects no zombies."""
    run = new_run("sh", "-c", "for i in 1 2 3 4 5; do (true &); done; echo on; read end").start()
    run.say_until(b"on")
    retry_until(lambda: processes.children_of(run.pid) == [run.child])


def test_a_stop_while_the_terminal_is_full_works(new_run: NewRun) -> None:
    """Typing that nobody reads stands in nobody's way."""
    run = new_run("sh", "-c", "stty raw -echo; echo on; exec sleep 1000").start()
    with run.connect("attach", columns=80, rows=24, start=0) as typist:
        typist.read_until(b"on")
        for _ in range(3):
            typist.send(frames.INPUT, b"x" * 100_000)
        run.stop(0.0)
        run.wait_end()


def test_a_killed_supervisor_leaves_no_exit_record_and_a_free_lock(
    new_run: NewRun, tmp_path: Path
) -> None:
    """That is what makes a lost run provable: no record, no lock, no process."""
    run = new_run("sleep", "1000").start()
    kill(run.pid)
    wait_gone(run.child)
    assert not (run.directory / "exit.json").exists()


def test_a_shell_that_ignores_term_hears_hup_and_needs_no_force(new_run: NewRun) -> None:
    """An interactive shell ends as when its terminal is closed, long before the grace is over."""
    run = new_run("/bin/bash", "--norc", "--noprofile", "-i")
    run.environment["PS1"] = "ready "
    run.start().say_until(b"ready ")
    # Bash loses a signal that comes between its prompt and its wait for a key, until the next key.
    retry_until(lambda: processes.read_stat(run.child).state == "S")

    run.stop(grace_s=600.0)

    assert run.wait_end()["signal"] == signal.SIGHUP
