"""What a new pod may write, read and see: asked for at its spawn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.access.visibility import ALL
from podtui.core.actions.loans.conflicts import clashes_of, conflicts_of, refusal_of
from podtui.core.actions.spawn.records import directory_of
from podtui.core.model.loans import Mode
from podtui.core.model.plans import Refusal, Step, StepKind
from podtui.core.model.records import LoanLine, PodRecord
from podtui.core.model.requests import Spawn
from podtui.core.store.store import Store
from podtui.core.text.safe import safe_line

SHOWN_PATH = 300
SPAWN_WITHOUT = "spawn it without that scope"


def _asked(request: Spawn) -> Iterator[tuple[Mode, str]]:
    yield from (("write", path) for path in dict.fromkeys(request.write))
    yield from (("read", path) for path in dict.fromkeys(request.read))


def scopes_of(store: Store, request: Spawn) -> tuple[tuple[Mode, str], ...]:
    """Return what is to be lent: absolute paths, links resolved, each once for a mode.

    Raises:
        BadInput: a path leads nowhere.
    """
    return tuple(
        dict.fromkeys((mode, _resolved(store, request, path)) for mode, path in _asked(request))
    )


def _resolved(store: Store, request: Spawn, path: str) -> str:
    directory = directory_of(request) or "/"
    shown = safe_line(path, SHOWN_PATH)
    if not path:
        raise errors.BadInput("a scope has no path", next_step="give --read PATH or --write PATH")
    try:
        return store.system.fs.resolved(os.path.join(directory, os.path.expanduser(path)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise errors.BadInput(
            f"the scope {shown} leads nowhere: {reason}",
            next_step="give a path that can be followed; its end need not exist yet",
        ) from error


def scope_refusals(store: Store, request: Spawn) -> tuple[Refusal, ...]:
    """Return why what was asked for cannot be lent.

    Raises:
        DiskTrouble: the pods cannot be listed.
    """
    try:
        wanted = scopes_of(store, request)
    except errors.BadInput as error:
        return (Refusal.of(error),)
    return conflicts_of(store, wanted, instead=SPAWN_WITHOUT)


def scope_steps(store: Store, request: Spawn) -> tuple[Step, ...]:
    """Return what is lent, as steps; of what is refused nothing is."""
    try:
        return tuple(
            Step(
                StepKind.LEND,
                request.name,
                f"lend it: {mode} {path}",
                {"paths": (f"{mode} {path}",)},
            )
            for mode, path in scopes_of(store, request)
        )
    except errors.BadInput:
        return ()


def missing_scopes(store: Store, request: Spawn) -> tuple[str, ...]:
    """Return a warning for each scope that is not there yet."""
    try:
        wanted = scopes_of(store, request)
        stamps = [(path, store.system.fs.stamp(path)) for _, path in wanted]
    except (errors.BadInput, OSError):
        # A path that cannot be followed is refused; one that cannot be examined exists.
        return ()
    return tuple(f"{path} does not exist yet" for path, stamp in stamps if stamp is None)


def loan_lines(store: Store, request: Spawn, pod: PodRecord, actor: str) -> tuple[LoanLine, ...]:
    """Return the ledger of the new pod; errors as `scopes_of`."""
    return tuple(
        LoanLine(
            loan=f"{pod.id}.{number}",
            change="lent",
            mode=mode,
            path=path,
            at=pod.created_at,
            actor=actor,
            why=f"spawned by {actor}",
        )
        for number, (mode, path) in enumerate(scopes_of(store, request), 1)
    )


def refuse_clashes(store: Store, lines: Sequence[LoanLine], *, pod: str) -> None:
    """Raise what stands against lending now; the caller holds the lending lock.

    Raises:
        Refused, Unreadable: somebody was lent a part of it since the plan, or that could not be
            determined.
    """
    clashes = clashes_of(store, [(line.mode, line.path) for line in lines])
    if clashes:
        refusal = refusal_of(store, clashes[0], SPAWN_WITHOUT)
        raise errors.leaf_of(refusal.kind)(
            refusal.message, pod=pod, next_step=refusal.next, kept="nothing was started or lent"
        )


# sight


def sight_refusals(access: Access, request: Spawn) -> tuple[Refusal, ...]:
    """Return why it cannot be granted to see what was asked for.

    A pod can grant what it sees itself, and no more.
    """
    refusals = []
    for word in request.sees:
        try:
            _seen_id(access, word)
        except errors.PodtuiError as error:
            refusals.append(Refusal.of(error))
    return tuple(refusals)


def seen_ids(access: Access, request: Spawn) -> list[str]:
    """Return what is recorded of ``sees``: ids, or "all".

    Raises:
        PodtuiError: as `sight_refusals`.
    """
    return list(dict.fromkeys(_seen_id(access, word) for word in request.sees))


def _seen_id(access: Access, word: str) -> str:
    if word == ALL:
        if access.sight.sees_all:
            return ALL
        raise errors.Refused(
            "to see all pods can only be granted by who sees all of them",
            next_step="name the pods it is to see, or let the operator spawn it",
        )
    record = access.store.pod_record(access.name_of(word))
    if isinstance(record, PodRecord):
        return record.id
    raise record.as_error(word)
