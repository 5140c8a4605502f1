"""Ten thousand reads, forced while others write: no record is torn, no line is lost."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.at_once import at_once
from tests.support.store_fixture import Yard

READS = 5000
"""Reads of each of the two readers."""
SCRIPT = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind
from podtui.core.model.events import Event, EventKind
from podtui.core.model.records import ChildEntry, ExitRecord, LoanLine, PodRecord, RunRecord
from podtui.core.store.children import add_child, children_of
from podtui.core.store.codec import encode_json, encode_toml, read_record
from podtui.core.store.loans import append_loan_lines, lending_lock, loans_of
from podtui.core.store.store import Store
from podtui.core.system.system import System

NUMBER, ROOT, READS = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
PODS, ROUNDS_OF_A_POD = 50, 20
system = System(machine_id="test-machine")
store = Store.open(system, ROOT)
fs, paths = system.fs, store.paths
done = [ROOT.parent / f"done-{reader}" for reader in (2, 3)]
current = ROOT.parent / "current"

def place(number):
    return paths.pod(f"pod-{number}")

def write_round(number, times):
    now, text = datetime.now(UTC), "x" * (times * 37 % 3000)
    key, files = f"{NUMBER}.{times}", place(number)
    common = dict(argv=[text or "-"], cwd="/" + text)
    pod = PodRecord(id=f"{number:026d}", name=f"pod-{number}", created_at=now, task=text, **common)
    run = RunRecord(pod_id=pod.id, run=1, reserved_at=now, reserved_boottime_s=1.0, boot_id=text,
        starting_deadline_s=20.0, machine_id="m", reason=text, actor="writer", **common)
    end = ExitRecord(pod_id=pod.id, run=1, ended_at=now, proof=text, start_error=text)
    sync = times % 10 == 0
    fs.replace(files.record, encode_toml(pod), sync=sync)
    fs.replace(files.run(1).record, encode_json(run), sync=sync)
    fs.replace(files.run(1).exit, encode_json(end), sync=sync)
    add_child(system, files, ChildEntry(id=key, name=text[:60] or "child", at=now))
    line = LoanLine(
        loan=key, change="lent", mode="read", path="/" + text, at=now, actor="w", why=text
    )
    with lending_lock(system, paths):
        append_loan_lines(system, files, [line])
    store.journal.append(Event(id=key, at=now, kind=EventKind.STALLED, summary=text))
    told = Diagnostic(id=key, at=now, kind=DiagnosticKind.LOST, summary=text)
    store.diagnostics.append_once([told]) if times % 5 == 0 else None

def write_on():
    times = 0
    while not all(each.exists() for each in done):
        number = times // ROUNDS_OF_A_POD % PODS
        fs.replace(current, str(number).encode(), sync=False)
        write_round(number, times)
        times += 1
    return {"rounds": times}

class Reader:
    def __init__(self):
        self.bad, self.torn_ends, self.reads, self.most = [], 0, 0, {}
        self.positions = {}

    def record(self, path, kind, agree):
        found = read_record(fs, path, kind)
        if not isinstance(found, kind) or not agree(found):
            self.bad.append(f"{path.name}: {str(found)[:200]}")

    def ledger(self, what, lines, entries):
        self.problems(lines.problems)
        if len(entries) < self.most.get(what, 0):
            self.bad.append(f"{what}: {len(entries)} lines after {self.most[what]}")
        self.most[what] = len(entries)

    def problems(self, problems):
        self.torn_ends += sum(each.torn for each in problems)
        self.bad += [each.sentence() for each in problems if not each.torn]

    def log(self, what, log):
        read = log.read(self.positions.get(what))
        self.problems(read.problems)
        self.positions[what] = read.position

    def read(self, what):
        self.reads += 1
        number = int(fs.read_record(current))
        files = place(number)
        if what == 0:
            self.record(files.record, PodRecord, lambda it: it.cwd == "/" + it.task)
        elif what == 1:
            self.record(files.run(1).record, RunRecord, lambda it: it.boot_id == it.reason)
        elif what == 2:
            self.record(files.run(1).exit, ExitRecord, lambda it: it.proof == it.start_error)
        elif what == 3:
            lines = children_of(fs, files)
            self.ledger(("children", number), lines, lines.entries)
        elif what == 4:
            lines = loans_of(fs, files, pod=files.root.name, pod_id="")
            self.ledger(("loans", number), lines, lines.loans)
        elif what == 5:
            self.log("journal", store.journal)
        else:
            self.log("diagnostics", store.diagnostics)

def read_all():
    reader = Reader()
    try:
        for each in range(READS):
            reader.read(each % 7)
    finally:
        done[NUMBER - 2].touch()
    return {"reads": reader.reads, "bad": reader.bad, "torn_ends": reader.torn_ends}

if NUMBER == 0:
    fs.replace(current, b"0")
    for number in range(PODS):
        place(number).run(1).root.mkdir(parents=True, mode=0o700)
        write_round(number, -1 - number)
# gate
print(json.dumps(write_on() if NUMBER < 2 else read_all()))
"""


def test_ten_thousand_reads_during_writes_find_no_torn_record(tmp_path: Path) -> None:
    """Records, ledgers, journal and diagnostics are read whole whatever moment it is.

    Each record says one thing twice, so that a mixture of two would be seen; no ledger is ever
    shorter than it was. An end that is being written this moment is not committed and no line.
    """
    yard = Yard(tmp_path)
    arguments = (str(yard.plane.store_path), str(READS))
    said = [json.loads(each) for each in at_once(SCRIPT, count=4, arguments=arguments)]
    writers, readers = said[:2], said[2:]
    assert [each["bad"] for each in readers] == [[], []]
    assert sum(each["reads"] for each in readers) == 2 * READS
    assert min(each["rounds"] for each in writers) > 10, "the readers were alone"
