"""Why pyavt draws the screen: its speed against pyte, and how far the two agree.

Both are given the same bytes: log lines, and recordings of full-screen programs made here and now
(those that are installed). The last rows are what an arrival at an output of any length costs, at
honest ones and at some written against us; the peer there is an empty screen.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from podtui.core.paths import RunPaths
from podtui.core.screen.live import picture_of
from podtui.core.screen.paint import painted_screen, painted_state
from podtui.core.screen.screen import Screen
from podtui.core.screen.tail import TAIL_BYTES
from podtui.core.system.fs import Fs
from tests.bench import common
from tests.screen.eyes import Eyes
from tests.screen.watched import Watched

SIZE = (120, 40)
MEGABYTE = 1_000_000
DRAWN, QUICK_DRAWN = MEGABYTE, 20_000
ROUNDS, QUICK_ROUNDS = 5, 1
LONGEST_WAIT_MS = 60_000
HOSTILE = {
    "repetitions": b"x\x1b[65535b",
    "line feeds": b"\n",
    "deleted lines": b"\x1b[9999M",
    "scrolling": b"x\x1b[65535S",
    "switches of screen": b"\x1b[?1049h\x1b[?1049l",
    "open strings": b"\x1b]0;a",
    "marks": b"e" + b"\xcc\x81" * 30,
}


def log_lines(size: int) -> bytes:
    """Return what agents print line by line."""
    lines = (
        b"\x1b[%dm%08d\x1b[0m read src/module_%d.py %s\r\n"
        % (31 + number % 7, number, number % 97, b"." * (number % 61))
        for number in itertools.count()
    )
    data = b""
    for line in lines:
        data += line
        if len(data) >= size:
            break
    return data


def recording(name: str, argv: tuple[str, ...], keys: tuple[bytes, ...]) -> bytes:
    """Return what a full-screen program writes while some keys are pressed."""
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with Watched(argv, environment, columns=SIZE[0], rows=SIZE[1]) as program:
        program.look(LONGEST_WAIT_MS)
        for key in keys:
            program.settle()
            program.type(key)
        program.settle()
        if not program.seen:
            raise RuntimeError(f"{name} wrote nothing")
        return program.seen


def recordings() -> dict[str, bytes]:
    """Return the recordings of those programs that are installed."""
    here = str(Path(__file__))
    vim = ("vim", "-u", "NONE", "-i", "NONE", "-N", "-n", "-c", "silent! syntax on", here)
    wanted: dict[str, tuple[tuple[str, ...], tuple[bytes, ...]]] = {
        "vim": (vim, (b"\x06", b"\x06", b":set number\r", b"gg", b":split\r", b"\x0c")),
        "less": (("less", here), (b" ", b" ", b"/import\r", b"g", b"G")),
        "htop": (("htop",), (b"t", b"H", b"h", b"x", b"\x0c")),
        "top": (("top", "-d", "0.2"), (b"1", b"z", b"x")),
    }
    return {
        name: recording(name, argv, keys)
        for name, (argv, keys) in wanted.items()
        if shutil.which(argv[0])
    }


def seconds_of(draw: Callable[[], object]) -> float:
    begin = time.perf_counter()
    draw()
    return time.perf_counter() - begin


def drawn_by_pyavt(data: bytes) -> Screen:
    screen = Screen(*SIZE)
    screen.feed(data)
    return screen


def drawn_by_pyte(data: bytes) -> Eyes:
    eyes = Eyes(*SIZE)
    eyes.see(data)
    return eyes


def agreement(data: bytes) -> str:
    """Return how many rows the two draw the same, cell by cell."""
    picture = drawn_by_pyavt(data).picture()
    painted = painted_screen(picture, columns=SIZE[0], rows=SIZE[1]) + painted_state(picture)
    ours, theirs = drawn_by_pyte(painted.encode()).rows(), drawn_by_pyte(data).rows()
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    return f"{same} of {SIZE[1]} rows the same"


def compared(name: str, data: bytes, options: common.Options) -> list[common.Row]:
    """Return the rows of one input."""
    size = QUICK_DRAWN if options.quick else DRAWN
    repeated = (data * (size // len(data) + 1))[:size] if len(data) < size else data[:size]
    times = common.alternate(
        {
            "pyte": lambda: seconds_of(partial(drawn_by_pyte, repeated)),
            "pyavt": lambda: seconds_of(partial(drawn_by_pyavt, repeated)),
        },
        QUICK_ROUNDS if options.quick else ROUNDS,
    )
    speeds = {who: len(repeated) / common.median(each) / MEGABYTE for who, each in times.items()}
    return [
        common.Row(f"{name}: pyte", (f"{speeds['pyte']:.1f} MB/s",)),
        common.Row(
            f"{name}: pyavt",
            (f"{speeds['pyavt']:.1f} MB/s",),
            speeds["pyavt"] / speeds["pyte"],
            agreement(data),
        ),
    ]


def arrivals(directory: Path, options: common.Options) -> list[common.Row]:
    """Return what a look at an output costs that ends in so many bytes of one kind."""
    size = QUICK_DRAWN if options.quick else 2 * TAIL_BYTES
    kinds = {"nothing": b"", "log lines": log_lines(size)}
    kinds |= {name: piece * (size // len(piece)) for name, piece in HOSTILE.items()}
    rows: list[common.Row] = []
    floor = 0.0
    for number, (name, data) in enumerate(kinds.items()):
        run = RunPaths(directory / str(number))
        run.root.mkdir()
        run.output.write_bytes(data)
        times = [
            seconds_of(partial(picture_of, Fs(), run, size=SIZE))
            for _ in range(QUICK_ROUNDS if options.quick else ROUNDS)
        ]
        floor = floor or common.median(times)
        ratio = common.median(times) / floor if rows else None
        worst = f"at most {common.milliseconds(max(times))}"
        value = common.milliseconds(common.median(times))
        rows.append(common.Row(f"arrival at {name}", (value,), ratio, worst))
    return rows


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    rows = compared("log lines", log_lines(QUICK_DRAWN), options)
    for name, data in recordings().items():
        rows += compared(name, data, options)
    with tempfile.TemporaryDirectory(prefix="podtui-bench-") as directory:
        rows += arrivals(Path(directory), options)
    title = f"drawing a screen of {SIZE[0]}x{SIZE[1]}"
    return common.print_table(title, ("median",), rows, options)


if __name__ == "__main__":
    sys.exit(main())
