"""The output pane: follows, never yanks, remembers what was seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from podtui.core.model.verdicts import Status
from podtui.core.output.cursors import read_cursor
from podtui.core.output.follower import READER
from podtui.core.output.source import Position
from podtui.core.paths import PodPaths
from podtui.core.system.fs import Fs
from podtui.tui.app import PodtuiApp
from podtui.tui.panes.output.pane import OutputPane
from podtui.tui.panes.output.scrolling import Following
from tests.tui.fake_plane import FakePlane, picture, pod
from tests.tui.scene import app_over, furnished, settled, shown_text, until

SIZE = (120, 36)


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(first, last))


@pytest.fixture
def talker(tmp_path: Path) -> FakePlane:
    """A plane with one pod that has printed a thousand lines."""
    plane = FakePlane(tmp_path, picture((pod("talker"),)))
    plane.write_output("talker", numbered(0, 1000))
    return plane


@asynccontextmanager
async def opened(plane: FakePlane) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, OutputPane]]:
    """Give the screen over a plane, with the output focused."""
    app = app_over(plane)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        pane = app.main_screen.output
        pane.focus()
        await pilot.pause()
        yield pilot, app, pane


def top_of(pane: OutputPane) -> str:
    return pane.scrolling.visible[0].line.text


def state_of(pane: OutputPane) -> Following:
    """Return the follow state as it is now, whatever was known of it before."""
    return pane.scrolling.following


def has_moved(pane: OutputPane, before: str) -> bool:
    at_newest = state_of(pane) is Following.FOLLOWING
    return at_newest or bool(pane.scrolling.visible and top_of(pane) != before)


def texts_of(pane: OutputPane, *, besides: Sequence[str]) -> list[str]:
    texts = [row.line.text for row in pane.scrolling.visible]
    return [text for text in texts if text not in besides]


def bottom_of(pane: OutputPane) -> str:
    return pane.scrolling.visible[-1].line.text


async def test_new_output_is_followed(talker: FakePlane) -> None:
    """A reader at the end sees each new line at the bottom."""
    async with opened(talker) as (pilot, _, pane):
        assert bottom_of(pane) == "line 999"
        talker.write_output("talker", numbered(1000, 1003))
        await until(pilot, lambda: bottom_of(pane) == "line 1002")
        assert state_of(pane) is Following.FOLLOWING


async def test_a_reader_who_scrolled_up_is_never_yanked(talker: FakePlane) -> None:
    """New output changes nothing of what is on screen, however much of it comes."""
    async with opened(talker) as (pilot, app, pane):
        await pilot.press("pageup")
        before = [row.line for row in pane.scrolling.visible]
        talker.write_output("talker", numbered(1000, 5000))
        await until(pilot, lambda: "new output below" in shown_text(app))
        assert [row.line for row in pane.scrolling.visible] == before
        assert state_of(pane) is Following.SCROLLED


async def test_scrolling_down_to_the_end_follows_again(talker: FakePlane) -> None:
    """Coming back to the newest line is enough to follow it."""
    async with opened(talker) as (pilot, _, pane):
        await pilot.press("up")
        assert state_of(pane) is Following.SCROLLED
        await pilot.press("down")
        assert state_of(pane) is Following.FOLLOWING


async def test_a_paused_reader_stays_even_at_the_end(talker: FakePlane) -> None:
    """The key f holds the screen where it is until f or the end key is pressed."""
    async with opened(talker) as (pilot, app, pane):
        await pilot.press("f")
        talker.write_output("talker", numbered(1000, 1100))
        await until(pilot, lambda: "new output below" in shown_text(app))
        assert bottom_of(pane) == "line 999"
        await pilot.press("f")
        await until(pilot, lambda: bottom_of(pane) == "line 1099")


async def test_home_and_end_reach_both_ends(talker: FakePlane) -> None:
    """The first and the newest line are one key away, however far apart they are."""
    talker.write_output("talker", numbered(1000, 200_000))
    async with opened(talker) as (pilot, _, pane):
        await pilot.press("home")
        await until(pilot, lambda: pane.scrolling.visible and top_of(pane) == "line 0")
        await pilot.press("end")
        await until(pilot, lambda: bottom_of(pane) == "line 199999")


async def test_paging_down_from_the_start_misses_no_line(talker: FakePlane) -> None:
    """Pages are read ahead, so that every line comes by in order."""
    async with opened(talker) as (pilot, _, pane):
        await pilot.press("home")
        await until(pilot, lambda: pane.scrolling.visible and top_of(pane) == "line 0")
        seen: list[str] = []
        while state_of(pane) is not Following.FOLLOWING:
            seen += texts_of(pane, besides=seen[-40:])
            before = top_of(pane)
            await pilot.press("pagedown")
            await until(pilot, partial(has_moved, pane, before))
        seen += texts_of(pane, besides=seen[-40:])
        assert seen == [f"line {number}" for number in range(1000)]


async def test_the_unread_line_is_shown_and_reached_by_a_key(tmp_path: Path) -> None:
    """A pod that was looked at before shows what came since."""
    plane = furnished(tmp_path)
    async with opened(plane) as (pilot, app, pane):
        app.main_screen.pod_tree.focus()
        await pilot.press("down", "down")
        await until(pilot, lambda: "3 new lines since you last looked" in shown_text(app))
        pane.focus()
        await pilot.press("u")
        assert state_of(pane) is Following.SCROLLED or pane.scrolling.is_at_bottom


async def test_what_was_on_screen_is_remembered_on_disk(talker: FakePlane) -> None:
    """The screen is a reader of its own; leaving it writes down how far it has come."""
    async with opened(talker):
        pass
    place = read_cursor(Fs(), PodPaths(talker.paths.pods / "talker"), READER)
    assert place == Position(1, len(numbered(0, 1000)))


async def test_output_that_was_not_on_screen_stays_unread(talker: FakePlane) -> None:
    """A reader who stayed further up has not seen the newest lines."""
    async with opened(talker) as (pilot, app, _):
        await pilot.press("home")
        talker.write_output("talker", numbered(1000, 1010))
        await until(pilot, lambda: "new output below" in shown_text(app))
    place = read_cursor(Fs(), PodPaths(talker.paths.pods / "talker"), READER)
    assert place == Position(1, len(numbered(0, 1000)))


async def test_a_read_only_store_is_not_written_to(talker: FakePlane) -> None:
    """Of a store that may only be read, nothing is changed by looking."""
    talker.snapshot = msgspec.structs.replace(talker.snapshot, read_only=True)
    async with opened(talker):
        pass
    assert read_cursor(Fs(), PodPaths(talker.paths.pods / "talker"), READER) is None


async def test_an_unreadable_cursor_is_told_and_the_output_shown(talker: FakePlane) -> None:
    """A broken record of the screen's own costs the unread line, not the output."""
    cursor = talker.paths.pod("talker").cursor(READER)
    cursor.write_bytes(b"{broken")
    async with opened(talker) as (pilot, app, pane):
        await until(pilot, lambda: "is unknown" in shown_text(app))
        assert bottom_of(pane) == "line 999"
    assert cursor.read_bytes() == b"{broken"


