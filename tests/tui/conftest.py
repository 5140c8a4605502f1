"""What every test of the screen needs."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.location import PyTestLocation

from tests.tui.fake_plane import FakePlane
from tests.tui.scene import furnished

REPOSITORY = Path(__file__).resolve().parents[2]
SNAPSHOTS = REPOSITORY / "snapshots"
PINNED = re.compile(r'"textual==([0-9.]+)"')


class RepositorySnapshots(SVGImageExtension):  # type: ignore[misc] # the plugin has no types
    """Keeps the pictures in one folder of the repository's top level, where people look at them."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS / test_location.basename)


def refuse_other_textual(installed: str) -> None:
    """Fail when pictures would be taken by another Textual than the pinned one.

    Another version draws differently: an update by it would hide real changes among its own.
    """
    pinned = PINNED.search((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    assert pinned is not None, "pyproject.toml pins no Textual"
    if installed != pinned[1]:
        pytest.fail(f"snapshots are taken with Textual {pinned[1]} only, this is {installed}")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the screen look the same wherever the tests run."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take and compare pictures in the repository's own folder, by the pinned Textual only."""
    monkeypatch.setattr("pytest_textual_snapshot.SVGImageExtension", RepositorySnapshots)
    if request.config.getoption("update_snapshots"):
        refuse_other_textual(version("textual"))


@pytest.fixture
def plane(tmp_path: Path) -> FakePlane:
    """A plane with one pod of every status."""
    return furnished(tmp_path)
