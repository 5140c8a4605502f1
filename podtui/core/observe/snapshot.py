"""Makes the rows of a snapshot; a row is only made again when something in it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.snapshot import Health, PodView
from podtui.core.model.verdicts import Answer, Evidence, Probe, Source, Status, Verdict
from podtui.core.observe.memory import PodMemory
from podtui.core.observe.progress.progress import stall_limit_s
from podtui.core.observe.status import StatusReading, read_status
from podtui.core.observe.waiting_on import peers_of
from podtui.core.store.codec import RecordProblem
from podtui.core.system.clock import Clock
from podtui.core.text.durations import duration, limit_words

Lineage = tuple[str, str | None, datetime] | None
TERMINAL_WORDS = {Answer.YES: "a program waits for its input", Answer.NO: "not being read"}


class Moment(msgspec.Struct, frozen=True):
    """The time of one snapshot, and whether the observer can be trusted."""

    now: datetime
    awake_seconds: float
    health: Health

    @classmethod
    def of(cls, clock: Clock, health: Health) -> Moment:
        return cls(clock.now(), clock.monotonic(), health)


class SnapshotRows:
    """Keeps all rows in tree order; a row that did not change stays the same object."""

    def __init__(self) -> None:
        self._lineages: dict[str, Lineage] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._names: dict[str, str] = {}
        self._rows: list[PodView] = []
        self._reason = ""

    def rows(
        self, memories: Mapping[str, PodMemory], changed: Collection[str], moment: Moment
    ) -> tuple[PodView, ...]:
        """Return all rows; those named in ``changed`` are made again."""
        if moment.health.reason != self._reason:
            self._reason, changed = moment.health.reason, memories
        if self._order_has_changed(memories, changed):
            changed = self._order(memories, changed)
        for name in changed:
            place, depth = self._places[name]
            memory = memories[name]
            self._rows[place] = view_of(memory, moment, depth, self._parent_of(memory.record))
        return tuple(self._rows)

    def forget(self, name: str) -> None:
        """Leave out a row from now on; its pod is not remembered any more."""
        self._lineages.pop(name, None)

    def counts(self) -> dict[Status, int]:
        """Return how many rows have each status."""
        return dict(Counter(row.status for row in self._rows))

    def _order_has_changed(
        self, memories: Mapping[str, PodMemory], changed: Collection[str]
    ) -> bool:
        before = self._lineages
        seen = {name: lineage_of(memories[name]) for name in changed}
        moved = any(name not in before or before[name] != seen[name] for name in seen)
        before.update(seen)
        return moved or len(before) != len(self._rows)

    def _order(
        self, memories: Mapping[str, PodMemory], changed: Collection[str]
    ) -> Collection[str]:
        """Order all rows again; returns which of them must be made again."""
        rows_before = {row.name: row for row in self._rows}
        records = {
            name: memory.record
            for name, memory in memories.items()
            if isinstance(memory.record, PodRecord)
        }
        self._names = {record.id: name for name, record in records.items()}
        missing: set[str] = set(changed)
        self._rows, self._places = [], {}
        for place, (name, depth) in enumerate(places_in_tree(memories, records)):
            row = rows_before.get(name)
            if row is None:
                missing.add(name)
                row = NO_ROW
            else:
                parent = self._parent_of(memories[name].record)
                if (row.depth, row.parent) != (depth, parent):
                    row = msgspec.structs.replace(row, depth=depth, parent=parent)
            self._rows.append(row)
            self._places[name] = (place, depth)
        return missing

    def _parent_of(self, record: PodRecord | RecordProblem) -> str | None:
        """Return the present name of a pod's parent; outside the store, its recorded name."""
        if isinstance(record, RecordProblem):
            return None
        return self._names.get(record.parent_id or "", record.parent_name)


def lineage_of(memory: PodMemory) -> Lineage:
    """Return what decides a pod's place in the tree."""
    record = memory.record
    return (
        (record.id, record.parent_id, record.created_at) if isinstance(record, PodRecord) else None
    )


def view_of(memory: PodMemory, moment: Moment, depth: int, parent: str | None) -> PodView:
    """Return the row of one pod."""
    reading = reading_of(memory, moment.health)
    # Called in every status: otherwise a status that comes back would keep its earlier start.
    began = memory.began(reading.status, moment.now)
    pod = memory.record
    known = pod if isinstance(pod, PodRecord) else None
    is_alive, awake = reading.verdict is Verdict.ALIVE, moment.awake_seconds
    return PodView(
        name=memory.name,
        id=_id_of(memory),
        status=reading.status,
        verdict=reading.verdict,
        asserted=reading.asserted,
        source=reading.source,
        since=reading.since or began,
        run=memory.run,
        agent=known.agent if known else "unknown",
        message=reading.message,
        quiet=reading.is_quiet,
        parent=parent,
        depth=depth,
        role=known.role if known else None,
        task=known.task if known else None,
        last_output_at=memory.progress.last_output_at,
        quiet_for_s=_seconds(memory.progress.quiet_for(awake) if is_alive else None),
        progress_quiet_s=_seconds(_stuck(memory, awake) if is_alive else None),
        exit_code=reading.exit_code,
        signal=reading.signal,
        asked_by=reading.asked_by,
        evidence=_evidence(memory, reading, moment),
        output_bytes=memory.progress.output_bytes,
        record_error=pod.sentence() if isinstance(pod, RecordProblem) else None,
    )


def reading_of(memory: PodMemory, health: Health) -> StatusReading:
    """Return the reading to show; it is UNKNOWN when the observer itself is broken."""
    if not health.ok:
        message = f"could not tell: {health.reason}"
    elif isinstance(memory.record, RecordProblem):
        message = memory.record.sentence()
    elif memory.reading is not None and not memory.trouble:
        return memory.reading
    else:
        message = f"could not tell: {memory.trouble or 'not scanned yet'}"
    return StatusReading(
        status=Status.UNKNOWN,
        verdict=Verdict.UNKNOWN,
        asserted=True,
        source=Source.RECORD,
        message=message,
    )


