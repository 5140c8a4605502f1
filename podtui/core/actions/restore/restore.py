"""Restore: a new run of every pod whose latest one is proven over, one after the other.

A pod that is restored keeps its place, its ledgers, its cursors and its output, and none of its
children is touched. `podtui.core.actions.restore.one` does it to one pod, this file to many:
parents before children, with a pause after every few starts, and with a brake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from podtui.core import errors
from podtui.core.actions.framework.preconditions import plan_unless_gone
from podtui.core.actions.framework.start import failure_of
from podtui.core.actions.restore.one import restore_one
from podtui.core.actions.restore.plan import plan_one
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind
from podtui.core.model.ids import new_id
from podtui.core.model.plans import Plan, Refusal, Report, joined_plan, joined_report
from podtui.core.model.requests import Restore
from podtui.core.model.snapshot import PodView
from podtui.core.observe.inspector import Inspector

BURST = 5
PAUSE_S = 1.0
"""After so many starts the next one waits this long: agents are busiest when they begin, and two
hundred that begin together would leave the host to nobody."""
BACKOFF = 3
"""After so many failures in a row the rest is left alone: it would meet the same trouble."""


class _Candidate(msgspec.Struct, frozen=True):
    """A pod that was asked for, as it was seen, and what would be done.

    Attributes:
        view: None for what is no pod.
    """

    view: PodView | None
    plan: Plan


def plan(inspector: Inspector, request: Restore) -> Plan:
    """Return what restoring pods will do; touches nothing.

    Raises:
        DiskTrouble, Refused: the store could not be asked.
    """
    # Of many the processes are not surveyed: it would take as many looks at the whole host.
    surveys = not _is_bulk(request)
    found = _candidates(inspector, request, surveys=surveys)
    return joined_plan("restore", [each.plan for each in found])


def carry_out(inspector: Inspector, request: Restore, *, actor: str) -> Report:
    """Restore pods, parents first; of several pods each stands for itself.

    Raises:
        PodtuiError: nothing was restored, and why: of a single pod, or of the first of several
            none of which could be tried.
    """
    # Who is left is surveyed under the lock, when it is ended.
    found = _candidates(inspector, request, surveys=False)
    joined_plan("restore", [each.plan for each in found]).raise_if_refused()
    if not found:
        return Report(action="restore", pod="", done=(), skipped=("no pod was named",))
    if len(found) == 1 and found[0].view is not None:
        attempt = restore_one(inspector, found[0].view, without=request.without, actor=actor)
        if attempt.error is not None:
            raise attempt.error
        return attempt.report
    return _OneByOne(inspector, request.without, actor).restore(found)


def _is_bulk(request: Restore) -> bool:
    return request.in_bulk or len(request.pods) > 1


def _candidates(inspector: Inspector, request: Restore, *, surveys: bool) -> list[_Candidate]:
    """Return what is to be done to each pod, parents before children, each once."""
    names, without = request.pods, request.without
    is_bulk = _is_bulk(request)
    try:
        return [
            _candidate(inspector, seen, without, in_bulk=is_bulk, surveys=surveys)
            for seen in _seen(inspector, names)
        ]
    except OSError as error:
        named = ", ".join(names)
        raise failure_of(named, "restored", error, "nothing was changed") from error


def _candidate(
    inspector: Inspector,
    seen: PodView | Plan,
    without: Sequence[str],
    *,
    in_bulk: bool,
    surveys: bool,
) -> _Candidate:
    if isinstance(seen, Plan):
        return _Candidate(None, seen)

    def plan_seen(view: PodView) -> Plan:
        return plan_one(inspector.store, view, without=without, in_bulk=in_bulk, surveys=surveys)[0]

    return _Candidate(seen, plan_unless_gone(inspector.access, "restore", seen, plan_seen))


def _seen(inspector: Inspector, names: Sequence[str]) -> Iterator[PodView | Plan]:
    """Yield each pod as it is now, in the order of the tree, or that there is none."""
    own_names: dict[str, None] = {}
    for name in names:
        try:
            own_names[inspector.access.name_of(name)] = None
        except errors.PodtuiError as error:
            refusal = Refusal.of(error)
            yield Plan.refused("restore", name, refusal)
    if len(own_names) == 1:
        yield inspector.look_at(*own_names)
    elif own_names:
        # One snapshot of all of them, since only a snapshot has the order of the tree.
        for view in inspector.snapshot().pods:
            if view.name in own_names:
                del own_names[view.name]
                yield view
        yield from (_gone(name) for name in own_names)


def _gone(name: str) -> Plan:
    refusal = Refusal(
        kind=errors.NotFound.kind,
        message=f"{name!r} went away while it was looked at",
        next="podtui events shows what became of it",
    )
    return Plan.refused("restore", name, refusal)


class _OneByOne:
    """Restores one pod after the other."""

    def __init__(self, inspector: Inspector, without: Sequence[str], actor: str) -> None:
        self._inspector = inspector
        self._without = without
        self._actor = actor
        self._tried = 0
        self._failures: list[str] = []

    def restore(self, found: Sequence[_Candidate]) -> Report:
        """Restore those that are not refused.

        Raises:
            PodtuiError: of the first, when none could be tried.
        """
        reports = []
        untried: errors.PodtuiError | None = None
        for place, each in enumerate(found):
            if each.view is None or each.plan.is_refused:
                reports.append(_skipped(each.plan.pod, each.plan.refusals[0].message))
                continue
            if len(self._failures) >= BACKOFF:
                rest = [other.plan.pod for other in found[place:] if not other.plan.is_refused]
                reports.append(self._braked(rest))
                break
            self._pace()
            try:
                reports.append(self._attempt(each.view))
            except errors.PodtuiError as error:
                # It changed after the plan was made: as if it had been refused there.
                untried = untried or error
                reports.append(_skipped(each.plan.pod, error.message))
        if untried is not None and not any(each.done or each.failed for each in reports):
            raise untried
        return joined_report("restore", reports)

    def _pace(self) -> None:
        if self._tried and self._tried % BURST == 0:
            self._inspector.store.system.clock.pause(PAUSE_S)
        self._tried += 1

    def _attempt(self, view: PodView) -> Report:
        attempt = restore_one(
            self._inspector, view, without=self._without, actor=self._actor, in_bulk=True
        )
        if attempt.trouble:
            self._failures.append(attempt.trouble)
        else:
            self._failures.clear()
        return attempt.report

    def _braked(self, rest: Sequence[str]) -> Report:
        """Tell that the rest is left alone, and why."""
        store, names = self._inspector.store, ", ".join(rest)
        now = store.system.clock.now()
        summary = (
            f"restoring was stopped after {BACKOFF} failures in a row; left as they were: {names}."
            f" The failures: {'; '.join(self._failures)}"
        )
        diagnostic = Diagnostic(
            id=new_id(int(now.timestamp() * 1000)),
            at=now,
            kind=DiagnosticKind.BRAKED,
            summary=summary,
            actor=self._actor,
        )
        remarks = tuple(
            f"{name}: left as it was, after {BACKOFF} failures in a row" for name in rest
        )
        try:
            store.diagnostics.append_once([diagnostic])
        except (OSError, errors.PodtuiError) as error:
            remarks += (f"the brake could not be told as a diagnostic: {error}",)
        return Report(action="restore", pod=names, done=(), skipped=remarks)


def _skipped(name: str, why: str) -> Report:
    return Report(action="restore", pod=name, done=(), skipped=(f"{name}: {why}",))
