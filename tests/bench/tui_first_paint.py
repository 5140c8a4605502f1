"""How long the screen takes from its start to its text, against an empty Textual app.

Both run in a real terminal of the same size, from ``exec`` to the bytes of the first text that is
not there without the store: a pod's name. The same once more with thousands of finished pods.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from podtui.core.control.local import LocalPlane
from tests.bench import common
from tests.support.finished import write_finished
from tests.support.screens import Screen

PODS, QUICK_PODS = 8, 2
MANY, QUICK_MANY = 10_000, 50
ROUNDS, QUICK_ROUNDS = 15, 1
ROUNDS_OF_MANY, QUICK_ROUNDS_OF_MANY = 5, 1
PEER = "an empty Textual app"
QUIT = b"\x11"


def paint(command: list[str], environment: dict[str, str], shown: bytes) -> float:
    """Start a screen and return how long it took until something was shown, in seconds."""
    with Screen(command, environment) as screen:
        took = screen.see(re.escape(shown)) - screen.started
        screen.end_with(QUIT)
    return took


def row(name: str, times: list[float], peer: float | None) -> common.Row:
    values = (common.median(times), common.percentile(times, 0.95))
    return common.Row(
        name,
        tuple(map(common.milliseconds, values)),
        None if peer is None else values[0] / peer,
    )


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    pods = QUICK_PODS if options.quick else PODS
    many = QUICK_MANY if options.quick else MANY
    thrown_away = 0 if options.quick else 1
    with common.own_store() as bench:
        for number in range(pods):
            bench.spawn(f"pod-{number}", "sh", "-c", f"echo this is pod {number}; sleep 3600")
        peer = [sys.executable, "-P", str(common.PEER_SCREENS), "empty"]
        small = common.alternate(
            {
                PEER: partial(paint, peer, bench.environment, common.PEER_SHOWN),
                f"podtui, {pods} live pods": partial(
                    paint, bench.podtui(), bench.environment, b"pod-0"
                ),
            },
            QUICK_ROUNDS if options.quick else ROUNDS,
            thrown_away=thrown_away,
        )
        crowded = bench.directory / "crowded"
        write_finished(LocalPlane.open(bench.plane.store.system, root=crowded, create=True), many)
        place = {**bench.environment, "PODTUI_HOME": str(crowded)}
        rounds = QUICK_ROUNDS_OF_MANY if options.quick else ROUNDS_OF_MANY
        large = common.alternate(
            {
                f"podtui, {many} finished pods: first rows": partial(
                    paint, bench.podtui(), place, b"pod-00000"
                ),
                f"podtui, {many} finished pods: all of them": partial(
                    paint, bench.podtui(), place, f"✓ {many} exited".encode()
                ),
            },
            rounds,
            thrown_away=thrown_away,
        )
    floor = common.median(small[PEER])
    rows = [
        row(name, times, None if name == PEER else floor)
        for name, times in (*small.items(), *large.items())
    ]
    return common.print_table("start to first text on screen", ("median", "p95"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
