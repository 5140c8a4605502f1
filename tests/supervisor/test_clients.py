"""Clients: whoever connects, and whatever they send, costs nobody but themselves."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import struct
import tempfile
from pathlib import Path

import pytest

from podtui.kernel import frames, locks, processes, signals
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import SEAMS, Connection, Run, is_alive, retry_until

HELLO = {"protocol": 1, "role": "control", "from": -1}


@pytest.fixture
def quiet(new_run: NewRun) -> Run:
    """Start a run that does nothing."""
    return new_run("sh", "-c", "stty -echo; echo on; exec cat").start()


def is_well(run: Run) -> bool:
    with run.connect() as control:
        return bool(control.ask(frames.PING, b"", frames.PONG)["state"] == "running")


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_welcome_and_pong_say_what_the_protocol_promises(quiet: Run) -> None:
    """A client knows from the first answer which run it has reached and what it may do."""
    quiet.say_until(b"on")
    with Connection(quiet.socket_path) as client:
        welcome = client.hello("observe")
        assert welcome == {
            "protocol": 1,
            "pod_id": quiet.record["pod_id"],
            "run": 1,
            "pid": quiet.pid,
            "cols": 80,
            "rows": 24,
            "sizes": [[0, 80, 24]],
            "read_only": True,
            "output_bytes": 4,
        }
        pong = client.ask(frames.PING, b"", frames.PONG)
        assert pong == {"state": "running", "output_bytes": 4, "disk_error": None}


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(reversed(range(256))) * 16,
        b"\0" * 4096,
        struct.pack(">BI", frames.HELLO, 2**32 - 1),
        frames.pack(frames.HELLO, b"{"),
        frames.pack(frames.HELLO, b"[" * 50_000),
        frames.pack(frames.HELLO, b"3"),
        frames.pack(frames.HELLO, b'{"role": NaN}'),
        frames.pack(frames.HELLO, b"\xff\xfe"),
        frames.pack(frames.PING),
        frames.pack(200),
        frames.pack(frames.HELLO, json.dumps(HELLO).encode()) + frames.pack(200),
        frames.pack(frames.HELLO, json.dumps(HELLO).encode()) + frames.pack(frames.SEND, b"{}"),
        frames.pack(frames.HELLO, json.dumps(HELLO).encode())
        + frames.pack(frames.SEND, b'{"text": "\\ud800"}'),
        frames.pack(frames.HELLO, json.dumps({**HELLO, "role": "attach"}).encode())
        + frames.pack(frames.RESIZE, b"[1, 2]"),
    ],
    ids=[
        *("http", "bytes", "zeros", "huge frame", "torn json", "deep json", "no object"),
        *("not a number", "bad utf-8", "no hello", "unknown first", "unknown later"),
        *("no text", "half a character", "no size"),
    ],
)
def test_a_client_that_sends_garbage_is_dropped_alone(quiet: Run, said: bytes) -> None:
    """It is closed; a client that was there before goes on unharmed, and so does the run."""
    with quiet.connect() as other:
        with Connection(quiet.socket_path) as broken:
            broken.socket.sendall(said)
            assert broken.is_closed_by_peer()
        assert other.ask(frames.PING, b"", frames.PONG)["state"] == "running"
    assert is_well(quiet)
    assert "Traceback" not in quiet.log()


@pytest.mark.parametrize("change", [{"protocol": 2}, {"role": "root"}, {"role": None}])
def test_a_client_of_another_protocol_is_told_so(quiet: Run, change: dict[str, object]) -> None:
    """A newer or older podtui can say what is wrong instead of guessing."""
    with Connection(quiet.socket_path) as client:
        refused = client.ask(frames.HELLO, {**HELLO, **change}, frames.REFUSED)
        assert refused["kind"] == "bad_input"
        assert "protocol 1" in refused["reason"]
        assert client.is_closed_by_peer()


def test_a_client_that_never_says_who_it_is_is_dropped(new_run: NewRun) -> None:
    """One byte of a greeting holds a place for a while, not for ever, and only its own."""
    quiet = new_run("sleep", "1000")
    quiet.entry = SEAMS / "impatient.py"
    quiet.start()
    with Connection(quiet.socket_path) as slow, quiet.connect() as other:
        slow.socket.sendall(b"\x01")
        assert slow.is_closed_by_peer()
        assert other.ask(frames.PING, b"", frames.PONG)["state"] == "running"


def test_no_more_than_sixty_four_clients_are_served(quiet: Run) -> None:
    """The next one is told, and gets its place when another has gone."""
    clients = [quiet.connect() for _ in range(64)]
    try:
        with Connection(quiet.socket_path) as one_more:
            refused = one_more.expect(frames.REFUSED)
            assert (refused["kind"], "64" in refused["reason"]) == ("busy", True)
            assert one_more.is_closed_by_peer()
        clients.pop().close()
        before = clients[0].ask(frames.PING, b"", frames.PONG)
        assert before["state"] == "running"
        assert is_well(quiet)
    finally:
        for client in clients:
            client.close()


def test_a_supervisor_out_of_descriptors_serves_again_when_it_has_some(quiet: Run) -> None:
    """Who comes meanwhile waits, who is there is served, and the run goes on."""
    with quiet.connect() as before:
        _, hard = resource.prlimit(quiet.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(quiet.pid, resource.RLIMIT_NOFILE, (3, hard))
        with Connection(quiet.socket_path) as waiting:
            waiting.send(frames.HELLO, HELLO)
            assert before.ask(frames.PING, b"", frames.PONG)["state"] == "running"
            resource.prlimit(quiet.pid, resource.RLIMIT_NOFILE, (hard, hard))
            waiting.expect(frames.WELCOME)
    assert is_alive(quiet.child)


def test_clients_that_come_and_go_leave_nothing_behind(quiet: Run) -> None:
    """A hundred clients, some gone in the middle of a frame, leave no descriptor open."""
    quiet.say_until(b"on")
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root may count the descriptors of a supervisor")
    assert is_well(quiet)
    retry_until(lambda: open_descriptors(quiet.pid) > 0)
    before = open_descriptors(quiet.pid)
    for number in range(100):
        client = Connection(quiet.socket_path)
        if number % 2:
            client.hello("attach", columns=80, rows=24)
            client.socket.sendall(frames.pack(frames.INPUT, b"x" * 100)[:50])
        client.close()
    retry_until(lambda: open_descriptors(quiet.pid) <= before)
    assert is_well(quiet)


def test_an_answer_nobody_takes_is_not_piled_up(quiet: Run) -> None:
    """A client that asks without reading is not read from, until it reads."""
    with quiet.connect() as greedy:
        greedy.socket.setblocking(False)
        pings = frames.pack(frames.PING) * 1000
        sent = 0
        try:
            while sent < 50_000_000:
                sent += greedy.socket.send(pings)
        except BlockingIOError:
            pass
        assert sent < 50_000_000
        assert is_well(quiet)
        greedy.socket.setblocking(True)
        greedy.socket.shutdown(socket.SHUT_WR)
        answers = 0
        while (frame := greedy.next_frame()) is not None:
            answers += frame[0] == frames.PONG
        assert answers >= sent // 5 - 1


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("observe", frames.INPUT),
        ("observe", frames.SEND),
        ("observe", frames.STOP),
        ("observe", frames.REDRAW),
        ("control", frames.INPUT),
        ("control", frames.RESIZE),
    ],
)
def test_a_client_may_only_do_what_it_came_for(quiet: Run, role: str, kind: int) -> None:
    """An observer cannot type or stop; the refusal says so and nothing happens."""
    with quiet.connect(role) as client:
        refused = client.ask(kind, b'{"text": "x"}', frames.REFUSED)
        assert refused["kind"] == "refused"
        assert client.ask(frames.PING, b"", frames.PONG)["state"] == "running"
    assert is_alive(quiet.child)


def test_frames_that_come_byte_by_byte_are_understood(quiet: Run) -> None:
    """How the bytes are cut on their way means nothing."""
    hello = frames.pack(frames.HELLO, json.dumps(HELLO).encode())
    with Connection(quiet.socket_path) as client:
        for byte in hello + frames.pack(frames.PING):
            client.socket.sendall(bytes([byte]))
        client.expect(frames.WELCOME)
        assert client.expect(frames.PONG)["state"] == "running"


def test_a_stopped_supervisor_goes_on_where_it_was(quiet: Run) -> None:
    """Under SIGSTOP it is silent and holds its lock; continued, it answers what was asked."""
    handle = signals.open_target(quiet.pid)
    lock = os.open(quiet.directory / "lock", os.O_RDONLY)
    try:
        with quiet.connect() as client:
            signals.send(handle, signal.SIGSTOP)
            retry_until(lambda: processes.read_stat(quiet.pid).state == "T")
            client.send(frames.PING)
            assert locks.is_locked(lock)
            signals.send(handle, signal.SIGCONT)
            assert client.expect(frames.PONG)["state"] == "running"
    finally:
        signals.send(handle, signal.SIGCONT)
        os.close(handle)
        os.close(lock)


def test_another_user_is_not_served(new_run: NewRun) -> None:
    """Even with the directory opened up, who is not the owner is closed without a word."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: taking another user's id needs root")
    with tempfile.TemporaryDirectory() as open_to_all:
        quiet = new_run("sleep", "1000")
        quiet.sockets = Path(open_to_all)
        quiet.specification["socket_dirs"] = [open_to_all]
        quiet.start()
        quiet.sockets.chmod(0o755)
        quiet.socket_path.chmod(0o666)
        assert ask_as_nobody(quiet) == b"closed"
        assert is_well(quiet)


def ask_as_nobody(quiet: Run) -> bytes:
    """Say HELLO as another user and return what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(65534, 65534, 65534)
            with Connection(quiet.socket_path) as stranger:
                stranger.send(frames.HELLO, HELLO)
                answer = b"closed" if stranger.next_frame() is None else b"served"
        except OSError as error:
            answer = b"closed" if isinstance(error, BrokenPipeError) else str(error).encode()
        os.write(writing, answer)
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as answers:
        return answers.read()
