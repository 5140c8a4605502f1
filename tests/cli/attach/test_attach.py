"""Attaching: a real terminal on a real pod, and the terminal given back afterwards."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
import termios
import threading

import pytest

from podtui.core.model.requests import Send
from podtui.core.model.verdicts import Status
from podtui.kernel import signals
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard, until

LONGEST_WAIT_S = 20.0
ECHOING = (
    "echo ready; while read -r line; do case $line in size) stty size;; end) exit 3;;"
    " *) echo got:$line;; esac; done"
)
SHOW_KEYS = "stty raw -echo; echo ready; exec od -An -v -tx1 -w1"
TELLS_ITS_SIZE = (
    "import os, signal\n"
    "def tell(*_):\n"
    "    print('now %dx%d' % os.get_terminal_size(), flush=True)\n"
    "signal.signal(signal.SIGWINCH, tell)\n"
    "tell()\n"
    "while True:\n"
    "    signal.pause()\n"
)
FULL_SCREEN = (
    "trap 'printf \"painted $(stty size)\"' WINCH;"
    "printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[?25l'; echo first;"
    "while :; do sleep 0.02; done"
)


def spawned(yard: Yard, script: str, says: str = "ready") -> None:
    """Spawn the pod "p" and wait until it has spoken."""
    yard.shell("p", script)
    wait_for_output(yard, says)


def wait_for_output(yard: Yard, says: str) -> None:
    over = threading.Event()
    timer = threading.Timer(LONGEST_WAIT_S, over.set)
    timer.start()
    seen = ""
    try:
        for piece in yard.plane.reading("p", reader="test", peek=True).follow(over):
            seen += str(piece.data)
            if says in seen:
                return
    finally:
        timer.cancel()
        timer.join()
    raise AssertionError(f"{says!r} never came: {seen!r}")


def test_keys_reach_the_pod_and_the_detach_key_leaves_it_running(
    yard: Yard, podtui: Podtui
) -> None:
    """The session ends with one sentence, exit code 0, the terminal as it was, and a live pod."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see("attached to p — detach with Ctrl-]".encode())
        terminal.see(b"ready")
        terminal.type(b"hello\r")
        terminal.see(b"got:hello")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert terminal.seen.endswith(b"detached from p, it goes on running\r\n")
        assert terminal.mode() == terminal.mode_before
    assert yard.view("p").status is Status.WORKING


def test_the_pod_gets_the_size_of_the_terminal_and_every_change_of_it(
    yard: Yard, podtui: Podtui
) -> None:
    """While attached the program sees the size of the viewer's terminal."""
    yard.spawn("p", sys.executable, "-c", TELLS_ITS_SIZE)
    wait_for_output(yard, "now 120x40")
    with podtui.in_terminal("attach", "p", columns=91, rows=33) as terminal:
        terminal.see(b"now 91x33")
        terminal.resize(71, 17)
        terminal.see(b"now 71x17")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_the_end_of_the_program_is_told_with_its_result(yard: Yard, podtui: Podtui) -> None:
    """When the run ends, everything it wrote is shown and the session says how it ended."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"end\r")
        assert terminal.ending() == 0
        assert terminal.seen.endswith(b"p failed 3\r\n")
        assert terminal.mode() == terminal.mode_before


def test_a_killed_supervisor_gives_the_terminal_back_with_an_error(
    yard: Yard, podtui: Podtui
) -> None:
    """The operator is told that the supervisor is gone and what to look at; exit code 7."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        yard.kill(yard.supervisor_of("p"))
        assert terminal.ending() == 7
        assert b"the supervisor of 'p' went away" in terminal.seen
        assert b"next: podtui inspect p" in terminal.seen
        assert terminal.mode() == terminal.mode_before


def test_a_watcher_sees_everything_and_types_nothing(yard: Yard, podtui: Podtui) -> None:
    """With --read-only no key reaches the pod, its size stays, and Ctrl-C leaves."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p", "--read-only") as terminal:
        terminal.see(b"watching p, read-only")
        terminal.see(b"ready")
        terminal.type(b"unseen\r")
        yard.plane.carry_out(Send("p", "size"))
        terminal.see(b"40 120")
        terminal.type(b"\x03")
        assert terminal.ending() == 0
        assert terminal.mode() == terminal.mode_before
    seen = "".join(
        str(piece.data) for piece in yard.plane.reading("p", reader="test", peek=True).pieces()
    )
    assert "unseen" not in seen


@pytest.mark.parametrize(("key", "sent"), [("ctrl-b", b"\x02"), ("f12", b"\x1b[24~")])
def test_another_detach_key_frees_the_usual_one(
    yard: Yard, podtui: Podtui, key: str, sent: bytes
) -> None:
    """With --detach-key the usual key is typed into the pod like every other."""
    spawned(yard, SHOW_KEYS)
    with podtui.in_terminal("attach", "p", "--detach-key", key) as terminal:
        terminal.see(b"ready")
        terminal.type(b"\x1d\x03\x1a\x00")
        terminal.see_match(rb"(?s)1d\s+03\s+1a\s+00")
        terminal.type(sent)
        assert terminal.ending() == 0


def test_every_key_reaches_the_program_as_it_was_pressed(yard: Yard, podtui: Podtui) -> None:
    """Control characters, escape sequences and a lone Escape arrive byte for byte, in order."""
    spawned(yard, SHOW_KEYS)
    pressed = b"\x1b" + b"\x1b[A\x1bOP\x03\x04\x11\x13\x7f\r\n\t\xff" + "é".encode() + b"\x1b["
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(pressed)
        wanted = rb"\s+".join(b"%02x" % byte for byte in pressed)
        terminal.see_match(b"(?s)" + wanted)
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_what_is_typed_while_the_supervisor_sleeps_is_kept_and_sent_in_order(
    yard: Yard, podtui: Podtui
) -> None:
    """A stopped supervisor takes nothing for a while; when it goes on, nothing was cut."""
    spawned(yard, "stty raw -echo; echo ready; head -c 400000 | sha256sum")
    typed = bytes(range(32, 127)) * 4211
    typed = typed[:400_000]
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        supervisor = yard.supervisor_of("p")
        yard.stop_process(supervisor)
        terminal.type(typed[:200_000])
        yard.signal(supervisor, signal.SIGCONT)
        terminal.type(typed[200_000:])
        terminal.see(hashlib.sha256(typed).hexdigest().encode())
        assert terminal.ending() == 0


def test_leaving_a_supervisor_that_takes_nothing_says_what_did_not_arrive(
    yard: Yard, podtui: Podtui
) -> None:
    """The operator is not held by a stopped supervisor, and is told about the lost keys."""
    spawned(yard, SHOW_KEYS)
    supervisor = yard.supervisor_of("p")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        yard.stop_process(supervisor)
        terminal.type(b"x" * 2_000_000)
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert b"were not delivered" in terminal.seen
        assert terminal.mode() == terminal.mode_before
    yard.signal(supervisor, signal.SIGCONT)


def test_a_full_screen_program_paints_again_and_leaves_no_trace(yard: Yard, podtui: Podtui) -> None:
    """The viewer enters the program's screen and modes, and every one is taken back."""
    spawned(yard, FULL_SCREEN, says="first")
    with podtui.in_terminal("attach", "p", columns=77, rows=21) as terminal:
        terminal.see(b"\x1b[?1049h")
        terminal.see(b"painted 21 77")
        for mode in (b"?1000h", b"?2004h", b"?25l"):
            assert b"\x1b[" + mode in terminal.seen
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        after = terminal.seen[terminal.seen.rindex(b"painted") :]
        for mode in (b"?1049l", b"?1000l", b"?2004l", b"?25h"):
            assert b"\x1b[" + mode in after
        assert terminal.mode() == terminal.mode_before


