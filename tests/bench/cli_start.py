"""How long a command of podtui takes to start and answer, against an interpreter that does nothing.

The peer is ``python -c pass`` of the same interpreter in the same environment. Bytecode is kept,
as it is for anybody who installed podtui.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common

PODS = 5
ROUNDS, QUICK_ROUNDS = 40, 2
PEER = "python -c pass"


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    with common.own_store() as bench:
        for number in range(1 if options.quick else PODS):
            bench.spawn(f"pod-{number}", "sleep", "3600")
        commands = {
            PEER: [sys.executable, "-P", "-c", "pass"],
            "podtui --version": bench.podtui("--version"),
            "podtui ls": bench.podtui("ls"),
            "podtui ls --json": bench.podtui("ls", "--json"),
            "podtui read pod-0 --peek": bench.podtui("read", "pod-0", "--peek"),
        }
        measured = common.alternate(
            {
                name: partial(common.run_timed, command, bench.environment)
                for name, command in commands.items()
            },
            QUICK_ROUNDS if options.quick else ROUNDS,
        )
    floor = common.median(measured[PEER])
    rows = [
        common.Row(
            name,
            (
                common.milliseconds(common.median(times)),
                common.milliseconds(common.percentile(times, 0.95)),
            ),
            None if name == PEER else common.median(times) / floor,
        )
        for name, times in measured.items()
    ]
    title = f"start of a command, {PODS} live pods, {len(measured[PEER])} runs each"
    return common.print_table(title, ("median", "p95"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
