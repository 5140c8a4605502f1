"""Fixtures for every test: a store of its own, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.store_fixture import Yard

# How long an example takes is the machine's affair, never a reason to fail.
settings.register_profile("podtui", deadline=None)
settings.load_profile("podtui")


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """Give every test the usual umask: opening a store changes it for the whole process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A temporary store with real pods, all of them ended afterwards."""
    made = Yard(tmp_path)
    yield made
    made.end_everything()
