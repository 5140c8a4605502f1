"""Which key leaves an attached pod: the option, the variable, the file, and what is built in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Podtui
from tests.cli.terminal import TerminalSession
from tests.support.store_fixture import Yard

CTRL_B, CTRL_E, CTRL_G, CTRL_CLOSE = b"\x02", b"\x05", b"\x07", b"\x1d"


@pytest.fixture
def config(yard: Yard) -> Path:
    """Where the settings are of whoever uses the yard's store."""
    directory = yard.root / "home" / ".config" / "podtui"
    directory.mkdir(parents=True)
    return directory / "config.toml"


def left_with(terminal: TerminalSession, name: str, key: bytes) -> None:
    """Attach has told the key, it works, and the pod goes on."""
    terminal.see(f"attached to p — detach with {name} ".encode())
    terminal.type(key)
    assert terminal.ending() == 0
    assert terminal.seen.endswith(b"detached from p, it goes on running\r\n")


class Case(NamedTuple):
    """What is set, and which key leaves the pod then."""

    name: str
    key: bytes
    written: str = 'detach_key = "ctrl-b"\n'
    variables: Mapping[str, str] = {}
    options: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "case",
    [
        Case("Ctrl-]", CTRL_CLOSE, written=""),
        Case("Ctrl-B", CTRL_B),
        Case("Ctrl-E", CTRL_E, variables={"PODTUI_DETACH_KEY": "ctrl-e"}),
        Case(
            "Ctrl-G",
            CTRL_G,
            variables={"PODTUI_DETACH_KEY": "ctrl-e"},
            options=("--detach-key", "ctrl-g"),
        ),
    ],
    ids=["built in", "file", "variable", "option"],
)
def test_the_nearest_setting_of_the_detach_key_wins(yard: Yard, config: Path, case: Case) -> None:
    """Option before variable before file before what is built in; each is told at attach."""
    config.write_text(case.written)
    yard.shell("p", "exec sleep 600")
    environment = Podtui({**yard.environment, **case.variables}).environment
    with TerminalSession(environment, "attach", "p", *case.options) as terminal:
        left_with(terminal, case.name, case.key)


def test_the_screen_attaches_with_the_same_key(yard: Yard, config: Path) -> None:
    """What the file says holds behind the other door, too."""
    config.write_text('detach_key = "ctrl-b"\n')
    yard.shell("p", "exec sleep 600")
    with TerminalSession(Podtui(yard.environment).environment) as terminal:
        terminal.see(b"working")
        terminal.type(b"\r")
        terminal.see("attached to p — detach with Ctrl-B ".encode())
        terminal.type(CTRL_B)
        terminal.see(b"it goes on running")
        terminal.type(b"q")
        assert terminal.ending() == 0


def test_an_empty_option_is_refused_and_not_taken_for_none(yard: Yard, podtui: Podtui) -> None:
    """A script whose variable is empty is told so, instead of getting another key."""
    yard.shell("p", "exec sleep 600")
    answer = podtui("attach", "p", "--detach-key", "")
    assert answer.code == 2
    assert "cannot be the detach key" in answer.err


def test_settings_that_cannot_be_used_are_told_and_cost_nothing(yard: Yard, config: Path) -> None:
    """The sentence names the file and the line, the built-in key holds."""
    config.write_text("theme = 1\n")
    yard.shell("p", "exec sleep 600")
    with TerminalSession(Podtui(yard.environment).environment, "attach", "p") as terminal:
        terminal.see(b"config.toml are not used: line 1: theme must be")
        left_with(terminal, "Ctrl-]", CTRL_CLOSE)


def test_the_threshold_of_new_pods_may_be_set(yard: Yard, podtui: Podtui, config: Path) -> None:
    """An option is stronger than the file; a program that asks for JSON gets nothing beside it."""
    config.write_text('stall_after = "20m"\n')
    podtui("spawn", "a", "--", "sleep", "600")
    podtui("spawn", "b", "--stall-after", "5m", "--", "sleep", "600")
    config.write_text("stall_after = []\n")
    with_bad_file = podtui("spawn", "c", "--json", "--", "sleep", "600")
    assert with_bad_file.document["pod"]["name"] == "c"
    assert with_bad_file.stderr == b""
    told = podtui("spawn", "d", "--", "sleep", "600")
    assert "stall_after must be a duration" in told.err
    records = {name: yard.plane.store.pod_record(name) for name in "abcd"}
    thresholds = {name: getattr(each, "stall_after_s", None) for name, each in records.items()}
    assert thresholds == {"a": 1200.0, "b": 300.0, "c": None, "d": None}


def test_the_doctor_tells_of_settings_that_cannot_be_used(
    yard: Yard, podtui: Podtui, config: Path
) -> None:
    """Where nothing else would say it: among what is wrong, with the file and the next step."""
    yard.shell("p", "exec sleep 600")
    config.write_text('them = "x"\n')
    answer = podtui("doctor", "--json")
    assert answer.code == 1
    (problem,) = answer.any_document["problems"]
    assert (problem["kind"], problem["path"]) == ("settings", str(config))
    assert "line 1: there is no setting 'them'" in problem["message"]
    assert str(config) in problem["next"]
