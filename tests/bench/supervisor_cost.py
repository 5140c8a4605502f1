"""What an idle supervisor costs: memory, wake-ups and processor time.

Peers: a bare interpreter that waits for a signal (the floor of anything written in Python), and
the server of tmux, which holds all sessions in one process. PSS is memory with the shared pages
shared out; supervisors do not let others look at their memory, so that only root sees their PSS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common

SUPERVISORS, QUICK_SUPERVISORS = 50, 2
LOOK_S, QUICK_LOOK_S = 10.0, 0.3
BARE = (sys.executable, "-I", "-S", "-E", "-c", "import signal; signal.pause()")
KIBIBYTE = 1024
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Idle:
    """What some processes did while nothing happened.

    Attributes:
        pss: bytes for each process.
        wakeups: per process and second.
        processor: share of one core, of all processes together.
    """

    pss: float
    wakeups: float
    processor: float


def field_of(text: str, name: str) -> int:
    """Return the number after ``name:`` in a status file of /proc."""
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except PermissionError:
        raise SystemExit("PSS of a supervisor can only be read by root: run this as root") from None
    return field_of(text, "Pss") * KIBIBYTE


def wakeups(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return field_of(text, "voluntary_ctxt_switches")


def processor_ns(pid: int) -> int:
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0])


def idle_cost(groups: dict[str, Sequence[int]], seconds: float) -> dict[str, Idle]:
    """Look at groups of processes over the same time, so that all have the same neighbours."""
    before = {pid: (wakeups(pid), processor_ns(pid)) for pids in groups.values() for pid in pids}
    common.let_pass(seconds)
    after = {pid: (wakeups(pid), processor_ns(pid)) for pid in before}
    costs = {}
    for name, pids in groups.items():
        woken = sum(after[pid][0] - before[pid][0] for pid in pids)
        busy = sum(after[pid][1] - before[pid][1] for pid in pids)
        costs[name] = Idle(
            pss=common.median([pss(pid) for pid in pids]),
            wakeups=woken / len(pids) / seconds,
            processor=busy / 1e9 / seconds,
        )
    return costs


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    number = QUICK_SUPERVISORS if options.quick else SUPERVISORS
    with ExitStack() as stack:
        bench = stack.enter_context(common.own_store())
        tmux = stack.enter_context(common.own_tmux(bench.directory))
        bare = []
        for index in range(number):
            bench.spawn(f"pod-{index}", "sleep", "3600")
            tmux.run("new-session", "-d", "-s", f"s{index}", "sleep 3600")
            bare.append(stack.enter_context(common.ended(subprocess.Popen(BARE))).pid)
        groups: dict[str, Sequence[int]] = {
            "bare python": bare,
            "supervisor": [bench.supervisor_pid(f"pod-{index}") for index in range(number)],
            "tmux server": [tmux.server_pid()],
        }
        # What was begun by the spawns (the last status record) is over after this.
        common.let_pass(QUICK_LOOK_S if options.quick else 3.0)
        costs = idle_cost(groups, QUICK_LOOK_S if options.quick else LOOK_S)
    floor = costs["bare python"].pss
    rows = [
        common.Row(
            name,
            (
                str(len(groups[name])),
                f"{cost.pss / MEBIBYTE:.2f} MiB",
                f"{cost.wakeups:.3f}",
                f"{cost.processor * 100:.3f} %",
            ),
            None if name == "bare python" else cost.pss / floor,
            f"{cost.pss / number / MEBIBYTE:.2f} MiB a session" if name == "tmux server" else "",
        )
        for name, cost in costs.items()
    ]
    columns = ("processes", "PSS each", "wake-ups/s each", "core, all")
    title = f"idle cost of {number} supervisors, {os.cpu_count()} cores; ratio of PSS"
    return common.print_table(title, columns, rows, options)


if __name__ == "__main__":
    sys.exit(main())
