"""A supervisor that dies when identities are on record and the command is still blocked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from podtui.supervisor import __main__ as entry
from podtui.supervisor.child import BlockedChild


def die(child: BlockedChild) -> None:
    Path(sys.argv[1], "child").write_text(str(child.pid))
    os._exit(9)


setattr(BlockedChild, "let_go", die)  # noqa: B010 - one that does not return
sys.exit(entry.main(sys.argv[1:]))