def _id_of(memory: PodMemory) -> str:
    if isinstance(memory.record, PodRecord):
        return memory.record.id
    look = memory.look
    return look.record.pod_id if look and isinstance(look.record, RunRecord) else ""


def _stuck(memory: PodMemory, awake_seconds: float) -> float | None:
    if memory.progress.progress_since is None:
        return None
    return memory.progress.stuck_for(awake_seconds)


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _evidence(memory: PodMemory, reading: StatusReading, moment: Moment) -> tuple[Evidence, ...]:
    own: list[Evidence] = []

    def note(probe: Probe, answer: Answer, detail: str) -> None:
        own.append(Evidence(probe=probe, answer=answer, detail=detail, at=moment.now))

    if not moment.health.ok:
        note(Probe.OBSERVER, Answer.NO, moment.health.reason)
    if isinstance(memory.record, RecordProblem):
        note(Probe.RECORD, Answer.UNKNOWN, memory.record.sentence())
    if memory.trouble:
        note(Probe.RECORD, Answer.UNKNOWN, memory.trouble)
    if memory.progress.trouble:
        note(Probe.OUTPUT, Answer.UNKNOWN, memory.progress.trouble)
    elif reading.verdict is Verdict.ALIVE:
        note(Probe.OUTPUT, *_output_answer(memory, moment))
        if memory.progress.progress_since is not None:
            note(Probe.PROGRESS, *_progress_answer(memory, moment))
    if reading.verdict is Verdict.ALIVE and memory.weighing is not None:
        note(Probe.CPU, memory.weighing.work.answer, memory.weighing.work.words)
    if reading.verdict is Verdict.ALIVE and memory.progress.terminal is not Answer.UNKNOWN:
        note(Probe.TERMINAL, memory.progress.terminal, TERMINAL_WORDS[memory.progress.terminal])
    return (*(memory.look.evidence if memory.look else ()), *own)


def _output_answer(memory: PodMemory, moment: Moment) -> tuple[Answer, str]:
    quiet = memory.progress.quiet_for(moment.awake_seconds)
    if quiet is None:
        return Answer.UNKNOWN, "no output yet, and when the run began is not recorded"
    limit = stall_limit_s(memory.record)
    answer = Answer.YES if quiet < limit else Answer.NO
    came = "last output" if memory.progress.output_bytes else "no output since its start"
    return answer, f"{came} {duration(quiet)} ago, limit {limit_words(limit)}"


def _progress_answer(memory: PodMemory, moment: Moment) -> tuple[Answer, str]:
    stuck = _stuck(memory, moment.awake_seconds)
    if stuck is None:
        return Answer.UNKNOWN, "when the run began is not recorded"
    answer = Answer.YES if stuck < stall_limit_s(memory.record) else Answer.NO
    quiet = memory.progress.quiet_for(moment.awake_seconds) or 0.0
    since = "; since then a spinner, a counter or repeated lines" if stuck - quiet > 1 else ""
    return answer, f"last new output {duration(stuck)} ago{since}"


NO_ROW = PodView(
    name="",
    id="",
    status=Status.UNKNOWN,
    verdict=Verdict.UNKNOWN,
    asserted=False,
    source=Source.RECORD,
    since=datetime.fromtimestamp(0, UTC),
    run=0,
    agent="",
    message="",
)
"""Stands in for a row that is about to be made."""


def places_in_tree(names: Iterable[str], records: Mapping[str, PodRecord]) -> list[tuple[str, int]]:
    """Return every name with its depth, depth-first, siblings in the order of their creation.

    A pod whose parent is not in the store is a root. Pods that are each other's parents, which an
    edited record can cause, are roots too: none disappears.
    """
    by_id = {record.id: name for name, record in records.items()}

    def age(name: str) -> tuple[float, str]:
        record = records.get(name)
        return (record.created_at.timestamp() if record else float("inf"), name)

    oldest_first = sorted(names, key=age)
    children: dict[str | None, list[str]] = {}
    for name in oldest_first:
        record = records.get(name)
        parent = by_id.get(record.parent_id or "") if record else None
        children.setdefault(parent, []).append(name)
    places: list[tuple[str, int]] = []
    placed: set[str] = set()

    def place(root: str) -> None:
        pending = [(root, 0)]
        while pending:
            name, depth = pending.pop()
            if name in placed:
                continue
            placed.add(name)
            places.append((name, depth))
            pending.extend((child, depth + 1) for child in reversed(children.get(name, ())))

    for root in children.get(None, ()):
        place(root)
    for name in oldest_first:
        place(name)
    return places


def in_tree_order(
    views: Sequence[PodView], records: Mapping[str, PodRecord]
) -> tuple[PodView, ...]:
    """Return the views in the order of the tree, each with its depth; see `places_in_tree`."""
    by_name = {view.name: view for view in views}
    return tuple(
        msgspec.structs.replace(by_name[name], depth=depth)
        for name, depth in places_in_tree(by_name, records)
    )


def derived(
    memory: PodMemory, memories: Mapping[str, PodMemory], clock: Clock
) -> StatusReading | None:
    """Return the present status of a pod, None when it was not scanned."""
    if memory.look is None:
        return None
    return read_status(
        memory.look,
        memory.progress,
        now=clock.now(),
        awake_seconds=clock.monotonic(),
        stall_after_s=stall_limit_s(memory.record),
        work=memory.weighing.work if memory.weighing else None,
        peers=peers_of(memory, memories),
    )
