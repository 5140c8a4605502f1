"""What a row of the tree says."""

from __future__ import annotations

import pytest

from podtui.core.model.appearance import age_seconds
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.tui.panes.tree.columns import (
    column_titles,
    columns_for,
    note,
    row_line,
    short_status,
    sparkline,
)
from podtui.tui.panes.tree.rows import PodRow
from podtui.tui.widgets.spans import width_of
from tests.tui.fake_plane import NOW, pod
from tests.tui.scene import one_of_each


def text_of(view: PodView, width: int = 70, **more: object) -> str:
    line = row_line(PodRow(view), columns_for(width), seconds=12.0, **more)  # type: ignore[arg-type]
    return "".join(span.text for span in line)


@pytest.mark.parametrize("width", [12, 20, 39, 40, 50, 60, 66, 80, 200])
def test_every_row_fills_its_width(width: int) -> None:
    """Columns stay aligned for every status at every width."""
    columns = columns_for(width)
    for view in one_of_each():
        line = row_line(PodRow(view, True, True, 12, Status.LOST), columns, seconds=5000)
        assert width_of(line) == width


def test_the_titles_stand_above_their_columns() -> None:
    """The titles are as wide as all columns after the status."""
    columns = columns_for(80)
    assert width_of(column_titles(columns)) == columns.age + columns.rest


def test_a_guess_is_written_with_its_sign_and_its_own_role() -> None:
    """Shape, word and role all tell that a status is inferred."""
    stalled = pod("x", Status.STALLED, asserted=False)
    assert "▲ ~stalled" in text_of(stalled)
    roles = {span.role for span in row_line(PodRow(stalled), columns_for(70), seconds=1)}
    assert "stalled-guess" in roles


def test_a_live_row_shows_activity_cpu_and_memory() -> None:
    """Figures are there when they were sampled."""
    shown = text_of(pod("x", cpu_percent=41.0, rss_bytes=388 << 20), activity=[0, 5000])
    assert "41%" in shown
    assert "388M" in shown
    assert "▁" in shown


def test_figures_that_were_not_sampled_are_blank_not_zero() -> None:
    """Nothing is claimed that was not measured."""
    assert "0%" not in text_of(pod("x"))


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (pod("x", Status.FAILED, signal=9, message="killed by SIGKILL"), "killed by SIGKILL"),
        (pod("x", Status.LOST, message="lost: its supervisor ended"), "its supervisor ended"),
        (pod("x", Status.EXITED, exit_code=0, message="exited 0"), ""),
        (
            pod("x", Status.EXITED, exit_code=0, message="exited 0, 3 left running"),
            "3 left running",
        ),
        (pod("x", Status.FAILED, exit_code=3, message="exited 3"), ""),
        (pod("x", Status.UNKNOWN, record_error="bad", message="m"), "record unreadable"),
        (pod("x"), ""),
    ],
)
def test_the_note_gives_the_reason_and_repeats_nothing(view: PodView, words: str) -> None:
    """Where there is no activity, the reason stands, without what the status says already."""
    assert note(view) == words


def test_a_pod_that_was_stopped_is_not_called_killed() -> None:
    """A signal the operator asked for is a stop; one nobody asked for is a kill."""
    assert short_status(pod("x", Status.EXITED, signal=15, asked_by="operator")).endswith("stopped")
    assert short_status(pod("x", Status.FAILED, signal=9)).endswith("killed")


def test_silence_is_a_thin_line_and_a_burst_a_high_block() -> None:
    """The scale is logarithmic: one line of output is seen beside a megabyte."""
    (silent,) = sparkline([])
    assert silent.role == "no-activity"
    assert sparkline([1, 10**6])[-1].text == "▂█"


def test_the_age_of_a_live_pod_is_how_long_it_is_quiet() -> None:
    """An ended pod's age is how long it is in its status."""
    assert age_seconds(pod("x", quiet_s=5, since_s=100), NOW, 2.0) == 7.0
    assert age_seconds(pod("x", Status.LOST, since_s=100), NOW, 2.0) == 102.0


def test_the_age_of_a_stalled_pod_is_the_time_without_progress() -> None:
    """One that repeats itself is never quiet; one at work that does is not called stalled yet."""
    facts: dict[str, object] = {"quiet_s": 1, "progress_quiet_s": 700.0}
    assert age_seconds(pod("x", Status.STALLED, **facts), NOW, 2.0) == 702.0  # type: ignore[arg-type]
    assert age_seconds(pod("x", Status.WORKING, **facts), NOW, 2.0) == 3.0  # type: ignore[arg-type]
    assert age_seconds(pod("x", Status.STALLED, quiet_s=700), NOW, 2.0) == 702.0


def test_a_deep_tree_keeps_its_names_readable() -> None:
    """The indent ends where a name would become too short to read."""
    assert "a-long-n" in text_of(pod("a-long-name", depth=40))
