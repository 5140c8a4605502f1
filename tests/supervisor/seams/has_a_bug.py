"""A supervisor with a bug in its own code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from podtui.supervisor import __main__ as entry
from podtui.supervisor import startup


def fail(*_: object) -> None:
    raise AssertionError("a bug on purpose")


startup._open_output = fail  # type: ignore[assignment]
sys.exit(entry.main(sys.argv[1:]))
