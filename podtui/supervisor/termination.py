"""Ending a tree of processes: ask, wait one shared grace, then kill until the end is proven."""

from __future__ import annotations

import time
from _collections_abc import Callable

from podtui.kernel.processes import ProcessStat
from podtui.kernel.termination import PROOF_ECHILD
from podtui.supervisor.descendants import Descendants, Key, Tree, key
from podtui.supervisor.errors import describe
from podtui.supervisor.event_loop import EventLoop
from podtui.supervisor.log import log
from podtui.supervisor.signalling import SIGKILL

PROOF_SCAN = "scan"
"""Only processes that are not ours to end were seen, three times in a row."""
_QUIET_SCANS = 3
_SHORTEST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 1.0
_BUSY_S = 0.02
LONGEST_LIST = 500


class TreeEnding:
    """Ends what is below the supervisor, once.

    Args:
        reap: reaps all that has exited; True when no child is left (ECHILD).
        ended: called with the proof when it is over.
    """

    def __init__(
        self,
        loop: EventLoop,
        tree: Tree,
        reap: Callable[[], bool],
        ended: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._tree = tree
        self._reap = reap
        self._ended = ended
        self._quiet_scans = 0
        self._pause_s = _SHORTEST_PAUSE_S
        self._killed: dict[Key, ProcessStat] = {}
        self._killed_keys: set[Key] = set()
        self._has_foreign = False
        self.is_killing = False
        self.is_over = False
        self.foreign: list[tuple[ProcessStat, str]] = []
        self.asked: dict[Key, ProcessStat] = {}

    @property
    def killed(self) -> list[ProcessStat]:
        """Processes that had to be killed, at most 500 of them."""
        return list(self._killed.values())

    def begin(self, grace_s: float) -> None:
        """Ask every process to end, and set the moment when the asking is over."""
        survey = self._look()
        if survey is not None:
            self._has_foreign = bool(survey.foreign)
            self.asked = {key(each): each for each in survey.living[:LONGEST_LIST]}
            self._tree.ask(survey.living)
        self._loop.after("grace", grace_s, self._kill)
        self.something_ended()

    def shorten(self, grace_s: float) -> None:
        """Wait no longer than this from now on; a longer grace changes nothing."""
        left = self._loop.time_left("grace")
        if left is not None and grace_s < left:
            self._loop.after("grace", grace_s, self._kill)

    def something_ended(self) -> None:
        """Look whether it is over; called when the kernel says that a child has ended."""
        if self.is_over:
            return
        if self._reap():
            self._finish(PROOF_ECHILD)
        elif self.is_killing:
            self._loop.after("kill", 0.0, self._kill_round)
        elif self._has_foreign:
            # Theirs will not end for us: ECHILD cannot come, so the tree is looked at instead.
            self._loop.after("look", _SHORTEST_PAUSE_S, self._kill_if_only_foreign)

    def _kill_if_only_foreign(self) -> None:
        survey = self._look()
        if survey is not None and not survey.living:
            self._kill()

    def _kill(self) -> None:
        self._loop.cancel("grace")
        self.is_killing = True
        self._kill_round()

    def _kill_round(self) -> None:
        """Kill and reap for a moment, then let the event loop live, until there is proof."""
        until = time.monotonic() + _BUSY_S
        goes_on = True
        while goes_on and not self.is_over:
            goes_on = self._kill_once() and time.monotonic() < until
        if not self.is_over:
            self._loop.after("kill", self._pause_s, self._kill_round)
            # A process in uninterruptible sleep dies when it wakes: asking faster does not help.
            self._pause_s = min(self._pause_s * 1.5, _LONGEST_PAUSE_S)

    def _kill_once(self) -> bool:
        """Kill all that is seen; True when somebody new was there, so more may follow."""
        survey = self._look()
        if survey is None:
            return False
        living = survey.living
        reached = self._tree.signal(living, SIGKILL)
        new = reached - self._killed_keys
        self._killed_keys |= new
        self._remember(living, new)
        if new:
            self._pause_s = _SHORTEST_PAUSE_S
        if self._reap():
            self._finish(PROOF_ECHILD)
        elif survey.foreign and not living:
            self._count_quiet(survey)
        else:
            self._quiet_scans = 0
        return bool(new)

    def _remember(self, living: list[ProcessStat], new: set[Key]) -> None:
        for each in living:
            if key(each) in new and len(self._killed) < LONGEST_LIST:
                self._killed[key(each)] = each

    def _count_quiet(self, survey: Descendants) -> None:
        self._quiet_scans += 1
        self._pause_s = _SHORTEST_PAUSE_S
        if self._quiet_scans >= _QUIET_SCANS:
            self.foreign = survey.foreign
            self._finish(PROOF_SCAN)

    def _finish(self, proof: str) -> None:
        self.is_over = True
        for timer in ("grace", "kill", "look"):
            self._loop.cancel(timer)
        self._ended(proof)

    def _look(self) -> Descendants | None:
        try:
            return self._tree.survey()
        except OSError as error:
            # No descriptor or memory left for a look: the next round looks again.
            log(f"could not look at the process tree: {describe(error)}")
            return None
