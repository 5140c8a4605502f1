"""What it costs to tell progress from chatter in the output of one pod.

Peer: reading the same 32 KiB from the file, which no judging can do without.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from podtui.core.observe.progress.new_output import MOST_FIRST_BYTES, NEXT_BYTES, NewOutput
from podtui.core.system.fs import Fs
from tests.bench import common

ROUNDS, QUICK_ROUNDS = 40, 2
PEER = f"read {NEXT_BYTES // 1024} KiB"
SPINNER = b"\r\x1b[2K\x1b[36m\xe2\xa0\x99\x1b[0m Thinking (12s, 1.2k tokens)"
LOG = b"\x1b[32mcompiled\x1b[0m a part of the sources, which takes its time\r\n"
SCREEN = b"\x1b[H" + b"".join(b"\x1b[%d;1Hrow %d of it\x1b[K" % (row, row) for row in range(40))
KINDS = {
    "a spinner, 0.5 kB since the last look": (SPINNER, 500),
    "a screen drawn anew": (SCREEN, len(SCREEN)),
    "a log at 10 MB/s, 2.5 MB since the last look": (LOG, 2_500_000),
}


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def repeated(line: bytes, size: int) -> bytes:
    return line * (size // len(line) + 1)


class Judged:
    """An output that grows, and is judged after each growth."""

    def __init__(self, path: Path, line: bytes, growth: int) -> None:
        self._fs, self._path, self._line = Fs(), path, line
        self._more = repeated(line, growth)
        self._new_output = NewOutput()
        path.write_bytes(repeated(line, MOST_FIRST_BYTES))
        self._judge()

    def grow_and_judge(self) -> float:
        with self._path.open("ab") as output:
            output.write(self._more)
        return timed(self._judge)

    def judge_first(self) -> float:
        self._new_output = NewOutput()
        return timed(self._judge)

    def _judge(self) -> None:
        self._new_output.judge(self._fs, self._path, self._path.stat().st_size, is_pausing=False)


def read_some(path: Path) -> None:
    with path.open("rb") as output:
        output.read(NEXT_BYTES)


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="podtui-bench-") as directory:
        place = Path(directory)
        plain = place / "plain"
        plain.write_bytes(b"x" * NEXT_BYTES)
        judged = {
            name: Judged(place / str(number), line, growth)
            for number, (name, (line, growth)) in enumerate(KINDS.items())
        }
        candidates: dict[str, Callable[[], float]] = {PEER: lambda: timed(lambda: read_some(plain))}
        candidates |= {name: each.grow_and_judge for name, each in judged.items()}
        candidates["first look at a long spinner"] = Judged(place / "long", SPINNER, 1).judge_first
        times = common.alternate(candidates, rounds)
    peer = common.median(times[PEER])
    rows = [
        common.Row(
            name,
            (common.milliseconds(common.median(values)), common.milliseconds(max(values))),
            None if name == PEER else common.median(values) / peer,
        )
        for name, values in times.items()
    ]
    return common.print_table("judging one look's output", ("median", "max"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
