"""What loading a part of podtui loads: seen in fresh interpreters, where nothing is left over."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCREEN = ("textual", "rich")
LOOK = """
import json, sys
{code}
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(code: str) -> set[str]:
    """Return the names of the modules a fresh interpreter has loaded after running the code."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(code=code)], capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    return set(loaded)


@pytest.mark.parametrize(
    "module",
    [
        "podtui",
        "podtui.core.control",
        "podtui.core.observe.live",
        "podtui.core.actions.spawn",
        "podtui.core.actions.read",
        "podtui.cli.app",
        "podtui.demo.run",
        "podtui.supervisor.startup",
        "podtui.__main__",
    ],
)
def test_only_the_screen_loads_the_screen_library(module: str) -> None:
    """The core, the supervisor, the demo and the command line load no Textual."""
    loaded = modules_after(f"import {module}")

    assert loaded.isdisjoint(SCREEN)


def test_importing_the_package_itself_loads_nothing_else() -> None:
    """``import podtui`` costs nothing: supervisor and verbs all pass through it."""
    loaded = modules_after("import podtui")

    assert {name for name in loaded if name.startswith("podtui")} == {"podtui"}
    assert loaded.isdisjoint({"click", "msgspec", "asyncio", "subprocess"})


def test_looking_loads_nothing_that_only_acting_needs() -> None:
    """A command that lists pods pays for no file watcher, no TOML writer and no launcher."""
    loaded = modules_after("import podtui.core.control, podtui.core.observe.observer")

    assert loaded.isdisjoint({"watchfiles", "tomli_w", "asyncio", "subprocess", "hashlib"})
    assert "podtui.core.actions.spawn" not in loaded


def test_the_supervisor_loads_the_standard_library_and_itself_only() -> None:
    """Nothing installed beside podtui can break a supervisor."""
    loaded = modules_after("import podtui.supervisor.startup")
    foreign = {
        name
        for name in loaded
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("podtui")
    }

    harmless = {"sitecustomize", "usercustomize"}
    assert {name for name in foreign if not name.startswith("_")} <= harmless
    assert not any(name.startswith("podtui.core") for name in loaded)
