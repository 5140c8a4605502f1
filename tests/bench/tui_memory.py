"""Memory of the screen while the pod it follows writes a gigabyte, and then one line of 10 MB.

Keys are pressed meanwhile: how long one takes says whether the screen keeps up. The peer is the
memory of the same screen before, and the same keys on a quiet pod.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from podtui.core.model.requests import Send

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common
from tests.support.screens import Screen

MEGABYTES, QUICK_MEGABYTES = 1024, 4
LINE_MEGABYTES, QUICK_LINE_MEGABYTES = 10, 1
KEYS_BEFORE, QUICK_KEYS_BEFORE = 40, 2
MEBIBYTE = 1024 * 1024
QUIET = "before, nothing printed"
QUIT, REDRAW = b"\x11", b"\x0c"
WRITER = f"""
import os
def say(text):
    while text:
        text = text[os.write(1, text):]
os.read(0, 1)
line = b"%08d and then some more of a line of output that is read\\n"
piece = b"".join(line % number for number in range(16384))
left = int(os.environ["MEGABYTES"]) * {MEBIBYTE}
while left > 0:
    say(piece)
    left -= len(piece)
say(b"all of it written\\n")
os.read(0, 1)
say(b"x" * (int(os.environ["LINE_MEGABYTES"]) * {MEBIBYTE}) + b"\\nthe long line written\\n")
os.read(0, 1)
"""


def keys(screen: Screen, *, until: Path | None, size: int, count: int) -> list[float]:
    """Press keys ``count`` times, or until a file has a size; return how long each took."""
    times: list[float] = []
    while len(times) < count or (until is not None and common.size_of(until) < size):
        for key, name in ((b"j", "zzz"), (b"k", "aaa")):
            at = screen.type(key)
            times.append(screen.see(common.marked(name)) - at)
        screen.look_for(0.02)
    return times


def see_written(screen: Screen, words: bytes) -> None:
    """Wait until words are on the screen, and for a paint of them when they were there already."""
    screen.type(REDRAW)
    screen.see(words)


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    megabytes = QUICK_MEGABYTES if options.quick else MEGABYTES
    line_megabytes = QUICK_LINE_MEGABYTES if options.quick else LINE_MEGABYTES
    count = QUICK_KEYS_BEFORE if options.quick else KEYS_BEFORE
    measured: dict[str, tuple[float, list[float]]] = {}
    with common.own_store() as bench:
        sizes = f"MEGABYTES={megabytes}", f"LINE_MEGABYTES={line_megabytes}"
        bench.spawn("aaa", "env", *sizes, sys.executable, "-S", "-E", "-c", WRITER)
        bench.spawn("zzz", "sleep", "3600")
        output = bench.output_path("aaa")
        with Screen(bench.podtui(), bench.environment) as screen:
            screen.see(re.escape(b"2 pods"))
            screen.see(common.marked("aaa"))
            measured[QUIET] = screen.rss_bytes(), keys(screen, until=None, size=0, count=count)
            bench.plane.carry_out(Send("aaa", ""), actor="bench")
            size = megabytes * MEBIBYTE
            during = keys(screen, until=output, size=size, count=count)
            see_written(screen, b"all of it written")
            measured[f"while {megabytes} MB are written"] = screen.rss_bytes(), during
            before_line = common.size_of(output)
            bench.plane.carry_out(Send("aaa", ""), actor="bench")
            after = before_line + line_megabytes * MEBIBYTE
            long_line = keys(screen, until=output, size=after, count=count)
            see_written(screen, b"the long line written")
            measured[f"while a line of {line_megabytes} MB is written"] = (
                screen.rss_bytes(),
                long_line,
            )
            screen.end_with(QUIT)
    floor_bytes, floor_times = measured[QUIET]
    rows = [
        common.Row(
            name,
            (
                f"{memory / MEBIBYTE:.1f} MiB",
                common.milliseconds(common.median(times)),
                common.milliseconds(common.percentile(times, 0.95)),
                common.milliseconds(max(times)),
            ),
            None if name == QUIET else memory / floor_bytes,
            ""
            if name == QUIET
            else f"keys: {common.median(times) / common.median(floor_times):.1f} times",
        )
        for name, (memory, times) in measured.items()
    ]
    columns = ("memory after", "key, median", "p95", "max")
    return common.print_table("the screen follows a pod that writes", columns, rows, options)


if __name__ == "__main__":
    sys.exit(main())
