"""Several real processes that do one thing at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import podtui

LONGEST_WAIT_S = 60.0
REPOSITORY = Path(podtui.__file__).parents[1]
_GATE = "import sys\nprint('ready', flush=True)\nsys.stdin.readline()\n"


def at_once(script: str, *, count: int, arguments: tuple[str, ...] = ()) -> list[str]:
    """Run a script in ``count`` processes, all let go together; return what each printed.

    In each process ``sys.argv`` is its number, from 0, and then ``arguments``. What the script
    imports is imported before the gate when it stands above a line ``# gate``.
    """
    before, _, after = script.rpartition("# gate\n")
    code = before + _GATE + after
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(number), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
            text=True,
        )
        for number in range(count)
    ]
    try:
        for each in crowd:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n", each.communicate()[1]
        for each in crowd:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        said = [each.communicate(timeout=LONGEST_WAIT_S) for each in crowd]
    finally:
        for each in crowd:
            if each.poll() is None:
                each.kill()
                each.communicate()
    for each, (_, complaint) in zip(crowd, said, strict=True):
        assert each.returncode == 0, complaint
    return [output for output, _ in said]
