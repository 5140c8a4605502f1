"""Every bench runs; what it measures is read by people, and never decides a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parent / "bench"
SCRIPTS = sorted(path.stem for path in BENCHES.glob("*.py") if path.stem != "common")


@pytest.fixture(scope="module")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one place for the bytecode of all benches: each would compile everything for itself."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_bench_prints_a_table_with_a_ratio(name: str, bytecode: Path) -> None:
    """With tiny sizes each bench ends well, leaves nothing running and compares with its peer."""
    done = subprocess.run(
        [sys.executable, str(BENCHES / f"{name}.py"), "--quick", "--check"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(bytecode),
        },
        check=False,
    )
    if "not installed" in done.stderr or "run this as root" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert "ratio" in done.stdout
