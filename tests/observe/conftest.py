"""A store whose disk, processes and clock a test can let fail, and pods written by hand in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from podtui.core.hosts.interface.facts import Pong, RunKey
from podtui.core.model.records import IdentityRecord, PodRecord, RunRecord
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.model.verdicts import Answer
from podtui.core.observe.observer import Observer, ObserverOptions
from tests.support.clocks import FrozenClock
from tests.support.faults import FaultyFs, FaultyProc
from tests.support.record_builders import a_dead_process, hold_lock, this_process, write_pod
from tests.support.store_fixture import Yard

NOON = datetime(2026, 5, 4, 12, 3, tzinfo=UTC)


class Answering:
    """Supervisors that answer on their sockets, but for those told otherwise."""

    def __init__(self) -> None:
        self.pong = Pong(Answer.YES, "answers")
        self._asked: list[RunKey] = []

    def ask(self, runs: list[RunRecord]) -> None:
        self._asked += [(each.pod_id, each.run) for each in runs]

    def answers(self) -> dict[RunKey, Pong]:
        asked, self._asked = self._asked, []
        return dict.fromkeys(asked, self.pong)


@dataclass
class Scene:
    """Hand-made pods, and the outside world they are looked at through."""

    yard: Yard
    fs: FaultyFs
    proc: FaultyProc
    clock: FrozenClock
    held: list[int] = field(default_factory=list)
    dead: IdentityRecord = field(default_factory=a_dead_process)

    def observer(self) -> Observer:
        """Return a new observer of the store, with a memory of its own."""
        return Observer(self.yard.reopened().store, options=ObserverOptions(asking=Answering()))

    def lost(self, name: str, **fields: Any) -> PodRecord:
        """Write a pod whose supervisor is gone and whose lock is free: lost, when all is well."""
        fields.setdefault("supervisor", self.dead)
        return write_pod(self.yard.plane, name, **fields)

    def alive(
        self, name: str, *, supervisor: IdentityRecord | None = None, **fields: Any
    ) -> PodRecord:
        """Write a pod whose lock is held, by the test, and whose supervisor is the test."""
        pod = write_pod(self.yard.plane, name, supervisor=supervisor or this_process(), **fields)
        self.held.append(hold_lock(self.yard.plane, name))
        return pod

    def view(self, name: str) -> PodView:
        """Look once, as a new observer, and return one row; it must be there."""
        return row(self.observer().look(), name)


def row(picture: Snapshot, name: str) -> PodView:
    """Return the row of a pod, which must be there."""
    found = picture.find(name)
    assert found is not None, f"{name} has no row"
    return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A store with an injected disk, injected processes and a clock that stands still."""
    fs, proc, clock = FaultyFs(), FaultyProc(), FrozenClock(NOON)
    made = Scene(Yard(tmp_path, fs=fs, proc=proc, clock=clock), fs, proc, clock)
    yield made
    for descriptor in made.held:
        os.close(descriptor)
    fs.mend()
    made.yard.end_everything()
