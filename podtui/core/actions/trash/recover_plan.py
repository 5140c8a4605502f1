"""What recovering a pod will do, and what speaks against it."""

from __future__ import annotations

import shlex

import msgspec

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.access.missing import (
    GoneKind,
    local_words,
    not_found,
    recover_command,
    why_gone,
)
from podtui.core.access.visibility import Sight
from podtui.core.actions.spawn.checks import free_name, taken_as
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.intents import RecoverIntent
from podtui.core.model.names import checked_name
from podtui.core.model.plans import Plan, Refusal, Step, StepKind
from podtui.core.model.records import PodRecord, TrashRecord
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.store.trash import TrashEntry


class Candidate(msgspec.Struct, frozen=True):
    """A pod in the trash that is to be recovered.

    Attributes:
        name: what it will be called.
        entry: None when there is nothing to recover.
    """

    name: str
    plan: Plan
    entry: TrashEntry | None = None


def candidate(access: Access, target: str, as_name: str | None) -> Candidate:
    """Look for what is meant, and say what is to be done; touches nothing.

    Raises:
        OSError: the store could not be asked.
    """
    store = access.store
    found = store.trash.named(target)
    if not found or _is_back(store, found[0]):
        return Candidate(target, Plan.refused("recover", target, _not_there(access, target)))
    entry = found[0]
    name = as_name or entry.name
    refusals = [
        refusal
        for refusal in (
            _sight_refusal(access.sight, entry),
            _nothing_in_it(entry),
            _name_refusal(store, entry, name),
            _id_refusal(store, entry),
        )
        if refusal
    ]
    if refusals:
        return Candidate(name, _plan(store, entry, name, found, refusals), entry)
    return Candidate(name, _plan(store, entry, name, found, []), entry)


def _is_back(store: Store, entry: TrashEntry) -> bool:
    """Whether an entry is only what a recover leaves for its last steps."""
    return not entry.has_pod and bool(entry.pod_id) and store.name_of_id(entry.pod_id) is not None


def _plan(
    store: Store,
    entry: TrashEntry,
    name: str,
    found: list[TrashEntry],
    refusals: list[Refusal],
) -> Plan:
    shown = name or entry.shown_name
    renamed = isinstance(entry.pod, PodRecord) and entry.pod.name != name
    loans = entry.record.returned_loans if isinstance(entry.record, TrashRecord) else []
    whole = "whole: output, runs, ledgers, cursors"
    return Plan(
        action="recover",
        pod=shown,
        steps=tuple(
            Step(kind, shown, text, fields)
            for is_done, kind, text, fields in (
                (
                    renamed,
                    StepKind.RENAME,
                    f"call it {name!r}; its id stays {entry.pod_id}",
                    {"name": name},
                ),
                (
                    True,
                    StepKind.MOVE,
                    f"move {shown!r} back from the trash ({entry.id}), {whole}",
                    {"trash_id": entry.id},
                ),
                (
                    bool(loans),
                    StepKind.LEND,
                    f"lend its {len(loans)} scopes again where they are free",
                    {"loans": tuple(loans)},
                ),
                (True, StepKind.DIAGNOSE, "write a diagnostic", {}),
            )
            if is_done
        ),
        refusals=tuple(refusals),
        warnings=_warnings(store, entry, name, found),
        undo=f"podtui prune {shlex.quote(shown)}",
    )


def _warnings(
    store: Store, entry: TrashEntry, name: str, found: list[TrashEntry]
) -> tuple[str, ...]:
    return (
        *_problem_words(entry),
        *_parent_words(store, entry),
        *(f"an older one is in the trash as {each.id}" for each in found[1:]),
        *_loan_words(store, entry, name),
    )


def _problem_words(entry: TrashEntry) -> tuple[str, ...]:
    problems = [each for each in (entry.record, entry.pod) if isinstance(each, RecordProblem)]
    return tuple(f"it comes back as it is: {each.sentence()}" for each in problems)


def _parent_words(store: Store, entry: TrashEntry) -> tuple[str, ...]:
    parent = entry.parent_id
    if not parent or store.name_of_id(parent) is not None:
        return ()
    pod = entry.pod
    name = (pod.parent_name if isinstance(pod, PodRecord) else None) or parent
    return (f"its parent {name!r} is not in place, so it will be shown as a root",)


