"""A store of a test's own, for the tests that need real pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.store_fixture import Yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A temporary store, every pod in it ended afterwards."""
    made = Yard(tmp_path)
    yield made
    made.end_everything()