async def test_a_search_goes_to_its_match_and_marks_it(talker: FakePlane) -> None:
    """The words are searched in the whole output, n and N go on from match to match."""
    async with opened(talker) as (pilot, _, pane):
        await pilot.press("ctrl+f", *"line 12", "enter")
        await until(pilot, lambda: pane.match is not None)
        first = pane.match
        await pilot.press("n")
        await until(pilot, lambda: pane.match not in {None, first})
        assert "match-here" in {span.role for y in range(20) for span in pane.line(y)}
        await pilot.press("N")
        await until(pilot, lambda: pane.match == first)
        await pilot.press("escape")
        assert pane.pattern is None


async def test_a_search_without_a_match_says_so(talker: FakePlane) -> None:
    """Nothing moves, and a sentence tells why."""
    async with opened(talker) as (pilot, app, pane):
        await pilot.press("ctrl+f", *"nowhere", "enter")
        await until(pilot, lambda: "no match for 'nowhere'" in shown_text(app))
        assert bottom_of(pane) == "line 999"


async def test_long_lines_wrap_or_are_moved_sideways(talker: FakePlane) -> None:
    """Wrapped, a long line takes several rows; unwrapped, the keys move it sideways."""
    talker.write_output("talker", b"".join(b"%03d " % number for number in range(60)) + b"\n")
    async with opened(talker) as (pilot, app, _):
        assert "059" in shown_text(app)
        await pilot.press("w")
        assert "059" not in shown_text(app)
        await pilot.press(*(["right"] * 26))
        assert "059" in shown_text(app)
        await pilot.press("w")


async def test_the_raw_view_keeps_the_place(talker: FakePlane) -> None:
    """Switching the view shows the same lines, control characters drawn."""
    talker.write_output("talker", b"\x1b[31mred\x1b[0m\n")
    async with opened(talker) as (pilot, app, pane):
        assert "␛" not in shown_text(app)
        await pilot.press("v", "v")
        await until(pilot, lambda: "␛[31mred" in shown_text(app))
        await pilot.press("pageup", "pageup")
        before = top_of(pane)
        await pilot.press("v")
        place = pane.scrolling
        await until(pilot, lambda: place.page is not None and place.page.view == "text")
        assert top_of(pane) == before


async def test_the_wheel_scrolls(talker: FakePlane) -> None:
    """Turning the wheel up leaves the newest line."""
    async with opened(talker) as (pilot, _, pane):
        await pilot._post_mouse_events([events.MouseScrollUp], pane)
        await pilot.pause()
        assert state_of(pane) is Following.SCROLLED


async def test_another_pod_has_another_output(tmp_path: Path) -> None:
    """Selecting a pod shows its output and nothing of the one before."""
    plane = FakePlane(tmp_path, picture((pod("one"), pod("two"))))
    plane.write_output("one", b"words of one\n")
    plane.write_output("two", b"words of two\n")
    async with opened(plane) as (pilot, app, _):
        app.main_screen.pod_tree.focus()
        await pilot.press("down")
        await until(pilot, lambda: "words of two" in shown_text(app))
        assert "words of one" not in shown_text(app)


async def test_a_pod_that_printed_nothing_says_so(tmp_path: Path) -> None:
    """An empty output is told from one that is still being read."""
    plane = FakePlane(tmp_path, picture((pod("mute", Status.STARTING),)))
    plane.write_output("mute", b"")
    async with opened(plane) as (pilot, app, _):
        await until(pilot, lambda: "no output yet" in shown_text(app))


async def test_a_run_that_follows_is_shown_in_the_same_pane(talker: FakePlane) -> None:
    """A new run's output comes below the old one's, under a heading."""
    async with opened(talker) as (pilot, app, _):
        talker.write_output("talker", b"again\n", run=2)
        await until(pilot, lambda: "again" in shown_text(app))
        assert "── run 2" in shown_text(app)
