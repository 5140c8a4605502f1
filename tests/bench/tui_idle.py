"""What the screen costs while nothing happens, with few and with many live pods.

CPU of all its threads over ten seconds, after it has settled, against a Textual app that does
nothing. The last row is one selected and followed pod that prints five lines a second.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common
from tests.support.screens import PRINTER, Screen

FEW, QUICK_FEW = 10, 1
MANY, QUICK_MANY = 200, 2
MEASURED_S, QUICK_MEASURED_S = 12.0, 0.3
SETTLED_AFTER_S, QUICK_SETTLED_AFTER_S = 65.0, 0.2
"""Up to a minute every row counts seconds: that is not rest."""
PEER = "a Textual app that does nothing"
QUIT = b"\x11"
LEAST_CPU = 1e-6
"""An app that used no CPU at all is counted as this, so that there is a ratio."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What a screen used, per second."""

    cpu: float
    wakes: float
    written: float


def watch(
    command: list[str], environment: dict[str, str], shown: bytes, options: common.Options
) -> Idle:
    """Start a screen, let it settle, and return what it uses."""
    seconds = QUICK_MEASURED_S if options.quick else MEASURED_S
    with Screen(command, environment) as screen:
        screen.see(re.escape(shown))
        screen.look_for(QUICK_SETTLED_AFTER_S if options.quick else SETTLED_AFTER_S)
        before, written = screen.cost(), screen.written
        screen.look_for(seconds)
        after = screen.cost()
        told = Idle(
            max(after.cpu_s - before.cpu_s, LEAST_CPU) / seconds,
            (after.wakes - before.wakes) / seconds,
            (screen.written - written) / seconds,
        )
        screen.end_with(QUIT)
    return told


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    few = QUICK_FEW if options.quick else FEW
    many = QUICK_MANY if options.quick else MANY
    peer_command = [sys.executable, "-P", str(common.PEER_SCREENS), "empty"]
    measured: dict[str, Idle] = {}
    with common.own_store() as bench:

        def measure(name: str, shown: str) -> None:
            measured[name] = watch(bench.podtui(), bench.environment, shown.encode(), options)

        measured[PEER] = watch(peer_command, bench.environment, common.PEER_SHOWN, options)
        for number in range(few):
            bench.spawn(f"pod-{number:03d}", "sleep", "3600")
        measure(f"podtui, {few} idle pods", f"{few} pod")
        for number in range(few, many):
            bench.spawn(f"pod-{number:03d}", "sleep", "3600")
        measure(f"podtui, {many} idle pods", f"{many} pods")
    with common.own_store() as bench:
        bench.spawn("printer", sys.executable, "-S", "-E", "-c", PRINTER)
        measured["podtui, one pod that prints, followed"] = watch(
            bench.podtui(), bench.environment, b"of the output", options
        )
    peer = measured[PEER]
    rows = [
        common.Row(
            name,
            (f"{told.cpu * 100:.2f} %", f"{told.wakes:.0f}", f"{told.written:.0f} B"),
            None if told is peer else told.cpu / peer.cpu,
        )
        for name, told in measured.items()
    ]
    title = f"a screen at rest, per second of {os.cpu_count()} cores"
    columns = ("CPU of one core", "wake-ups", "written")
    return common.print_table(title, columns, rows, options)


if __name__ == "__main__":
    sys.exit(main())
