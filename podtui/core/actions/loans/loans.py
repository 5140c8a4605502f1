"""Return and relend: take scopes back from a pod that is dead, and lend them to it again.

Each is the other's undo, so neither asks. What other actions need of loans is named here as well.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.actions.framework.batch import do_each, plan_each
from podtui.core.actions.framework.locks import action_lock
from podtui.core.actions.framework.preconditions import unless_gone
from podtui.core.actions.framework.transaction import Recovered, Transaction, transaction
from podtui.core.actions.loans.changes import (
    Change,
    change_loans,
    changed_by,
    lent_words,
    loan_details,
    named_loans,
    own_loans,
    returned_words,
    scope_step,
    scopes,
    undo_of,
)
from podtui.core.actions.loans.conflicts import conflicts_of, loan_book
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.intents import LoansIntent, RelendIntent, ReturnIntent
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan, Refusal, Report, StepKind
from podtui.core.model.records import ExitRecord
from podtui.core.model.requests import Relend, Return
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.store.store import Store


class _Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator's words mean: a pod, and some of its loans.

    Attributes:
        loans: those that are meant and can be changed.
        unknown: words that mean no scope of this pod.
        others: every scope of the pod, named in the error when a wrong one was given.
    """

    view: PodView
    loans: tuple[Loan, ...]
    unknown: tuple[str, ...]
    others: tuple[Loan, ...]


def _addressed(access: Access, target: str) -> tuple[str, tuple[str, ...]]:
    """Return the pod that a name or id means, or that has a loan with that id or changed by it.

    Raises:
        NotFound: nothing is called so.
    """
    try:
        return access.name_of(target), ()
    except errors.NotFound:
        found = [loan for loan in loan_book(access.store).loans if target in {loan.id, loan.act}]
        if not found:
            raise
        # Asked for as a pod, since who may not see it may not change it either.
        return access.name_of(found[0].pod), tuple(loan.id for loan in found)


def _aim(inspector: Inspector, target: str, paths: Sequence[str], side: _Side) -> _Aim:
    store = inspector.store
    name, ids = _addressed(inspector.access, target)
    view = inspector.look_at(name)
    every = own_loans(store, name, view.id).loans
    meant = tuple(loan for loan in every if not ids or loan.id in ids)
    named, unknown = named_loans(store, name, meant, paths) if paths else (meant, ())
    loans = tuple(loan for loan in named if loan.is_out is side.is_out)
    return _Aim(view=view, loans=loans, unknown=unknown, others=every)


def _word_refusals(aim: _Aim, trouble: str) -> list[Refusal]:
    """Return what is wrong with the words themselves: scopes there are not, or nothing to do."""
    name = aim.view.name
    shown = scopes(aim.others) or "none"
    if aim.unknown:
        missing = ", ".join(aim.unknown)
        message = f"{name!r} was never lent {missing}; its scopes: {shown}"
        return [Refusal(kind=errors.BadInput.kind, message=message, next="podtui ls --loans")]
    if not aim.loans:
        message = f"{name!r} {trouble}; its scopes: {shown}"
        return [Refusal(kind=errors.Refused.kind, message=message, next="podtui ls --loans")]
    return []


def _command(verb: str, aim: _Aim) -> str:
    words = [aim.view.name, *(loan.path for loan in aim.loans)]
    return f"podtui {verb} {shlex.join(words)}"


def plan(inspector: Inspector, request: Return | Relend) -> Plan:
    """Return what taking scopes back, or lending them again, will do; touches nothing."""
    side = _side(request)
    return plan_each(
        side.action,
        request.pods,
        lambda name: unless_gone(
            inspector.access, side.plan(inspector, _aim(inspector, name, request.paths, side))
        ),
    )


def carry_out(inspector: Inspector, request: Return | Relend, *, actor: str) -> Report:
    """Take scopes back from dead pods, or lend them again.

    Raises:
        PodtuiError: of a single pod: it is refused, another action holds the pod, somebody else has
            a part of the scopes, or the disk does not take it.
    """
    side = _side(request)
    return do_each(
        side.action,
        request.pods,
        lambda name: _carry_out(inspector, name, request.paths, side, actor),
    )


# return


def _return_plan(inspector: Inspector, aim: _Aim) -> Plan:
    refusals = _word_refusals(aim, "has nothing that could come back")
    if not refusals:
        refusals += _alive_refusals(inspector.store, aim)
    doubts = own_loans(inspector.store, aim.view.name, aim.view.id).doubts
    return Plan(
        action="return",
        pod=aim.view.name,
        steps=tuple(scope_step(StepKind.TAKE_BACK, "take back", [loan]) for loan in aim.loans),
        refusals=tuple(refusals),
        warnings=tuple(f"its ledger hides something: {each.sentence()}" for each in doubts),
        undo=_command("relend", aim) if aim.loans else None,
    )


