"""Runs of the real supervisor, each ended with everything below it when its test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.supervisor.harness import Run

NewRun = Callable[..., Run]


@pytest.fixture
def new_run(tmp_path: Path) -> Iterator[NewRun]:
    runs: list[Run] = []

    def make(*argv: str, root: str = "run", **options: object) -> Run:
        run = Run(tmp_path / root, list(argv), **options)  # type: ignore[arg-type]
        runs.append(run)
        return run

    yield make
    for run in runs:
        run.clean_up()
