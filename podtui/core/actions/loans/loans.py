"""Return and relend: take scopes back from a pod that is dead, and lend them to it again.

Each is the other's undo, so neither asks. What other actions need of loans is named here as well.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
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
    named_loans,
    own_loans,
    returned_words,
    scopes,
    undo_of,
)
from podtui.core.actions.loans.conflicts import conflicts_of, loan_book
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan, Refusal, Report
from podtui.core.model.records import ExitRecord
from podtui.core.model.requests import Relend, Return
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Evidence, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.store.store import Store

LOANS_NOTE = "loans"


class _Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator's words mean: a pod, and some of its loans.

    Attributes:
        loans: those that are meant and can be changed.
        unknown: words that mean no scope of this pod.
        others: every scope of the pod, for whoever named a wrong one.
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
        steps=tuple(f"take back {scopes([loan])}" for loan in aim.loans),
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


def _return(
    store: Store, view: PodView, loans: Sequence[Loan], why: str, actor: str
) -> tuple[Loan, ...]:
    ids = {loan.id for loan in loans}
    with transaction(
        store,
        EventKind.RETURN_INTENDED,
        action="return",
        pod=view.name,
        pod_id=view.id,
        run=view.run,
        actor=actor,
        details={LOANS_NOTE: " ".join(sorted(ids)), "why": why},
    ) as tx:
        back = change_loans(
            store,
            view.name,
            view.id,
            "returned",
            lambda found: [loan for loan in found.out if loan.id in ids],
            why=why,
            actor=actor,
            act_id=tx.id,
        )
        return _told_return(tx, back, why, view.evidence)


def _told_return(
    tx: Transaction, back: tuple[Loan, ...], why: str, evidence: Sequence[Evidence] = ()
) -> tuple[Loan, ...]:
    if not back:
        words = f"{tx.intent.pod}: nothing came back: its scopes had come back already"
        tx.end(EventKind.RETURN_FAILED, words)
        return ()
    words = returned_words(back, why)
    tx.diagnose(
        DiagnosticKind.LOAN_RETURNED, words, evidence=evidence, undo=undo_of("relend", back)
    )
    tx.end(EventKind.LOAN_RETURNED, words)
    return back


def finish_return(store: Store, tx: Transaction) -> Recovered:
    """Tell what came back; what did not stays lent, for the pod may live again by now."""
    return _finish(store, tx, _RETURN)


# relend


def _relend_plan(inspector: Inspector, aim: _Aim) -> Plan:
    refusals = _word_refusals(aim, "has everything that was lent to it")
    if not refusals:
        wanted = [(loan.mode, loan.path) for loan in aim.loans]
        refusals += conflicts_of(inspector.store, wanted, but_pod_id=aim.view.id)
    return Plan(
        action="relend",
        pod=aim.view.name,
        steps=tuple(f"lend it again {scopes([loan])}" for loan in aim.loans),
        refusals=tuple(refusals),
        undo=_command("return", aim) if aim.loans else None,
    )


def _relend(store: Store, aim: _Aim, why: str, actor: str) -> tuple[Loan, ...]:
    view = aim.view
    ids = {loan.id for loan in aim.loans}
    with transaction(
        store,
        EventKind.RELEND_INTENDED,
        action="relend",
        pod=view.name,
        pod_id=view.id,
        run=view.run,
        actor=actor,
        details={LOANS_NOTE: " ".join(sorted(ids)), "why": why},
    ) as tx:
        try:
            lent = change_loans(
                store,
                view.name,
                view.id,
                "lent",
                lambda found: [loan for loan in found.loans if loan.id in ids and not loan.is_out],
                why=why,
                actor=actor,
                act_id=tx.id,
            )
        except (errors.Refused, errors.Unreadable) as error:
            # Somebody else was lent a part of it since the plan; nothing is written.
            tx.end(EventKind.RELEND_FAILED, f"{view.name}: not lent again: {error.message}")
            raise
        return _told_relend(tx, lent, why)


def _told_relend(tx: Transaction, lent: tuple[Loan, ...], why: str) -> tuple[Loan, ...]:
    if not lent:
        words = f"{tx.intent.pod}: nothing was lent again: it had its scopes already"
        tx.end(EventKind.RELEND_FAILED, words)
        return ()
    words = lent_words(lent, why)
    tx.diagnose(DiagnosticKind.LOAN_LENT, words, undo=undo_of("return", lent))
    tx.end(EventKind.LOAN_LENT, words)
    return lent


def finish_relend(store: Store, tx: Transaction) -> Recovered:
    """Tell what was lent again; what was not stays where it is, for it may be taken by now."""
    return _finish(store, tx, _RELEND)


# both


class _Side(NamedTuple):
    """One of the two directions a loan can change."""

    action: str
    change: Change
    is_out: bool
    done: str
    kind: DiagnosticKind
    undo: str
    words: Callable[[Sequence[Loan], str], str]
    plan: Callable[[Inspector, _Aim], Plan]
    carry_out: Callable[[Store, _Aim, str], tuple[Loan, ...]]


_RETURN = _Side(
    "return",
    "returned",
    True,
    "came back",
    DiagnosticKind.LOAN_RETURNED,
    "relend",
    returned_words,
    _return_plan,
    lambda store, aim, actor: _return(store, aim.view, aim.loans, f"returned by {actor}", actor),
)
_RELEND = _Side(
    "relend",
    "lent",
    False,
    "lent again",
    DiagnosticKind.LOAN_LENT,
    "return",
    lent_words,
    _relend_plan,
    lambda store, aim, actor: _relend(store, aim, f"lent again by {actor}", actor),
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
            changed = side.carry_out(store, now, actor)
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


def _finish(store: Store, tx: Transaction, side: _Side) -> Recovered:
    intent = tx.intent
    loans = changed_by(store, intent.pod, intent.pod_id, intent.id, side.change)
    meant = intent.details.get(LOANS_NOTE, "").split()
    if not loans:
        words = f"{intent.pod}: {side.action} of scopes was broken off"
        return Recovered(finished=False, summary=words)
    words = side.words(loans, intent.details.get("why", ""))
    tx.diagnose(side.kind, words, undo=undo_of(side.undo, loans))
    rest = len(meant) - len(loans)
    short = f"; {rest} more stayed as they were" if rest > 0 else ""
    return Recovered(finished=not short, summary=words + short)


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
        back = _return(store, view, out, why, actor)
    except (OSError, errors.PodtuiError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return (), (f"{stays}: {reason}; {later}",)
    return ((returned_words(back, why),) if back else ()), ()


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