def _loan_words(store: Store, entry: TrashEntry, name: str) -> tuple[str, ...]:
    """Return which of its scopes somebody else has by now."""
    record = entry.record
    if not isinstance(record, TrashRecord) or not record.returned_loans:
        return ()
    # Loaded here only: few pods have had anything lent to them.
    from podtui.core.actions.loans.conflicts import conflicts_of  # noqa: PLC0415
    from podtui.core.store.loans import loans_of  # noqa: PLC0415

    loans = loans_of(store.system.fs, entry.paths.pod, pod=name, pod_id=entry.pod_id).loans
    wanted = [
        (loan.mode, loan.path)
        for loan in loans
        if loan.id in record.returned_loans and not loan.is_out
    ]
    clashes = conflicts_of(store, wanted, but_pod_id=entry.pod_id)
    return tuple(f"not lent again: {each.message}" for each in clashes)


# what speaks against it


def _not_there(access: Access, target: str) -> Refusal:
    """Return the answer for what is not in the trash: in place, recovered, purged, or unknown."""
    store = access.store
    try:
        name = access.name_of(target)
    except errors.NotFound:
        name = None
    back = _under_way_words(store, target) or _recovered_words(store, target, name)
    if name is not None or back:
        shown = name or target
        return Refusal(
            kind=errors.Refused.kind,
            message=f"{target!r} is not in the trash: {back or 'it is in its place'}",
            next=f"podtui inspect {shlex.quote(shown)}",
        )
    found = why_gone(store, target)
    is_purged = found is not None and found.kind is GoneKind.PURGED
    gone = not_found(store, target)
    return Refusal(
        kind=gone.kind,
        message=gone.message if is_purged else f"{target!r} is not in the trash",
        next="podtui recover --list shows what is in it",
    )


def _under_way_words(store: Store, target: str) -> str:
    """Return who is bringing back what was meant in this moment, "" when nobody is."""
    for each in store.intents.all():
        if isinstance(each, RecoverIntent) and target in {
            each.pod,
            each.pod_id,
            each.trash_id,
            each.old_name,
        }:
            return f"it is being recovered as {each.pod} by {each.actor}"
    return ""


def _recovered_words(store: Store, target: str, name: str | None) -> str:
    """Return who brought back what was meant, "" when nobody did."""
    pod = store.pod_record(name) if name else None
    pod_id = pod.id if isinstance(pod, PodRecord) else None
    for entry in reversed(store.diagnostics.read().entries):
        if entry.kind is not DiagnosticKind.RECOVERED:
            continue
        meant = {entry.pod, entry.pod_id, entry.facts.trash_id, entry.facts.old_name}
        if target in meant and pod_id in {None, entry.pod_id}:
            called = f" as {entry.pod}" if entry.pod not in {None, target} else ""
            return f"it was recovered{called} by {entry.actor} on {local_words(entry.at)}"
    return ""


def _sight_refusal(sight: Sight, entry: TrashEntry) -> Refusal | None:
    if sight.sees_all or entry.pod_id in sight.ids():
        return None
    return Refusal(
        kind=errors.NotVisible.kind,
        message=f"{entry.shown_name!r} is in the trash and not visible to you"
        f" (pod {sight.caller!r}), because it is neither you nor below you and the operator"
        " has not granted it",
        next="podtui recover --list shows what you see",
    )


def _nothing_in_it(entry: TrashEntry) -> Refusal | None:
    if entry.has_pod:
        return None
    return Refusal(
        kind=errors.Unreadable.kind,
        message=f"{entry.id!r} cannot be recovered: {entry.problem}",
        next="podtui doctor",
    )


def _name_refusal(store: Store, entry: TrashEntry, name: str) -> Refusal | None:
    if not name:
        problem = entry.pod.sentence() if isinstance(entry.pod, RecordProblem) else entry.problem
        return Refusal(
            kind=errors.BadInput.kind,
            message=f"nothing tells what {entry.id!r} was called: {problem}",
            next=f"{recover_command(entry.id)} --as NAME",
        )
    if name != entry.name:
        # What it was called once it may be called again, as it is in its own record.
        try:
            checked_name(name)
        except errors.BadInput as error:
            return Refusal.of(error)
    taken = taken_as(store, name)
    if taken is None:
        return None
    return Refusal(
        kind=errors.Exists.kind,
        message=f"there is a pod {taken!r} already",
        next=f"{recover_command(entry.id)} --as {shlex.quote(free_name(store, name))}",
    )


def _id_refusal(store: Store, entry: TrashEntry) -> Refusal | None:
    """Refuse a second pod of one id, as copied directories give."""
    holder = store.name_of_id(entry.pod_id, likely=entry.name) if entry.pod_id else None
    if holder is None:
        return None
    return Refusal(
        kind=errors.Exists.kind,
        message=f"the pod with the id of {entry.shown_name!r}, {entry.pod_id}, is in place already:"
        f" {holder!r}; one of the two is a copy",
        next=f"podtui inspect {shlex.quote(holder)}",
    )
