"""A picture that stays true: hints come in from watchers, looks are taken, pictures go out.

Three detectors that fail in different ways: the deathwatch (pidfds: milliseconds), the file watch
(hints of any change), and the rescan (the truth, now and then). Any of them may be late or off;
their ages are part of every picture.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from podtui.core.model.records import RunRecord
from podtui.core.model.snapshot import Detector, DetectorState, Snapshot
from podtui.core.model.verdicts import Verdict
from podtui.core.observe.deathwatch import DeathWatch, Target
from podtui.core.observe.observer import Observer
from podtui.core.observe.samples import Sampler
from podtui.core.store.store import Store
from podtui.core.system.watch import WatchFailed, watch

TICK_S = 1.0
RESCAN_S = 5.0
RESCAN_WITHOUT_WATCH_S = 1.0
RESCAN_SHARE = 50
"""A rescan that takes t seconds is followed by at least this many times t without one."""
OUTPUT_HINTS_S = 0.25
"""Hints that only say "more output" are gathered for so long."""
SAMPLE_S = 2.0
PING_EVERY_S = 20.0
LATE_S = 3.0
REARM_S = 2.0
QUICK_FILES = frozenset({"output", "index", "status.json"})


class LiveView:
    """Keeps looking until it is closed.

    Args:
        on_snapshot: called with every new picture from the looking thread. What it raises ends
            the thread, so it must not.
    """

    def __init__(self, store: Store, on_snapshot: Callable[[Snapshot], None]) -> None:
        self._store = store
        self._clock = store.system.clock
        self._on_snapshot = on_snapshot
        self._observer = Observer(store, ping_every_s=PING_EVERY_S)
        self._sampler = Sampler(store)
        self._wake = threading.Condition()
        self._hinted: set[str] = set()
        self._hinted_output: set[str] = set()
        self._rescan_wanted = True
        self._stopping = threading.Event()
        self._rescan_at = 0.0
        self._rescan_due = 0.0
        self._output_due = 0.0
        self._sample_due = 0.0
        self._watch_beat = self._clock.monotonic()
        self._watch_trouble = ""
        self._deaths = DeathWatch(store.system.proc, self.hint)
        self._threads = [
            threading.Thread(target=self._look_on, name="podtui-look", daemon=True),
            threading.Thread(target=self._watch_on, name="podtui-watch", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

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
        """End every thread; returns when they have ended."""
        self._stopping.set()
        with self._wake:
            self._wake.notify()
        for thread in self._threads:
            thread.join()
        self._deaths.close()

    # the looking thread

    def _look_on(self) -> None:
        while not self._stopping.is_set():
            self._on_snapshot(self._picture_or_trouble())
            with self._wake:
                if not self._something_to_do():
                    self._wake.wait(self._until_next())

    def _picture_or_trouble(self) -> Snapshot:
        """Return the next picture; a look that failed is itself something to show.

        The broad except protects the operator: a looking thread that ended without a word would
        leave a screen that looks alive and shows the past.
        """
        try:
            return self._next_picture()
        except Exception as error:  # noqa: BLE001 - see above
            self._rescan_due = self._clock.monotonic() + REARM_S
            return self._with_extras(
                self._observer.unwell(f"looking failed: {type(error).__name__}: {error}")
            )

    def _next_picture(self) -> Snapshot:
        now = self._clock.monotonic()
        with self._wake:
            rescan = self._rescan_wanted or now >= self._rescan_due
            hinted, self._hinted = self._hinted, set()
            if now >= self._output_due and self._hinted_output:
                hinted |= self._hinted_output
                self._hinted_output = set()
                self._output_due = now + OUTPUT_HINTS_S
            self._rescan_wanted = False
        if rescan:
            picture = self._rescan(now)
        elif hinted:
            picture = self._observer.look_at(sorted(hinted))
        else:
            picture = self._observer.tick()
        if now >= self._sample_due:
            self._sample_due = now + SAMPLE_S
            self._sampler.sample()
        self._watch_the_living()
        return self._with_extras(picture)

    def _rescan(self, started: float) -> Snapshot:
        picture = self._observer.look()
        ended = self._clock.monotonic()
        every = RESCAN_WITHOUT_WATCH_S if self._watch_trouble else RESCAN_S
        self._rescan_at = ended
        self._rescan_due = ended + max(every, RESCAN_SHARE * (ended - started))
        return picture

    def _something_to_do(self) -> bool:
        output_due = self._hinted_output and self._clock.monotonic() >= self._output_due
        return bool(
            self._rescan_wanted or self._hinted or output_due or self._stopping.is_set()
        )

    def _until_next(self) -> float:
        now = self._clock.monotonic()
        due = [now + TICK_S, self._rescan_due]
        if self._hinted_output:
            due.append(self._output_due)
        return max(0.0, min(due) - now)

    def _watch_the_living(self) -> None:
        """Hold a pidfd of the supervisor of every run that is not proven dead."""
        wanted: dict[Target, str] = {}
        for name, memory in self._observer.memory.items():
            record = memory.look.record if memory.look else None
            if not isinstance(record, RunRecord) or record.supervisor is None:
                continue
            if memory.reading is not None and memory.reading.verdict is Verdict.ALIVE:
                wanted[record.supervisor.pid, record.supervisor.start_ticks] = name
        self._deaths.watch(wanted)

    # the file watch thread

    def _watch_on(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch_until_broken()
            except WatchFailed as error:
                self._watch_trouble = str(error)
            if not self._stopping.is_set():
                # Re-armed for ever: a watcher that failed once is not a watcher given up.
                self.refresh()
                self._stopping.wait(REARM_S)

    def _watch_until_broken(self) -> None:
        pods = self._store.paths.pods
        for paths in watch(pods, stop=self._stopping, timeout_s=TICK_S):
            if self._watch_trouble:
                self._watch_trouble = ""
                self.refresh()
            self._watch_beat = self._clock.monotonic()
            if paths:
                self._take_hints(pods, paths)

    def _take_hints(self, pods: Path, paths: Iterable[Path]) -> None:
        quick: set[str] = set()
        other: set[str] = set()
        for path in paths:
            with contextlib.suppress(ValueError):
                parts = path.relative_to(pods).parts
                if parts:
                    (quick if parts[-1] in QUICK_FILES else other).add(parts[0])
        with self._wake:
            self._hinted |= other
            self._hinted_output |= quick - other
            self._wake.notify()

    # what goes out with every picture

    def _with_extras(self, picture: Snapshot) -> Snapshot:
        pods = self._sampler.add_to(picture.pods)
        return msgspec.structs.replace(picture, pods=pods, detectors=self._detectors())

    def _detectors(self) -> tuple[Detector, ...]:
        now = self._clock.monotonic()
        rescan_age = now - self._rescan_at
        rescan_late = rescan_age > max(2 * RESCAN_S, self._rescan_due - self._rescan_at + LATE_S)
        watch_age = now - self._watch_beat
        return (
            Detector(
                name="rescan",
                state=DetectorState.LATE if rescan_late else DetectorState.OK,
                age_s=rescan_age,
            ),
            Detector(
                name="files",
                state=self._watch_state(watch_age),
                age_s=watch_age,
                detail=self._watch_trouble,
            ),
            Detector(
                name="deaths",
                state=DetectorState.LATE if self._deaths.trouble else DetectorState.OK,
                age_s=self._deaths.age_s(now),
                detail=self._deaths.trouble or f"{len(self._deaths)} supervisors watched",
            ),
        )

    def _watch_state(self, age_s: float) -> DetectorState:
        if self._watch_trouble:
            return DetectorState.OFF
        return DetectorState.LATE if age_s > LATE_S else DetectorState.OK
