"""How fast coloured lines come from a program's terminal to the disk, against tmux and script(1).

The program waits for a line, then copies a prepared file to its terminal; the time runs from that
line until the last byte is in the log. All are given the same bytes.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import time
from pathlib import Path

from podtui.core.model.requests import Send

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common

MEGABYTE = 1_000_000
SIZE, QUICK_SIZE = 100 * MEGABYTE, MEGABYTE // 2
ROUNDS, QUICK_ROUNDS = 5, 1
PEER = "tmux pipe-pane"
LAST_LINE = b"that was all"
TAIL_BYTES = 64


def write_lines(path: Path, size: int) -> None:
    """Write about ``size`` bytes of what agents print: coloured lines of many lengths."""
    with path.open("wb") as file:
        for number in itertools.count():
            colour = 31 + number % 7
            text = f"\x1b[{colour}m{number:08d}\x1b[0m read src/module_{number % 97}.py "
            file.write(text.encode() + b"." * (number % 61) + b"\n")
            if file.tell() >= size:
                break
        file.write(LAST_LINE + b"\n")


def has_ended(path: Path) -> bool:
    """Whether the last line is in a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return LAST_LINE in file.read()
    except FileNotFoundError:
        return False


class Measures:
    """Each copies the file once and returns how long that took, in seconds."""

    def __init__(self, bench: common.Bench, tmux: common.Tmux, lines: Path) -> None:
        self.bench = bench
        self.tmux = tmux
        # It says that it is there, so that no time of its start is counted; and it stays until it
        # is told, since tmux loses what it has not yet logged when a session ends.
        self.program = ("sh", "-c", f"stty -echo; echo ready; read go; cat {lines}; read end")
        self.numbers = itertools.count(1)

    def podtui(self) -> float:
        name = f"pod-{next(self.numbers)}"
        self.bench.spawn(name, *self.program)
        output = self.bench.output_path(name)
        self._wait_ready(output)
        begin = time.monotonic()
        self.bench.plane.carry_out(Send(name, "go"), actor="bench")
        took = self._wait_end(output) - begin
        self.bench.stop(name)
        output.unlink()
        return took

    def tmux_pipe(self) -> float:
        name = f"tmux-{next(self.numbers)}"
        output = self.bench.directory / name
        # It waits for a first line here, since what is said before pipe-pane listens is lost.
        self.tmux.start_logged(name, ("sh", "-c", f"read first; {self.program[2]}"), output)
        self.tmux.run("send-keys", "-t", name, "first", "Enter")
        self._wait_ready(output)
        begin = time.monotonic()
        self.tmux.run("send-keys", "-t", name, "go", "Enter")
        took = self._wait_end(output) - begin
        self.tmux.run("kill-session", "-t", name)
        output.unlink()
        return took

    def script(self) -> float:
        output = self.bench.directory / f"script-{next(self.numbers)}"
        command = ["script", "-qf", "-c", self.program[2], str(output)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            assert process.stdin is not None
            self._wait_ready(output)
            begin = time.monotonic()
            process.stdin.write(b"go\n")
            process.stdin.flush()
            took = self._wait_end(output) - begin
            process.stdin.write(b"end\n")
            process.stdin.close()
            process.wait(common.LONGEST_WAIT_S)
        output.unlink()
        return took

    def _wait_ready(self, output: Path) -> None:
        common.wait_until(
            lambda: output.exists() and b"ready" in output.read_bytes(), "the program"
        )

    def _wait_end(self, output: Path) -> float:
        return common.wait_until(lambda: has_ended(output), "the last line")


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    size = QUICK_SIZE if options.quick else SIZE
    with common.own_store() as bench, common.own_tmux(bench.directory) as tmux:
        lines = bench.directory / "lines"
        write_lines(lines, size)
        each = Measures(bench, tmux, lines)
        candidates = {PEER: each.tmux_pipe, "podtui": each.podtui}
        if shutil.which("script"):
            candidates["script(1)"] = each.script
        measured = common.alternate(candidates, QUICK_ROUNDS if options.quick else ROUNDS)
    # Ratios of speed: more than 1 is faster than the peer.
    floor = common.median(measured[PEER])
    rows = [
        common.Row(
            name,
            (
                f"{size / MEGABYTE / common.median(times):.1f} MB/s",
                f"{size / MEGABYTE / max(times):.1f} MB/s",
            ),
            None if name == PEER else floor / common.median(times),
        )
        for name, times in measured.items()
    ]
    title = f"terminal to disk, {size / MEGABYTE:g} MB of coloured lines; ratio of speed"
    return common.print_table(title, ("median", "slowest"), rows, options)


if __name__ == "__main__":
    sys.exit(main())
