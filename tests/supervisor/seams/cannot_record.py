"""A supervisor whose disk is full when it records who runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

import errno

from podtui.supervisor import __main__ as entry
from podtui.supervisor import run_directory


def no_space(path: str, data: bytes, *, sync: bool = True) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


setattr(run_directory, "replace_whole", no_space)  # noqa: B010 - not a name it exports
sys.exit(entry.main(sys.argv[1:]))
