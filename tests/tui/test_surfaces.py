"""Hostile text on every surface of the real program in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.host import real_system
from tests.cli.conftest import Podtui
from tests.cli.terminal import TerminalSession
from tests.support.hostile import HOSTILE_TEXTS
from tests.support.yard import Yard
from tests.tui.eyes import Eyes
from tests.tui.test_terminal import ALLOWED, CONTROLS

SIZE = (120, 36)
TITLE = b"\x1b]0;\xe2\x80\xaetitle\x1b\\"
TAKE_SCREEN = b"\x1b[?1049h"
# Terminals take ESC out of what they paste; what is left can still be hostile.
PASTED = " ".join(
    text for text in HOSTILE_TEXTS[:24] if "\x1b" not in text and "\ud800" not in text
)
PASTE = b"\x1b[200~" + PASTED.encode() + b"\x1b[201~"
BROKEN = ("\x1b]0;evil\x07", "[@click=app.quit]x", "\u202egnp")

# Keys, then what is to be on screen after them, and what is to be gone.
STEPS: tuple[tuple[bytes, str, str], ...] = (
    (b"v", "␛[200~paste", ""),
    (b"v", "soft\ufffdhyphen", "␛"),
    (b"\x1b[F", "cannot be read", ""),
    (b"\x1b[H", "pod-0 · run 1", ""),
    (b"?", "Closing this screen", ""),
    (b"\x1b", "activity", "Closing this screen"),
    (b"x", "stop it", ""),
    (b"\x1b", "activity", "stop it"),
    (b"s", "to pod-0", ""),
    (PASTE, "graph", ""),
    (b"\r", "characters into pod-0", "to pod-0 ▸"),
    (b"/", "filter ▸", ""),
    (PASTE, "no pod matches", ""),
    (b"\x1b", "record unreadable", "filter ▸"),
    (b"\x06", "search ▸", ""),
    (PASTE, "graph", ""),
    (b"\r", "no match for", ""),
    (b"\x1b", "pod-0", "run 1 · "),
    (b"\x10", "Search", ""),
    (b"pod", "pod pod-0", ""),
    (b"\x1b", "activity", "pod pod-0"),
    (b"n", "new pod", ""),
    (PASTE, "graph", ""),
    (b"\tls", "is not a legal pod name", ""),
)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A store whose pods belong to this machine, as the program itself will find."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.fixture
def hostile_store(yard: Yard) -> Yard:
    """A store whose pods print, are called with, and are told hostile text; some are broken."""
    spoken = TITLE + TAKE_SCREEN + "\n".join(HOSTILE_TEXTS).encode("utf-8", "replace")
    code = f"import os, signal; os.write(1, {spoken!r}); signal.pause()"
    arguments = [text for text in HOSTILE_TEXTS if "\0" not in text and "\ud800" not in text]
    for number, text in enumerate(arguments[:2]):
        yard.spawn(f"pod-{number}", sys.executable, "-c", code, *arguments, role=text, task=text)
    for text in BROKEN:
        broken = yard.plane.store.paths.pods / text
        broken.mkdir(mode=0o700)
        (broken / "pod.toml").write_text(f'name = "{text}" oops')
    return yard


def test_every_surface_shows_hostile_text_as_text(hostile_store: Yard) -> None:
    """Screen, raw view, help, plan, message, filter, search, palette and form show it as text."""
    environment = Podtui(hostile_store.environment).environment
    columns, rows = SIZE
    with TerminalSession(
        {**environment, "COLORTERM": "truecolor"}, columns=columns, rows=rows
    ) as screen:
        eyes = Eyes(screen, columns, rows)
        eyes.until("record unreadable")
        eyes.until("· screen")
        for keys, wanted, gone in STEPS:
            screen.type(keys)
            eyes.until(wanted, gone=gone)
        screen.type(b"\x11")
        assert screen.ending() == 0, screen.seen[-4000:].decode("utf-8", "replace")
    rest = ALLOWED.sub(b"", screen.seen)
    found = CONTROLS.search(rest.decode("utf-8", "replace"))
    assert found is None, rest[max(found.start() - 60, 0) : found.start() + 60]
