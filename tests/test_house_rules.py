"""The rules of this house that no linter knows, checked over the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 600
SHORTEST_SENTENCE_WORDS = 4
SIGNAL_DOOR = "podtui/kernel/signals.py"
STDOUT_OWNER = "podtui/cli/output.py"
SIGNAL_CALLS = {("os", "kill"), ("os", "killpg"), ("signal", "pidfd_send_signal")}
SLEEPS = {("time", "sleep"), ("asyncio", "sleep")}


def sources(*folders: str) -> list[Path]:
    """Return every Python file below some folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def uses(tree: ast.AST, names: set[tuple[str, str]]) -> Iterator[ast.AST]:
    """Yield where ``module.name`` is written, or the name is imported from the module."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in names:
                yield node
            case ast.ImportFrom(module=str(module), names=imported):
                if any((module, each.name) in names for each in imported):
                    yield node
            case _:
                pass


def functions_of_tests(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield what pytest collects: test functions of the module and of its test classes."""
    holders: list[ast.Module | ast.ClassDef] = [tree]
    holders += [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for holder in holders:
        for node in holder.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                yield node


def is_sentence(docstring: str | None) -> bool:
    first = (docstring or "").split("\n\n")[0].strip()
    return first.endswith((".", "!", "?")) and len(first.split()) >= SHORTEST_SENTENCE_WORDS


def test_every_test_says_in_a_sentence_what_it_shows() -> None:
    """A test's docstring is its claim, so each test has one of at least one whole sentence."""
    silent = [
        f"{place(path, function)} {function.name}"
        for path in sources("tests")
        if path.name.startswith("test_")
        for function in functions_of_tests(parsed(path))
        if not is_sentence(ast.get_docstring(function))
    ]
    assert silent == []


def test_no_test_waits_by_sleeping() -> None:
    """Tests and benches wait on the thing itself; a sleep is either too short or too long."""
    sleeping = [
        place(path, node) for path in sources("tests") for node in uses(parsed(path), SLEEPS)
    ]
    assert sleeping == []


def test_signals_leave_through_one_door() -> None:
    """Nothing but the one module that verifies and uses pidfds can signal a process."""
    elsewhere = [
        place(path, node)
        for path in sources("podtui", "tests")
        if str(path.relative_to(ROOT)) != SIGNAL_DOOR
        for node in uses(parsed(path), SIGNAL_CALLS)
    ]
    assert elsewhere == []


def test_only_the_owner_of_stdout_prints() -> None:
    """Results have one way out, so that nothing can slip between them or into a pipe."""
    printing = [
        place(path, node)
        for path in sources("podtui")
        if str(path.relative_to(ROOT)) != STDOUT_OWNER
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    """A module over 600 lines says in its docstring why: "long because …"."""
    unexplained = []
    for path in sources("podtui", "tests"):
        lines = len(path.read_text("utf-8").splitlines())
        reason = ast.get_docstring(parsed(path)) or ""
        if lines > LONGEST_MODULE and "long because" not in reason.lower():
            unexplained.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert unexplained == []


def test_the_rules_catch_what_they_are_for() -> None:
    """Each rule is tried on a source that breaks it, so that none passes by looking away."""
    broken = ast.parse(
        "import os\nfrom time import sleep\nimport signal\n"
        "os.killpg(1, 2)\nsignal.pidfd_send_signal(3, 4)\n"
        "def test_this():\n    'Short.'\n"
        "class TestThat:\n    def test_it(self): pass\n"
    )
    assert len(list(uses(broken, SIGNAL_CALLS))) == 2
    assert len(list(uses(broken, SLEEPS))) == 1
    assert [each.name for each in functions_of_tests(broken)] == ["test_this", "test_it"]
    assert not is_sentence("Short.")
    assert not is_sentence("a heading without an end")
    assert is_sentence("A wait ends when the pod does.")


POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:\{[^}]*\}|[*+?])\+")


def test_no_pattern_has_a_possessive_group() -> None:
    """Early releases of Python 3.11 match one wrongly, or for ever; an atomic group is right."""
    found = [
        place(path, node)
        for path in sources("podtui")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        if POSSESSIVE_GROUP.search(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
    ]
    assert found == []
