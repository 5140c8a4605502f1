"""Ending what a run left running: ask, wait one shared grace, then stop and kill what remains.

No parent of those processes is left to report that none remains, so they are surveyed again and
again. Each signal goes through a pidfd, to a process that is at that moment still the proven one
and still not protected.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from podtui.core.errors import PodtuiError, UnknownState
from podtui.core.model.leftovers import Ended, Key, LeftoverProcess, Skipped, Survey
from podtui.core.processes.leftovers import ProcessScan, survey_run
from podtui.core.processes.marks import ProcessMarks
from podtui.core.processes.past_runs import PastRun
from podtui.core.processes.protected import Protected
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone
from podtui.kernel.termination import NOT_PERMITTED, PROOF_ECHILD

WAIT_S = 0.05
"""How long to wait for the end of a process before the next survey."""
SCAN_TRIES = 3
"""A survey that fails after signals were sent is tried again: processes are waiting, stopped."""
QUIET_SCANS, QUIET_APART_S = 5, 0.1
"""After a process was found: so many surveys in a row must find none, so far apart."""
UNFOUND_SCANS, UNFOUND_APART_S = 3, 0.02
"""The same where no process was ever found: one that forks all the time can evade one survey."""
FREEZE_SCANS = 20
"""How often newly found processes are stopped before all are killed: one that forks faster is
killed while it does."""
STUCK_ROUNDS = 40
"""After so many surveys a killed process that is still there counts as one that does not die."""
MOST_ROUNDS = 400
LONGEST_LIST = 100
UNINTERRUPTIBLE = "D"


def end_run(
    store: Store,
    past: PastRun,
    *,
    grace_s: float,
    refuse_unless_over: Callable[[Store, PastRun], None],
    scan: ProcessScan | None = None,
) -> Ended:
    """End the processes that a past run left running, wherever its pod is.

    Args:
        store: the store of the run.
        past: the run.
        grace_s: how long processes that were asked to end may take.
        refuse_unless_over: raises Refused or UnknownState while the run may still be alive.
        scan: a scan of all processes from a moment ago, to begin with.

    Raises:
        Refused: the run is not over.
        UnknownState: which processes are left, or which are protected, could not be determined;
            the error says what was done.
    """
    return _Ending(store, past, refuse_unless_over, scan).end(grace_s)


class _Ending:
    """Ends the leftovers of one run, once."""

    def __init__(
        self,
        store: Store,
        past: PastRun,
        refuse_unless_over: Callable[[Store, PastRun], None],
        scan: ProcessScan | None,
    ) -> None:
        self._store = store
        self._system = store.system
        self._past = past
        self._refuse_unless_over = refuse_unless_over
        self._first_scan = scan
        self._protected: Protected | None = None
        self._survey = Survey()
        self._found: dict[Key, LeftoverProcess] = {}
        self._skipped: dict[int, Skipped] = {}
        self._asked: set[Key] = set()
        self._frozen: set[Key] = set()
        self._killed: dict[Key, int] = {}
        self._spared: dict[Key, str] = {}
        self._rounds = 0

    def end(self, grace_s: float) -> Ended:
        try:
            living = self._scan()
            if not self._survey.possible:
                return Ended(proof="the host was restarted since: nothing of that run can be there")
            proof = self._end_all(living, grace_s)
        except PodtuiError as error:
            raise self._interrupted(error) from error
        except BaseException:
            self._thaw()
            raise
        return self._ended(proof)

    def _end_all(self, living: Sequence[LeftoverProcess], grace_s: float) -> str:
        living = self._ask(living, grace_s)
        scans, apart = self._scans_needed()
        quiet, began = 0 if living else 1, self._system.clock.boottime()
        while quiet < scans:
            if living:
                self._freeze_and_kill(living)
                self._wait_for(living)
                if self._gives_up(living):
                    return "not proven: some are still there"
            else:
                self._system.clock.pause(apart)
            living = self._scan()
            scans, apart = self._scans_needed()
            quiet, began = self._counted(living, quiet, began)
        return self._proof(scans, self._system.clock.boottime() - began)

    def _counted(
        self, living: Sequence[LeftoverProcess], quiet: int, began: float
    ) -> tuple[int, float]:
        """Return how many surveys in a row found no process, and since when."""
        if living:
            return 0, began
        return quiet + 1, began if quiet else self._system.clock.boottime()

    def _scans_needed(self) -> tuple[int, float]:
        if self._found:
            return QUIET_SCANS, QUIET_APART_S
        ended = self._past.exit
        if ended is not None and ended.proof == PROOF_ECHILD:
            return 1, 0.0
        return UNFOUND_SCANS, UNFOUND_APART_S

    def _gives_up(self, living: Sequence[LeftoverProcess]) -> bool:
        self._rounds += 1
        waited = [self._rounds - self._killed.get(each.key, self._rounds) for each in living]
        return self._rounds >= MOST_ROUNDS or min(waited) >= STUCK_ROUNDS

    # surveys

    def _scan(self) -> list[LeftoverProcess]:
        """Survey again; return the processes that are left and may be signalled.

        Raises:
            Refused: the run is not over.
            UnknownState: could not tell.
        """
        survey = self._surveyed(tries=SCAN_TRIES if self._asked or self._frozen else 1)
        self._survey = survey
        self._found.update(
            (each.key, each) for each in survey.targets if each.key not in self._found
        )
        self._skipped.update((each.pid, each) for each in survey.skipped)
        return [each for each in survey.targets if each.key not in self._spared]

    def _surveyed(self, *, tries: int) -> Survey:
        for _ in range(tries - 1):
            with suppress(UnknownState):
                return self._surveyed(tries=1)
            self._system.clock.pause(WAIT_S)
        scan, self._first_scan = self._first_scan or ProcessScan(self._store), None
        self._protected = scan.protected
        return survey_run(
            self._store,
            self._past,
            scan=scan,
            refuse_unless_over=self._refuse_unless_over,
            before=self._found.values(),
        )

    def _wait_for(self, living: Sequence[LeftoverProcess]) -> bool:
        """Wait a moment for one of them to end; True when it did."""
        proc, first = self._system.proc, living[0].identity
        handle = proc.open_pidfd(first.pid)
        if handle is None:
            return True
        try:
            return proc.has_ended(handle, int(WAIT_S * 1000))
        finally:
            proc.close(handle)

    # signalling

    def _ask(self, living: Sequence[LeftoverProcess], grace_s: float) -> list[LeftoverProcess]:
        """Ask each process once to end, and wait; return those left after the grace."""
        clock = self._system.clock
        left, deadline = grace_s, clock.boottime() + grace_s
        living = list(living)
        while living:
            for each in reversed(living):
                if each.key not in self._asked:
                    self._asked.add(each.key)
                    self._signal(each, *self._system.proc.request_to_end(each.identity.pid))
            if left <= 0 or clock.boottime() >= deadline:
                break
            # Counted in addition to the clock, which may stand still.
            left -= 0 if self._wait_for(living) else WAIT_S
            living = self._scan()
        return living

    def _freeze_and_kill(self, living: Sequence[LeftoverProcess]) -> None:
        """Stop each process until a survey finds no new one, then kill all of them.

        A stopped process cannot fork or exit, so all its children are still its descendants.
        """
        for _ in range(FREEZE_SCANS):
            new = [each for each in living if each.key not in self._frozen]
            if not new:
                break
            for each in new:
                self._frozen.add(each.key)
                self._signal(each, signal.SIGSTOP)
            living = self._scan()
        for each in reversed(living):
            # Once is enough: a process in uninterruptible sleep dies when it wakes.
            if each.key not in self._killed and self._signal(each, signal.SIGKILL):
                self._killed[each.key] = self._rounds

    def _signal(self, target: LeftoverProcess, *numbers: int) -> bool:
        """Send signals to a process that is still the proven one; True when it got them.

        Raises:
            UnknownState: could not tell whether it is; nothing was sent.
        """
        signals = self._system.signals
        try:
            handle = signals.open_target(target.identity.pid)
        except ValueError:
            return False
        except OSError as error:
            raise self._past.undetermined(f"{target.words}: {error.strerror}") from error
        if handle is None:
            return False
        try:
            if not self._is_still(target, handle):
                return False
            return all(signals.send(handle, number) for number in numbers)
        except PermissionError:
            self._spared[target.key] = NOT_PERMITTED
            return False
        finally:
            signals.close(handle)

    def _is_still(self, target: LeftoverProcess, handle: int) -> bool:
        """Whether the process of a pidfd is the proven one and may still be signalled."""
        try:
            return self._is_the_same(target, handle) and self._is_unprotected(target, handle)
        except ProcessGone:
            return False
        except (OSError, ValueError, IndexError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise self._past.undetermined(f"{target.words}: {reason}") from error

    def _is_the_same(self, target: LeftoverProcess, handle: int) -> bool:
        proc, was = self._system.proc, target.identity
        now = proc.stat(was.pid)
        return (
            now.start_ticks == was.start_ticks
            and not now.has_exited
            and proc.pidfd_inode(handle) == was.inode
            and proc.owner_of(was.pid) == was.uid
        )

    def _is_unprotected(self, target: LeftoverProcess, handle: int) -> bool:
        proc, past, pid = self._system.proc, self._past, target.identity.pid
        protected = self._protected
        if protected is None:
            return False
        now = proc.stat(pid)
        reason = protected.reason_now(pid)
        if reason is None:
            marks = ProcessMarks(self._system, self._store.paths.root)
            objection = protected.objection(
                now,
                marks,
                pod_id=past.pod_id,
                run=past.run,
                orphan_of=past.parent_id if target.is_on_record else None,
            )
            reason = objection.reason if objection else None
        if reason is not None:
            self._spared[target.key] = reason
            self._skipped[pid] = Skipped(pid, target.name, reason)
        # All this was read by pid: it was about this process if the process has not ended.
        return reason is None and not proc.has_ended(handle, 0)

    def _thaw(self) -> None:
        """Continue the processes that were stopped and will not be killed now."""
        for key in self._frozen.difference(self._killed):
            target = self._found[key]
            with suppress(OSError, ValueError, IndexError, ProcessGone):
                handle = self._system.signals.open_target(target.identity.pid)
                if handle is None:
                    continue
                try:
                    # Even if it is protected by now: we stopped it, and this only undoes that.
                    if self._is_the_same(target, handle):
                        self._system.signals.send(handle, signal.SIGCONT)
                finally:
                    self._system.signals.close(handle)

    # reporting

    def _interrupted(self, error: PodtuiError) -> PodtuiError:
        self._thaw()
        if not self._asked:
            return error
        done = f"{len(self._asked)} were asked to end, {len(self._killed)} of them killed"
        return type(error)(
            f"{error.message}; whether anything of {self._past.words} is left is not known",
            pod=error.pod or self._past.pod,
            next_step=f"podtui reap {self._past.pod}",
            kept=f"{done}; nothing else was signalled",
        )

    def _ended(self, proof: str) -> Ended:
        there = {each.key: each for each in self._survey.targets}
        gone = [each for key, each in self._found.items() if key not in there]
        return Ended(
            reaped=self._reaped(gone),
            skipped=self._skipped_words(),
            survivors=tuple(f"{each.words}: {self._survival(each)}" for each in there.values()),
            proof=proof,
            targets=tuple(self._found.values()),
        )

    def _reaped(self, gone: Sequence[LeftoverProcess]) -> tuple[str, ...]:
        lines = [
            f"{self._past.pod}: {self._how(each)} {each.words} of run {self._past.run} ({each.why})"
            for each in gone
        ]
        more = len(lines) - LONGEST_LIST
        if more <= 0:
            return tuple(lines)
        return (*lines[:LONGEST_LIST], f"{self._past.pod}: ended {more} more in the same way")

    def _how(self, target: LeftoverProcess) -> str:
        return "ended by force" if target.key in self._killed else "ended"

    def _skipped_words(self) -> tuple[str, ...]:
        found_pids = {each.identity.pid for each in self._found.values()}
        others = [each for pid, each in self._skipped.items() if pid not in found_pids]
        others += [each for pid, each in self._skipped.items() if pid in found_pids]
        more = len(others) - LONGEST_LIST
        words = [f"{self._past.pod}: {each.words}" for each in others[:LONGEST_LIST]]
        return (*words, *((f"{self._past.pod}: {more} more were skipped",) * (more > 0)))

    def _survival(self, target: LeftoverProcess) -> str:
        if target.key in self._spared:
            return self._spared[target.key]
        if target.state == UNINTERRUPTIBLE:
            return "it sleeps uninterruptibly (state D); the kill is pending"
        return "it was killed and is still there" if target.key in self._killed else "still there"

    def _proof(self, scans: int, seconds: float) -> str:
        how = "searched by records, marks, session and descent"
        times = "scan" if scans == 1 else f"scans over {seconds:.1f} s"
        what = "nothing else" if self._survey.targets else "nothing"
        found = f"{how}: {what} matched in {scans} {times}"
        ended = self._past.exit
        if ended is not None and ended.proof == PROOF_ECHILD:
            found = f"the kernel reported to its supervisor that nothing was left; {found}"
        hidden = self._survey.hidden
        if hidden:
            found += f" ({hidden} of this user's processes do not show their marks)"
        return found
