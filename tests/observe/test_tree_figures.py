"""CPU and memory of the process tree of a pod."""

from __future__ import annotations

import pytest

from podtui.core.processes.figures import TreeFigures, tree_figures
from podtui.core.processes.sample import sample_tree
from podtui.core.system.figures import ProcessFigures
from tests.support.record_builders import a_dead_process
from tests.support.store_fixture import Yard, until


def used(pid: int, seconds: float, *, started_at: float = 0.0) -> ProcessFigures:
    return ProcessFigures(pid, "tool", started_at, seconds, 1000)


def test_the_tree_of_a_pod_is_its_command_and_what_that_started(yard: Yard) -> None:
    """The supervisor is podtui's own and not counted."""
    yard.shell("coder", "sleep 600 & read end")
    supervisor = yard.supervisor_of("coder")

    def names() -> list[str]:
        seen = tree_figures(yard.system, sample_tree(yard.system, supervisor))
        return [each.name for each in seen.processes] if seen else []

    until(lambda: names() == ["sh", "sleep"])
    seen = tree_figures(yard.system, sample_tree(yard.system, supervisor))

    assert seen is not None
    assert seen.rss_bytes > 0
    assert [each.name for each in seen.views()] == ["sh", "sleep"]


def test_a_supervisor_that_is_gone_has_no_figures(yard: Yard) -> None:
    """There is nothing to show, and no verdict follows from that."""
    assert sample_tree(yard.system, a_dead_process()) is None
    assert sample_tree(yard.system, None) is None
    assert tree_figures(yard.system, None) is None


def test_cpu_use_is_counted_since_the_figures_before() -> None:
    """A process that came since counts whole, one with a pid of another is not mixed up with it."""
    before = TreeFigures(10.0, 1010.0, (used(1, 5.0), used(2, 50.0)))
    now = TreeFigures(12.0, 1012.0, (used(1, 6.0), used(2, 0.5, started_at=1011.0)))

    assert now.cpu_percent(before) == pytest.approx(75.0)


@pytest.mark.parametrize(("now", "percent"), [(1010.0, 50.0), (990.0, 0.0)])
def test_without_figures_before_it_is_the_average_of_a_life(now: float, percent: float) -> None:
    """A wall clock that was set back makes no negative ages."""
    seen = TreeFigures(10.0, now, (used(1, 5.0, started_at=1000.0),))

    assert seen.cpu_percent(None) == pytest.approx(percent)
