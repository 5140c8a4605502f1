"""Who holds which scope, and what stands against lending another.

A write scope is exclusive, also for a parent and its child. Two that may write one place is
what loans are there to prevent, and a parent that has lent a part of its scope would be two. Read
scopes never conflict with anything. An exited, failed or lost pod keeps what it holds.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from podtui.core import errors
from podtui.core.errors import DiskTrouble
from podtui.core.model.loans import Loan, LoanBook, Mode, overlap
from podtui.core.model.plans import Refusal
from podtui.core.model.records import PodRecord
from podtui.core.model.verdicts import Verdict
from podtui.core.store.loans import PodLoans, loans_of
from podtui.core.store.store import Store
from podtui.core.system.fs import Fs

LEAVE_OUT = "leave that scope out"


class Clash(msgspec.Struct, frozen=True):
    """Why one path cannot be lent for writing.

    Attributes:
        path: what was wanted.
        holder: who has it, None when that could not be determined.
        doubt: why it could not be determined, "" when it could.
    """

    path: str
    holder: Loan | None = None
    doubt: str = ""


def loan_book(store: Store) -> LoanBook:
    """Return every loan of the pods in place, and the pods whose loans could not be read.

    Raises:
        DiskTrouble: the pods cannot be listed.
    """
    try:
        names = store.pod_names()
    except OSError as error:
        raise DiskTrouble(
            f"the scope loans cannot be told: {store.paths.pods} cannot be listed:"
            f" {error.strerror}",
            next_step="podtui doctor",
            kept="nothing was lent or returned",
        ) from error
    loans: list[Loan] = []
    doubts: dict[str, str] = {}
    for name in names:
        doubt = _directory_doubt(store, name)
        found = pod_loans(store, name)
        loans += found.loans
        for problem in found.doubts:
            doubt = doubt or problem.sentence()
        if doubt and not _is_gone(store, name):
            doubts[name] = doubt
    return LoanBook(loans=tuple(loans), doubts=doubts)


def pod_loans(store: Store, name: str) -> PodLoans:
    """Return the loans of one pod in place."""
    record = store.pod_record(name)
    pod_id = record.id if isinstance(record, PodRecord) else ""
    return loans_of(store.system.fs, store.paths.pod(name), pod=name, pod_id=pod_id)


def _directory_doubt(store: Store, name: str) -> str:
    root = store.paths.pod(name).root
    try:
        return "" if store.system.fs.is_directory(root) else f"{root} is not a directory"
    except OSError as error:
        return f"{root} cannot be looked at: {error.strerror}"


def _is_gone(store: Store, name: str) -> bool:
    """Whether a pod was taken out since the pods were listed."""
    try:
        return store.system.fs.stamp(store.paths.pod(name).root) is None
    except OSError:
        return False


def clashes_of(
    store: Store, wanted: Sequence[tuple[Mode, str]], *, but_pod_id: str = ""
) -> tuple[Clash, ...]:
    """Return what stands against lending these absolute, resolved paths; looks at no process.

    ``but_pod_id`` does not stand in its own way. Raises as `loan_book`.
    """
    paths = tuple(dict.fromkeys(path for mode, path in wanted if mode == "write"))
    if not paths:
        return ()
    book = loan_book(store)
    others = [
        loan
        for loan in book.out
        if loan.mode == "write" and not (but_pod_id and loan.pod_id == but_pod_id)
    ]
    fs = store.system.fs
    taken = [(loan, _places(fs, loan.path)) for loan in others]
    clashes = [
        Clash(path, holder=loan)
        for path in paths
        for loan, places in taken
        if _meet(_places(fs, path), places)
    ]
    own = store.name_of_id(but_pod_id) if but_pod_id else None
    # What a ledger hides may be the very scope that is wanted: nothing is lent past it.
    hidden = [doubt for pod, doubt in book.doubts.items() if pod != own]
    clashes += [Clash(paths[0], doubt=doubt) for doubt in hidden]
    return tuple(clashes)


def _places(fs: Fs, path: str) -> tuple[str, ...]:
    """Return a scope's path as it was lent, and where it leads now.

    A link may have been put in its place since. One that cannot be followed leads nowhere else.
    """
    now = path
    with suppress(OSError):
        now = fs.resolved(path)
    return tuple(dict.fromkeys((path, now)))


def _meet(ones: Iterable[str], others: Sequence[str]) -> bool:
    return any(overlap(one, other) for one in ones for other in others)


def conflicts_of(
    store: Store,
    wanted: Sequence[tuple[Mode, str]],
    *,
    but_pod_id: str = "",
    instead: str = LEAVE_OUT,
) -> tuple[Refusal, ...]:
    """Return what stands against lending absolute, resolved paths, each with its holder and rule.

    ``but_pod_id`` does not stand in its own way; ``instead`` is what the one who asks can do.

    Raises:
        DiskTrouble: the pods cannot be listed.
    """
    clashes = clashes_of(store, wanted, but_pod_id=but_pod_id)
    return tuple(refusal_of(store, clash, instead) for clash in clashes)


def refusal_of(store: Store, clash: Clash, instead: str = LEAVE_OUT) -> Refusal:
    """Return a clash in words; looks at the holder, for what can be done about it."""
    if clash.holder is None:
        return Refusal(
            kind=errors.Unreadable.kind,
            message=f"whether {clash.path} is free cannot be told: {clash.doubt}",
            next="podtui doctor",
        )
    holder = clash.holder
    return Refusal(
        kind=errors.Refused.kind,
        message=f"{clash.path} cannot be lent for writing: {holder.rule}"
        f" (since {holder.since.astimezone():%Y-%m-%d %H:%M:%S})",
        next=_way_out(store, holder, instead),
    )


def _way_out(store: Store, holder: Loan, instead: str) -> str:
    # Loaded here only: who holds it matters when it is in the way.
    from podtui.core.observe.observer import Observer  # noqa: PLC0415

    view = Observer(store).look_at([holder.pod]).find(holder.pod)
    if view is not None and view.verdict is Verdict.DEAD:
        back = f"podtui return {holder.pod} {shlex.quote(holder.path)}"
        return f"{back} ({holder.pod} is over: {view.message}), or {instead}"
    return f"{instead}; {holder.pod} gives it back when it is stopped: podtui stop {holder.pod}"


def refuse(refusals: Sequence[Refusal], *, pod: str) -> None:
    """Raise the error of what stands against lending, if anything does."""
    if refusals:
        raise errors.leaf_of(refusals[0].kind)(
            "; ".join(refusal.message for refusal in refusals),
            pod=pod,
            next_step=refusals[0].next,
            kept="nothing was lent or changed",
        )
