"""A supervisor whose seconds are short, for tests of what it does after a while."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from podtui.supervisor import __main__ as entry
from podtui.supervisor import clients, status_writer

clients.HELLO_WITHIN_S = 0.1
status_writer.APART_S = 0.05
status_writer.SCANS_APART_S = 0.1
sys.exit(entry.main(sys.argv[1:]))