def test_queries_of_the_past_are_not_answered_again(yard: Yard, podtui: Podtui) -> None:
    """What is replayed is text: the operator's terminal is asked nothing a second time."""
    spawned(yard, "printf '\\033[6n\\033[c\\033]52;c;aGk=\\007'; echo ready; exec cat")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert b"\x1b[6n" not in terminal.seen
        assert b"\x1b[c" not in terminal.seen
        assert b"\x1b]52" not in terminal.seen


def test_two_viewers_see_the_same_and_one_leaving_does_not_end_the_other(
    yard: Yard, podtui: Podtui
) -> None:
    """Both get exactly one copy of what comes; the one who stays goes on."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as one, podtui.in_terminal("attach", "p") as other:
        one.see(b"ready")
        other.see(b"ready")
        one.type(b"first\r")
        one.see(b"got:first")
        other.see(b"got:first")
        one.type(b"\x1d")
        assert one.ending() == 0
        other.type(b"second\r")
        other.see(b"got:second")
        assert other.seen.count(b"got:first") == 1
        other.type(b"\x1d")
        assert other.ending() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back_too(
    yard: Yard, podtui: Podtui, number: signal.Signals
) -> None:
    """A session that is ended from outside restores the terminal and tells by its exit code."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        handle = signals.open_target(terminal.process.pid)
        signals.send(handle, number)
        os.close(handle)
        assert terminal.ending() == 128 + number
        assert terminal.mode() == terminal.mode_before
    assert yard.view("p").status is Status.WORKING


def test_going_on_after_a_stop_takes_the_terminal_again(yard: Yard, podtui: Podtui) -> None:
    """A shell that had the terminal meanwhile set it up for itself; keys still reach the pod."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        handle = signals.open_target(terminal.process.pid)
        signals.send(handle, signal.SIGSTOP)
        termios.tcsetattr(terminal.descriptor, termios.TCSANOW, terminal.mode_before)
        signals.send(handle, signal.SIGCONT)
        os.close(handle)
        until(lambda: terminal.mode() != terminal.mode_before)
        terminal.type(b"back\r")
        terminal.see(b"got:back")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_without_a_terminal_it_says_what_to_do_instead(yard: Yard, podtui: Podtui) -> None:
    """Attach needs a terminal at both ends; the error names the verbs that do not."""
    spawned(yard, ECHOING)
    answer = podtui("attach", "p", "--json")
    assert answer.code == 2
    assert answer.error["kind"] == "bad_input"
    assert "podtui read NAME --follow" in answer.error["next"]


def test_a_pod_that_is_not_running_cannot_be_attached_to(yard: Yard, podtui: Podtui) -> None:
    """The terminal is left alone, and the error says what the pod is and what to do."""
    yard.shell("p", "exit 0")
    yard.wait_ended("p")
    with podtui.in_terminal("attach", "p") as terminal:
        assert terminal.ending() == 5
        assert b"not running" in terminal.seen
        assert terminal.mode() == terminal.mode_before


def test_the_result_can_be_had_as_an_object(yard: Yard, podtui: Podtui) -> None:
    """With --json the last line is an object that tells whether the run is over."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p", "--json") as terminal:
        terminal.see(b"ready")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        terminal.see(b'{"version": 1, "pod": "p", "detached": true, "message": ')


def test_a_flood_of_output_does_not_keep_the_operator_from_leaving(
    yard: Yard, podtui: Podtui
) -> None:
    """The detach key works while the pod prints as fast as it can."""
    spawned(yard, "echo ready; exec yes flood")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"flood\r\nflood")
        for _ in range(50):
            terminal.look()
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        tail = terminal.seen[-400:]
        assert re.search(rb"detached from p, it goes on running\r\n\Z", tail)
