"""Fixtures for tests of actions: a store of this very machine, and handles on processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.system.system import real_system
from tests.support.orphans import Handles, handles
from tests.support.store_fixture import Yard


@pytest.fixture
def held() -> Iterator[Handles]:
    """Hold processes by their pidfds; whoever is still there afterwards is ended."""
    with handles() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Yard]:
    """A store on this very machine: the command line acts on it too."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()
