"""Scopes come back and are lent again, as parts of actions: stop, prune, restore, recover, return.

The lines of a pod's own ledger are the truth; events and diagnostics about them have ids made from
the action's, so that doing a part again writes nothing twice. Every line bears the id of the action
that wrote it, so that an action can be taken back as a whole. Every part may be done again with the
same act after a crash, and returns the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from podtui.core.actions.framework.transaction import Transaction
from podtui.core.actions.loans.conflicts import Clash, clashes_of, refusal_of, refuse
from podtui.core.model.diagnostics import DiagnosticKind, Undo
from podtui.core.model.events import Details, EventKind
from podtui.core.model.intents import Intent
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Refusal, Step, StepKind
from podtui.core.model.records import LoanLine, PodRecord
from podtui.core.store.loans import PodLoans, append_loan_lines, lending_lock, loans_of
from podtui.core.store.store import Store

Change = Literal["lent", "returned"]
TAKEN_BACK = ".taken_back"
"""Ends the id under which an action's changes are taken back: those are not its own changes."""


class Relending(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore will do to a pod's scopes.

    Attributes:
        lent: what it had and will have again.
        returned: what it has now and was to be restored without.
        unknown: what it was to be restored without and never had.
    """

    lent: tuple[Loan, ...] = ()
    returned: tuple[Loan, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return it as the steps of a plan."""
        parts = (
            (StepKind.LEND, "lend it again:", self.lent),
            (StepKind.TAKE_BACK, "take back:", self.returned),
        )
        return tuple(scope_step(kind, words, loans) for kind, words, loans in parts if loans)


def scopes(loans: Sequence[Loan]) -> str:
    """Return what loans are about: "write /a, read /b"."""
    return ", ".join(f"{loan.mode} {loan.path}" for loan in loans)


def scope_step(kind: StepKind, words: str, loans: Sequence[Loan]) -> Step:
    """Return the step that changes loans of one pod: ``words`` and the scopes."""
    paths = tuple(scopes([each]) for each in loans)
    fields = {"paths": paths, "loans": tuple(each.id for each in loans)}
    return Step(kind, loans[0].pod, f"{words} {', '.join(paths)}", fields)


def own_loans(store: Store, name: str, pod_id: str) -> PodLoans:
    """Return the loans of this very pod, none when another one is in its place by now."""
    record = store.pod_record(name)
    if isinstance(record, PodRecord) and pod_id not in {"", record.id}:
        return PodLoans(())
    return loans_of(store.system.fs, store.paths.pod(name), pod=name, pod_id=pod_id)


def named_loans(
    store: Store, name: str, loans: Sequence[Loan], paths: Sequence[str]
) -> tuple[tuple[Loan, ...], tuple[str, ...]]:
    """Return the loans that paths mean, and the paths that mean none.

    A path stands for every scope at it or below it, as it is written or as it is resolved from the
    pod's directory; the id of a loan will do as well.
    """
    meant: dict[str, Loan] = {}
    unknown = []
    for path in paths:
        places = {path, _place(store, name, path)}
        found = [
            loan
            for loan in loans
            if loan.id == path or any(is_within(loan.path, place) for place in places)
        ]
        meant.update({loan.id: loan for loan in found})
        if not found:
            unknown.append(path)
    return tuple(meant.values()), tuple(unknown)


def is_within(path: str, place: str) -> bool:
    """Whether a path is another one or below it."""
    return place == path or PurePosixPath(place) in PurePosixPath(path).parents


def _place(store: Store, name: str, path: str) -> str:
    record = store.pod_record(name)
    directory = record.cwd if isinstance(record, PodRecord) else "/"
    try:
        return store.system.fs.resolved(path if path.startswith("/") else f"{directory}/{path}")
    except (OSError, ValueError):
        # It leads nowhere, so that it can only be meant as it is written.
        return path


def change_loans(
    store: Store,
    name: str,
    pod_id: str,
    change: Change,
    choose: Callable[[PodLoans], Sequence[Loan]],
    *,
    why: str,
    actor: str,
    act_id: str,
) -> tuple[Loan, ...]:
    """Write lines for the loans that ``choose`` picks; returns all that this act has so changed.

    Of what is to be lent nothing is written when somebody else has a part of it.

    Raises:
        Refused, Unreadable: somebody else has it, or that could not be determined.
        Busy, OSError: a part is not written.
    """
    with lending_lock(store.system, store.paths):
        picked = choose(own_loans(store, name, pod_id))
        clashes = (
            clashes_of(store, [(loan.mode, loan.path) for loan in picked], but_pod_id=pod_id)
            if change == "lent"
            else ()
        )
        if not clashes:
            _write(store, name, picked, change, why=why, actor=actor, act_id=act_id)
    # The holder is probed without the lock, so that others can lend meanwhile.
    refuse([refusal_of(store, clash) for clash in clashes], pod=name)
    return changed_by(store, name, pod_id, act_id, change)


def changed_by(
    store: Store, name: str, pod_id: str, act_id: str, change: Change
) -> tuple[Loan, ...]:
    """Return the loans whose latest change is this one, of this tx."""
    return tuple(
        loan
        for loan in own_loans(store, name, pod_id).loans
        if loan.act == act_id and loan.is_out == (change == "lent")
    )


def _write(
    store: Store,
    name: str,
    loans: Sequence[Loan],
    change: Change,
    *,
    why: str,
    actor: str,
    act_id: str,
) -> None:
    now = store.system.clock.now()
    lines = [
        LoanLine(
            loan=loan.id,
            change=change,
            mode=loan.mode,
            path=loan.path,
            at=now,
            actor=actor,
            why=why,
            act=act_id,
        )
        for loan in loans
    ]
    append_loan_lines(store.system, store.paths.pod(name), lines)


# telling


def returned_words(loans: Sequence[Loan], why: str) -> str:
    """Return that scopes came back, in words."""
    return f"{scopes(loans)} came back: {why}"


def lent_words(loans: Sequence[Loan], why: str) -> str:
    """Return that scopes were lent again, in words."""
    return f"{scopes(loans)} lent again: {why}"


def loan_details(loans: Sequence[Loan], why: str) -> Details:
    """Return what is recorded of loans that changed."""
    return Details(
        cause=why, paths=tuple(scopes([each]) for each in loans), loans=tuple(e.id for e in loans)
    )


def undo_of(action: str, loans: Sequence[Loan]) -> Undo:
    """Return what takes exactly these changes back."""
    return Undo(action, loans[0].id if len(loans) == 1 else loans[0].act)


def _report_returned(
    tx: Transaction[Intent],
    loans: Sequence[Loan],
    why: str,
    *,
    undo: Undo | None = None,
    part: str = "",
) -> None:
    if not loans:
        return
    words, details, name = returned_words(loans, why), loan_details(loans, why), loans[0].pod
    way_back = undo or undo_of("relend", loans)
    tx.diagnose(
        DiagnosticKind.LOAN_RETURNED, words, name=name, details=details, undo=way_back, part=part
    )
    tx.record_event(
        EventKind.LOAN_RETURNED, words, name=name, details=details, part=f"loan_returned{part}"
    )


def _report_lent(
    tx: Transaction[Intent], loans: Sequence[Loan], why: str, *, part: str = ""
) -> None:
    if not loans:
        return
    words, details, name = lent_words(loans, why), loan_details(loans, why), loans[0].pod
    tx.diagnose(
        DiagnosticKind.LOAN_LENT,
        words,
        name=name,
        details=details,
        undo=undo_of("return", loans),
        part=part,
    )
    tx.record_event(EventKind.LOAN_LENT, words, name=name, details=details, part=f"loan_lent{part}")


# parts of other actions


def return_for(
    store: Store,
    name: str,
    pod_id: str,
    *,
    why: str,
    actor: str,
    tx: Transaction[Intent],
    undo: Undo | None = None,
) -> tuple[Loan, ...]:
    """Take back every scope of a pod in place that is proven dead; returns what came back.

    The caller has the proof, and holds the pod's action lock. ``undo``: the way back where lending
    them again is not enough, as for a pod that is pruned next.

    Raises:
        Busy, OSError: a part is not done, or not told.
    """
    loans = change_loans(
        store,
        name,
        pod_id,
        "returned",
        lambda found: found.out,
        why=why,
        actor=actor,
        act_id=tx.id,
    )
    _report_returned(tx, loans, why, undo=undo)
    doubts = own_loans(store, name, pod_id).doubts
    if doubts:
        # What nobody can read may have been a scope; the line is kept, and somebody must know.
        words = f"whether more came back could not be determined: {doubts[0].sentence()}"
        tx.diagnose(DiagnosticKind.LOAN_RETURNED, words, name=name, undo=undo, part="doubt")
    return loans


def plan_relending(
    store: Store, name: str, pod_id: str, *, without: Sequence[str] = ()
) -> Relending:
    """Return what restoring a pod will do to its scopes, and who is in the way; touches nothing.

    Raises:
        DiskTrouble: the pods cannot be listed.
    """
    found = own_loans(store, name, pod_id)
    dropped, unknown = named_loans(store, name, found.loans, without)
    lent = tuple(loan for loan in found.loans if not loan.is_out and loan not in dropped)
    clashes = clashes_of(store, [(loan.mode, loan.path) for loan in lent], but_pod_id=pod_id)
    refusals = tuple(
        refusal_of(store, clash, f"podtui restore {name} --without {clash.path}")
        for clash in clashes
    )
    returned = tuple(loan for loan in dropped if loan.is_out)
    return Relending(lent=lent, returned=returned, refusals=refusals, unknown=unknown)


def relend_for_restore(
    store: Store,
    name: str,
    pod_id: str,
    *,
    without: Sequence[str],
    actor: str,
    tx: Transaction[Intent],
) -> tuple[Loan, ...]:
    """Lend a dead pod that is restored what it had, but for ``without``; returns what was lent.

    What it has and is restored without comes back. When the start fails, `take_back_relending`.

    Raises:
        Refused, Unreadable: somebody else has a part of it; names holder and rule.
        Busy, OSError: a part is not done, or not told.
    """
    refuse(plan_relending(store, name, pod_id, without=without).refusals, pod=name)

    def dropped(found: PodLoans) -> tuple[Loan, ...]:
        return named_loans(store, name, found.loans, without)[0]

    def lost(found: PodLoans) -> list[Loan]:
        return [loan for loan in found.loans if not loan.is_out and loan not in dropped(found)]

    def held(found: PodLoans) -> list[Loan]:
        return [loan for loan in dropped(found) if loan.is_out]

    why = f"restored by {actor}"
    lent = change_loans(store, name, pod_id, "lent", lost, why=why, actor=actor, act_id=tx.id)
    _report_lent(tx, lent, why)
    apart = f"restored without it by {actor}"
    back = change_loans(store, name, pod_id, "returned", held, why=apart, actor=actor, act_id=tx.id)
    _report_returned(tx, back, apart)
    return lent


def take_back_relending(
    store: Store,
    name: str,
    pod_id: str,
    *,
    actor: str,
    tx: Transaction[Intent],
    why: str = "it was not restored",
) -> tuple[str, ...]:
    """Undo what `relend_for_restore` did in this act; returns a sentence for each change.

    What it had been restored without and somebody else got meanwhile stays with them.

    Raises:
        Busy, OSError: a part is not done, or not told.
    """
    undone = f"{tx.id}{TAKEN_BACK}"
    lent = changed_by(store, name, pod_id, tx.id, "lent")
    dropped = {loan.id for loan in changed_by(store, name, pod_id, tx.id, "returned")}
    back = change_loans(
        store, name, pod_id, "returned", lambda _: lent, why=why, actor=actor, act_id=undone
    )
    _report_returned(tx, back, why, part="taken_back")
    again, words = _lend_one_by_one(
        store, name, pod_id, dropped, why=why, actor=actor, act_id=undone
    )
    _report_lent(tx, again, why, part="taken_back")
    done = [returned_words(back, why)] if back else []
    done += [lent_words(again, why)] if again else []
    return (*done, *words)


def relend_after_recover(
    store: Store,
    name: str,
    pod_id: str,
    loan_ids: Collection[str],
    *,
    actor: str,
    tx: Transaction[Intent],
) -> tuple[tuple[Loan, ...], tuple[str, ...]]:
    """Lend a recovered pod, in place again, what came back with its prune, where it is free.

    Returns what was lent, and what stands against the rest, in words with holder and rule.

    Raises:
        Busy, OSError: a part is not done, or not told.
    """
    why = f"recovered by {actor}"
    lent, words = _lend_one_by_one(
        store, name, pod_id, loan_ids, why=why, actor=actor, act_id=tx.id
    )
    _report_lent(tx, lent, why)
    return lent, words


def _lend_one_by_one(
    store: Store,
    name: str,
    pod_id: str,
    loan_ids: Collection[str],
    *,
    why: str,
    actor: str,
    act_id: str,
) -> tuple[tuple[Loan, ...], tuple[str, ...]]:
    """Lend what is free; returns what this act lent, and in words what is not free."""
    clashes: list[Clash] = []
    with lending_lock(store.system, store.paths):
        for loan in own_loans(store, name, pod_id).loans:
            if loan.is_out or loan.id not in loan_ids:
                continue
            found = clashes_of(store, [(loan.mode, loan.path)], but_pod_id=pod_id)
            clashes += found
            if not found:
                _write(store, name, [loan], "lent", why=why, actor=actor, act_id=act_id)
    words = tuple(refusal_of(store, clash).message for clash in clashes)
    return changed_by(store, name, pod_id, act_id, "lent"), words
