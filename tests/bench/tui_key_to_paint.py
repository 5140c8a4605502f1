"""How long the screen takes from a key to its paint, with 200 live pods of which 50 print.

The key selects the next pod: from the byte that goes into the terminal to the bytes of that pod's
row with the mark of the selection. The peer is a list of as many rows and nothing else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common
from tests.support.screens import PRINTER, Screen

PODS, QUICK_PODS = 200, 3
PRINTING, QUICK_PRINTING = 50, 1
KEYS, QUICK_KEYS = 150, 2
SETTLED_AFTER_S, QUICK_SETTLED_AFTER_S = 5.0, 0.2
APART_S = 0.05
"""Between two keys: the pace of a key that is held down is twenty or thirty a second."""
PEER = "a Textual list"
QUIT = b"\x11"
UP, DOWN = b"k", b"j"


def press(screen: Screen, key: bytes, name: str) -> float:
    """Press a key and return how long it took until a pod's row has the mark."""
    at = screen.type(key)
    return screen.see(common.marked(name)) - at


def walk(count: int, keys: int) -> Iterator[tuple[bytes, str]]:
    """Give keys and the rows they lead to, from the first row down and up again."""
    row, step = 0, 1
    for _ in range(keys):
        if not 0 <= row + step < count:
            step = -step
        row += step
        yield (DOWN if step > 0 else UP), f"pod-{row:03d}"


def measure(screen: Screen, count: int, options: common.Options) -> list[float]:
    times = []
    for key, name in walk(count, QUICK_KEYS if options.quick else KEYS):
        times.append(press(screen, key, name))
        screen.look_for(APART_S)
    return times


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    count = QUICK_PODS if options.quick else PODS
    printing = QUICK_PRINTING if options.quick else PRINTING
    settle = QUICK_SETTLED_AFTER_S if options.quick else SETTLED_AFTER_S
    times: dict[str, list[float]] = {}
    with common.own_store() as bench:
        for number in range(count):
            prints = (
                number % max(count // printing, 1) == 0 and number // (count // printing) < printing
            )
            argv = [sys.executable, "-S", "-E", "-c", PRINTER] if prints else ["sleep", "3600"]
            bench.spawn(f"pod-{number:03d}", *argv)
        with Screen(bench.podtui(), bench.environment) as screen:
            screen.see(re.escape(f"{count} pods".encode()))
            screen.see(common.marked("pod-000"))
            screen.look_for(settle)
            times[f"podtui, {count} live pods, {printing} print"] = measure(screen, count, options)
            screen.end_with(QUIT)
        # In the same weather: the pods go on printing.
        peer = [sys.executable, "-P", str(common.PEER_SCREENS), "list", str(count)]
        with Screen(peer, bench.environment) as screen:
            # The list marks a row as soon as it takes keys, and not before.
            screen.see(common.marked("pod-000"))
            screen.look_for(QUICK_SETTLED_AFTER_S)
            times[PEER] = measure(screen, count, options)
            screen.end_with(QUIT)
    floor = common.median(times[PEER])
    rows = [
        common.Row(
            name,
            (
                common.milliseconds(common.median(values)),
                common.milliseconds(common.percentile(values, 0.95)),
                common.milliseconds(max(values)),
            ),
            None if name == PEER else common.median(values) / floor,
        )
        for name, values in times.items()
    ]
    title = f"from a key to its paint, {len(times[PEER])} keys"
    return common.print_table(title, ("median", "p95", "max"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
