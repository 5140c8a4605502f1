"""What several actions share: many pods planned and done one by one, and locks for recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

import msgspec

from podtui.core import errors
from podtui.core.access.names import name_now
from podtui.core.actions.framework.locks import action_lock, is_being_acted_on, refuse_if_busy
from podtui.core.actions.framework.preconditions import plan_unless_gone
from podtui.core.actions.framework.transaction import Transaction
from podtui.core.model.intents import Intent
from podtui.core.model.plans import Plan, Refusal, Report, joined_plan, joined_report
from podtui.core.model.snapshot import PodView
from podtui.core.observe.inspector import Inspector
from podtui.core.paths import PodPaths
from podtui.core.store.store import Store
from podtui.core.system.fs import UnsafeFile

DISK_FAILURES = (OSError, errors.PodtuiError)
"""What a step that writes may fail by: the disk, or a lock that was not free in time."""
T = TypeVar("T")


def for_each(
    action: str, found: Sequence[tuple[Plan, T | None]], act: Callable[[T], Report]
) -> Report:
    """Act on each that is not refused, and return one report.

    Raises:
        PodtuiError: of a single one: why it was not done; of several: of the first that was tried,
            when none was done.
    """
    reports: list[Report] = []
    first_error: errors.PodtuiError | None = None
    for plan, thing in found:
        if thing is None or plan.is_refused:
            why = plan.refusals[0].message
            reports.append(_left_out(action, plan.pod, why))
            continue
        try:
            reports.append(act(thing))
        except errors.PodtuiError as error:
            if len(found) == 1:
                raise
            first_error = first_error or error
            failed = isinstance(error, errors.DiskTrouble)
            reports.append(_left_out(action, plan.pod, error.sentence(), failed=failed))
    if first_error is not None and not any(each.done or each.failed for each in reports):
        raise first_error
    return joined_report(action, reports)


def _left_out(action: str, name: str, why: str, *, failed: bool = False) -> Report:
    words = (f"{name}: {why}",)
    return Report(
        action=action,
        pod=name,
        done=(),
        skipped=() if failed else words,
        failed=words if failed else (),
    )


def plan_each(action: str, targets: Sequence[str], plan: Callable[[str], Plan]) -> Plan:
    """Return one plan for many targets; an error about one of several is a refusal of that one.

    Raises:
        PodtuiError: of a single target: there is no plan for it.
    """
    if len(targets) == 1:
        return plan(targets[0])
    return joined_plan(action, [_plan_or_refusal(action, each, plan) for each in targets])


def plan_pods(
    inspector: Inspector, action: str, names: Sequence[str], plan: Callable[[PodView], Plan]
) -> list[tuple[Plan, PodView | None]]:
    """Return for each pod its plan and its view, each pod once; an error about one refuses it.

    Raises:
        OSError: the store could not be read.
    """
    found: dict[str, tuple[Plan, PodView | None]] = {}
    for name in names:
        try:
            own_name = inspector.access.name_of(name)
            if own_name not in found:
                view = inspector.look_at(own_name)
                found[own_name] = (plan_unless_gone(inspector.access, action, view, plan), view)
        except errors.PodtuiError as error:
            found[name] = (Plan.refused(action, name, Refusal.of(error)), None)
    return list(found.values())


def _plan_or_refusal(action: str, target: str, plan: Callable[[str], Plan]) -> Plan:
    try:
        return plan(target)
    except errors.PodtuiError as error:
        return Plan.refused(action, error.pod or target, Refusal.of(error))


def do_each(action: str, targets: Sequence[str], act: Callable[[str], Report]) -> Report:
    """Act on each target, and return one report; an error about one does not stop the others.

    Raises:
        PodtuiError: of a single target: why it was not done.
    """
    if len(targets) == 1:
        return act(targets[0])
    return joined_report(action, [_report_or_failure(action, each, act) for each in targets])


def _report_or_failure(action: str, target: str, act: Callable[[str], Report]) -> Report:
    try:
        report = act(target)
    except errors.PodtuiError as error:
        pod = error.pod or target
        return Report(action=action, pod=pod, done=(), failed=(f"{pod}: {error.sentence()}",))
    # In a list of many each line names its pod.
    done = (f"{report.pod}: {'; '.join(report.done)}",) if report.done else ()
    return msgspec.structs.replace(report, done=done)


def clear_entry(store: Store, trash_id: str) -> None:
    """Take away what is left of an entry of the trash that holds no pod.

    What else anybody put into it stays, and the doctor names it. Raises:
        OSError: it is still there.
    """
    fs, entry = store.system.fs, store.paths.trashed(trash_id)
    with suppress(FileNotFoundError, NotADirectoryError):
        names = fs.names_in(entry.root)
        # The record, and what a write of it that was broken off left.
        ours = [name for name in names if name.startswith(entry.record.name)]
        for name in ours:
            fs.remove(entry.root / name)
        if names == ours:
            fs.remove_directory(entry.root)


def may_be_acted_on(store: Store, paths: PodPaths, *, unreadable: bool) -> bool:
    """Whether there is a place for an action lock: in a directory, where nothing else is."""
    if not store.system.fs.is_directory(paths.root):
        return False
    if not unreadable:
        return True
    try:
        is_being_acted_on(store.system, paths)
    except UnsafeFile:
        return False
    return True


@contextmanager
def pod_in_place(store: Store, tx: Transaction[Intent]) -> Iterator[str | None]:
    """Yield the name of the pod an action was about, with its lock held; None when it is gone.

    Raises:
        Busy: it is acted on; the next start looks again.
    """
    name = name_now(store, tx.intent.pod, tx.intent.pod_id)
    if name is None:
        yield None
        return
    paths = store.paths.pod(name)
    if not may_be_acted_on(store, paths, unreadable=True):
        yield name
        return
    refuse_if_busy(store.system, paths, name)
    action, actor = tx.intent.action, tx.intent.actor
    with action_lock(store.system, paths, pod=name, action=action, actor=actor):
        yield name
