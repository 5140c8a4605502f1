"""The first line is painted once a second, however many pictures come."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from textual.app import App, ComposeResult

from podtui.core.model.snapshot import Snapshot
from podtui.core.model.verdicts import Status
from podtui.tui.bars.header_bar import HeaderBar
from podtui.tui.themes import ROLE_VARIABLES
from tests.tui.fake_plane import picture, pod

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Shown(App[None]):
    """The first line and nothing else."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(ROLE_VARIABLES)

    def compose(self) -> ComposeResult:
        yield HeaderBar(lambda: 0.0, lambda: NOON)


def older(snapshot: Snapshot, seconds: float) -> Snapshot:
    """Return the picture with other ages of the detectors."""
    detectors = tuple(
        msgspec.structs.replace(each, age_s=each.age_s + seconds) for each in snapshot.detectors
    )
    return msgspec.structs.replace(snapshot, detectors=detectors)


async def test_a_picture_with_other_ages_waits_for_the_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pods that print bring four pictures a second: ages and the clock go on together."""
    first = picture((pod("coder"),))
    async with Shown().run_test(size=(100, 2)) as pilot:
        header = pilot.app.query_one(HeaderBar)
        header.show(first)
        painted: list[object] = []
        monkeypatch.setattr(header, "refresh", lambda *_: painted.append(header._line))
        for seconds in (1.0, 2.0, 3.0):
            header.show(older(first, seconds))
        assert not painted
        header.tick()
        assert len(painted) == 1


async def test_a_picture_with_another_count_is_shown_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pod that is lost does not wait for the second to be over."""
    async with Shown().run_test(size=(100, 2)) as pilot:
        header = pilot.app.query_one(HeaderBar)
        header.show(picture((pod("coder"),)))
        painted: list[object] = []
        monkeypatch.setattr(header, "refresh", lambda *_: painted.append(header._line))
        header.show(picture((pod("coder", Status.LOST),)))
        assert len(painted) == 1
