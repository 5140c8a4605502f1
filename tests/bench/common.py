"""What the benches share: fair alternation, honest statistics, one table, a store of their own.

Every bench compares podtui with a peer in the same run, turn by turn, since two runs of anything
on a shared machine differ by more than most changes do.
"""

from __future__ import annotations

import argparse
import atexit
import math
import os
import re
import select
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from msgspec import structs

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.records import RunRecord
from podtui.core.model.requests import Spawn, Stop
from podtui.core.model.verdicts import ENDED_STATUSES
from podtui.core.paths import StorePaths
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.fs import Fs
from podtui.core.system.system import real_system
from tests.support.store_fixture import Yard

REPOSITORY = Path(__file__).resolve().parents[2]
PEER_SCREENS = REPOSITORY / "tests" / "support" / "peer_screens.py"
PEER_SHOWN = b"nothing to do"
LOOK_PAUSE_S = 0.0005
"""How often a bench looks whether something has come: the error of what it measures so."""
LONGEST_WAIT_S = 60.0
START_CODE = (
    "import sys; from podtui.__main__ import main; sys.argv[0] = 'podtui'; sys.exit(main())"
)


@dataclass(frozen=True, slots=True)
class Options:
    """How a bench was asked to run.

    Attributes:
        quick: tiny sizes: shows that the bench works, and its numbers mean nothing.
        check: fail when a ratio is not a finite number.
    """

    quick: bool
    check: bool


