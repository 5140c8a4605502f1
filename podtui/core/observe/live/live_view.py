"""Keeps a snapshot of the store true: watchers give hints, a thread scans and hands snapshots out.

Three detectors that fail in different ways: the deathwatch (pidfds: milliseconds), the file watch
(hints about any change), and the rescan (the truth, now and then). Any of them may be late or off;
their ages are part of every snapshot. What may take long (a socket that hangs, the lock of the
journal, the repair after a crash) is done by other threads than the scanning one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from podtui.core.hosts.interface.facts import RunKey
from podtui.core.hosts.registry import host_of
from podtui.core.model.snapshot import Detector, DetectorState, Snapshot
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.journal.ends import EndsJournal
from podtui.core.observe.journal.stalls import StallsJournal
from podtui.core.observe.journal.writer import BackgroundWriter
from podtui.core.observe.live.death_watch import DeathWatch, Watched
from podtui.core.observe.live.file_watch import LATE_S, FilePoll, FileWatch
from podtui.core.observe.live.hints import Hints
from podtui.core.observe.live.samples import Sampler
from podtui.core.observe.observer import Observer, ObserverOptions
from podtui.core.observe.socket_asks import BackgroundPings
from podtui.core.store.store import Store

TICK_S = 1.0
QUIET_TICK_S = 5.0
"""Where every pod has been quiet for long, the clocks go on in longer steps."""
RESCAN_S = 5.0
RESCAN_WITHOUT_WATCH_S = 1.0
RESCAN_SHARE = 300
"""A rescan that takes t seconds is followed by this many times t without one, within bounds."""
LONGEST_WITHOUT_RESCAN_S = 30.0
OUTPUT_HINTS_S = 0.25
"""Hints that only say "more output" are gathered for so long."""
SAMPLE_S = 2.0
PING_EVERY_S = 20.0
AFTER_FAILURE_S = 2.0
"""How long after a scan that failed the next one is tried."""
CLOSE_S = 5.0
"""How long closing waits for a thread that hangs in a disk, or in the callback."""


class _Closed(Exception):
    """Nobody looks any more."""


class LiveView:
    """Keeps scanning until it is closed.

    Args:
        on_snapshot: called with every new snapshot from the scanning thread. What it raises is
            reported in the notices of the next snapshot.
        only: the pods to scan, None = all.
        repair: repairs what a crash left incomplete; called once, after the first snapshot, from a
            thread of its own. What it raises is a notice of every later snapshot.
    """

    def __init__(
        self,
        store: Store,
        on_snapshot: Callable[[Snapshot], None],
        *,
        only: Iterable[str] | None = None,
        repair: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._repair = repair
        self._repair_trouble = ""
        self._clock = store.system.clock
        self._on_snapshot = on_snapshot
        wanted = None if only is None else frozenset(only)
        self._files: FileWatch | FilePoll = (
            FileWatch(store, self._take_hints, self.refresh)
            if wanted is None
            else FilePoll(store, wanted)
        )
        self._wake = threading.Condition()
        self._hinted: set[str] = set()
        self._hinted_output: set[str] = set()
        self._rescan_wanted = True
        self._picture_wanted = False
        self._stopping = threading.Event()
        self._rescan_at = self._clock.monotonic()
        self._rescan_due = 0.0
        self._tick_due = 0.0
        self._output_due = 0.0
        self._sample_due = 0.0
        self._show_trouble = ""
        journal = EndsJournal(store)
        self._asking = BackgroundPings(store, self._want_picture)
        self._ends = BackgroundWriter("podtui-journal", journal, self._want_picture)
        self._stalls = BackgroundWriter("podtui-stalls", StallsJournal(store), self._want_picture)
        options = ObserverOptions(
            asking=self._asking,
            ends=self._ends,
            stalls=self._stalls,
            ping_every_s=PING_EVERY_S,
            only=wanted,
            on_partial=self._show_partial,
        )
        self._observer = Observer(store, ends=journal, options=options)
        self._sampler = Sampler(store)
        self._deaths = DeathWatch(self._clock, self.hint)
        self._threads = [
            threading.Thread(target=self._scan_on, name="podtui-scan", daemon=True),
            threading.Thread(target=self._repair_once, name="podtui-repair", daemon=True),
        ]
        self._scanning, self._repairing = self._threads
        self._scanning.start()

    # asked from outside

    def hint(self, name: str) -> None:
        """Say that a pod should be looked at now."""
        with self._wake:
            self._hinted.add(name)
            self._wake.notify()

    def refresh(self) -> None:
        """Ask for a look at everything now."""
        with self._wake:
            self._rescan_wanted = True
            self._wake.notify()

    def want_samples(self, names: Iterable[str]) -> None:
        """Say which pods' CPU and memory are wanted."""
        self._sampler.want(names)

    def close(self) -> None:
        """End every thread; may be called from anywhere, and again.

        A thread that hangs is waited for a few seconds and then left: it is a daemon, and touches
        nothing any more.
        """
        self._stopping.set()
        with self._wake:
            self._wake.notify()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(CLOSE_S)
        self._files.close()
        self._asking.close(CLOSE_S)
        self._ends.close(CLOSE_S)
        self._stalls.close(CLOSE_S)
        self._deaths.close()

    def _want_picture(self) -> None:
        with self._wake:
            self._picture_wanted = True
            self._wake.notify()

    # the scanning thread

    def _scan_on(self) -> None:
        while not self._stopping.is_set():
            picture = self._picture_or_trouble()
            if self._stopping.is_set():
                return
            self._show(picture)
            if self._stopping.is_set():
                return
            if self._repairing.ident is None:
                # Not before: both would keep the first rows away. What changes until the watch
                # stands is found by the scan that follows.
                self._repairing.start()
                self._files.start()
            with self._wake:
                while not self._something_to_do():
                    self._wake.wait(min(self._until_next(), self._files.poll_s))
                    self._keep(self._files.poll())

    def _show(self, picture: Snapshot) -> None:
        """Give a picture out.

        The broad except protects the operator: a screen that failed once must not make every
        later picture stay away.
        """
        try:
            self._on_snapshot(picture)
            self._show_trouble = ""
        except Exception as error:  # noqa: BLE001 - see above
            self._show_trouble = f"a picture could not be shown: {type(error).__name__}: {error}"

    def _show_partial(self, picture: Snapshot) -> None:
        """Show how far a long scan has come, and give it up when nobody wants it any more."""
        if self._stopping.is_set():
            raise _Closed
        self._show(self._with_extras(picture))

    def _picture_or_trouble(self) -> Snapshot:
        """Return the next picture; a look that failed is itself something to show.

        The broad except protects the operator: a looking thread that ended without a word would
        leave a screen that looks alive and shows the past.
        """
        try:
            return self._next_picture()
        except Exception as error:  # noqa: BLE001 - see above
            self._rescan_due = self._clock.monotonic() + AFTER_FAILURE_S
            return self._with_extras(
                self._observer.degraded(f"looking failed: {type(error).__name__}: {error}")
            )

    def _next_picture(self) -> Snapshot:
        now = self._clock.monotonic()
        with self._wake:
            rescan = self._rescan_wanted or now >= self._rescan_due
            hinted, self._hinted = self._hinted, set()
            more_output: set[str] = set()
            if now >= self._output_due and self._hinted_output:
                more_output, self._hinted_output = self._hinted_output, set()
                self._output_due = now + OUTPUT_HINTS_S
            self._rescan_wanted = self._picture_wanted = False
        picture = self._rescan(now) if rescan else self._look_where(now, hinted, more_output)
        if now >= self._sample_due:
            self._sample_due = now + SAMPLE_S
            self._sampler.sample({each.name: each.run for each in self._observer.unsettled()})
        self._watch_the_living()
        return self._with_extras(picture)

    def _look_where(self, now: float, hinted: set[str], more_output: set[str]) -> Snapshot:
        if now >= self._tick_due:
            self._tick_due = now + self._tick_s()
            hinted |= set(self._observer.needs_rescan())
            self._observer.tick()
        if hinted:
            self._observer.look_at(sorted(hinted))
        if more_output - hinted:
            self._observer.look_at_output(more_output - hinted)
        return self._observer.take_answers()

    def _rescan(self, started: float) -> Snapshot:
        picture = self._observer.look()
        ended = self._clock.monotonic()
        is_blind = self._files.detector().state is DetectorState.OFF
        every = RESCAN_WITHOUT_WATCH_S if is_blind else RESCAN_S
        self._rescan_at = ended
        rest = min(RESCAN_SHARE * (ended - started), LONGEST_WITHOUT_RESCAN_S)
        self._rescan_due = ended + max(every, rest)
        self._tick_due = ended + self._tick_s()
        return picture

    def _tick_s(self) -> float:
        return TICK_S if self._observer.has_changes() else QUIET_TICK_S

    def _something_to_do(self) -> bool:
        return bool(
            self._rescan_wanted
            or self._picture_wanted
            or self._hinted
            or self._stopping.is_set()
            or self._until_next() <= 0
        )

    def _until_next(self) -> float:
        due = [self._tick_due, self._rescan_due]
        if self._hinted_output:
            due.append(self._output_due)
        return min(due) - self._clock.monotonic()

    def _watch_the_living(self) -> None:
        """Watch the owner of every live run, and the files of every pod that may be alive."""
        wanted: dict[RunKey, Watched] = {}
        unsettled = self._observer.unsettled()
        self._files.follow((memory.name, memory.run) for memory in unsettled)
        for memory in unsettled:
            record = memory.run_record
            if record is None or memory.reading is None:
                continue
            if memory.reading.verdict is Verdict.ALIVE:
                opened_by = partial(host_of(self._store, record).death_handle, record)
                # A run that is starting has no owner on record yet, and is asked again then.
                wanted[record.pod_id, record.run] = Watched(memory.name, opened_by)
        self._deaths.watch(wanted)

    # called from other threads

    def _repair_once(self) -> None:
        try:
            self._repair()
        except Exception as error:  # noqa: BLE001 - protects the operator: whatever it was, a
            # repair that failed without a word would never be done.
            self._repair_trouble = (
                f"links to child pods could not be repaired: {type(error).__name__}: {error}; "
                "podtui doctor shows what is missing"
            )
            self._want_picture()

    def _take_hints(self, hints: Hints) -> None:
        with self._wake:
            if self._keep(hints):
                self._wake.notify()

    def _keep(self, hints: Hints) -> bool:
        """Remember hints for the next scan; returns whether it is due sooner by them."""
        is_first = bool(hints.more_output) and not self._hinted_output
        self._hinted |= hints.changed
        self._hinted_output |= hints.more_output
        return bool(hints.changed) or is_first

    # what goes out with every picture

    def _with_extras(self, picture: Snapshot) -> Snapshot:
        troubles = (
            self._show_trouble,
            self._repair_trouble,
            self._asking.trouble,
        )
        return msgspec.structs.replace(
            picture,
            pods=self._sampler.add_to(picture.pods),
            detectors=self._detectors(),
            notices=(*picture.notices, *(each for each in troubles if each)),
        )

    def _detectors(self) -> tuple[Detector, ...]:
        now = self._clock.monotonic()
        rescan_age = now - self._rescan_at
        rescan_late = rescan_age > max(2 * RESCAN_S, self._rescan_due - self._rescan_at + LATE_S)
        deaths_age = self._deaths.age_s(now)
        return (
            Detector(
                name="rescan",
                state=DetectorState.LATE if rescan_late else DetectorState.OK,
                age_s=rescan_age,
            ),
            self._files.detector(),
            Detector(
                name="deaths",
                state=DetectorState.LATE if self._deaths.trouble else _state(deaths_age),
                age_s=deaths_age,
                detail=self._deaths.trouble or f"{len(self._deaths)} supervisors watched",
            ),
        )


def _state(age_s: float) -> DetectorState:
    return DetectorState.LATE if age_s > LATE_S else DetectorState.OK
