"""Ending what a run left running: ask, one shared grace, then freeze and kill until it is quiet.

Nobody above those processes is left to say that none remains, so it is looked for again and again.
Each signal goes through a pidfd, to a process that is at that moment still the proven one and
still not protected.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from podtui.core.errors import PodtuiError, UnknownState
from podtui.core.processes.leftovers import Key, LeftoverProcess, Skipped, Survey, survey_run
from podtui.core.processes.marks import ProcessMarks
from podtui.core.processes.past_runs import PastRun, past_run
from podtui.core.processes.protected import Protected, protected_processes
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone

WAIT_S = 0.05
"""How long an end is waited for before the next look."""
LOOK_TRIES = 3
"""A look that fails with signals under way is tried again: processes are waiting, stopped."""
QUIET_LOOKS, QUIET_APART_S = 5, 0.1
"""After somebody was found: so many looks in a row must find nobody, so far apart."""
UNMET_LOOKS, UNMET_APART_S = 3, 0.02
"""Where nobody was ever found. Who forks all the time can slip through one look, not these."""
FREEZE_LOOKS = 20
"""So often newly found processes are stopped before everybody is killed: who forks faster than
this is killed while it does."""
STUCK_ROUNDS = 40
"""After so many looks a killed process that is still there counts as one that does not die."""
MOST_ROUNDS = 400
LONGEST_LIST = 100
PROOF_ECHILD = "echild"
NOT_PERMITTED = "this user may not signal it"
UNINTERRUPTIBLE = "D"


class Ended(msgspec.Struct, frozen=True):
    """What became of what a run left running.

    Attributes:
        reaped: one sentence for each process that is gone.
        skipped: who looked like one and got no signal, with the reason.
        survivors: who is still there, with the reason.
        proof: what it rests on that nobody else is left.
        targets: everybody who was proven to be left over, with the proofs.
    """

    reaped: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    survivors: tuple[str, ...] = ()
    proof: str = ""
    targets: tuple[LeftoverProcess, ...] = ()


def end_leftovers(store: Store, name: str, pod_id: str, run: int, *, grace_s: float) -> Ended:
    """End who is left of a past run of the pod in its place under ``name``.

    Raises:
        Refused: the run is not over.
        UnknownState: who is left, or who must not be signalled, cannot be told; says what was done.
    """
    past = past_run(store, store.paths.pod(name), pod=name, pod_id=pod_id, run=run)
    return end_run(store, past, grace_s=grace_s)


def end_run(
    store: Store,
    past: PastRun,
    *,
    grace_s: float,
    first: tuple[Survey, Protected] | None = None,
) -> Ended:
    """End who is left of a past run, wherever its pod is; errors as `end_leftovers`.

    ``first`` is a survey that was made a moment ago, and who was protected then: it does for the
    first look. Each process is identified again before each signal in any case.
    """
    return _Ending(store, past, first).end(grace_s)


class _Ending:
    """Ends the leftovers of one run, once."""

    def __init__(
        self, store: Store, past: PastRun, first: tuple[Survey, Protected] | None = None
    ) -> None:
        self._store = store
        self._first = first
        self._system = store.system
        self._past = past
        self._protected: Protected | None = None
        self._survey = Survey()
        self._met: dict[Key, LeftoverProcess] = {}
        self._skipped: dict[int, Skipped] = {}
        self._asked: set[Key] = set()
        self._frozen: set[Key] = set()
        self._killed: dict[Key, int] = {}
        self._spared: dict[Key, str] = {}
        self._rounds = 0

    def end(self, grace_s: float) -> Ended:
        try:
            living = self._look()
            if not self._survey.possible:
                return Ended(proof="the host was restarted since: nothing of that run can be there")
            proof = self._end_all(living, grace_s)
        except PodtuiError as error:
            raise self._broken_off(error) from error
        except BaseException:
            self._thaw()
            raise
        return self._ended(proof)

    def _end_all(self, living: Sequence[LeftoverProcess], grace_s: float) -> str:
        living = self._ask(living, grace_s)
        looks, apart = self._looks_needed()
        quiet, began = 0 if living else 1, self._system.clock.boottime()
        while quiet < looks:
            if living:
                self._freeze_and_kill(living)
                self._wait_for(living)
                if self._gives_up(living):
                    return "not proven: some are still there"
            else:
                self._system.clock.pause(apart)
            living = self._look()
            looks, apart = self._looks_needed()
            quiet, began = self._counted(living, quiet, began)
        return self._proof(looks, self._system.clock.boottime() - began)

    def _counted(
        self, living: Sequence[LeftoverProcess], quiet: int, began: float
    ) -> tuple[int, float]:
        """Return how many looks in a row found nobody, and since when."""
        if living:
            return 0, began
        return quiet + 1, began if quiet else self._system.clock.boottime()

    def _looks_needed(self) -> tuple[int, float]:
        if self._met:
            return QUIET_LOOKS, QUIET_APART_S
        ended = self._past.exit
        if ended is not None and ended.proof == PROOF_ECHILD:
            return 1, 0.0
        return UNMET_LOOKS, UNMET_APART_S

    def _gives_up(self, living: Sequence[LeftoverProcess]) -> bool:
        self._rounds += 1
        waited = [self._rounds - self._killed.get(each.key, self._rounds) for each in living]
        return self._rounds >= MOST_ROUNDS or min(waited) >= STUCK_ROUNDS

    # looking

    def _look(self) -> list[LeftoverProcess]:
        """Return who is left and may be signalled.

        Raises:
            Refused: the run is not over.
            UnknownState: could not tell.
        """
        survey = self._surveyed(tries=LOOK_TRIES if self._asked or self._frozen else 1)
        self._survey = survey
        self._met.update((each.key, each) for each in survey.targets if each.key not in self._met)
        self._skipped.update((each.pid, each) for each in survey.skipped)
        return [each for each in survey.targets if each.key not in self._spared]

    def _surveyed(self, *, tries: int) -> Survey:
        if self._first is not None:
            (survey, self._protected), self._first = self._first, None
            return survey
        for _ in range(tries - 1):
            with suppress(UnknownState):
                return self._surveyed(tries=1)
            self._system.clock.pause(WAIT_S)
        self._protected = protected_processes(self._store)
        return survey_run(
            self._store, self._past, protected=self._protected, before=self._met.values()
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
        """Ask everybody to end, each once, and wait; return who is left after the grace."""
        clock = self._system.clock
        left, deadline = grace_s, clock.boottime() + grace_s
        living = list(living)
        while living:
            for each in reversed(living):
                if each.key not in self._asked:
                    self._asked.add(each.key)
                    self._signal(each, *self._request_to(each))
            if left <= 0 or clock.boottime() >= deadline:
                break
            # Counted besides the clock: a clock that stands still must not make it endless.
            left -= 0 if self._wait_for(living) else WAIT_S
            living = self._look()
        return living

    def _request_to(self, target: LeftoverProcess) -> tuple[int, ...]:
        """Return what asks a process to end, and makes a stopped one hear it.

        HUP goes only to who ignores TERM or handles HUP: it would end any other one in the middle
        of what it does on TERM.
        """
        try:
            hears = self._system.proc.hears_hang_up(target.identity.pid)
        except (ProcessGone, OSError, ValueError):
            hears = False
        hang_up = (signal.SIGHUP,) if hears else ()
        return (signal.SIGTERM, *hang_up, signal.SIGCONT)

    def _freeze_and_kill(self, living: Sequence[LeftoverProcess]) -> None:
        """Stop whoever is found until a look finds nobody new, then kill all of them.

        Who is stopped forks no more, and does not end either: so whatever it started is still
        below it.
        """
        for _ in range(FREEZE_LOOKS):
            new = [each for each in living if each.key not in self._frozen]
            if not new:
                break
            for each in new:
                self._frozen.add(each.key)
                self._signal(each, signal.SIGSTOP)
            living = self._look()
        for each in reversed(living):
            # Once: a process that sleeps uninterruptibly dies when it wakes.
            if each.key not in self._killed and self._signal(each, signal.SIGKILL):
                self._killed[each.key] = self._rounds

    def _signal(self, target: LeftoverProcess, *numbers: int) -> bool:
        """Send signals to a process that is still the proven one; True when it got them.

        Raises:
            UnknownState: whether it is cannot be told; nothing was sent.
        """
        signals = self._system.signals
        try:
            handle = signals.open_target(target.identity.pid)
        except ValueError:
            return False
        except OSError as error:
            raise self._past.untold(f"{target.words}: {error.strerror}") from error
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
        """Whether the process of a pidfd is the proven one, and may still be signalled."""
        try:
            return self._is_the_same(target, handle) and self._is_unprotected(target, handle)
        except ProcessGone:
            return False
        except (OSError, ValueError, IndexError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise self._past.untold(f"{target.words}: {reason}") from error

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
        # Everything above was read by number: it was this process's as long as it has not ended.
        return reason is None and not proc.has_ended(handle, 0)

    def _thaw(self) -> None:
        """Let those go on that were stopped and will not be killed now."""
        for key in self._frozen.difference(self._killed):
            target = self._met[key]
            with suppress(OSError, ValueError, IndexError, ProcessGone):
                handle = self._system.signals.open_target(target.identity.pid)
                if handle is None:
                    continue
                try:
                    # Protected or not: it was stopped by us, and this only undoes that.
                    if self._is_the_same(target, handle):
                        self._system.signals.send(handle, signal.SIGCONT)
                finally:
                    self._system.signals.close(handle)

    # telling

    def _broken_off(self, error: PodtuiError) -> PodtuiError:
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
        gone = [each for key, each in self._met.items() if key not in there]
        return Ended(
            reaped=self._reaped(gone),
            skipped=self._skipped_words(),
            survivors=tuple(f"{each.words}: {self._survival(each)}" for each in there.values()),
            proof=proof,
            targets=tuple(self._met.values()),
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
        met = {each.identity.pid for each in self._met.values()}
        others = [each for pid, each in self._skipped.items() if pid not in met]
        others += [each for pid, each in self._skipped.items() if pid in met]
        more = len(others) - LONGEST_LIST
        words = [f"{self._past.pod}: {each.words}" for each in others[:LONGEST_LIST]]
        return (*words, *((f"{self._past.pod}: {more} more were skipped",) * (more > 0)))

    def _survival(self, target: LeftoverProcess) -> str:
        if target.key in self._spared:
            return self._spared[target.key]
        if target.state == UNINTERRUPTIBLE:
            return "it sleeps uninterruptibly (state D); the kill is pending"
        return "it was killed and is still there" if target.key in self._killed else "still there"

    def _proof(self, looks: int, seconds: float) -> str:
        how = "looked for by records, marks, session and descent"
        times = "look" if looks == 1 else f"looks over {seconds:.1f} s"
        what = "nothing else" if self._survey.targets else "nothing"
        told = f"{how}: {what} matched in {looks} {times}"
        ended = self._past.exit
        if ended is not None and ended.proof == PROOF_ECHILD:
            told = f"the kernel told its supervisor that nothing was left; {told}"
        hidden = self._survey.hidden
        if hidden:
            told += f" ({hidden} of this user's processes do not show their marks)"
        return told
