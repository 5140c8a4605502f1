"""How long an observer needs to look at thousands of finished pods, and at one that changed.

The peer is the least that could tell as much: one pass over all pods with a stat and a parse of
one small JSON file for each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from podtui.core.model.records import ExitRecord
from podtui.core.model.snapshot import Snapshot
from podtui.core.observe.observer import Observer
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store
from tests.bench import common
from tests.support.finished import write_finished

PODS, QUICK_PODS = 10_000, 20
ROUNDS, QUICK_ROUNDS = 5, 2
PEER = "scandir + stat + JSON"


def bare_pass(store: Store) -> int:
    """Stat every pod and parse one JSON file of each: what no look can do without."""
    found = 0
    for entry in os.scandir(store.paths.pods):
        path = f"{entry.path}/runs/0001/exit.json"
        os.stat(path)
        with open(path, "rb") as file:
            found += json.load(file)["exit_code"] == 0
    return found


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def change_one(store: Store, name: str, number: int) -> None:
    """Replace one exit record, as a person who mends it does."""
    path = store.paths.pod(name).run(1).exit
    record = ExitRecord(
        pod_id=f"{int(name[4:]):026d}", run=1, ended_at=datetime.now(UTC), exit_code=number % 5
    )
    store.system.fs.replace(path, encode_json(record), sync=False)


def look_at_one(observer: Observer, name: str, number: int) -> Snapshot:
    change_one(observer.store, name, number)
    return observer.look_at([name])


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    count = QUICK_PODS if options.quick else PODS
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with common.own_store() as bench:
        store = bench.plane.store
        names = write_finished(bench.plane, count)
        seen = Observer(store)
        seen.look()
        turn = iter(range(10_000))
        times = common.alternate(
            {
                PEER: lambda: timed(lambda: bare_pass(store)),
                "first look of a new observer": lambda: timed(fresh_look(store)),
                "rescan, nothing new": lambda: timed(seen.look),
                "look at one that changed": lambda: timed(
                    lambda: look_at_one(seen, names[count // 2], next(turn))
                ),
                "tick": lambda: timed(seen.tick),
            },
            rounds,
        )
        right = all(view.status == "exited" for view in seen.look().pods if view.exit_code == 0)
    peer = common.median(times[PEER])
    rows = [
        common.Row(
            name,
            (
                common.milliseconds(common.median(values)),
                common.milliseconds(max(values)),
            ),
            None if name == PEER else common.median(values) / peer,
        )
        for name, values in times.items()
    ]
    code = common.print_table(f"looks at {count} finished pods", ("median", "max"), rows, options)
    return code or (0 if right else 1)


def fresh_look(store: Store) -> Callable[[], Snapshot]:
    """Return the first look of an observer that knows nothing, as a new command makes it."""
    fresh = Store.open(store.system, store.paths.root)
    return Observer(fresh).look


if __name__ == "__main__":
    sys.exit(main())
