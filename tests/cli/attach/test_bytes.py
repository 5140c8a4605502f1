"""Bytes through attach: both directions exact, long pastes whole, nobody slowed by anybody."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

import pytest

from tests.cli.attach.test_attach import SHOW_KEYS, spawned
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard, until

REPORTS = (
    b"\x1b[<0;10;5M", b"\x1b[<0;10;5m", b"\x1b[<35;119;39M", b"\x1b[M !!", b"\x1b[I",
    b"\x1b[200~pasted \x1d\x03 text\r\n\x1b[201~", b"\x1b[97;5u", b"\x1b[?62;22c", b"\x1b[5;7R",
)  # fmt: skip
COLOURS = b"\x1b[38;5;201mp\x1b[48;2;1;2;3mt\x1b[38:2::9:8:7mc\x1b[4:3m\x1b[58;5;9mu\x1b[m"


@pytest.mark.parametrize("report", REPORTS)
def test_reports_of_mouse_focus_keys_and_pastes_arrive_as_they_were_sent(
    yard: Yard, podtui: Podtui, report: bytes
) -> None:
    """Byte for byte, the detach key inside of a paste included."""
    spawned(yard, SHOW_KEYS)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(report)
        terminal.see_match(b"(?s)" + rb"\s+".join(b"%02x" % byte for byte in report))
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_colours_of_every_kind_pass_as_they_are(yard: Yard, podtui: Podtui) -> None:
    """What is live is not re-drawn: 256 colours, true colours, styles we do not know."""
    script = COLOURS.decode("ascii").replace("\x1b", "\\033")
    spawned(yard, f"stty -echo; echo ready; read -r line; printf '{script}'; exec cat")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"\r")
        terminal.see(COLOURS)
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_a_paste_of_a_megabyte_reaches_a_program_that_reads_keys_whole(
    yard: Yard, podtui: Podtui
) -> None:
    """Raw mode: every byte, in order."""
    pasted = b"".join(b"%07d," % number for number in range(131_072))
    spawned(yard, f"stty raw -echo; echo ready; head -c {len(pasted)} | sha256sum")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(pasted)
        terminal.see(hashlib.sha256(pasted).hexdigest().encode())
        assert terminal.ending() == 0


def test_a_paste_of_a_megabyte_reaches_a_program_that_reads_lines_whole(
    yard: Yard, podtui: Podtui
) -> None:
    """Line mode: every line, and nothing is said, since nothing was cut."""
    pasted = b"".join(b"line %07d %s\n" % (number, b"x" * 50) for number in range(16_000))
    spawned(yard, "stty -echo; echo ready; sha256sum")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(pasted.replace(b"\n", b"\r") + b"\x04")
        terminal.see(hashlib.sha256(pasted).hexdigest().encode())
        assert terminal.ending() == 0
        assert b"cut" not in terminal.seen


def test_a_line_that_the_terminal_cuts_is_told(yard: Yard, podtui: Podtui) -> None:
    """The kernel drops what is beyond 4095 bytes of a line, as in a direct run; not in silence."""
    spawned(yard, "stty -echo; echo ready; head -n 1 | wc -c; echo counted; exec cat")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"x" * 3000)
        terminal.type(b"x" * 3000 + b"\r")
        terminal.see(b"4096\r\ncounted")
        terminal.see(b"\x07")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert b"it goes on running; a line of more than 4095 bytes" in terminal.seen


def test_a_viewer_that_takes_nothing_does_not_slow_the_pod(
    yard: Yard, podtui: Podtui, tmp_path: Path
) -> None:
    """Stopped in the middle of a flood, it is served from disk when it goes on."""
    done = tmp_path / "done"
    script = f"echo ready; read -r line; seq 1 400000; echo over; touch {done}; exec cat"
    spawned(yard, script)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"go\r")
        terminal.see(b"\n5\r\n")
        terminal.process.send_signal(signal.SIGSTOP)
        until(done.exists, seconds=30)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.see(b"400000\r\nover\r\n")
        assert terminal.seen.count(b"\r\n399999\r\n") == 1
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
