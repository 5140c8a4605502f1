"""Looking at the whole store and making one frozen picture of it.

A run that has ended, and whose records have not changed since, is not looked at again: with
thousands of finished pods a look costs what the living ones cost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import partial

import msgspec

from podtui.core.access.missing import why_gone
from podtui.core.hosts.pty.ping import Pong
from podtui.core.hosts.pty.probe import SETTLE_MS, RunLook, probe_run, with_socket
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.snapshot import Detector, Health, Snapshot
from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.observe.first_scan import (
    MANY,
    EarlyPictures,
    FirstScan,
    collector_paused,
    in_order_of_interest,
    progress_words,
)
from podtui.core.observe.journal.ends import EndsJournal, EndsWriter, RunEnd
from podtui.core.observe.journal.losses import LossNotices
from podtui.core.observe.journal.stalls import StallsJournal, StallsWriter, stall_of
from podtui.core.observe.memory import Fingerprint, PodMemory, fingerprint, is_refusal
from podtui.core.observe.self_check import SelfCheck, untold_by_half
from podtui.core.observe.slow_probes import Attention
from podtui.core.observe.snapshot import Moment, Picture, derived
from podtui.core.observe.socket_asks import AskAndWait, Asking
from podtui.core.observe.verdict import Finding
from podtui.core.observe.waiting_on import waits_for_pods
from podtui.core.paths import SocketPlace
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words

ASK_SILENT_AGAIN_S = 2.0
CONFIRM_AFTER_S = 2.0
LIVELY_S = 10.0
"""How long after its last output a pod is asked every second what it is at."""
FIRST_RUN = 1
STOPPED = Pong(Answer.NO, "it is stopped (SIGSTOP), and was not asked")
RESTLESS = frozenset({Finding.STARTING, Finding.GONE_UNCONFIRMED, Finding.DISAGREEMENT})


class ObserverOptions(msgspec.Struct, frozen=True):
    """How an observer does what may take long.

    Attributes:
        asking: who asks the sockets; None = ask and wait.
        ends: who writes ends; None = write at once.
        stalls: who writes stalls; None = write at once.
        ping_every_s: how often a supervisor that answered is asked again, in awake seconds.
        only: the pods to look at; None = all.
        early: is shown how far a first look at many pods has come; None = nobody is.
    """

    asking: Asking | None = None
    ends: EndsWriter | None = None
    stalls: StallsWriter | None = None
    ping_every_s: float = 0.0
    only: frozenset[str] | None = None
    early: FirstScan | None = None


class Observer:
    """Makes snapshots. Not thread-safe: one thread looks."""

    def __init__(
        self, store: Store, *, ends: EndsJournal | None = None, ways: ObserverOptions | None = None
    ) -> None:
        ways = ways or ObserverOptions()
        self.store = store
        self.memory: dict[str, PodMemory] = {}
        self._ends = ends or EndsJournal(store)
        self._writer: EndsWriter = ways.ends or self._ends
        self._stalls: StallsWriter = ways.stalls or StallsJournal(store)
        self._asking = ways.asking or AskAndWait(store)
        self._asked: dict[str, str] = {}
        self._ping_every_s = ways.ping_every_s
        self._only = ways.only
        self._early = ways.early
        self._pods = str(store.paths.pods)
        self._check = SelfCheck(store)
        self._health = Health(ok=True)
        self._attention = Attention(store)
        self._losses = LossNotices(store.system.clock)
        self._picture = Picture()
        self._changed: set[str] = set()
        self._unsettled: set[str] = set()
        self._generation = 0
        self._notice = ""

    # looking

    def look(self) -> Snapshot:
        """Look at everything: the truth, however little was hinted."""
        self._notice = self._check.clock_notice()
        try:
            names = self._names()
        except OSError as error:
            return self.degraded(
                f"the pods cannot be listed: {self.store.paths.pods}: {errno_words(error)}"
            )
        self._forget_pruned(self._check.newly_absent(names))
        absent_before = self._check.absent
        self._health = self._check.examine(names)
        if not self._health.ok:
            return self._snapshot_without_store(names)
        is_first = not self.memory
        with collector_paused(all_stays=is_first and len(names) >= MANY):
            new = [name for name in names if is_first or not self._is_settled(name)]
            self._meet_in_sight(new) if is_first else self._meet(new)
            self._judge(new, of_all=len(names), is_first=is_first)
            for name in self._check.absent - absent_before:
                self._note_vanished(name)
            return self.snapshot()

    def look_at(self, names: Iterable[str]) -> Snapshot:
        """Look at some pods that a hint named; the others stay as they were seen."""
        if not self.memory:
            self._health = self._check.own_senses()
        if not self._health.ok:
            return self._snapshot_without_store(names)
        there = [name for name in names if self._is_wanted(name) and self._is_in_place(name)]
        if any(name not in there and name in self.memory for name in names):
            # A pod that went away is judged together with all others: it may be us.
            return self.look()
        new = [name for name in there if not self._is_settled(name)]
        self._meet(new)
        self._judge(new)
        return self.snapshot()

    def _snapshot_without_store(self, names: Iterable[str]) -> Snapshot:
        """Make a picture while the observer is degraded: who is new gets a row and no verdict."""
        new = [name for name in names if name not in self.memory and self._is_wanted(name)]
        self._meet(name for name in new if self._is_in_place(name))
        return self.snapshot()

    def look_at_output(self, names: Iterable[str]) -> Snapshot:
        """Look only how far the output of some pods has come."""
        if self._health.ok:
            known = [name for name in names if name in self._unsettled]
            self._attention.begin_look()
            for name in known:
                self._attention.watch(self.memory[name])
            self._derive(known)
        return self.snapshot()

    def needs_rescan(self) -> list[str]:
        """Return the pods whose state may change without a hint: worth a look every second."""
        return [name for name in self._unsettled if self._is_restless(self.memory[name])]

    def has_changes(self) -> bool:
        """Whether a pod printed a moment ago, or its status changes with time."""
        awake = self.store.system.clock.monotonic()
        return any(
            (quiet := memory.progress.quiet_for(awake)) is None
            or quiet < LIVELY_S
            or self._is_restless(memory)
            for memory in self.unsettled()
        )

    def unsettled(self) -> Iterable[PodMemory]:
        """Return what is known of every pod that may still change by itself."""
        return [self.memory[name] for name in self._unsettled]

    def _names(self) -> list[str]:
        if self._only is None:
            return self.store.pod_names()
        return [name for name in self._only if self._is_in_place(name)]

    def _is_wanted(self, name: str) -> bool:
        return self._only is None or name in self._only

    def _is_in_place(self, name: str) -> bool:
        try:
            return self.store.system.fs.stamp(self.store.paths.pod(name).root) is not None
        except OSError:
            # Could not tell: it keeps its row, and the look itself says why.
            return True

    def _is_restless(self, memory: PodMemory) -> bool:
        if memory.pong is not None and memory.pong.answer is not Answer.YES:
            return True
        return memory.outcome in RESTLESS

    def _judge(self, names: Collection[str], *, of_all: int = 0, is_first: bool = False) -> None:
        """Say what pods that were met are; ``of_all`` tells how many there are, if these matter."""
        told = [self.memory[name] for name in names]
        problem = untold_by_half(sum(each.was_refused for each in told), of_all)
        if problem:
            for memory in told:
                # What an observer saw that is not in order is the first of no two looks.
                memory.gone_since, memory.confirmed = None, False
            self._health = Health(ok=False, reason=problem)
            return
        self._ask(told)
        self._look_again([memory for memory in told if memory.pong and memory.pong.hung_up])
        told = [self.memory[name] for name in names]
        self._attention.begin_look()
        for memory in told:
            if not memory.has_ended:
                self._attention.watch(memory)
        # What was shown of a first look meanwhile is of this very look.
        before = {} if is_first else {name: self.memory[name].reading for name in names}
        were_dead = {name for name in before if self.memory[name].is_dead}
        were_seen = {name for name, reading in before.items() if reading is not None}
        self._derive([name for name in names if not is_first or not self._is_told(name)])
        ends = {name: end for name in names if (end := self._end_of(self.memory[name]))}
        self._losses.note(
            end
            for name, end in ends.items()
            if name not in were_dead and (name in were_seen or not self._ends.is_written(end))
        )
        self._writer.record(list(ends.values()))
        self._settle(names, ends)

    def _is_told(self, name: str) -> bool:
        """Whether all is said of an ended run."""
        memory = self.memory[name]
        return memory.has_ended and memory.reading is not None

    def _meet_in_sight(self, names: Collection[str]) -> None:
        """Look at the records of all pods for the first time; show how far that has come."""
        early = EarlyPictures(self.store.system.clock, self._early)
        fresh: list[str] = []
        for count, name in enumerate(in_order_of_interest(self.store, names), 1):
            self._meet([name])
            fresh.append(name)
            if early.are_due():
                early.show(partial(self._so_far, fresh, count, len(names)))
                fresh = []

    def _so_far(self, fresh: Collection[str], count: int, of_all: int) -> Snapshot | None:
        """Make a picture of a look under way, None while it is not to be believed."""
        for name in fresh:
            if not self.memory[name].has_ended:
                self._attention.watch(self.memory[name])
        self._derive(fresh)
        if untold_by_half(sum(each.was_refused for each in self.memory.values()), count):
            return None
        so_far = self.snapshot(notices=(progress_words(count, of_all),))
        return msgspec.structs.replace(so_far, whole=False)

    def _meet(self, names: Iterable[str]) -> None:
        """Look at the records and processes of pods."""
        for name in names:
            self._look_at_pod(name)
            self._finish_ended(self.memory[name])
            self._unsettled.add(name)
            self._changed.add(name)

    def _look_again(self, hung_up: Iterable[PodMemory]) -> None:
        """Look at pods whose supervisors hung up: they may have ended since they were looked at."""
        for memory in hung_up:
            pong, pong_at = memory.pong, memory.pong_at
            self._meet([memory.name])
            again = self.memory[memory.name]
            if again.live_record is not None:
                again.pong, again.pong_at = pong, pong_at
                _add_pong(again)

    def _finish_ended(self, memory: PodMemory) -> None:
        """Read what else is to be known of an ended run while its paths are at hand."""
        if memory.has_ended:
            self._attention.watch(memory)
            if isinstance(memory.record, PodRecord):
                self._ends.known_at(memory.name, memory.record.id, memory.run)

    def _look_at_pod(self, name: str) -> None:
        paths = self.store.paths.pod(name)
        memory = self.memory.get(name)
        # Stamped before they are read: what changes meanwhile is looked at again.
        expected = memory.run if memory else FIRST_RUN
        stamps = self._stamps(name, expected)
        record = self.store.pod_record(name)
        if memory is None or not memory.is_of(record):
            memory = self.memory[name] = PodMemory(name, record)
        memory.record = record
        memory.settled, memory.look, memory.trouble = None, None, ""
        memory.was_refused = is_refusal(record, had_one=memory.had_record)
        memory.had_record |= isinstance(record, PodRecord)
        try:
            runs = self.store.run_numbers(name)
        except OSError as error:
            memory.trouble = f"its runs cannot be listed: {paths.runs}: {errno_words(error)}"
            not_there = isinstance(error, FileNotFoundError | NotADirectoryError)
            memory.was_refused |= memory.run > 0 or not not_there
            return
        if not runs:
            memory.trouble = f"it has no run in {paths.runs}"
            return
        run = runs[-1]
        if run != memory.run:
            memory = self.memory[name] = memory.of_run(run)
        pod_id = record.id if isinstance(record, PodRecord) else None
        settle_ms = 0 if memory.gone_since is not None else SETTLE_MS
        look = probe_run(self.store, name, run, pod_id, settle_ms=settle_ms)
        memory.look = self._confirmed(memory, look)
        gone = is_refusal(look.record, had_one=memory.had_run_record)
        memory.was_refused |= gone or (look.was_refused and memory.outcome is not Finding.ENDED)
        memory.had_run_record |= isinstance(look.record, RunRecord)
        memory.settled = stamps if run == expected else None

    def _confirmed(self, memory: PodMemory, look: RunLook) -> RunLook:
        """Count a death that rests on one fact only when it is found again, seconds later."""
        memory.look = look
        if memory.outcome not in {Finding.GONE_UNCONFIRMED, Finding.DISAGREEMENT}:
            memory.gone_since, memory.confirmed = None, False
            return look
        now = self.store.system.clock.monotonic()
        if memory.gone_since is None:
            memory.gone_since = now
        if memory.outcome is Finding.DISAGREEMENT:
            return look
        memory.confirmed = memory.confirmed or now - memory.gone_since >= CONFIRM_AFTER_S
        return msgspec.structs.replace(
            look, answers=msgspec.structs.replace(look.answers, confirmed=memory.confirmed)
        )

    def _is_settled(self, name: str) -> bool:
        memory = self.memory.get(name)
        if memory is None or name in self._unsettled or memory.settled is None:
            return False
        return self._stamps(name, memory.run) == memory.settled

    def _stamps(self, name: str, run: int) -> Fingerprint | None:
        return fingerprint(self.store.system.fs, self._pods, name, run)

    def _settle(self, names: Iterable[str], ends: dict[str, RunEnd]) -> None:
        for name in names:
            memory, end = self.memory[name], ends.get(name)
            is_told = end is None or self.store.read_only or self._ends.is_written(end)
            if is_told and not memory.can_change():
                self._unsettled.discard(name)

    # sockets

    def _ask(self, memories: Collection[PodMemory]) -> None:
        """Ask the sockets that are due; what is stopped is not asked, since it cannot answer."""
        clock = self.store.system.clock
        self._take_answers()
        due: list[SocketPlace] = []
        for memory in memories:
            record = memory.live_record
            if record is None:
                memory.pong = None
            elif memory.look and memory.look.supervisor and memory.look.supervisor.is_stopped:
                self._note_pong(memory, STOPPED, again_after_s=0.0)
            elif memory.pong is None or clock.monotonic() >= memory.ping_due:
                place = self.store.socket_place(record)
                self._asked[place.name] = memory.name
                due.append(place)
            _add_pong(memory)
        self._asking.ask(due)
        self._take_answers()

    def _take_answers(self) -> list[str]:
        """Take the answers of sockets that have come; returns whose."""
        answered = []
        for socket, pong in self._asking.answers().items():
            memory = self.memory.get(self._asked.pop(socket, ""))
            if memory is not None:
                is_there = pong.answer is Answer.YES
                again = self._ping_every_s if is_there else ASK_SILENT_AGAIN_S
                self._note_pong(memory, pong, again_after_s=again)
                answered.append(memory.name)
        return answered

    def _note_pong(self, memory: PodMemory, pong: Pong, *, again_after_s: float) -> None:
        clock = self.store.system.clock
        memory.pong, memory.pong_at = pong, clock.now()
        memory.ping_due = clock.monotonic() + again_after_s
        _add_pong(memory)

    # deriving

    def tick(self) -> Snapshot:
        """Make a picture from what was seen, with the ages of this moment."""
        if self._health.ok:
            self._take_answers()
            for name in self._unsettled:
                self._attention.ask_when_due(self.memory[name])
            self._derive(self._unsettled)
        return self.snapshot()

    def news(self) -> Snapshot:
        """Make a picture with the answers that have come since the last look."""
        answered = self._take_answers()
        if self._health.ok and answered:
            self._derive(answered)
        return self.snapshot()

    def degraded(self, reason: str) -> Snapshot:
        """Make a picture in which nothing is believed, because the observer itself failed."""
        self._health = Health(ok=False, reason=reason)
        return self.snapshot()

    def _derive(self, names: Collection[str]) -> None:
        # Those who wait for others come after them: their words tell how these are now.
        for name in sorted(names, key=lambda name: waits_for_pods(self.memory[name])):
            memory = self.memory[name]
            self._changed.add(name)
            reading = derived(memory, self.memory, self.store.system.clock)
            if reading and reading.verdict is Verdict.DEAD and reading.since is None:
                reading = msgspec.structs.replace(reading, since=self._ended_at(memory))
            memory.reading = reading
        self._stalls.record([stall for name in names if (stall := stall_of(self.memory[name]))])

    def _ended_at(self, memory: PodMemory) -> datetime:
        """Return when a death without a record of its own was first noticed, by anybody."""
        if memory.ended_at is None:
            pod = memory.record
            known = (
                self._ends.known_at(memory.name, pod.id, memory.run)
                if isinstance(pod, PodRecord)
                else None
            )
            memory.ended_at = known or self.store.system.clock.now()
        return memory.ended_at

    def _end_of(self, memory: PodMemory) -> RunEnd | None:
        reading, pod = memory.reading, memory.record
        # Of a record that cannot be read its row tells; the end is told when it can be.
        if reading is None or reading.verdict is not Verdict.DEAD or isinstance(pod, RecordProblem):
            return None
        return RunEnd(
            pod=memory.name,
            pod_id=pod.id,
            run=memory.run,
            status=reading.status,
            at=reading.since or self._ended_at(memory),
            summary=reading.message,
            cause=reading.cause,
            never_started=memory.outcome is Finding.NEVER_STARTED,
            evidence=memory.look.evidence if memory.look else (),
        )

    def _forget_pruned(self, absent: Iterable[str]) -> None:
        for name in absent:
            if name in self.memory and was_pruned(self.store, self.memory[name]):
                del self.memory[name]
                self._unsettled.discard(name)
                self._changed.discard(name)
                self._check.forget(name)
                self._picture.forget(name)

    def _note_vanished(self, name: str) -> None:
        memory = self.memory.get(name)
        if memory is not None:
            memory.look, memory.reading, memory.settled = None, None, None
            place = self.store.paths.pod(name).root
            memory.trouble = f"{place} vanished from the store, and no action took it away"
            self._unsettled.discard(name)
            self._changed.add(name)

    # the picture

    def snapshot(
        self, *, detectors: tuple[Detector, ...] = (), notices: tuple[str, ...] = ()
    ) -> Snapshot:
        """Make the picture of what was seen so far."""
        self._generation += 1
        clock = self.store.system.clock
        moment = Moment.of(clock, self._health)
        changed, self._changed = self._changed, set()
        rows = self._picture.rows(self.memory, changed, moment)
        own = (
            self._health.reason,
            self.store.read_only or "",
            *self._losses.sentences(),
            self._ends.trouble,
            self._stalls.trouble,
            self._notice,
        )
        return Snapshot(
            at=moment.now,
            store=str(self.store.paths.root),
            pods=rows,
            counts=self._picture.counts(),
            health=self._health,
            detectors=detectors,
            notices=tuple(text for text in (*own, *notices) if text),
            generation=self._generation,
            read_only=bool(self.store.read_only),
        )


def _add_pong(memory: PodMemory) -> None:
    if memory.pong is not None and memory.look is not None and memory.pong_at is not None:
        memory.look = with_socket(memory.look, memory.pong, memory.pong_at)


def was_pruned(store: Store, memory: PodMemory) -> bool:
    """Whether a pod that is not in its place any more was pruned, as far as that can be told."""
    if isinstance(memory.record, PodRecord):
        return why_gone(store, memory.name, pod_id=memory.record.id) is not None
    try:
        found = store.trash.named(memory.name)
    except OSError:
        return False
    # What could not be read before cannot be read in the trash; another pod of its name can.
    return any(each.has_pod and isinstance(each.pod, RecordProblem) for each in found)
