"""A store whose pods run on one kind of host, and what only that kind knows how to do to them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from podtui.core.hosts import registry
from podtui.core.model.records import PTY_HOST
from tests.support.process_host import KIND, Engine, ProcessHost
from tests.support.store_fixture import Yard, until, wait_gone


class Hosted(Protocol):
    """What the tests of every kind need that only the kind can do.

    Attributes:
        kind: the name of the kind, as records have it.
        yard: the store.
    """

    kind: str
    yard: Yard

    def lose(self, name: str) -> None:
        """End a run and whoever would record its end; leave nothing of it but leftovers."""
        ...

    def blind(self, name: str) -> None:
        """Make it impossible to tell whether a run is claimed."""
        ...

    def silence(self, name: str) -> None:
        """Keep the owner of a run from answering."""
        ...


class UnderSupervisors:
    """Pods under the supervisors of this machine."""

    kind = PTY_HOST

    def __init__(self, yard: Yard) -> None:
        self.yard = yard

    def lose(self, name: str) -> None:
        for process in (self.yard.supervisor_of(name), self.yard.child_of(name)):
            self.yard.signal(process, signal.SIGKILL)
            wait_gone(process)

    def blind(self, name: str) -> None:
        self.yard.plane.store.paths.pod(name).run(1).lock.unlink()

    def silence(self, name: str) -> None:
        self.yard.stop_process(self.yard.supervisor_of(name))


class InEngine:
    """Pods as plain processes of an engine, without any supervisor."""

    kind = KIND

    def __init__(self, yard: Yard, engine: Engine) -> None:
        self.yard = yard
        self._engine = engine

    def lose(self, name: str) -> None:
        until(lambda: bool(self._engine.running))
        self._engine.crash()

    def blind(self, name: str) -> None:
        self._engine.is_reachable = False

    def silence(self, name: str) -> None:
        self._engine.is_silent = True


@pytest.fixture(params=[PTY_HOST, KIND])
def hosted(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hosted]:
    """A store whose pods run on one kind of host: every test runs once with each."""
    yard, engine = Yard(tmp_path), Engine()
    if request.param == KIND:
        monkeypatch.setitem(registry.KINDS, KIND, lambda store: ProcessHost(store, engine))
        monkeypatch.setattr(registry, "NEW_RUNS", KIND)
        yield InEngine(yard, engine)
    else:
        yield UnderSupervisors(yard)
    engine.is_reachable = True
    yard.end_everything()
    engine.wait_for_all()