def parse_options(description: str | None) -> Options:
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--check", action="store_true", help="fail when a ratio is not finite")
    chosen = parser.parse_args()
    return Options(quick=chosen.quick, check=chosen.check)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; ``ratio`` is to the peer, None for the peer itself."""

    name: str
    values: tuple[str, ...]
    ratio: float | None = None
    note: str = ""


def print_table(title: str, columns: Sequence[str], rows: Sequence[Row], options: Options) -> int:
    """Print one table and return the exit code of the bench."""
    heads = ("", *columns, "ratio to peer", "")
    cells = [
        (row.name, *row.values, "1 (peer)" if row.ratio is None else f"{row.ratio:.2f}", row.note)
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    lines = [title + (" (quick: the numbers mean nothing)" if options.quick else ""), ""]
    for cell in (heads, *cells):
        padded = [
            text.ljust(width) if place in {0, len(widths) - 1} else text.rjust(width)
            for place, (text, width) in enumerate(zip(cell, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
    ratios = [row.ratio for row in rows if row.ratio is not None]
    sound = bool(ratios) and all(math.isfinite(ratio) and ratio > 0 for ratio in ratios)
    return 0 if sound or not options.check else 1


def alternate(
    candidates: Mapping[str, Callable[[], float]], rounds: int, *, thrown_away: int = 1
) -> dict[str, list[float]]:
    """Measure each candidate once per round, A B A B, after rounds that are thrown away."""
    measured: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(thrown_away + rounds):
        for name, measure in candidates.items():
            value = measure()
            if number >= thrown_away:
                measured[name].append(value)
    return measured


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def marked(name: str) -> bytes:
    """Return the pattern of a row with the mark of the selection, whatever its colours."""
    return rb"\xe2\x96\x8c(?:\x1b\[[0-9;]*m| |\xe2\x96\xbe)*" + re.escape(name.encode())


def let_pass(seconds: float) -> None:
    """Let time pass, where the passing of time is what is measured."""
    select.select([], [], [], seconds)


def wait_until(is_so: Callable[[], bool], what: str, timeout_s: float = LONGEST_WAIT_S) -> float:
    """Return when something is so, by the monotonic clock.

    Raises:
        TimeoutError: it was not so within the time.
    """
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {timeout_s:.0f} s")
        let_pass(LOOK_PAUSE_S)
    return time.monotonic()


def size_of(path: Path) -> int:
    """Return the length of a file in bytes, 0 while it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def run_timed(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run a command to its end and return how long it took, in seconds.

    Raises:
        RuntimeError: it failed; what it said is in the message.
    """
    begin = time.perf_counter()
    done = subprocess.run(
        command, env=dict(environment), cwd=REPOSITORY, capture_output=True, check=False
    )
    took = time.perf_counter() - begin
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeError(f"{command[0]} … ended with {done.returncode}: {said}")
    return took


@dataclass(frozen=True, slots=True)
class Bench:
    """A store of a bench's own, and the environment its commands run in.

    Attributes:
        directory: short, private, removed at the end.
    """

    directory: Path
    environment: dict[str, str]
    plane: LocalPlane

    def podtui(self, *arguments: str) -> list[str]:
        """Return a podtui command as the installed script runs it."""
        return [sys.executable, "-P", "-c", START_CODE, *arguments]

    def spawn(self, name: str, *argv: str) -> None:
        self.plane.carry_out(Spawn(name=name, argv=argv, cwd=str(self.directory)), actor="bench")

    def run_record(self, name: str) -> RunRecord:
        """Return the record of a pod's first run; raises PodtuiError when it cannot be read."""
        record = read_record(Fs(), self.plane.access.pod_paths(name).run(1).record, RunRecord)
        if isinstance(record, RecordProblem):
            raise record.as_error(name)
        return record

    def supervisor_pid(self, name: str) -> int:
        identity = self.run_record(name).supervisor
        if identity is None:
            raise RuntimeError(f"the run of {name} names no supervisor")
        return identity.pid

    def output_path(self, name: str) -> Path:
        """Return where the output of a pod's first run is or will be."""
        return StorePaths(self.plane.store_path).pod(name).run(1).output

    def stop(self, *names: str) -> None:
        """Stop pods at once."""
        for name in names:
            self.plane.carry_out(Stop((name,), grace_s=0.0), actor="bench")

    def stop_all(self) -> None:
        """Stop every live pod; a bench leaves nothing running, however it ends."""
        troubles = []
        for view in reversed(self.plane.snapshot().pods):
            if view.status in ENDED_STATUSES:
                continue
            try:
                self.stop(view.name)
            except PodtuiError as error:
                troubles.append(error.sentence())
        if troubles:
            raise RuntimeError("; ".join(troubles))


@contextmanager
def own_store() -> Iterator[Bench]:
    """Give a bench its own store and stop all its pods at the end."""
    # The layout is a yard's, so that a yard can end what is in it.
    directory = Path(tempfile.mkdtemp(prefix="podtui-bench-"))
    environment = clean_environment(directory)
    try:
        system = structs.replace(real_system(), environment=environment)
        plane = LocalPlane.open(system, root=directory / "store", create=True)
        bench = Bench(directory, environment, plane)
        try:
            yield bench
        finally:
            bench.stop_all()
    finally:
        # Also when podtui itself failed: nothing of a bench may go on running without its store.
        Yard(directory).end_everything()
        shutil.rmtree(directory)


@dataclass(frozen=True, slots=True)
class Tmux:
    """A tmux server of a bench's own."""

    socket: Path

    def run(self, *arguments: str) -> str:
        """Run a tmux command and return what it printed; raises RuntimeError when it failed."""
        command = ["tmux", "-S", str(self.socket), "-f", os.devnull, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def start_logged(self, name: str, command: Sequence[str], output: Path) -> None:
        """Start a session whose output goes into a file, in one call as tmux allows."""
        pipe = ("pipe-pane", "-t", name, f"exec cat >> {output}")
        self.run("new-session", "-d", "-s", name, shlex.join(command), ";", *pipe)

    def server_pid(self) -> int:
        return int(self.run("display-message", "-p", "#{pid}"))


@contextmanager
def own_tmux(directory: Path) -> Iterator[Tmux]:
    """Give a bench a running tmux server and end it with all its sessions.

    Raises:
        SystemExit: there is no tmux on this machine.
    """
    if shutil.which("tmux") is None:
        raise SystemExit("this bench compares with tmux, which is not installed")
    tmux = Tmux(directory / "tmux")
    tmux.run("new-session", "-d", "-s", "keeper", "sleep 3600")
    try:
        yield tmux
    finally:
        tmux.run("kill-server")


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process and end it."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@cache
def bytecode_directory() -> str:
    """Return where bytecode is kept: where the caller keeps it, or in a place of this bench's own.

    It is one place for every store of a bench: to compile everything takes seconds.
    """
    chosen = os.environ.get("PYTHONPYCACHEPREFIX")
    if chosen:
        return chosen
    directory = tempfile.mkdtemp(prefix="podtui-bench-bytecode-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def clean_environment(directory: Path) -> dict[str, str]:
    """Return the environment of a new user: nothing of podtui's, and bytecode is kept.

    ``PYTHONDONTWRITEBYTECODE`` would make every start compile every module again, and measure
    that instead.
    """
    dropped = ("PODTUI_", "PYTHON", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {
        "PODTUI_HOME": str(directory / "store"),
        "PODTUI_RUNTIME_DIR": str(directory / "runtime"),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONPYCACHEPREFIX": bytecode_directory(),
    }
