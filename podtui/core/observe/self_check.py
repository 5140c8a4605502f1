"""Checks the observer itself before it judges any pod.

If the observer is broken, every verdict is UNKNOWN, one sentence says why, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from podtui.core.model.snapshot import Health
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words
from podtui.core.text.durations import duration
from podtui.kernel.processes import ProcessGone

SLEEP_NOTICED_S = 5.0
"""A difference of the two clocks between two scans that only a sleeping host explains."""
JUMP_NOTICED_S = 60.0
CLOCK_NOTICE_S = 60.0
MANY = 2
"""With fewer pods in trouble the cause is likely the pod, even if the store has few pods."""


class SelfCheck(msgspec.Struct):
    """What the observer remembers about itself between scans.

    Attributes:
        known: every pod ever seen.
        absent: those whose disappearance was accepted and reported.
    """

    store: Store
    known: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    _clocks: tuple[float, float, float] | None = None
    _notice: str = ""
    _notice_until: float = msgspec.field(default=0.0)

    def examine(self, names: Collection[str]) -> Health:
        """Return whether this scan can be trusted; ``names`` are the pods it found."""
        problem = self._broken_sense() or self._mass_vanishing(names)
        if not problem:
            self.known |= frozenset(names)
            self.absent = self.known - frozenset(names)
        return _health(problem)

    def newly_absent(self, names: Collection[str]) -> frozenset[str]:
        """Return which pods were there at the last scan and are gone now."""
        return self.known - self.absent - frozenset(names)

    def forget(self, name: str) -> None:
        """Do not report a pod as missing that was removed on purpose."""
        self.known -= {name}

    def own_senses(self) -> Health:
        """Return whether the observer can read processes and the store."""
        return _health(self._broken_sense())

    def clock_notice(self) -> str:
        """Return a sentence when a clock jumped or the host slept since the last scan."""
        clock = self.store.system.clock
        wall, boot, awake = clock.now().timestamp(), clock.boottime(), clock.monotonic()
        if self._clocks is not None:
            wall_before, boot_before, awake_before = self._clocks
            slept = (boot - boot_before) - (awake - awake_before)
            jumped = (wall - wall_before) - (boot - boot_before)
            if slept > SLEEP_NOTICED_S:
                self._set_notice(
                    f"the host slept for {duration(slept)}; no pod is blamed for it", awake
                )
            elif abs(jumped) > JUMP_NOTICED_S:
                way = "forward" if jumped > 0 else "back"
                self._set_notice(f"the wall clock was set {way} by {duration(abs(jumped))}", awake)
        self._clocks = (wall, boot, awake)
        return self._notice if awake < self._notice_until else ""

    def _set_notice(self, sentence: str, awake: float) -> None:
        self._notice, self._notice_until = sentence, awake + CLOCK_NOTICE_S

    def _broken_sense(self) -> str:
        """Return what the observer itself cannot read, "" when it can read all."""
        system = self.store.system
        try:
            system.proc.boot_id()
            system.proc.stat(system.proc.own_pid())
        except OSError as error:
            return f"the observer cannot read /proc: {errno_words(error)}"
        except (ProcessGone, ValueError, IndexError) as error:
            return f"the observer cannot see itself in /proc: {error}"
        if self.store.read_only:
            return ""
        record = self.store.own_record()
        if isinstance(record, RecordProblem):
            return f"the observer cannot read the store: {record.sentence()}"
        if record.store_id != self.store.id:
            return f"another store has taken the place of this one at {self.store.paths.root}"
        return ""

    def _mass_vanishing(self, names: Collection[str]) -> str:
        were = self.known - self.absent
        gone = were - frozenset(names)
        if len(gone) >= MANY and len(gone) * 2 >= len(were):
            return (
                f"{len(gone)} of {len(were)} pods vanished at once from {self.store.paths.pods}: "
                "the trouble is likely with the disk or with this observer"
            )
        return ""


def _health(problem: str) -> Health:
    return Health(ok=not problem, reason=problem)


def half_unreadable(unreadable: int, of_all: int) -> str:
    """Return a sentence when half of all pods could not be read, else ""."""
    if unreadable >= MANY and unreadable * 2 >= of_all > 0:
        return f"{unreadable} of {of_all} pods could not be read: the trouble is likely here"
    return ""
