"""Hostile text on every surface of the real program in a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.system import real_system
from tests.cli.conftest import Podtui
from tests.cli.terminal import TerminalSession
from tests.support.hostile_store import TEXTS, fill_with_hostile_pods, steering
from tests.support.store_fixture import Yard
from tests.tui.eyes import Eyes
from tests.tui.test_terminal import ALLOWED

SIZE = (120, 36)
# Terminals take ESC out of what they paste; what is left can still be hostile.
PASTED = " ".join(text for text in TEXTS[:24] if "\x1b" not in text)
PASTE = b"\x1b[200~" + PASTED.encode() + b"\x1b[201~"
DOWN, HOME, END, ESCAPE, ENTER = b"\x1b[B", b"\x1b[H", b"\x1b[F", b"\x1b", b"\r"
PALETTE, SEARCH = b"\x10", b"\x06"

# Keys, then what is to be on screen after them, and what is to be gone. Words that may wrap where
# a path is long are not waited for.
STEPS: tuple[tuple[bytes, str, str], ...] = (
    (HOME, "pod-0 · run 1", ""),
    (b"v", "␛[200~paste", ""),
    (b"v", "\ufffdisolate\ufffd", "␛"),
    (b"i", "why working", ""),
    (b"i", "this machine, same boot", ""),
    (b"?", "Closing this screen", ""),
    (ESCAPE, "activity", "Closing this screen"),
    (b"x", "stop it", ""),
    (ESCAPE, "activity", "stop it"),
    (b"s", "to pod-0", ""),
    (PASTE, "graph", ""),
    (ENTER, "characters into pod-0", "to pod-0 ▸"),
    (b"/", "filter ▸", ""),
    (PASTE, "no pod matches", ""),
    (ESCAPE, "record unreadable", "filter ▸"),
    (SEARCH, "search ▸", ""),
    (PASTE, "graph", ""),
    (ENTER, "no match for", ""),
    (b"\t" + PALETTE, "Search", ""),
    (b"click", "pod [@click=app.quit]x", ""),
    (ESCAPE, "activity", "pod [@click"),
    (b"n", "new pod", ""),
    (PASTE, "graph", ""),
    (b"\tls", "is not a legal pod name", ""),
    (ESCAPE, "activity", "new pod"),
    (DOWN + DOWN, "why failed", ""),
    (DOWN, "why lost", ""),
    (b"R", "restore gone", ""),
    (ESCAPE, "activity", "restore gone"),
    (b" ", "1 marked", ""),
    (b"P", "prune gone", ""),
    (ESCAPE, "activity", "prune gone"),
    (b"U", "restore gone", ""),
    (ESCAPE, "activity", "restore gone"),
    (b"T", "only podtui purge", ""),
    (PASTE, "0 of 0", ""),
    (ESCAPE, "the trash is empty", "0 of 0"),
    (ESCAPE, "activity", "only podtui purge"),
    (ESCAPE, "activity", "1 marked"),
    (DOWN + DOWN, "[@click=app.quit]x · unknown", ""),
    (END, "\ufffdgnp · unknown", ""),
    (b"s", "has no live run to send to", ""),
    (ENTER, "has no live run to attach to", ""),
)


@pytest.fixture
def hostile_store(tmp_path: Path) -> Iterator[Yard]:
    """A store whose pods belong to this machine, as the program itself will find."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    try:
        fill_with_hostile_pods(made)
        yield made
    finally:
        made.end_everything()


def test_every_surface_shows_hostile_text_as_text(hostile_store: Yard) -> None:
    """Tree, titles, views, evidence, help, plan, messages, lines, palette and form show it."""
    environment = Podtui(hostile_store.environment).environment
    columns, rows = SIZE
    with TerminalSession(
        {**environment, "COLORTERM": "truecolor"}, columns=columns, rows=rows
    ) as screen:
        eyes = Eyes(screen, columns, rows)
        eyes.until("record unreadable")
        for keys, wanted, gone in STEPS:
            screen.type(keys)
            eyes.until(wanted, gone=gone)
        screen.type(b"\x11")
        assert screen.ending() == 0, screen.seen[-4000:].decode("utf-8", "replace")
    assert not steering(screen.seen, ALLOWED)
