"""Hostile text on every surface of the command line, in a real terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.system import real_system
from tests.cli.conftest import Podtui
from tests.support.hostile_store import ALL_AT_ONCE, BROKEN, fill_with_hostile_pods, steering
from tests.support.store_fixture import Yard

COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
EVIL = ALL_AT_ONCE
NAMES = ("pod-0", "unstarted", "gone", *BROKEN)

# What is run, and a part of what is to be seen: a test that shows nothing proves nothing.
COMMANDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("ls",), "pod-1"),
    (("tree",), "gone"),
    *(((("inspect", name)), "lock" if name == "gone" else "") for name in NAMES),
    (("read", "pod-0", "--peek"), "isolate"),
    (("read", "pod-0", "--peek", "--view", "screen"), "running"),
    (("read", "unstarted", "--peek"), "could not start"),
    (("events",), "stalled"),
    (("doctor",), "record_unreadable"),
    (("stop", "pod-0", "--dry-run"), "ask pod-0"),
    (("send", "pod-0", EVIL, "--dry-run"), "pod-0"),
    (("send", "gone", EVIL), "gone"),
    (("wait", "unstarted", "--until", "ended"), "unstarted"),
    (("wait", "pod-0", "--until", EVIL), "next:"),
    (("inspect", EVIL), "next:"),
    (("read", "pod-0", "--as", EVIL), "is not a legal reader name"),
    (("read", EVIL), "next:"),
    (("attach", EVIL), "next:"),
    (("attach", "pod-0", "--detach-key", EVIL), "cannot be the detach key"),
    (("stop", BROKEN[0]), "next:"),
    (("spawn", EVIL, "--", "true"), "is not a legal pod name"),
    (("spawn", "new", "--cwd", EVIL, "--", "true"), "next:"),
    (("spawn", "new", "--parent", EVIL, "--", "true"), "next:"),
    (("spawn", "new", "--size", EVIL, "--", "true"), "next:"),
    (("spawn", "new", "--", EVIL), "next:"),
    (("spawn", "new", "--role", EVIL, "--dry-run", "--", "true", EVIL), "new"),
    ((EVIL,), "next:"),
    (("ls", EVIL), "next:"),
    (("ls", f"--{EVIL}"), "next:"),
    (("demo", EVIL, "--stop"), "next:"),
)


@pytest.fixture(scope="module")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One store for all: nothing here changes it."""
    made = Yard(tmp_path_factory.mktemp("hostile"), machine_id=real_system().machine_id)
    try:
        fill_with_hostile_pods(made)
        yield made
    finally:
        made.end_everything()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    COMMANDS,
    ids=[f"{n}-{each[0][0][:8]!a}" for n, each in enumerate(COMMANDS)],
)
def test_nothing_but_colours_reaches_the_terminal(
    hostile_store: Yard, arguments: tuple[str, ...], wanted: str
) -> None:
    """Results, remarks and errors show hostile text as text; and with --json all is ASCII."""
    podtui = Podtui(hostile_store.environment)
    with podtui.in_terminal(*arguments, columns=200, rows=50) as terminal:
        terminal.ending()
    assert wanted in terminal.seen.decode("utf-8", "replace")
    assert not steering(terminal.seen, COLOURS)
    if arguments[0] == EVIL:
        return
    answer = podtui(arguments[0], "--json", *arguments[1:])
    assert answer.stdout.isascii()
    assert answer.stderr.isascii()
    assert not steering(answer.stdout + answer.stderr, COLOURS)


def test_settings_of_a_hostile_name_are_told_as_text(hostile_store: Yard, tmp_path: Path) -> None:
    """The file's path, and what stands in it, come from outside as well."""
    file = tmp_path / EVIL.replace("/", "")[:60]
    file.write_text('detach_key = "\\u001b[2J\\u202e"\n')
    environment = {**hostile_store.environment, "PODTUI_CONFIG": str(file)}
    podtui = Podtui({**environment, "PODTUI_DETACH_KEY": EVIL})
    with podtui.in_terminal("attach", "gone", columns=200) as terminal:
        assert terminal.ending() != 0
    assert b"are not used" in terminal.seen
    assert not steering(terminal.seen, COLOURS)
