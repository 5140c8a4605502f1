"""A recorded process number that is another process now (F44), given again by the kernel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.at_once import REPOSITORY

LONGEST_WAIT_S = 60.0
REUSED = """
import json, subprocess, sys
from pathlib import Path
from msgspec.structs import replace
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Prune, Reap, ReapOrphans, Restore
from podtui.core.errors import PodtuiError
from podtui.core.model.verdicts import Verdict
from podtui.kernel.processes import identify
from tests.support.faults import FaultyProc
from tests.support.record_builders import record_of, write_pod
from tests.support.orphans import RecordingSignals
from tests.support.store_fixture import Yard

PODS, older = 24, sys.argv[2] == "older"
proc = FaultyProc()
proc.without_inodes = older
signals = RecordingSignals()
yard = Yard(Path(sys.argv[1]), proc=proc)
plane = LocalPlane.open(replace(yard.system, signals=signals))
strangers, same_tick = {}, set()

def start():
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE)

for number in range(PODS):
    first = start()
    recorded = record_of(identify(first.pid))
    if older:
        recorded = replace(recorded, pidfd_inode=None)
    first.communicate()
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(first.pid - 1))
    stranger = start()
    if stranger.pid == recorded.pid:
        name = f"pod-{number}"
        strangers[name] = stranger
        if identify(stranger.pid).start_ticks == recorded.start_ticks:
            same_tick.add(name)
        write_pod(yard.plane, name, supervisor=recorded, child=recorded)
    else:
        stranger.communicate()

def told(kind, name):
    try:
        return plane.carry_out(kind((name,))).action
    except PodtuiError as error:
        return error.kind

outcomes = {}
plane.snapshot()
names = list(strangers)
for name in names[:3]:
    outcomes[name] = [told(Reap, name), told(Restore, name)]
for name in names[3:]:
    outcomes[name] = [told(Reap, name), told(Prune, name)]
plane.carry_out(ReapOrphans()) if not older else None
living = sum(each.poll() is None for each in strangers.values())
hit = sorted({pid for pid, _ in signals.sent} & {each.pid for each in strangers.values()})
for each in strangers.values():
    each.communicate()
yard.end_everything()
print(json.dumps({"strangers": len(strangers), "living": living, "hit": hit,
    "outcomes": outcomes, "same_tick": sorted(same_tick)}))
"""


def with_reused_numbers(place: Path, kernel: str) -> dict[str, object]:
    """Let reap, restore and prune meet numbers that were given again, in a pid namespace."""
    if shutil.which("unshare") is None:
        pytest.skip("F44: unshare is not installed")
    command = ["unshare", "-Urmpf", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [*command, sys.executable, "-c", REUSED, str(place), kernel],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    if done.returncode and ("unshare" in done.stderr or "ns_last_pid" in done.stderr):
        pytest.skip(
            f"F44: this machine does not let a process number be given again: {done.stderr}"
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_no_action_signals_who_has_the_number_of_a_pod_now(tmp_path: Path) -> None:
    """Each pod is dead by its inode; it is reaped, restored or pruned, and the stranger lives."""
    found = with_reused_numbers(tmp_path, "with inodes")
    outcomes = found["outcomes"]
    assert isinstance(outcomes, dict)
    assert len(outcomes) > 0, "no number was given again"
    assert (found["hit"], found["living"]) == ([], found["strangers"])
    assert {tuple(each) for each in outcomes.values()} == {("reap", "restore"), ("reap", "prune")}


def test_an_older_kernel_signals_no_stranger_either(tmp_path: Path) -> None:
    """Without inodes the start time tells; where both are of one tick, nothing is proven."""
    found = with_reused_numbers(tmp_path, "older")
    outcomes = found["outcomes"]
    assert isinstance(outcomes, dict)
    assert len(outcomes) > 0, "no number was given again"
    assert (found["hit"], found["living"]) == ([], found["strangers"])
    same_tick = found["same_tick"]
    assert isinstance(same_tick, list)
    for name, told in outcomes.items():
        expected = {"unknown_state"} if name in same_tick else {"reap", "restore", "prune"}
        assert set(told) <= expected, name
