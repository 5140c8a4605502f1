"""The screen as a program in a real terminal: what it writes there, and how it leaves it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.system import real_system
from tests.cli.conftest import Podtui
from tests.cli.terminal import TerminalSession
from tests.support.hostile import HOSTILE_TEXTS
from tests.support.store_fixture import Yard
from tests.tui.eyes import Eyes

ALLOWED = re.compile(
    rb"\x1b\[[0-9;]*m"  # colours and text styles
    rb"|\x1b\[[0-9;]*[HJK]"  # the cursor's place, erasing
    rb"|\x1b\[\?[0-9;]+[hl]"  # modes of the terminal: mouse, paste, alternate screen, cursor
    rb"|\x1b\[\?[0-9]+\$p"  # asking whether a mode is known
    rb"|\x1b\[[<>=]?[0-9]*u"  # the keyboard protocol
    rb"|\x1b\]22;[a-z]*(?:\x07|\x1b\\)"  # the shape of the mouse pointer
    rb"|\x1bP=[12]s\x1b\\"  # the older form of a synchronised update
    rb"|\x1b[78]"
)
CONTROLS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]")
KEYS = (
    b"jjjj",
    b"\t",
    b"v",
    b"v",
    b"\x1b[H",
    b"\t",
    b"i",
    b"i",
    b"?",
    b"\x1b",
    b"x",
    b"\x1b",
    b"n",
)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A store whose pods belong to this machine, as the program itself will find."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.fixture
def hostile_store(yard: Yard) -> Yard:
    """A store whose pods print, are called with, and are told hostile text."""
    spoken = "\n".join(HOSTILE_TEXTS).encode("utf-8", "replace")
    code = f"import os, signal; os.write(1, {spoken!r}); signal.pause()"
    arguments = [text for text in HOSTILE_TEXTS if "\0" not in text and "\ud800" not in text]
    for number, text in enumerate(arguments[:4]):
        yard.spawn(f"pod-{number}", sys.executable, "-c", code, *arguments, role=text, task=text)
    return yard


def test_only_known_sequences_reach_the_terminal(hostile_store: Yard) -> None:
    """Whatever agents print or are called, the terminal gets podtui's own sequences alone."""
    environment = Podtui(hostile_store.environment).environment
    with TerminalSession({**environment, "COLORTERM": "truecolor"}, columns=120, rows=36) as screen:
        screen.see(b"pod-3")
        screen.see(b"run 1")
        for keys in KEYS:
            screen.type(keys)
            screen.look()
        screen.see(b"new pod")
        screen.type(b"\x11")
        assert screen.ending() == 0, screen.seen[-4000:].decode("utf-8", "replace")
    rest = ALLOWED.sub(b"", screen.seen)
    found = CONTROLS.search(rest.decode("utf-8", "replace"))
    assert found is None, rest[max(found.start() - 60, 0) : found.start() + 60]


def test_the_terminal_is_left_as_it_was(yard: Yard) -> None:
    """Quitting takes back every mode, and says that the pods go on."""
    yard.spawn("worker", "sleep", "600")
    environment = Podtui(yard.environment).environment
    with TerminalSession(environment) as screen:
        screen.see(b"worker")
        screen.type(b"q")
        assert screen.ending() == 0
        assert screen.mode() == screen.mode_before
    assert b"1 pod goes on running" in screen.seen
    for mode in (b"1049", b"1000", b"1003", b"1006", b"2004"):
        assert screen.seen.rfind(b"\x1b[?" + mode + b"l") > screen.seen.rfind(
            b"\x1b[?" + mode + b"h"
        )
    assert yard.view("worker").verdict == "alive"


def test_the_terminal_is_asked_for_its_size_and_not_the_environment(yard: Yard) -> None:
    """A size that a shell or a tool has exported is not the one of this terminal."""
    yard.shell("worker", "exec sleep 600")
    environment = Podtui(yard.environment).environment
    with TerminalSession(
        {**environment, "COLUMNS": "40", "LINES": "10"}, columns=120, rows=36
    ) as screen:
        eyes = Eyes(screen, 120, 36)
        assert "q quit" in eyes.until("why working").splitlines()[-1]
        screen.type(b"q")
        assert screen.ending() == 0


def test_a_screen_that_another_program_wrote_over_is_painted_anew(yard: Yard) -> None:
    """A message of the system stands across the screen until the key for that is pressed."""
    yard.shell("worker", "echo words of the worker; exec sleep 600")
    environment = Podtui(yard.environment).environment
    with TerminalSession(environment, columns=100, rows=30) as screen:
        eyes = Eyes(screen, 100, 30)
        eyes.until("words of the worker")
        eyes.until("● working")
        os.write(screen.descriptor, b"\x1b[HBroadcast message\x1b[2J")
        screen.see(b"Broadcast message")
        eyes.wipe()
        screen.type(b"\x0c")
        for words in ("1 pod", "● working", "words of the worker", "why working", "q quit"):
            eyes.until(words)
        screen.type(b"q")
        assert screen.ending() == 0


def test_attaching_from_the_screen_and_coming_back(yard: Yard) -> None:
    """Enter hands the terminal to the pod, the detach key brings the screen back."""
    yard.shell("asker", "while read answer; do echo you said $answer; done")
    environment = Podtui(yard.environment).environment
    with TerminalSession(environment) as screen:
        screen.see(b"asker")
        screen.type(b"\r")
        screen.see(b"attached to asker")
        screen.type(b"hello\r")
        screen.see(b"you said hello")
        screen.type(b"\x1d")
        screen.see(b"it goes on running")
        screen.type(b"q")
        assert screen.ending() == 0
        assert screen.mode() == screen.mode_before
