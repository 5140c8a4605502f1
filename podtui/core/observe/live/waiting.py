"""Waits for what comes next in a store: a status of a pod, the next lines of a log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from podtui.core.access.access import Access
from podtui.core.errors import BadInput, Refused, TimedOut
from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.events import Event
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.model.verdicts import ENDED_STATUSES, Status, Verdict
from podtui.core.observe.inspector import Inspector
from podtui.core.observe.live.live_view import LiveView
from podtui.core.store.logs import Log, LogPosition
from podtui.core.system.watch import ticks_on_change
from podtui.core.text.durations import duration

Entry = TypeVar("Entry", Event, Diagnostic)
STOP_CHECK_S = 0.1
"""One thread cannot wait for two events, so it checks for a stop this often."""


class Closing(Protocol):
    """Something that runs until it is closed."""

    def close(self) -> None: ...


def wait_for_status(
    inspector: Inspector,
    name: str,
    *,
    until: frozenset[Status],
    timeout_s: float | None = None,
    stop: threading.Event | None = None,
) -> PodView:
    """Wait until a pod, given by its own name, has one of the statuses.

    Raises:
        TimedOut: it had none of them in time; its status is in the message.
        Refused: it has ended with another status and cannot reach one of these any more.
        BadInput: ``stop`` was set.
    """
    decided = threading.Event()
    latest = [inspector.look_at(name)]

    def take(snapshot: Snapshot) -> None:
        view = snapshot.find(name)
        # The first view that decides is kept: the status may be over a moment later.
        if view is not None and not decided.is_set():
            latest[:] = [view]
            if _is_decided(view, until):
                decided.set()

    if not _is_decided(latest[0], until):
        live = LiveView(inspector.store, take, only=[name])
        try:
            _wait(decided, timeout_s, stop)
        finally:
            live.close()
    return _checked(name, latest[0], until, timeout_s)


def follow_log(
    access: Access,
    log: Log[Entry],
    stop: threading.Event,
    watch: Callable[[Callable[[Snapshot], None]], Closing],
) -> Iterator[Entry]:
    """Yield every visible entry of a log, past ones first, until ``stop`` is set.

    ``watch`` keeps a view open meanwhile: without one, a death that no other process notices would
    never be written.
    """
    live = watch(lambda _: None)
    position: LogPosition | None = None
    try:
        for _ in ticks_on_change(access.store.system.watcher, log.directory, stop):
            read = log.read(position)
            position = read.position
            for entry in access.sight.visible(read.entries):
                if stop.is_set():
                    return
                yield entry
    finally:
        live.close()


def _is_decided(view: PodView, until: frozenset[Status]) -> bool:
    """Whether a pod has one of the statuses, or has ended for good with another one."""
    return view.status in until or view.verdict is Verdict.DEAD


def _wait(decided: threading.Event, timeout_s: float | None, stop: threading.Event | None) -> None:
    if stop is None:
        decided.wait(timeout_s)
        return
    left = timeout_s
    while not stop.is_set() and not decided.wait(
        STOP_CHECK_S if left is None else min(STOP_CHECK_S, left)
    ):
        if left is not None:
            left -= STOP_CHECK_S
            if left <= 0:
                return


def _checked(
    name: str, view: PodView, until: frozenset[Status], timeout_s: float | None
) -> PodView:
    if view.status in until:
        return view
    wanted = " or ".join(sorted(status.value for status in until))
    now = f"it is {view.status.value}: {view.message}"
    if view.status in ENDED_STATUSES:
        raise Refused(
            f"{name!r} will not become {wanted}: {now}",
            pod=name,
            next_step=f"podtui read {name}",
        )
    if timeout_s is None:
        raise BadInput(f"waiting for {name!r} was given up: {now}", pod=name)
    raise TimedOut(
        f"{name!r} did not become {wanted} within {duration(timeout_s)}: {now}",
        pod=name,
        next_step=f"podtui inspect {name}",
        kept="the pod goes on",
    )
