"""What a supervisor loads, holds and does while nothing happens."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import ENTRY, PYTHON, Run, retry_until

ALLOWED = {
    *("__future__", "_ctypes", "_json", "_signal", "_socket", "_struct", "ctypes", "types"),
    *("os", "os.path", "stat", "_stat", "posixpath", "genericpath", "_collections_abc"),
    *("ctypes._endian", "errno", "fcntl", "select", "struct", "termios"),
}
"""Beyond what a bare interpreter has; each costs every run memory: think before adding one."""
LISTS_MODULES = """
import sys
sys.path.append(sys.argv[1])
bare = set(sys.modules)
import podtui.supervisor.startup
print(*sorted(set(sys.modules) - bare))
"""
LARGEST_PSS_MIB = 5.0


def test_nothing_is_loaded_that_a_supervisor_does_not_need() -> None:
    """Only lean modules of the standard library, and nothing of core."""
    listing = subprocess.run(
        [PYTHON, "-I", "-S", "-E", "-c", LISTS_MODULES, str(ENTRY.parents[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {each for each in listing.stdout.split() if not each.startswith("podtui.")}
    assert loaded - {"podtui"} <= ALLOWED
    own = {each for each in listing.stdout.split() if each.startswith("podtui.")}
    assert {each.split(".")[1] for each in own} == {"supervisor", "kernel"}


def proportional_set_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]
    return int(kib) / 1024


def wake_ups(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("voluntary_ctxt"))
    return int(line.split()[1])


@pytest.fixture
def ten(new_run: NewRun, tmp_path: Path) -> list[Run]:
    """Start ten runs that do nothing, and wait for the last thing they do at the start."""
    runs = [new_run("sleep", "1000", root=str(number)) for number in range(10)]
    for run in runs:
        run.start()
    for run in runs:
        retry_until((run.directory / "status.json").exists)
    return runs


def test_a_supervisor_takes_at_most_five_mebibytes(ten: list[Run]) -> None:
    """Measured as its share of memory while ten of them run."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root may measure the memory of a supervisor")
    shares = [proportional_set_mib(run.pid) for run in ten]
    assert sum(shares) / len(shares) <= LARGEST_PSS_MIB


def test_an_idle_supervisor_never_wakes(ten: list[Run], new_run: NewRun) -> None:
    """No wake-up of ten runs is counted while an eleventh lives its whole life."""
    before = [wake_ups(run.pid) for run in ten]
    new_run("sleep", "0.3", root="eleventh").start().wait_end()
    assert [wake_ups(run.pid) for run in ten] == before
