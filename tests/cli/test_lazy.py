"""What a command does not need, it does not load: shown in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from podtui.cli.app import VERBS
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard

SCREEN = {"textual", "rich"}
HEAVY = {"psutil", "watchfiles", "platformdirs", "tomli_w", "asyncio", "anyio"}
TELL = (
    "import sys\n"
    "import podtui.__main__\n"
    "def end(code):\n"
    "    names = {each.split('.')[0] for each in sys.modules}\n"
    "    parts = sorted(n for n in sys.modules if n.startswith('podtui.'))\n"
    "    print('LOADED', *sorted(names), *parts, file=sys.stderr)\n"
    "podtui.__main__._end = end\n"
    "sys.argv[0] = 'podtui'\n"
    "podtui.__main__.main()\n"
)
ARGUMENTS = {
    "spawn": ("new", "--", "true"),
    "ls": (),
    "tree": (),
    "inspect": ("p",),
    "read": ("p",),
    "send": ("p", "x"),
    "attach": ("p",),
    "stop": ("p", "--dry-run"),
    "restore": ("p", "--dry-run"),
    "reap": ("p", "--dry-run"),
    "prune": ("p", "--dry-run"),
    "recover": ("--list",),
    "purge": ("--older-than", "7d", "--dry-run"),
    "return": ("p", "--dry-run"),
    "relend": ("p", "--dry-run"),
    "wait": ("p", "--until", "live"),
    "diagnostics": (),
    "events": (),
    "doctor": (),
    "demo": ("--help",),
}


@pytest.fixture
def loaded(yard: Yard, podtui: Podtui) -> Callable[..., set[str]]:
    """Run a command line in a fresh interpreter and return what it had loaded at its end."""
    yard.spawn("p")

    def run(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", TELL, *arguments],
            env=podtui.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
            text=True,
        )
        line = done.stderr.splitlines()[-1]
        assert line.startswith("LOADED "), done.stderr
        return set(line.split()[1:])

    return run


def test_every_verb_is_tried_here() -> None:
    """A new verb has to be added to these tests."""
    assert set(ARGUMENTS) == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_loads_the_screen(loaded: Callable[..., set[str]], verb: str) -> None:
    """Neither Textual nor Rich nor our own screen is loaded by any verb."""
    modules = loaded(verb, *ARGUMENTS[verb])
    assert not modules & SCREEN
    assert not {each for each in modules if each.startswith("podtui.tui")}


@pytest.mark.parametrize("verb", ["ls", "tree", "read", "send", "wait"])
def test_quick_verbs_load_nothing_heavy(loaded: Callable[..., set[str]], verb: str) -> None:
    """Looking once needs no watcher, no library of figures and no event loop."""
    assert not loaded(verb, *ARGUMENTS[verb]) & HEAVY


def test_a_spawn_loads_no_library_of_figures(loaded: Callable[..., set[str]]) -> None:
    """The room on the disk, which every spawn asks for, costs one system call."""
    assert not loaded("spawn", *ARGUMENTS["spawn"]) & {"psutil", "watchfiles", "asyncio"}


def test_a_verb_loads_only_itself(loaded: Callable[..., set[str]]) -> None:
    """The modules of the other verbs stay on disk, and help and version need no core at all."""
    listing = {each for each in loaded("ls") if each.startswith("podtui.cli.verbs.")}
    assert listing == {"podtui.cli.verbs.ls"}
    for flag in ("--help", "--version"):
        modules = loaded(flag)
        assert "podtui.core.control.local" not in modules
        assert not {each for each in modules if each.startswith("podtui.cli.verbs.")}
