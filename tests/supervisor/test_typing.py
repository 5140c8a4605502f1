"""Typing: nothing is dropped, mixed or silently cut."""

from __future__ import annotations

import hashlib

import pytest

from podtui.kernel import frames, processes
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import PYTHON, python, retry_until

RAW_COUNTER = """
import os, sys, termios, tty
tty.setraw(0)
os.write(1, b"raw")
sys.stderr.flush()
wanted = int(sys.argv[1])
got = b""
os.read(0, 1)
while len(got) < wanted:
    got += os.read(0, 65536)
import hashlib
os.write(1, b" sum " + hashlib.sha256(got).hexdigest().encode() + b" end")
"""
RAW_KEEPER = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"raw")
with open(sys.argv[1], "wb", buffering=0) as kept:
    while True:
        kept.write(os.read(0, 65536))
"""


def test_a_sent_line_ends_with_the_enter_key(new_run: NewRun) -> None:
    """Enter is a carriage return, and nothing is added without it."""
    run = new_run(*python("import tty, os; tty.setraw(0); print('on'); print(os.read(0, 9))"))
    run.start()
    with run.connect("attach", columns=80, rows=24, start=0) as client:
        client.read_until(b"on")
        client.ask(frames.SEND, {"text": "hé", "enter": True}, frames.DONE)
        client.expect(frames.ENDED)
    assert b"b'h\\xc3\\xa9\\r'" in run.output()


def test_input_that_nobody_reads_yet_waits_and_is_typed_whole(new_run: NewRun) -> None:
    """Megabytes typed into a program that is busy arrive, every byte in order."""
    data = bytes(range(256)) * 8192
    run = new_run(*python(RAW_COUNTER), str(len(data))).start()
    with run.connect("attach", columns=80, rows=24, start=0) as client:
        client.read_until(b"raw")
        client.send(frames.INPUT, b"!")
        for begin in range(0, len(data), 50_000):
            client.send(frames.INPUT, data[begin : begin + 50_000])
        client.expect(frames.ENDED)
    assert hashlib.sha256(data).hexdigest().encode() in run.output()


def test_a_client_whose_typing_is_not_read_is_made_to_wait(new_run: NewRun) -> None:
    """What one client may have waiting is bounded by not reading from it, not by dropping."""
    run = new_run("sh", "-c", "stty raw -echo; echo on; exec sleep 1000").start()
    with run.connect("attach", columns=80, rows=24, start=0) as client:
        client.read_until(b"on")
        client.socket.setblocking(False)
        sent = 0
        try:
            while sent < 20_000_000:
                sent += client.socket.send(frames.pack(frames.INPUT, b"x" * 60_000))
        except BlockingIOError:
            pass
        assert sent < 2_000_000
        with run.connect() as other:
            assert other.ask(frames.PING, b"", frames.PONG)["state"] == "running"


def test_a_line_the_terminal_would_cut_is_refused_with_the_reason(new_run: NewRun) -> None:
    """In line mode the kernel keeps 4095 bytes of a line and drops the rest without a word."""
    run = new_run("sh", "-c", "echo on; read line; echo ${#line}").start()
    run.say_until(b"on")
    with run.connect() as client:
        refused = client.ask(frames.SEND, {"text": "x" * 4096, "enter": True}, frames.REFUSED)
        assert "4095" in refused["reason"]
        client.ask(frames.SEND, {"text": "x" * 4095, "enter": True}, frames.DONE)
    run.wait_end()
    assert run.output().endswith(b"4095\r\n")


def test_many_short_lines_are_no_long_line(new_run: NewRun) -> None:
    """The limit is one line's; a text of several lines is longer than it as a whole."""
    run = new_run("sh", "-c", "stty -echo; echo on; read a; read b; echo ${#a}+${#b}").start()
    run.say_until(b"on")
    with run.connect() as client:
        text = "x" * 4000 + "\n" + "y" * 4000
        client.ask(frames.SEND, {"text": text, "enter": True}, frames.DONE)
    run.wait_end()
    assert run.output().endswith(b"4000+4000\r\n")


def test_a_long_line_to_a_program_in_raw_mode_is_typed_whole(new_run: NewRun) -> None:
    """Agents' own screens read key by key, and take lines of any length."""
    run = new_run(*python(RAW_COUNTER), "100000").start()
    run.say_until(b"raw")
    with run.connect() as client:
        client.ask(frames.SEND, {"text": "!" + "z" * 100_000, "enter": False}, frames.DONE)
    run.wait_end()
    assert b"sum" in run.output()


def test_what_two_clients_send_is_never_mixed(new_run: NewRun) -> None:
    """Each text and each frame is typed in one piece, whoever else is typing."""
    run = new_run(PYTHON, "-I", "-S", "-c", RAW_KEEPER, "kept")
    run.start()
    run.say_until(b"raw")
    kept = run.directory.parent / "kept"
    clients = [run.connect("attach", columns=80, rows=24) for _ in range(3)]
    sender = run.connect()
    try:
        for _ in range(5):
            for number, client in enumerate(clients):
                client.send(frames.INPUT, bytes([97 + number]) * 20_000)
            sender.send(frames.SEND, {"text": "S" * 20_000, "enter": False})
        for _ in range(5):
            sender.expect(frames.DONE)
        retry_until(lambda: kept.stat().st_size == 20 * 20_000)
    finally:
        for client in (*clients, sender):
            client.close()
    pieces = kept.read_bytes()
    for begin in range(0, len(pieces), 20_000):
        assert len(set(pieces[begin : begin + 20_000])) == 1


def test_what_was_typed_before_a_client_left_still_arrives(new_run: NewRun) -> None:
    """Detaching right after the last key loses no key."""
    run = new_run("sh", "-c", "echo on; read line; echo got $line").start()
    with run.connect("attach", columns=80, rows=24, start=0) as client:
        client.read_until(b"on")
        client.send(frames.INPUT, b"last words\r")
    run.wait_end()
    assert b"got last words" in run.output()


def test_a_text_that_waits_when_the_run_ends_is_refused(new_run: NewRun) -> None:
    """Who sent it is told that it was not typed, instead of believing it was."""
    run = new_run("sh", "-c", "stty raw -echo; echo on; exec sleep 1000").start()
    run.say_until(b"on")
    with run.connect() as sender:
        sender.send(frames.SEND, {"text": "x" * 200_000, "enter": True})
        sender.ask(frames.PING, b"", frames.PONG)  # so the text was taken before the end begins
        with run.connect() as control:
            control.ask(frames.STOP, {"grace_s": 0.0, "by": "test"}, frames.DONE)
        assert "ended" in sender.expect(frames.REFUSED)["reason"]
    run.wait_end()


@pytest.mark.parametrize("keys", [b"\x03", b"\x1c"])
def test_interrupt_keys_reach_the_foreground_program(new_run: NewRun, keys: bytes) -> None:
    """The terminal is the program's controlling terminal, with all it does."""
    run = new_run("sleep", "1000").start()
    retry_until(lambda: processes.read_stat(run.child).name == "sleep")
    with run.connect("attach", columns=80, rows=24) as client:
        client.send(frames.INPUT, keys)
        client.expect(frames.ENDED)
    assert run.wait_end()["signal"] in {2, 3}
