"""Doctor: what actions left behind: the trash, intents, diagnostics, handoffs, loan ledgers."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from podtui.core.access.missing import recover_command
from podtui.core.doctor.files import names_in
from podtui.core.model.intents import Intent, PurgeIntent, RecoverIntent
from podtui.core.model.records import HandoffRecord
from podtui.core.model.snapshot import Problem
from podtui.core.store.codec import RecordProblem
from podtui.core.store.lines import LineProblem
from podtui.core.store.loans import loans_of
from podtui.core.store.store import Store
from podtui.core.store.trash import TrashEntry


def action_problems(store: Store) -> Iterator[Problem]:
    """Find what is wrong with what actions keep in a store."""
    under_way = frozenset(_intent_ids(store))
    yield from _trash_problems(store, under_way)
    yield from _intent_problems(store)
    for problem in store.diagnostics.read().problems:
        yield line_problem(problem, None)
    yield from _handoff_problems(store)
    for name in names_in(store, store.paths.pods):
        loans = loans_of(store.system.fs, store.paths.pod(name), pod=name, pod_id="")
        for problem in loans.problems:
            yield _loan_problem(problem, name)


def line_problem(problem: LineProblem, pod: str | None) -> Problem:
    """Return a bad line of a file that grows by lines, as a finding."""
    return Problem(
        kind="torn_line" if problem.torn else "line_skipped",
        pod=pod,
        path=str(problem.path),
        message=problem.sentence(),
        next="nothing needs to be done: the line is kept, and all others are read",
    )


def _loan_problem(problem: LineProblem, pod: str) -> Problem:
    if problem.torn or _is_no_place_for_one(problem):
        return line_problem(problem, pod)
    return Problem(
        kind="line_skipped",
        pod=pod,
        path=str(problem.path),
        message=f"{problem.sentence()}: what the pod may write could not be determined,"
        " and no scope is lent meanwhile",
        next="repair the line, or bring the file back from a copy",
    )


def _is_no_place_for_one(problem: LineProblem) -> bool:
    """Whether there is no ledger because its pod is no directory; its own row reports that."""
    return problem.reason.startswith(errno.errorcode[errno.ENOTDIR])


# the trash


def _trash_problems(store: Store, under_way: frozenset[str]) -> Iterator[Problem]:
    try:
        entries, purging = store.trash.entries(), store.trash.purging()
    except OSError:
        # A directory that cannot be listed is reported with the other directories.
        return
    for entry in entries:
        if entry.problem and entry.id not in under_way:
            yield _entry_problem(entry)
    for trash_id in purging:
        if trash_id not in under_way:
            yield Problem(
                kind="purge_broken_off",
                path=str(store.trash.purging_place(trash_id)),
                message=f"{trash_id} was being deleted, and that was broken off",
                next="the next podtui purge goes on with it",
            )


def _entry_problem(entry: TrashEntry) -> Problem:
    if entry.has_pod:
        next_step = f"{recover_command(entry.id)} --as NAME brings back what is there"
    else:
        next_step = "look at it; nothing uses it"
    return Problem(
        kind="trash_entry",
        pod=entry.name or None,
        path=str(entry.paths.root),
        message=entry.problem,
        next=next_step,
    )


# intents


def _intents(store: Store) -> list[Intent | RecordProblem]:
    try:
        return store.intents.all()
    except OSError:
        # A directory that cannot be listed is reported with the other directories.
        return []


def _intent_ids(store: Store) -> Iterator[str]:
    for each in _intents(store):
        if isinstance(each, Intent):
            yield each.id
        if isinstance(each, RecoverIntent | PurgeIntent):
            yield each.trash_id


def _intent_problems(store: Store) -> Iterator[Problem]:
    for each in _intents(store):
        if isinstance(each, RecordProblem):
            yield _record_problem(each, "an action was broken off and cannot be finished")
        elif not _is_held(store, store.paths.intent_lock(each.id)):
            yield Problem(
                kind="action_broken_off",
                pod=each.pod or None,
                path=str(store.paths.intent(each.id)),
                message=f"{each.action} of {each.pod or 'the store'} by {each.actor} was broken"
                " off, and could not be finished or taken back yet",
                next=_what_helps(each),
            )


def _what_helps(intent: Intent) -> str:
    about = f"podtui inspect {shlex.quote(intent.pod)}" if intent.pod else "podtui ls"
    return f"see what is in its way ({about}); every start tries again"


def _is_held(store: Store, lock: Path) -> bool:
    try:
        return store.system.fs.is_locked(lock)
    except FileNotFoundError:
        return False
    except OSError:
        # Could not tell: an action that may be under way is not reported as interrupted.
        return True


# handoffs


def _handoff_problems(store: Store) -> Iterator[Problem]:
    try:
        handoffs = store.handoffs.all()
    except OSError as error:
        words = os.strerror(error.errno or 0)
        yield Problem(
            kind="directory_unreadable",
            path=str(store.paths.handoffs),
            message=f"{store.paths.handoffs} cannot be listed: {words}",
            next="repair its permissions or bring it back from a copy",
        )
        return
    for each in handoffs:
        if isinstance(each, HandoffRecord):
            yield Problem(
                kind="handoff",
                pod=each.pod,
                path=str(store.paths.handoff(each.pod_id, each.run)),
                message=f"a start of {each.pod!r}, run {each.run}, failed halfway and may have left"
                f" a process: {each.reason}",
                next="podtui reap --orphans",
            )
        elif not each.is_missing:
            yield _record_problem(each, "a start failed halfway, and its pod is not known")


def _record_problem(problem: RecordProblem, what: str) -> Problem:
    return Problem(
        kind="record_unreadable",
        path=str(problem.path),
        message=f"{what}: {problem.sentence()}",
        next="repair the file or bring it back from a copy",
    )
