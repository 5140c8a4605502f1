"""Real agent programs, kept from the network, through attach and in a direct run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.attach.test_programs import DETACH, Stage
from tests.cli.attach.test_programs import stage as stage  # noqa: PLC0414 - a fixture
from tests.screen.watched import assert_same_screen

OFFLINE = (
    "unshare",
    "--map-root-user",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--",
)
"""No network; and what it leaves behind (codex leaves a server) ends with it."""
FAKE_KEY = "sk-ant-no-such-key-this-is-only-a-test-0123456789"
NOWHERE = "http://127.0.0.1:9"


class Agent(NamedTuple):
    """How an agent program is brought to its first screen, and what is typed there.

    Attributes:
        begun: what is on its screen when it waits for keys.
        keys: what is typed, one after the other.
        variables: its environment.
        furnish: puts its settings into a home, for a folder it is to trust.
    """

    command: str
    begun: str
    keys: tuple[bytes, ...]
    variables: Mapping[str, str]
    furnish: Callable[[Path, Path], None]


def furnish_claude(home: Path, folder: Path) -> None:
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [FAKE_KEY[-20:]], "rejected": []},
        "projects": {
            str(folder): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        },
    }
    (home / ".claude.json").write_text(json.dumps(settings))


def furnish_gemini(home: Path, folder: Path) -> None:
    settings = home / ".gemini"
    settings.mkdir()
    auth = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    (settings / "settings.json").write_text(json.dumps(auth))
    (settings / "trustedFolders.json").write_text(json.dumps({str(folder): "TRUST_FOLDER"}))


def furnish_nothing(_home: Path, _folder: Path) -> None:
    """Show how the program welcomes somebody it does not know."""


PASTE = b"\x1b[200~pasted line one\nline two\x1b[201~"
AGENTS = (
    Agent(
        "claude",
        "? for shortcuts",
        (b"hello w\xc3\xb6rld", b"\x1b[D\x1b[D!", b"\x15", b"?", b"\x7f", b"/", b"\x1b[B", b"\x1b",
         b"\x15", PASTE, b"\x15\x15\x15", b"!", b"printf '\\033[35mcolour'; seq 30\r"),
        {
            "ANTHROPIC_API_KEY": FAKE_KEY,
            "ANTHROPIC_BASE_URL": NOWHERE,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
        furnish_claude,
    ),
    Agent(
        "codex",
        "Choose how you want to use Codex",
        (b"\x1b[B", b"\x1b[B", b"\x1b[A", b"\x1b[B", b"\r", b"some key", PASTE, b"\x1b"),
        {},
        furnish_nothing,
    ),
    Agent(
        "gemini",
        "Type your message",
        (b"hello", b"\x1b[D\x1b[D!", b"\x15", b"/", b"\x1b[B", b"\x15", PASTE, b"\x15\x15"),
        {"GEMINI_API_KEY": "no-such-key", "GEMINI_CLI_NO_RELAUNCH": "true"},
        furnish_gemini,
    ),
)  # fmt: skip


def is_offline() -> bool:
    """Tell whether a program can be run without any network here."""
    if shutil.which(OFFLINE[0]) is None:
        return False
    return subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode == 0


def at_home(stage: Stage, agent: Agent, name: str) -> None:
    """Let the next program have a home of its own: they are not to know of each other."""
    home = stage.folder.parent / name
    home.mkdir()
    agent.furnish(home, stage.folder)
    stage.environment.update(agent.variables, HOME=str(home), COLORTERM="truecolor")


@pytest.mark.parametrize("agent", AGENTS, ids=[agent.command for agent in AGENTS])
def test_an_agent_looks_as_in_a_direct_run_after_every_key(stage: Stage, agent: Agent) -> None:
    """After each key, after coming again, and after another size."""
    path = shutil.which(agent.command)
    if path is None:
        pytest.skip(f"{agent.command} is not installed here")
    if not is_offline():
        pytest.skip("an agent cannot be kept from the network here")
    argv = (*OFFLINE, path)
    at_home(stage, agent, "home-of-pod")
    stage.pod(*argv)
    at_home(stage, agent, "home-of-direct")
    direct = stage.direct(*argv)
    attached = stage.attach()
    for each in (direct, attached):
        each.see(agent.begun)
    assert_same_screen(direct, attached)
    for key in agent.keys:
        for each in (direct, attached):
            each.type(key)
            each.repaint()
        assert_same_screen(direct, attached)
    attached.type(DETACH)
    again = stage.attach()
    assert_same_screen(direct, again)
    for each in (direct, again):
        each.resize(100, 30)
        each.repaint()
        each.type(b"x")
    assert_same_screen(direct, again)
