"""Which changed files are news of a pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from podtui.core.observe.live.hints import hints_in

PODS = Path("/store/pods")


@pytest.mark.parametrize(
    ("path", "changed", "more_output"),
    [
        ("coder", True, False),
        ("coder/pod.toml", True, False),
        ("coder/runs/0002", True, False),
        ("coder/runs/0001/run.json", True, False),
        ("coder/runs/0001/exit.json", True, False),
        ("coder/runs/0001/lock", True, False),
        ("coder/children.jsonl", True, False),
        ("coder/runs/0001/output", False, True),
        ("coder/runs/0001/index", False, True),
        ("coder/runs/0001/status.json", False, False),
        ("coder/runs/0001/status.json.77.tmp", False, False),
        ("coder/runs/0001/run.json.77.tmp", False, False),
        ("coder/runs/0001/ended.json", False, False),
        ("coder/runs/0001/supervisor.log", False, False),
        ("coder/cursors/operator.json", False, False),
        ("output", True, False),
        ("cursors", True, False),
        ("x.tmp", True, False),
        (".", False, False),
        ("../journal/000001.jsonl", False, False),
    ],
)
def test_a_changed_file_is_news_of_its_pod_or_none(
    path: str, *, changed: bool, more_output: bool
) -> None:
    """Records are news at once, output is news with time, and what no row rests on is none."""
    hints = hints_in(PODS, [PODS.joinpath(path)] if not path.startswith("..") else [Path(path)])

    assert bool(hints.changed) is changed
    assert bool(hints.more_output) is more_output


def test_a_pod_that_changed_and_printed_is_looked_at_once() -> None:
    """One hint of the stronger kind is enough for a pod."""
    paths = [
        PODS / "coder/runs/0001/output",
        PODS / "coder/runs/0001/exit.json",
        PODS / "x/pod.toml",
    ]

    hints = hints_in(PODS, paths)

    assert hints.changed == {"coder", "x"}
    assert hints.more_output == frozenset()
