"""The table of faults names tests that exist, and has a row for every fault that is asked for."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "faults.md"
ASKED_FOR = (
    *(f"F{number:02d}" for number in range(1, 7)),
    *(f"F{number}" for number in range(10, 16)),
    *(f"F{number}" for number in range(20, 27)),
    *("F42", "F43", "F44", "F50", "F51", "F52", "F57", "F70", "F71", "F73", "F74"),
)
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> dict[str, str]:
    """Return the rows of the table by their first cell."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip(): line for line in lines[1:]}


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the test functions of a module below ``tests``."""
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def test_every_fault_that_is_asked_for_has_a_row() -> None:
    """A fault without a row would be one that nobody noticed was not tried."""
    assert set(ASKED_FOR) <= set(rows())


def test_every_row_names_tests_that_exist() -> None:
    """A test that was renamed or taken away makes its row untrue."""
    for number, row in rows().items():
        named = _TEST.findall(row)
        assert named, f"{number} names no test"
        missing = [f"{path}::{name}" for path, name in named if name not in named_in(path)]
        assert missing == [], number


def test_every_test_of_a_fault_is_in_the_table() -> None:
    """What is tried and not told of would not be missed when it goes."""
    told = set(_TEST.findall(TABLE.read_text("utf-8")))
    tried = {
        (f"faults/{path.name}", name)
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in named_in(f"faults/{path.name}")
        if name.startswith("test_")
    }
    assert tried - told == set()


def test_a_fault_that_is_skipped_says_which_one() -> None:
    """The list of skipped tests at the end of a run is counted by these numbers."""
    for path in (ROOT / "tests" / "faults").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.skip":
                reason = ast.unparse(node.args[0]).lstrip("f").strip("'\"")
                assert re.match(r"F\d\d: ", reason), f"{path.name}:{node.lineno}: {reason}"
