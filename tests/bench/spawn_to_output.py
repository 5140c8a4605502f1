"""How long it takes from the wish for a pod to its first byte on disk, against tmux.

The peer is ``tmux new-session -d`` with ``pipe-pane`` into a file, its server already running. The
command is the same: it prints a letter every few milliseconds, so that a peer which begins to
listen late is not left without anything to hear.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common

TALKER = (
    "sh",
    "-c",
    "i=0; while [ $i -lt 200 ]; do echo x; i=$((i+1)); sleep 0.005; done; exec sleep 3600",
)
ROUNDS, QUICK_ROUNDS = 30, 1
PEER = "tmux new-session -d + pipe-pane"


class Measures:
    """One spawn each, from the wish to the first byte, in seconds."""

    def __init__(self, bench: common.Bench, tmux: common.Tmux) -> None:
        self.bench = bench
        self.tmux = tmux
        self.numbers = itertools.count(1)

    def command_line(self) -> float:
        name = f"line-{next(self.numbers)}"
        command = self.bench.podtui("spawn", name, "--", *TALKER)
        begin = time.monotonic()
        with subprocess.Popen(
            command,
            env=self.bench.environment,
            cwd=common.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as process:
            end = self._first_byte(self.bench.output_path(name))
            if process.wait(common.LONGEST_WAIT_S):
                raise RuntimeError(f"podtui spawn ended with {process.returncode}")
        self.bench.stop(name)
        return end - begin

    def in_process(self) -> float:
        name = f"plane-{next(self.numbers)}"
        begin = time.monotonic()
        self.bench.spawn(name, *TALKER)
        end = self._first_byte(self.bench.output_path(name))
        self.bench.stop(name)
        return end - begin

    def peer(self) -> float:
        name = f"tmux-{next(self.numbers)}"
        output = self.bench.directory / name
        begin = time.monotonic()
        self.tmux.start_logged(name, TALKER, output)
        end = self._first_byte(output)
        self.tmux.run("kill-session", "-t", name)
        return end - begin

    def _first_byte(self, path: Path) -> float:
        return common.wait_until(lambda: common.size_of(path) > 0, f"output in {path.name}")


@contextmanager
def measures() -> Iterator[Measures]:
    with common.own_store() as bench, common.own_tmux(bench.directory) as tmux:
        yield Measures(bench, tmux)


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    with measures() as each:
        measured = common.alternate(
            {
                PEER: each.peer,
                "podtui spawn": each.command_line,
                "spawn from a running program": each.in_process,
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
    title = f"spawn to the first byte on disk, {len(measured[PEER])} spawns each"
    return common.print_table(title, ("median", "p95"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