def _alive_refusals(store: Store, aim: _Aim) -> list[Refusal]:
    """Return why the pod may still use what it has: only the dead give back."""
    view = aim.view
    if view.verdict is Verdict.ALIVE:
        message = f"{view.name!r} keeps its scopes while it is alive: {view.message}"
        next_step = f"podtui stop {view.name}: then they come back"
        return [Refusal(kind=errors.Refused.kind, message=message, next=next_step)]
    if view.verdict is Verdict.UNKNOWN:
        doubts = "; ".join(
            f"{each.probe.value}: {each.detail}"
            for each in view.evidence
            if each.answer is Answer.UNKNOWN
        )
        message = (
            f"{view.name!r} keeps its scopes, as whether it is over cannot be told: {view.message}"
        )
        message += f" ({doubts})" if doubts and doubts not in message else ""
        next_step = f"podtui inspect {view.name}"
        return [Refusal(kind=errors.UnknownState.kind, message=message, next=next_step)]
    may_write = any(loan.mode == "write" for loan in aim.loans)
    return _leftover_refusals(store, view) if may_write and view.run else []


def _leftover_refusals(store: Store, view: PodView) -> list[Refusal]:
    """Return that processes of the pod's past run, which may write, are still there."""
    # Loaded here only: few pods have anything lent to them.
    from podtui.core.hosts.registry import survey_leftovers  # noqa: PLC0415
    from podtui.core.processes.leftovers import ProcessScan  # noqa: PLC0415

    try:
        survey = survey_leftovers(store, view.name, view.id, view.run, scan=ProcessScan(store))
    except errors.PodtuiError as error:
        message = (
            f"{view.name!r} keeps its scopes, as whether processes of it are left cannot be told:"
            f" {error.message}"
        )
        return [Refusal(kind=error.kind, message=message, next=error.next_step)]
    if not survey.targets:
        return []
    left = ", ".join(f"{each.name} {each.identity.pid}" for each in survey.targets)
    message = f"{view.name!r} keeps its scopes while processes of it may still write: {left}"
    return [Refusal(kind=errors.Refused.kind, message=message, next=f"podtui reap {view.name}")]


# relend


def _relend_plan(inspector: Inspector, aim: _Aim) -> Plan:
    refusals = _word_refusals(aim, "has everything that was lent to it")
    if not refusals:
        wanted = [(loan.mode, loan.path) for loan in aim.loans]
        refusals += conflicts_of(inspector.store, wanted, but_pod_id=aim.view.id)
    return Plan(
        action="relend",
        pod=aim.view.name,
        steps=tuple(scope_step(StepKind.LEND, "lend it again", [loan]) for loan in aim.loans),
        refusals=tuple(refusals),
        undo=_command("return", aim) if aim.loans else None,
    )


# both


class _Side(NamedTuple):
    """One of the two directions a loan can change.

    Attributes:
        is_out: whether a loan that can be changed so is out.
        done: what was done, after the scopes: "came back".
        already: why nothing was to be done.
        undo: the verb that takes it back.
        words: says of loans and a reason that they were changed so.
    """

    intent: type[LoansIntent]
    change: Change
    is_out: bool
    done: str
    already: str
    intended: EventKind
    failed: EventKind
    changed: EventKind
    kind: DiagnosticKind
    undo: str
    words: Callable[[Sequence[Loan], str], str]
    plan: Callable[[Inspector, _Aim], Plan]

    @property
    def action(self) -> str:
        return str(self.intent.__struct_config__.tag)


_RETURN = _Side(
    intent=ReturnIntent,
    change="returned",
    is_out=True,
    done="came back",
    already="nothing came back: its scopes had come back already",
    intended=EventKind.RETURN_INTENDED,
    failed=EventKind.RETURN_FAILED,
    changed=EventKind.LOAN_RETURNED,
    kind=DiagnosticKind.LOAN_RETURNED,
    undo="relend",
    words=returned_words,
    plan=_return_plan,
)
_RELEND = _Side(
    intent=RelendIntent,
    change="lent",
    is_out=False,
    done="lent again",
    already="nothing was lent again: it had its scopes already",
    intended=EventKind.RELEND_INTENDED,
    failed=EventKind.RELEND_FAILED,
    changed=EventKind.LOAN_LENT,
    kind=DiagnosticKind.LOAN_LENT,
    undo="return",
    words=lent_words,
    plan=_relend_plan,
)


def _side(request: Return | Relend) -> _Side:
    return _RETURN if isinstance(request, Return) else _RELEND


