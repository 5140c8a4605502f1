"""What a viewer is shown: the bytes themselves, or a picture while the sizes differ."""

from __future__ import annotations

import re

from podtui.core.model.requests import Send
from tests.cli.attach.test_attach import ECHOING, spawned, wait_for_output
from tests.cli.conftest import Podtui
from tests.screen.eyes import Eyes
from tests.support.store_fixture import Yard

HOSTILE = (
    "\\033[6n\\033[c\\033]52;c;aGk=\\007\\033]0;owned\\007\\033P$q\\033\\\\\\033[?1003h\\005"
    "\\033[21t\\033[5i\\033]8;;http://x\\007link\\033]8;;\\007\\033[?5h\\302\\233" + "6n\\u202e"
)
OURS = re.compile(
    rb"\x1b\[(?:[0-9;]*m|[0-9]+;[0-9]+H|H|2J|K|J|\?25[hl]|\?1049[hl]|\?7[hl])|\x1b\\|\x1b\(B\x0f"
)
TELLS_SIGNALS = (
    "trap 'printf \"\\033[H\\033[Jsize $(stty size)\"' WINCH;"
    "printf '\\033[?1049h'; {painting}; printf '\\033[H\\033[Jready';"
    "while :; do read -t 1 -r line; done"
)


def test_a_clipped_watcher_gets_only_sequences_of_our_own(yard: Yard, podtui: Podtui) -> None:
    """What a pod prints against its watcher, before or while they watch, is never passed on."""
    spawned(yard, f"stty -echo; printf '{HOSTILE}'; echo ready; read -r go; printf '{HOSTILE}';"
            "echo over; exec cat")  # fmt: skip
    with podtui.in_terminal("attach", "p", "--read-only", columns=60, rows=10) as terminal:
        terminal.see(b"ready")
        yard.plane.carry_out(Send("p", "go"))
        terminal.see(b"over")
        terminal.type(b"\x03")
        assert terminal.ending() == 0
        assert b"\x1b" not in OURS.sub(b"", terminal.seen)
        assert b"\x9b" not in terminal.seen.replace("\u269b".encode(), b"")
        assert terminal.mode() == terminal.mode_before


def test_a_watcher_follows_the_cursor_and_its_own_window(yard: Yard, podtui: Podtui) -> None:
    """The part around the cursor is shown; with the pod's very size the bytes themselves are."""
    spawned(yard, "seq 1 38; echo ready; exec cat", says="ready")
    with podtui.in_terminal("attach", "p", "--read-only", columns=50, rows=12) as terminal:
        terminal.see("120x40 shown on 50x12 — Ctrl-] leaves".encode())
        terminal.see(b"\x1b[10;1H\x1b[0m\x1b[Kready")
        assert b"\x1b[1;1H\x1b[0m\x1b[K30\x1b" in terminal.seen
        assert b"\x1b[K29\x1b" not in terminal.seen
        terminal.resize(120, 40)
        terminal.see(b"\x1b[?1049l")
        terminal.see(b"\x1b[1;1H1\x1b[2;1H2")
        yard.plane.carry_out(Send("p", "typed"))
        terminal.see(b"typed\r\ntyped\r\n")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_a_program_is_asked_to_paint_again_only_when_the_picture_may_be_incomplete(
    yard: Yard, podtui: Podtui
) -> None:
    """Having taken the screen a MiB ago it is asked; otherwise it is left alone."""
    for name, painting in (("p", "head -c 1500000 /dev/zero | tr '\\0' x"), ("q", ":")):
        script = TELLS_SIGNALS.format(painting=painting)
        yard.spawn(name, "bash", "-c", script, columns=80, rows=24)
    wait_for_output(yard, "ready")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.see(b"size 24 80")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
    with podtui.in_terminal("attach", "q") as terminal:
        terminal.see(b"ready")
        terminal.resize(81, 24)
        terminal.see(b"size 24 81")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert b"size 24 80" not in terminal.seen
        assert b"size 23 80" not in terminal.seen


def test_the_greeting_is_over_the_last_row_for_a_moment_and_leaves_no_trace(
    yard: Yard, podtui: Podtui
) -> None:
    """It names the key while nothing happens, and is gone before anything else is written."""
    spawned(yard, f"printf '\\033[24;1Hlast row\\033[H'; {ECHOING}")
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"\x1b[24;1H\x1b[K\x1b[0;7m attached to p")
        terminal.type(b"hello\r")
        terminal.see(b"got:hello")
        eyes = Eyes(80, 24)
        eyes.see(terminal.seen)
        assert eyes.text()[23] == "last row"
        terminal.type(b"\x1d")
        assert terminal.ending() == 0


def test_a_key_at_once_keeps_the_greeting_away(yard: Yard, podtui: Podtui) -> None:
    """Who is already typing needs no help, and nothing is put over what they look at."""
    spawned(yard, ECHOING)
    with podtui.in_terminal("attach", "p") as terminal:
        terminal.see(b"ready")
        terminal.type(b"one\r")
        terminal.see(b"got:one")
        terminal.type(b"\x1d")
        assert terminal.ending() == 0
        assert b"\x1b[0;7m attached" not in terminal.seen
