"""How long after `kill -9` of a supervisor the screen says that its pod is lost.

From the signal to the bytes in the terminal: the count of lost pods in the first line, which is
drawn together with the rows. The peer is a poll on a pidfd, and then many die at once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import common
from tests.bench.death_noticed import PEER, kill, peer_death, peer_many
from tests.support.screens import Screen

DEATHS, QUICK_DEATHS = 60, 2
AT_ONCE, QUICK_AT_ONCE = 200, 3
QUIT = b"\x11"
APART_S, QUICK_APART_S = 0.3, 0.05


def lost(count: int) -> bytes:
    """Return what the first line says of so many lost pods."""
    return re.escape(f"⊘ {count} lost".encode())


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    single = QUICK_DEATHS if options.quick else DEATHS
    many = QUICK_AT_ONCE if options.quick else AT_ONCE
    apart = QUICK_APART_S if options.quick else APART_S
    shown, peer = [], []
    with common.own_store() as bench:
        names = [f"pod-{number:03d}" for number in range(single + many)]
        for name in names:
            bench.spawn(name, "sleep", "3600")
        pids = [bench.supervisor_pid(name) for name in names]
        with Screen(bench.podtui(), bench.environment, columns=160) as screen:
            screen.see(re.escape(f"{len(names)} pods".encode()))
            screen.look_for(apart)
            for number, pid in enumerate(pids[:single], 1):
                screen.type(b"")
                at = kill(pid)
                shown.append(screen.see(lost(number)) - at)
                peer.append(peer_death())
                screen.look_for(apart)
            screen.type(b"")
            first = min(kill(pid) for pid in pids[single:])
            all_took = screen.see(lost(len(names))) - first
            screen.end_with(QUIT)
        peer_all = peer_many(many)
    rows = [
        row(PEER, peer, None),
        row("shown on the screen", shown, common.median(shown) / common.median(peer)),
        common.Row(f"{PEER}, {many} at once", ("", common.milliseconds(peer_all))),
        common.Row(
            f"shown on the screen, {many} at once",
            ("", common.milliseconds(all_took)),
            all_took / peer_all,
        ),
    ]
    title = f"from kill -9 of a supervisor to its row, {single} deaths among {len(names)} pods"
    return common.print_table(title, ("median", "p99 (or all)"), rows, options)


def row(name: str, times: list[float], ratio: float | None) -> common.Row:
    values = (common.median(times), common.percentile(times, 0.99))
    return common.Row(name, tuple(map(common.milliseconds, values)), ratio)


if __name__ == "__main__":
    sys.exit(main())
