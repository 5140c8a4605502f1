"""Bugs that were put in on purpose: for each, tests that are there for it must fail.

A bug is one change of one text in a copy of the package. Who moves that text has to move the bug
along: a bug that cannot be put in any more fails as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.seeded.bugs import BUGS, Bug

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 100
TESTS_FAILED = 1
PARTS = ("podtui", "tests", "pyproject.toml", "README.md")


def copied(to: Path) -> Path:
    """Copy what the tests need; nothing of the copy is installed."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / part)
    return to


def run_tests(tree: Path, tests: tuple[str, ...], tmp: Path) -> subprocess.CompletedProcess[str]:
    """Run some tests of a copy, as its own process; the copy comes before what is installed."""
    # Nothing of this run's own ways: neither its workers nor what it runs twice.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    arguments = ("-x", "-q", "--numprocesses=0", "-p", "no:cacheprovider", f"--basetemp={tmp}")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *tests],
        cwd=tree,
        env={**own, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


@cache
def source_of(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_the_suite_goes_red_on_a_seeded_bug(bug: Bug, tmp_path: Path) -> None:
    """With the bug in it, the tests that stand against it fail."""
    assert source_of(bug.path).count(bug.old) == 1, f"{bug.path} has no such place any more"
    tree = copied(tmp_path / "tree")
    place = tree / bug.path
    place.write_text(place.read_text("utf-8").replace(bug.old, bug.new), "utf-8")
    done = run_tests(tree, bug.tests, tmp_path / "base")
    assert done.returncode == TESTS_FAILED, done.stdout[-3000:] + done.stderr[-1000:]
    assert "ERROR collecting" not in done.stdout, done.stdout[-3000:]


def test_a_copy_is_sound_without_a_bug(tmp_path: Path) -> None:
    """Tests pass in a copy in which nothing was changed: it is the bug that fails them."""
    tests = ("tests/store/test_children.py", "tests/output/test_cursors.py")
    done = run_tests(copied(tmp_path / "tree"), tests, tmp_path / "base")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
