"""The observer checks itself before it says anything of others.

If it is the broken part, every verdict is UNKNOWN, one sentence says why, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from podtui.core.model.snapshot import Health
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.text.durations import duration

SLEEP_NOTICED_S = 5.0
"""A difference of the two clocks between two looks that only a sleeping host explains."""
JUMP_NOTICED_S = 60.0
MASS = 2
"""From so many records on, half of them failing at once is the observer's trouble, not theirs."""


@dataclass(slots=True)
class SelfCheck:
    """What the observer remembers of itself from look to look."""

    store: Store
    known: frozenset[str] = frozenset()
    _clocks: tuple[float, float, float] | None = None
    _notice: str = ""
    _notice_until: float = field(default=0.0)

    def examine(self, names: Collection[str]) -> Health:
        """Say whether this look can be believed; ``names`` are the pods it found."""
        problem = self._own_senses() or self._mass_vanishing(names)
        if not problem:
            self.known = frozenset(names) | self.known
        return Health(ok=not problem, reason=problem)

    def vanished(self, names: Collection[str]) -> list[str]:
        """Return pods seen earlier that are not there now, by name."""
        return sorted(self.known - frozenset(names))

    def forget(self, names: Collection[str]) -> None:
        """Take names out of memory that are known to have been taken away on purpose."""
        self.known -= frozenset(names)

    def clock_notice(self) -> str:
        """Return a sentence when a clock jumped or the host slept since the last look."""
        clock = self.store.system.clock
        wall, boot, awake = clock.now().timestamp(), clock.boottime(), clock.monotonic()
        if self._clocks is not None:
            wall_before, boot_before, awake_before = self._clocks
            slept = (boot - boot_before) - (awake - awake_before)
            jumped = (wall - wall_before) - (boot - boot_before)
            if slept > SLEEP_NOTICED_S:
                self._tell(f"the host slept for {duration(slept)}; no pod is blamed for it", boot)
            elif abs(jumped) > JUMP_NOTICED_S:
                way = "forward" if jumped > 0 else "back"
                self._tell(f"the wall clock was set {way} by {duration(abs(jumped))}", boot)
        self._clocks = (wall, boot, awake)
        return self._notice if boot < self._notice_until else ""

    def _tell(self, sentence: str, boottime: float) -> None:
        self._notice, self._notice_until = sentence, boottime + 60

    def _own_senses(self) -> str:
        """Say what the observer itself cannot see, "" when it sees."""
        system = self.store.system
        try:
            system.proc.boot_id()
            system.proc.stat(system.proc.own_pid())
        except (OSError, ValueError) as error:
            return f"the observer cannot read /proc: {error}"
        if self.store.read_only:
            return ""
        record = self.store.own_record()
        if isinstance(record, RecordProblem):
            return f"the observer cannot read the store: {record.sentence()}"
        return ""

    def _mass_vanishing(self, names: Collection[str]) -> str:
        gone = self.vanished(names)
        if len(self.known) >= MASS and len(gone) * 2 >= len(self.known):
            return f"{len(gone)} of {len(self.known)} pod records vanished at once"
        return ""


def untold_by_half(untold: int, looked_at: int) -> str:
    """Say that half of all pods could not be told about, "" when that is not so."""
    if looked_at >= MASS and untold * 2 >= looked_at:
        return f"{untold} of {looked_at} pods could not be looked at: the trouble is likely here"
    return ""
