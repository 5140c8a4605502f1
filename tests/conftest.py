"""Fixtures for every test: a store of its own, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.quick import Guard, is_quick
from tests.support.store_fixture import Yard

# How long an example takes is the machine's affair, never a reason to fail.
settings.register_profile("podtui", deadline=None)
settings.load_profile("podtui")

GUARD = Guard()
GUARD.install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that starts no process and is not slow."""
    for item in items:
        if isinstance(item, pytest.Function) and is_quick(item):
            item.add_marker(pytest.mark.quick)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Refuse processes from the first fixture of a quick test to its last."""
    if item.get_closest_marker("quick") is None:
        return (yield)
    with GUARD.closed():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a quick test that tried to start a process, even if its code survived the refusal."""
    result = yield
    if item.get_closest_marker("quick") is not None and GUARD.refused:
        pytest.fail(f"a quick test tried to start a process: {GUARD.refused}")
    return result


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
