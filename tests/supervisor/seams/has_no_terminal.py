"""A supervisor on a system that has no PTY left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

import errno

from podtui.supervisor import __main__ as entry


def no_terminal() -> tuple[int, int]:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


os.openpty = no_terminal
sys.exit(entry.main(sys.argv[1:]))
