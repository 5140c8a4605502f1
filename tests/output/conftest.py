"""A pod written by hand for every test of reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.log_readers import WrittenPod


@pytest.fixture
def pod(tmp_path: Path) -> WrittenPod:
    """A pod without runs."""
    return WrittenPod(tmp_path)
