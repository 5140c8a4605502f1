"""Looking at the whole store and making one frozen picture of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.snapshot import Detector, Health, PodView, Snapshot
from podtui.core.model.verdicts import Answer, Evidence, Probe, Source, Status, Verdict
from podtui.core.observe.ends import EndsJournal, RunEnd
from podtui.core.observe.facts import RunLook, look_at_run, with_socket
from podtui.core.observe.health import SelfCheck, untold_by_half
from podtui.core.observe.progress import ASK_TERMINAL_AFTER_S, Progress, read_progress
from podtui.core.observe.status import Reading, read_status
from podtui.core.observe.treeorder import in_tree_order
from podtui.core.observe.verdict import Outcome, row_for
from podtui.core.processes.pings import Pong, ping_all
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.kernel.identity import ProcessGone

PING_TIMEOUT_S = 0.4
CONFIRM_AFTER_S = 2.0
TERMINAL_ASKED_AGAIN_S = 15.0
STOPPED_STATES = "Tt"


@dataclass(slots=True)
class PodMemory:
    """What the observer remembers of one pod between looks."""

    record: PodRecord | RecordProblem
    run: int = 0
    look: RunLook | None = None
    progress: Progress = field(default_factory=Progress)
    trouble: str = ""
    pong: Pong | None = None
    pong_at: datetime | None = None
    ping_due: float = 0.0
    gone_since: float | None = None
    confirmed: bool = False
    terminal_asked_at: float = 0.0
    first_seen: dict[tuple[int, Status], datetime] = field(default_factory=dict)
    reading: Reading | None = None


class Observer:
    """Makes snapshots. Not thread-safe: one thread looks.

    Args:
        ping_every_s: how often a supervisor that answered is asked again, in awake seconds.
    """

    def __init__(self, store: Store, *, ping_every_s: float = 0.0) -> None:
        self.store = store
        self.memory: dict[str, PodMemory] = {}
        self._check = SelfCheck(store)
        self._health = Health(ok=True)
        self._ends = EndsJournal(store)
        self._ping_every_s = ping_every_s
        self._generation = 0
        self._notice = ""

    # looking

    def look(self) -> Snapshot:
        """Look at everything: the truth, however little was hinted."""
        self._notice = self._check.clock_notice()
        try:
            names = self.store.pod_names()
        except OSError as error:
            self._health = Health(ok=False, reason=f"the pods cannot be listed: {error}")
            return self.snapshot()
        self._health = self._check.examine(names)
        if self._health.ok:
            self._look_at(names)
            for name in self._check.vanished(names):
                self._note_vanished(name)
        return self.snapshot()

    def look_at(self, names: Iterable[str]) -> Snapshot:
        """Look at some pods that a hint named; the others stay as they were seen."""
        if self._health.ok:
            try:
                there = set(self.store.pod_names())
            except OSError as error:
                self._health = Health(ok=False, reason=f"the pods cannot be listed: {error}")
                return self.snapshot()
            self._look_at([name for name in names if name in there])
        return self.snapshot()

    def _look_at(self, names: Collection[str]) -> None:
        for name in names:
            self._look_at_pod(name)
        self._ping(names)
        for name in names:
            self._watch_progress(name)
        told = [self.memory[name] for name in names]
        untold = sum(self._is_observers_trouble(each) for each in told)
        problem = untold_by_half(untold, len(told)) if len(told) == len(self.memory) else ""
        if problem:
            self._health = Health(ok=False, reason=problem)
            return
        self._derive(names)
        self._ends.record([end for name in names if (end := self._end_of(name))])

    def _look_at_pod(self, name: str) -> None:
        record = self.store.pod_record(name)
        memory = self.memory.setdefault(name, PodMemory(record))
        memory.record = record
        memory.trouble = ""
        try:
            runs = self.store.run_numbers(name)
        except OSError as error:
            memory.trouble = f"its runs cannot be listed: {error}"
            memory.look = None
            return
        if not runs:
            memory.trouble = "it has no run"
            memory.look = None
            return
        if runs[-1] != memory.run:
            self.memory[name] = memory = PodMemory(record, run=runs[-1])
        pod_id = record.id if isinstance(record, PodRecord) else None
        memory.look = self._confirmed(memory, look_at_run(self.store, name, runs[-1], pod_id))

    def _confirmed(self, memory: PodMemory, look: RunLook) -> RunLook:
        """Count a death that rests on one fact only when it is found again, seconds later."""
        if row_for(look.answers).outcome is not Outcome.GONE_UNCONFIRMED:
            memory.gone_since, memory.confirmed = None, False
            return look
        now = self.store.system.clock.monotonic()
        if memory.gone_since is None:
            memory.gone_since = now
        memory.confirmed = memory.confirmed or now - memory.gone_since >= CONFIRM_AFTER_S
        return replace(look, answers=replace(look.answers, confirmed=memory.confirmed))

    def _is_observers_trouble(self, memory: PodMemory) -> bool:
        """Whether the kernel refused to tell, as opposed to a record that is bad in itself."""
        if memory.look is None or isinstance(memory.look.record, RecordProblem):
            return False
        if row_for(memory.look.answers).outcome is not Outcome.UNTOLD:
            return False
        asked = {Probe.LOCK, Probe.SUPERVISOR, Probe.BOOT}
        return any(
            each.probe in asked and each.answer is Answer.UNKNOWN for each in memory.look.evidence
        )

    # sockets

    def _ping(self, names: Collection[str]) -> None:
        """Ask the sockets that are due, all at once; what is stopped is not waited for."""
        clock = self.store.system.clock
        asked: dict[str, PodMemory] = {}
        for name in names:
            memory = self.memory[name]
            record = self._live_record(memory)
            if record is None:
                memory.pong = None
                continue
            stopped = self._is_stopped(record)
            if stopped:
                self._note_pong(memory, Pong(Answer.NO, stopped), ping_due=0.0)
            elif memory.pong is None or clock.monotonic() >= memory.ping_due:
                asked[self.store.socket_name(record.pod_id, record.run)] = memory
        pongs = ping_all(
            self.store.system.proc,
            clock,
            asked,
            self.store.socket_directories,
            timeout_s=PING_TIMEOUT_S,
        )
        for socket, pong in pongs.items():
            every = self._ping_every_s if pong.answer is Answer.YES else 0.0
            self._note_pong(asked[socket], pong, ping_due=clock.monotonic() + every)
        for name in names:
            memory = self.memory[name]
            if memory.pong is not None and memory.look is not None and memory.pong_at is not None:
                memory.look = with_socket(memory.look, memory.pong, memory.pong_at)

    def _live_record(self, memory: PodMemory) -> RunRecord | None:
        if memory.look is None or isinstance(memory.look.record, RecordProblem):
            return None
        is_live = row_for(memory.look.answers).outcome in {Outcome.RUNNING, Outcome.SILENT}
        return memory.look.record if is_live else None

    def _is_stopped(self, record: RunRecord) -> str:
        if record.supervisor is None:
            return ""
        try:
            state = self.store.system.proc.stat(record.supervisor.pid).state
        except (ProcessGone, OSError):
            return ""
        return "not asked: the supervisor is stopped (SIGSTOP)" if state in STOPPED_STATES else ""

    def _note_pong(self, memory: PodMemory, pong: Pong, *, ping_due: float) -> None:
        memory.pong = pong
        memory.pong_at = self.store.system.clock.now()
        memory.ping_due = ping_due

    # progress

    def _watch_progress(self, name: str) -> None:
        memory = self.memory[name]
        if memory.look is None:
            return
        system = self.store.system
        progress = read_progress(system, self.store.paths.pod(name).run(memory.run))
        record = self._live_record(memory)
        quiet = progress.quiet_for(system.clock.monotonic())
        moved = progress.output_bytes != memory.progress.output_bytes
        due = system.clock.monotonic() - memory.terminal_asked_at >= TERMINAL_ASKED_AGAIN_S
        if record is None or quiet is None or quiet < ASK_TERMINAL_AFTER_S:
            memory.progress = progress
        elif moved or due or memory.progress.terminal is Answer.UNKNOWN:
            memory.terminal_asked_at = system.clock.monotonic()
            memory.progress = replace(progress, terminal=self._waits_for_terminal(record))
        else:
            memory.progress = replace(progress, terminal=memory.progress.terminal)

    def _waits_for_terminal(self, record: RunRecord) -> Answer:
        """Tell whether the program in the foreground is blocked reading the terminal."""
        proc = self.store.system.proc
        if record.child is None or record.supervisor is None:
            return Answer.UNKNOWN
        try:
            child = proc.stat(record.child.pid)
            group = child.foreground_group
            tree = [child, *proc.descendants(child.pid)]
        except (ProcessGone, OSError):
            return Answer.UNKNOWN
        answers = [proc.blocked_on_terminal(each.pid) for each in tree if each.group == group]
        return Answer.YES if Answer.YES in answers else Answer.NO

    # deriving

    def tick(self) -> Snapshot:
        """Make a picture from what was seen, with the ages of this moment; asks nothing."""
        if self._health.ok:
            self._derive(self.memory)
        return self.snapshot()

    def unwell(self, reason: str) -> Snapshot:
        """Make a picture in which nothing is believed, because the observer itself failed."""
        self._health = Health(ok=False, reason=reason)
        return self.snapshot()

    def _derive(self, names: Iterable[str]) -> None:
        clock = self.store.system.clock
        now, awake = clock.now(), clock.monotonic()
        for name in names:
            memory = self.memory[name]
            if memory.look is None:
                memory.reading = None
                continue
            pod = memory.record
            stall = pod.stall_after_s if isinstance(pod, PodRecord) else None
            memory.reading = read_status(
                memory.look, memory.progress, now=now, awake_seconds=awake, stall_after_s=stall
            )

    def _end_of(self, name: str) -> RunEnd | None:
        memory = self.memory[name]
        reading, look = memory.reading, memory.look
        if reading is None or look is None or reading.verdict is not Verdict.DEAD:
            return None
        pod = memory.record
        if isinstance(pod, RecordProblem):
            # Its row says that its record cannot be read; its end is told when it can.
            return None
        return RunEnd(
            pod=name,
            pod_id=pod.id,
            run=memory.run,
            status=reading.status,
            at=reading.since or self._first_seen(memory, reading.status),
            summary=reading.message,
            never_started=row_for(look.answers).outcome is Outcome.NEVER_STARTED,
        )

    def _first_seen(self, memory: PodMemory, status: Status) -> datetime:
        return memory.first_seen.setdefault((memory.run, status), self.store.system.clock.now())

    def _note_vanished(self, name: str) -> None:
        memory = self.memory.get(name)
        if memory is not None:
            memory.look, memory.reading = None, None
            memory.trouble = "its directory vanished from the store, and no action took it away"

    # the picture

    def snapshot(
        self, *, detectors: tuple[Detector, ...] = (), notices: tuple[str, ...] = ()
    ) -> Snapshot:
        """Make the picture of what was seen so far."""
        self._generation += 1
        views = in_tree_order(
            [self._view(name, memory) for name, memory in self.memory.items()],
            {
                name: memory.record
                for name, memory in self.memory.items()
                if isinstance(memory.record, PodRecord)
            },
        )
        own = (self._health.reason, self.store.read_only or "", self._ends.trouble, self._notice)
        return Snapshot(
            at=self.store.system.clock.now(),
            store=str(self.store.paths.root),
            pods=views,
            counts=dict(Counter(view.status for view in views)),
            health=self._health,
            detectors=detectors,
            notices=tuple(text for text in (*own, *notices) if text),
            generation=self._generation,
            read_only=bool(self.store.read_only),
        )

    def _view(self, name: str, memory: PodMemory) -> PodView:
        reading = self._reading(memory)
        pod = memory.record
        view = PodView(
            name=name,
            id=self._id_of(memory),
            status=reading.status,
            verdict=reading.verdict,
            asserted=reading.asserted,
            source=reading.source,
            since=reading.since or self._first_seen(memory, reading.status),
            run=memory.run,
            agent="unknown",
            message=reading.message,
            last_output_at=memory.progress.last_output_at,
            quiet_for_s=self._quiet(memory, reading),
            exit_code=reading.exit_code,
            signal=reading.signal,
            evidence=self._evidence(memory),
            output_bytes=memory.progress.output_bytes,
        )
        if isinstance(pod, RecordProblem):
            return msgspec.structs.replace(view, record_error=pod.sentence())
        return msgspec.structs.replace(
            view, agent=pod.agent, role=pod.role, task=pod.task, parent=pod.parent_name
        )

    def _reading(self, memory: PodMemory) -> Reading:
        """Return the reading to show: none is believed when the observer is the broken part."""
        if not self._health.ok:
            message = f"could not tell: {self._health.reason}"
        elif isinstance(memory.record, RecordProblem):
            message = memory.record.sentence()
        elif memory.reading is not None and not memory.trouble:
            return memory.reading
        else:
            message = f"could not tell: {memory.trouble or 'not looked at yet'}"
        return Reading(
            status=Status.UNKNOWN,
            verdict=Verdict.UNKNOWN,
            asserted=True,
            source=Source.RECORD,
            message=message,
        )

    def _id_of(self, memory: PodMemory) -> str:
        if isinstance(memory.record, PodRecord):
            return memory.record.id
        look = memory.look
        return look.record.pod_id if look and isinstance(look.record, RunRecord) else ""

    def _quiet(self, memory: PodMemory, reading: Reading) -> float | None:
        if reading.verdict is not Verdict.ALIVE:
            return None
        quiet = memory.progress.quiet_for(self.store.system.clock.monotonic())
        return None if quiet is None else round(quiet, 3)

    def _evidence(self, memory: PodMemory) -> tuple[Evidence, ...]:
        own: tuple[Evidence, ...] = ()
        now = self.store.system.clock.now()
        if not self._health.ok:
            detail = self._health.reason
            own = (Evidence(probe=Probe.OBSERVER, answer=Answer.NO, detail=detail, at=now),)
        if isinstance(memory.record, RecordProblem):
            detail = memory.record.sentence()
            own += (Evidence(probe=Probe.RECORD, answer=Answer.UNKNOWN, detail=detail, at=now),)
        seen = memory.look.evidence if memory.look else ()
        if memory.progress.terminal is not Answer.UNKNOWN:
            words = {Answer.YES: "a program waits for its input", Answer.NO: "not being read"}
            answer = memory.progress.terminal
            own += (
                Evidence(probe=Probe.TERMINAL, answer=answer, detail=words[answer], at=now),
            )
        return (*seen, *own)
