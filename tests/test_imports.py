"""What loading a part of podtui loads: seen in fresh interpreters, where nothing is left over."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import podtui
from podtui.core.system.system import real_system
from tests.support.store_fixture import Yard

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
        "podtui.core.control.local",
        "podtui.core.observe.live.live_view",
        "podtui.core.actions.spawn.spawn",
        "podtui.core.output.reading",
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
    loaded = modules_after("import podtui.core.control.local, podtui.core.observe.observer")

    assert loaded.isdisjoint({"watchfiles", "tomli_w", "asyncio", "subprocess", "hashlib"})
    assert "podtui.core.actions.spawn.spawn" not in loaded


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A store whose pods are of this very machine, as the command line sees it."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls"],
        ["ls", "--json"],
        ["tree"],
        ["read", "coder"],
        ["send", "coder", "go"],
        ["wait", "coder", "--until", "ended", "--timeout", "0.2s"],
    ],
    ids=" ".join,
)
def test_a_verb_that_agents_call_often_loads_no_library_for_screens(
    yard: Yard, arguments: list[str]
) -> None:
    """Neither the file watcher nor the library of figures is paid for by a single answer."""
    yard.shell("coder", "read go; sleep 600")
    code = "; ".join(
        (
            "import os",
            f"os.environ.update({dict(yard.environment)!r})",
            "from podtui.cli.app import run",
            f"code = run({arguments!r}, open_screen=None)",
            "print()",
        )
    )
    loaded = modules_after(code)

    assert "podtui.core.control.local" in loaded
    assert loaded & {"watchfiles", "psutil", "textual", "asyncio"} == set()


def test_figures_load_their_library_only_when_they_are_asked_for(yard: Yard) -> None:
    """``ls --figures`` is what pays for them."""
    yard.spawn("coder")
    loaded = modules_after(
        f"import os; os.environ.update({dict(yard.environment)!r});"
        "from podtui.cli.app import run; run(['ls', '--figures'], open_screen=None); print()"
    )

    assert "psutil" in loaded


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


def _imports_of(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules of podtui that a file imports, lazily too; what only types need is not."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If)
        and isinstance(block.test, ast.Name)
        and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names} & modules.keys()
        elif isinstance(node, ast.ImportFrom) and node.module and node.module in modules:
            names = {f"{node.module}.{each.name}" for each in node.names}
            inside = names & modules.keys()
            found |= inside if len(inside) == len(names) else inside | {node.module}
    return found


def _circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of names that reach each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        pending = [*arrows.get(start, ())]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending.extend(arrows.get(name, ()))
        return seen

    reach = {name: reached(name) for name in arrows}
    groups = {
        frozenset(other for other in reach[name] if name in reach.get(other, ()))
        for name in arrows
        if name in reach[name]
    }
    return sorted(sorted(group) for group in groups)


def _arrows() -> dict[str, set[str]]:
    root = Path(podtui.__file__).parent
    modules = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: _imports_of(path, modules) - {name} for name, path in modules.items()}


NOT_FOR_THE_SCREEN = (
    "podtui.core.store",
    "podtui.core.access",
    "podtui.core.hosts",
    "podtui.core.processes",
    "podtui.core.system",
    "podtui.core.paths",
    "podtui.core.attach",
    "podtui.core.output.files",
    "podtui.core.output.cursors",
    "podtui.core.output.index",
    "podtui.core.screen.live",
    "podtui.core.control.local",
    "podtui.supervisor",
    "podtui.kernel",
)


def test_the_screen_sees_no_disk() -> None:
    """No file of the screen imports what reads a store, a process or a file of this machine."""
    seen = {
        f"{name} imports {wanted}"
        for name, imported in _arrows().items()
        if name.startswith("podtui.tui")
        for wanted in imported
        if any(wanted == each or wanted.startswith(f"{each}.") for each in NOT_FOR_THE_SCREEN)
    }

    assert seen == set()


def test_no_files_import_each_other_in_a_circle() -> None:
    """An arrow only goes down between files, too, and an import inside a function is an arrow."""
    assert _circles(_arrows()) == []


def _room_of(module: str, packages: set[str]) -> str:
    """Return the folder whose own file a module is."""
    return module if module in packages else module.rpartition(".")[0]


def test_no_folders_import_each_other_in_a_circle() -> None:
    """The own files of a folder are one room and each folder below it is another."""
    arrows = _arrows()
    names = {module.rpartition(".")[0] for module in arrows} - {""}
    rooms: dict[str, set[str]] = {}
    for module, imported in arrows.items():
        own = _room_of(module, names)
        others = {_room_of(each, names) for each in imported - {"podtui"}}
        rooms.setdefault(own, set()).update(others - {own})
    rooms.pop("podtui")

    assert _circles(rooms) == []


def test_a_circle_is_found() -> None:
    """The search itself is tried, so that it cannot pass by looking away."""
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}

    assert _circles(arrows) == [["a", "b", "c"]]