def _carry_out(
    inspector: Inspector, target: str, paths: Sequence[str], side: _Side, actor: str
) -> Report:
    store, action = inspector.store, side.action
    first = _aim(inspector, target, paths, side)
    unless_gone(inspector.access, side.plan(inspector, first)).raise_if_refused()
    name = first.view.name
    with action_lock(store.system, store.paths.pod(name), pod=name, action=action, actor=actor):
        now = _aim(inspector, target, paths, side)
        unless_gone(inspector.access, side.plan(inspector, now)).raise_if_refused()
        try:
            why = f"{side.done if side.change == 'lent' else 'returned'} by {actor}"
            changed = _change(store, now.view, now.loans, side, why=why, actor=actor)
        except OSError as error:
            raise errors.DiskTrouble(
                f"the scopes of {name!r} could not be changed: {error.strerror}",
                pod=name,
                next_step="podtui ls --loans shows who has what; podtui doctor",
                kept="what its ledger says holds; the next start tells what was done",
            ) from error
    skipped = () if changed else (f"{name}: somebody else did it at the same moment",)
    done = tuple(f"{name}: {scopes([loan])} {side.done}" for loan in changed)
    return Report(action=action, pod=name, done=done, skipped=skipped, view=now.view)


def _change(
    store: Store, view: PodView, loans: Sequence[Loan], side: _Side, *, why: str, actor: str
) -> tuple[Loan, ...]:
    """Change loans in one transaction; returns those that it changed.

    Raises:
        Refused, Unreadable: somebody else was lent a part of them since the plan.
        Busy, OSError: a part is not done, or not written down.
    """
    ids = {loan.id for loan in loans}
    intended = partial(
        side.intent,
        pod=view.name,
        pod_id=view.id,
        run=view.run,
        actor=actor,
        loans=tuple(sorted(ids)),
        why=why,
    )
    with transaction(store, side.intended, intended) as tx:
        try:
            changed = change_loans(
                store,
                view.name,
                view.id,
                side.change,
                lambda found: [
                    loan for loan in found.loans if loan.id in ids and loan.is_out is side.is_out
                ],
                why=why,
                actor=actor,
                act_id=tx.id,
            )
        except (errors.Refused, errors.Unreadable) as error:
            # Nothing is written, since what is lent is lent whole.
            tx.end(side.failed, f"not {side.done}: {error.message}")
            raise
        if not changed:
            tx.end(side.failed, side.already)
            return ()
        # Only the dead give back, and the proof of that is worth keeping.
        evidence = view.evidence if side.is_out else ()
        words, details = side.words(changed, why), loan_details(changed, why)
        tx.diagnose(
            side.kind,
            words,
            details=details,
            evidence=evidence,
            undo=undo_of(side.undo, changed),
        )
        tx.end(side.changed, words, details=details)
    return changed


def finish_return(store: Store, tx: Transaction[ReturnIntent]) -> Recovered:
    """Report what came back; what did not stays lent, for the pod may be alive again."""
    return _finish(store, tx, _RETURN)


def finish_relend(store: Store, tx: Transaction[RelendIntent]) -> Recovered:
    """Report what was lent again; what was not stays as it is, for it may be taken by now."""
    return _finish(store, tx, _RELEND)


def _finish(store: Store, tx: Transaction[LoansIntent], side: _Side) -> Recovered:
    intent = tx.intent
    loans = changed_by(store, intent.pod, intent.pod_id, intent.id, side.change)
    if not loans:
        return Recovered(finished=False, words=f"{side.action} of scopes was broken off")
    words = side.words(loans, intent.why)
    tx.diagnose(
        side.kind,
        words,
        details=loan_details(loans, intent.why),
        undo=undo_of(side.undo, loans),
    )
    rest = len(intent.loans) - len(loans)
    short = f"; {rest} more stayed as they were" if rest > 0 else ""
    return Recovered(finished=not short, words=words + short)


# stop


def return_after_stop(
    store: Store, view: PodView, *, actor: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take back what a stopped pod had, if nothing of it may write any more.

    The caller holds the pod's action lock. Returns what came back, and what stays and why, in
    words: a stop that worked stays so whatever comes of this.
    """
    out = own_loans(store, view.name, view.id).out
    if not out:
        return (), ()
    stays = f"{view.name}: {scopes(out)} stays lent"
    later = f"podtui return {view.name} takes it back"
    doubt = _end_doubt(store, view)
    if doubt:
        return (), (f"{stays}: {doubt}; when that is settled, {later}",)
    try:
        why = f"stopped by {actor}"
        back = _change(store, view, out, _RETURN, why=why, actor=actor)
    except (OSError, errors.PodtuiError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return (), (f"{stays}: {reason}; {later}",)
    return ((f"{view.name}: {returned_words(back, why)}",) if back else ()), ()


def _end_doubt(store: Store, view: PodView) -> str:
    """Return why a stopped pod may still write, "" when it cannot."""
    if view.verdict is not Verdict.DEAD:
        return f"its end is not proven ({view.message})"
    record = store.exit_record(view.name, view.run, view.id or None)
    if not isinstance(record, ExitRecord):
        return "nothing tells that all of its processes ended"
    left = [each for each in (*record.survivors, *record.kept_leftovers) if not each.of_another_pod]
    names = ", ".join(f"{each.name} {each.pid}" for each in left)
    return f"processes it left running may still write: {names}" if left else ""
