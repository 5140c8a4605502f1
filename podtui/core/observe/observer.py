"""Schedules scans of the whole store and makes one frozen snapshot of what they found.

Which pods are scanned, when, in which order, and whether the observer itself is in order is decided
here; what a scan changes in what is known of a pod is decided by its `PodMemory`.

A run that has ended, and whose records have not changed since, is not scanned again: with thousands
of finished pods a scan costs what the living ones cost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from podtui.core.access.missing import why_gone
from podtui.core.model.records import PodRecord
from podtui.core.model.snapshot import Detector, Health, Snapshot
from podtui.core.observe.first_scan import MANY, FirstScan, OnPartial
from podtui.core.observe.journal.ends import EndsJournal, RunEnd
from podtui.core.observe.journal.losses import LossNotices
from podtui.core.observe.journal.stalls import Stall, StallsJournal
from podtui.core.observe.journal.writer import Writer
from podtui.core.observe.memory import PodMemory, fingerprint, scan_pod
from podtui.core.observe.self_check import SelfCheck, half_unreadable
from podtui.core.observe.slow_probes import SlowProbes
from podtui.core.observe.snapshot import Moment, SnapshotRows, derived
from podtui.core.observe.socket_asks import AskAndWait, Asking, SocketAsks
from podtui.core.observe.waiting_on import waits_for_pods
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.collector import paused
from podtui.core.system.fs import errno_words


class ObserverOptions(msgspec.Struct, frozen=True):
    """How an observer does what may take long.

    Attributes:
        asking: asks the owners of runs; None = ask and wait.
        ends: writes ends; None = write at once.
        stalls: writes stalls; None = write at once.
        ping_every_s: how often an owner that answered is asked again, in awake seconds.
        only: the pods to scan; None = all.
        on_partial: takes snapshots of a first scan of many pods that is under way.
    """

    asking: Asking | None = None
    ends: Writer[RunEnd] | None = None
    stalls: Writer[Stall] | None = None
    ping_every_s: float = 0.0
    only: frozenset[str] | None = None
    on_partial: OnPartial | None = None


class Observer:
    """Makes snapshots. Not thread-safe: one thread scans."""

    def __init__(
        self,
        store: Store,
        *,
        ends: EndsJournal | None = None,
        options: ObserverOptions | None = None,
    ) -> None:
        options = options or ObserverOptions()
        self.store = store
        self.memory: dict[str, PodMemory] = {}
        self._ends = ends or EndsJournal(store)
        self._end_writer: Writer[RunEnd] = options.ends or self._ends
        self._stall_writer: Writer[Stall] = options.stalls or StallsJournal(store)
        asking = options.asking or AskAndWait(store)
        self._sockets = SocketAsks(store.system.clock, asking, ping_every_s=options.ping_every_s)
        self._only = options.only
        self._on_partial = options.on_partial
        self._check = SelfCheck(store)
        self._health = Health(ok=True)
        self._slow_probes = SlowProbes(store)
        self._losses = LossNotices(store.system.clock)
        self._rows = SnapshotRows()
        self._changed: set[str] = set()
        self._unsettled: set[str] = set()
        self._generation = 0
        self._clock_notice = ""

    # scanning

    def look(self) -> Snapshot:
        """Scan everything: the truth, however little was hinted."""
        self._clock_notice = self._check.clock_notice()
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
        with paused(all_stays=is_first and len(names) >= MANY):
            due = [name for name in names if is_first or not self._is_unchanged(name)]
            if is_first:
                FirstScan(
                    self.store, scan=self._scan, partial=self._partial, show=self._on_partial
                ).run(due)
            else:
                self._scan_all(due)
            self._judge(due, of_all=len(names))
            for name in self._check.absent - absent_before:
                self._note_vanished(name)
            return self.snapshot()

    def look_at(self, names: Iterable[str]) -> Snapshot:
        """Scan some pods that a hint named; the others stay as they were."""
        if not self.memory:
            self._health = self._check.own_senses()
        if not self._health.ok:
            return self._snapshot_without_store(names)
        there = [name for name in names if self._is_wanted(name) and self._is_in_place(name)]
        if any(name not in there and name in self.memory for name in names):
            # A pod that went away is judged together with all others: it may be our own trouble.
            return self.look()
        due = [name for name in there if not self._is_unchanged(name)]
        self._scan_all(due)
        self._judge(due)
        return self.snapshot()

    def look_at_output(self, names: Iterable[str]) -> Snapshot:
        """Read only how much output some pods have."""
        if self._health.ok:
            known = [name for name in names if name in self._unsettled]
            self._slow_probes.begin_scan()
            for name in known:
                self._slow_probes.watch(self.memory[name])
            self._derive(known)
        return self.snapshot()

    def tick(self) -> Snapshot:
        """Make a snapshot of what was seen, with the ages of this moment."""
        if self._health.ok:
            self._sockets.take_answers(self.memory)
            for name in self._unsettled:
                self._slow_probes.ask_when_due(self.memory[name])
            self._derive(self._unsettled)
        return self.snapshot()

    def take_answers(self) -> Snapshot:
        """Make a snapshot with the socket answers that have come since the last scan."""
        answered = self._sockets.take_answers(self.memory)
        if self._health.ok and answered:
            self._derive(answered)
        return self.snapshot()

    def degraded(self, reason: str) -> Snapshot:
        """Make a snapshot in which nothing is believed, because the observer itself failed."""
        self._health = Health(ok=False, reason=reason)
        return self.snapshot()

    # what is due

    def needs_rescan(self) -> list[str]:
        """Return the pods whose state may change without a hint: to be scanned every second."""
        return [memory.name for memory in self.unsettled() if memory.is_restless]

    def has_changes(self) -> bool:
        """Whether a pod printed a moment ago, or its status changes with time."""
        awake = self.store.system.clock.monotonic()
        return any(memory.is_lively(awake) for memory in self.unsettled())

    def unsettled(self) -> list[PodMemory]:
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
            # Could not be determined: it keeps its row, and the scan itself says why.
            return True

    def _is_unchanged(self, name: str) -> bool:
        memory = self.memory.get(name)
        if memory is None or name in self._unsettled or memory.unchanged is None:
            return False
        pods = str(self.store.paths.pods)
        return fingerprint(self.store.system.fs, pods, name, memory.run) == memory.unchanged

    # one scan

    def _scan(self, name: str) -> None:
        """Read the records of a pod and probe its run."""
        memory = self.memory[name] = scan_pod(self.store, name, self.memory.get(name))
        self._unsettled.add(name)
        self._changed.add(name)
        if memory.has_ended:
            # What else is to be known of an ended run is read while its paths are in the cache.
            self._slow_probes.watch(memory)
            self._first_noticed(memory)

    def _scan_all(self, names: Iterable[str]) -> None:
        for name in names:
            self._scan(name)

    def _snapshot_without_store(self, names: Iterable[str]) -> Snapshot:
        """Make a snapshot while the observer is degraded: new pods get a row and no verdict."""
        new = [name for name in names if name not in self.memory and self._is_wanted(name)]
        self._scan_all(name for name in new if self._is_in_place(name))
        return self.snapshot()

    def _partial(self, fresh: Collection[str], count: int) -> Snapshot | None:
        """Make a snapshot of a first scan under way, None while it is not to be believed."""
        for name in fresh:
            if not self.memory[name].has_ended:
                self._slow_probes.watch(self.memory[name])
        self._derive(fresh)
        if half_unreadable(sum(each.was_refused for each in self.memory.values()), count):
            return None
        return self.snapshot()

    def _judge(self, names: Collection[str], *, of_all: int = 0) -> None:
        """Derive the status of pods that were scanned, out of ``of_all`` if that matters."""
        scanned = [self.memory[name] for name in names]
        problem = half_unreadable(sum(each.was_refused for each in scanned), of_all)
        if problem:
            for memory in scanned:
                memory.distrust()
            self._health = Health(ok=False, reason=problem)
            return
        self._sockets.ask(scanned, self.memory)
        self._scan_again([each for each in scanned if each.pong and each.pong.hung_up])
        scanned = [self.memory[name] for name in names]
        self._slow_probes.begin_scan()
        for memory in scanned:
            if not memory.has_ended:
                self._slow_probes.watch(memory)
        self._derive([memory.name for memory in scanned if not memory.is_derived])
        ends = {memory.name: end for memory in scanned if (end := memory.end())}
        self._losses.note(
            end
            for name, end in ends.items()
            if not (memory := self.memory[name]).was_dead
            and (memory.last is not None or not self._ends.is_written(end))
        )
        self._end_writer.record(list(ends.values()))
        for memory in scanned:
            memory.last = memory.reading
            end = ends.get(memory.name)
            is_recorded = end is None or self.store.read_only or self._ends.is_written(end)
            if is_recorded and not memory.can_change():
                self._unsettled.discard(memory.name)

    def _scan_again(self, hung_up: Iterable[PodMemory]) -> None:
        """Scan pods whose owners hung up: they may have ended since they were scanned."""
        for before in hung_up:
            self._scan(before.name)
            again = self.memory[before.name]
            if again.live_record is not None:
                again.pong, again.pong_at = before.pong, before.pong_at
                again.add_pong()

    def _derive(self, names: Collection[str]) -> None:
        # Pods that wait for others come after them: their words say how these are now.
        for name in sorted(names, key=lambda name: waits_for_pods(self.memory[name])):
            memory = self.memory[name]
            self._changed.add(name)
            memory.reading = derived(memory, self.memory, self.store.system.clock)
            if memory.is_dead and memory.reading and memory.reading.since is None:
                at = memory.ended_at or self._first_noticed(memory)
                memory.date_death(at or self.store.system.clock.now())
        self._stall_writer.record([stall for name in names if (stall := self.memory[name].stall())])

    def _first_noticed(self, memory: PodMemory) -> datetime | None:
        """Return when the end of a run was first noticed, by anybody; None when it was not."""
        if not isinstance(memory.record, PodRecord):
            return None
        return self._ends.known_at(memory.name, memory.record.id, memory.run)

    # pods that go away

    def _forget_pruned(self, absent: Iterable[str]) -> None:
        for name in absent:
            if name in self.memory and was_pruned(self.store, self.memory[name]):
                del self.memory[name]
                self._unsettled.discard(name)
                self._changed.discard(name)
                self._check.forget(name)
                self._rows.forget(name)

    def _note_vanished(self, name: str) -> None:
        memory = self.memory.get(name)
        if memory is not None:
            memory.vanish(str(self.store.paths.pod(name).root))
            self._unsettled.discard(name)
            self._changed.add(name)

    # the snapshot

    def snapshot(
        self, *, detectors: tuple[Detector, ...] = (), notices: tuple[str, ...] = ()
    ) -> Snapshot:
        """Make a snapshot of what was seen so far."""
        self._generation += 1
        clock = self.store.system.clock
        moment = Moment.of(clock, self._health)
        changed, self._changed = self._changed, set()
        rows = self._rows.rows(self.memory, changed, moment)
        own = (
            self._health.reason,
            self.store.read_only or "",
            *self._losses.sentences(),
            self._end_writer.trouble,
            self._stall_writer.trouble,
            self._clock_notice,
        )
        return Snapshot(
            at=moment.now,
            store=str(self.store.paths.root),
            pods=rows,
            counts=self._rows.counts(),
            health=self._health,
            detectors=detectors,
            notices=tuple(text for text in (*own, *notices) if text),
            generation=self._generation,
            read_only=bool(self.store.read_only),
        )


def was_pruned(store: Store, memory: PodMemory) -> bool:
    """Whether a pod that is gone from its place was pruned, as far as that is known."""
    if isinstance(memory.record, PodRecord):
        return why_gone(store, memory.name, pod_id=memory.record.id) is not None
    try:
        found = store.trash.named(memory.name)
    except OSError:
        return False
    # A record that was unreadable before is unreadable in the trash; another pod's is not.
    return any(each.has_pod and isinstance(each.pod, RecordProblem) for each in found)
