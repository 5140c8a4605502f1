"""The screen view: a pod's terminal as it looks now, in the place of its lines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from rich.color import Color
from rich.style import Style as RichStyle
from textual import events
from textual.pilot import Pilot

from podtui.core.model.records import StatusRecord
from podtui.core.model.verdicts import Status
from podtui.core.output.cursors import read_cursor
from podtui.core.output.follower import READER
from podtui.core.output.source import Position
from podtui.core.store.codec import encode_json
from podtui.core.system.fs import Fs
from podtui.core.text.safe import INVISIBLE
from podtui.tui.app import PodtuiApp
from podtui.tui.panes.terminal.pane import ScreenPane
from tests.support.hostile import HOSTILE_TEXTS
from tests.tui.fake_plane import NOW, FakePlane, picture, pod
from tests.tui.scene import app_over, settled, shown_text, until

SIZE = (120, 36)
TAKE_SCREEN = b"\x1b[?1049h"
PAINTED = b"\x1b[2J\x1b[H\x1b[1;31mALERT\x1b[0m\x1b[3;5Hthird row\x1b[40;1Hlast row\x1b[2;1H"


def resized(plane: FakePlane, name: str, columns: int, rows: int) -> None:
    """Let the supervisor have written down this size of the terminal."""
    record = StatusRecord(run=1, at=NOW, sizes=[(0, columns, rows)])
    plane.paths.pod(name).run(1).status.write_bytes(encode_json(record))


@pytest.fixture
def painter(tmp_path: Path) -> FakePlane:
    """A plane with a full-screen program and one that writes lines."""
    plane = FakePlane(tmp_path, picture((pod("painter"), pod("writer"))))
    plane.write_output("painter", TAKE_SCREEN + PAINTED)
    plane.write_output("writer", b"".join(b"line %d\n" % number for number in range(100)))
    resized(plane, "painter", 60, 40)
    return plane


@asynccontextmanager
async def opened(
    plane: FakePlane, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp, ScreenPane]]:
    """Give the screen over a plane."""
    app = app_over(plane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        yield pilot, app, app.main_screen.terminal


def is_shown(pane: ScreenPane) -> bool:
    """Return whether it is now in the place of the output, whatever was known before."""
    return pane.display


def rows_of(pane: ScreenPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def style_at(pane: ScreenPane, y: int, x: int) -> RichStyle:
    (segment,) = pane.render_line(y).crop(x, x + 1)
    assert segment.style is not None
    return segment.style


async def test_a_full_screen_program_opens_in_the_screen_view(painter: FakePlane) -> None:
    """What paints the whole terminal is shown as it looks, other pods as lines."""
    async with opened(painter) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        assert is_shown(pane)
        assert "painter · run 1 · screen" in shown_text(app)
        await pilot.press("down")
        await until(pilot, lambda: "line 99" in shown_text(app))
        assert not is_shown(pane)
        await pilot.press("up")
        await until(pilot, lambda: "ALERT" in shown_text(app))


async def test_the_key_goes_from_text_to_screen_to_raw(painter: FakePlane) -> None:
    """The view chosen for lines is every pod's; the one chosen for a painter is its own."""
    async with opened(painter) as (pilot, app, pane):
        await pilot.press("down")
        await until(pilot, lambda: "line 99" in shown_text(app))
        await pilot.press("v")
        await until(pilot, lambda: pane.picture is not None and "line 99" in shown_text(app))
        assert "writer · run 1 · screen" in shown_text(app)
        await pilot.press("v")
        await until(pilot, lambda: "writer · run 1 · raw" in shown_text(app))
        await pilot.press("up")
        await until(pilot, lambda: "painter · run 1 · screen" in shown_text(app))
        await pilot.press("v", "v")
        await until(pilot, lambda: "painter · run 1 ─" in shown_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "writer · run 1 · raw" in shown_text(app))


async def test_a_painter_read_as_text_hints_at_the_screen_view(painter: FakePlane) -> None:
    """Who has chosen the text of a full-screen program is told where it can be read."""
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        await pilot.press("v", "v")
        await until(pilot, lambda: "v: screen view" in shown_text(app))


async def test_a_view_never_changes_under_a_readers_eyes(painter: FakePlane) -> None:
    """A program that takes the screen while its lines are looked at is only hinted at."""
    async with opened(painter) as (pilot, app, pane):
        await pilot.press("down")
        await until(pilot, lambda: "line 99" in shown_text(app))
        painter.write_output("writer", TAKE_SCREEN + b"painted")
        await until(pilot, lambda: "v: screen view" in shown_text(app))
        assert not pane.display


async def test_a_program_that_has_painted_for_hours_is_still_known(tmp_path: Path) -> None:
    """The beginning of a long output tells that the screen was taken."""
    plane = FakePlane(tmp_path, picture((pod("painter"),)))
    plane.write_output("painter", TAKE_SCREEN + b"\x1b[H0123456789" * 200_000 + b"\x1b[Hnow")
    async with opened(plane) as (pilot, app, _):
        await until(pilot, lambda: "now3456789" in shown_text(app))


async def test_colours_and_cursor_are_drawn(painter: FakePlane) -> None:
    """Styles of the program become styles of the strip; the cursor is the cell reversed."""
    async with opened(painter, (200, 60)) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        assert rows_of(pane)[:3] == ["ALERT", "", "    third row"]
        assert style_at(pane, 0, 0).color == Color.from_ansi(1)
        assert style_at(pane, 0, 0).bold
        assert style_at(pane, 1, 0).reverse
        assert not style_at(pane, 1, 1).reverse


async def test_only_rows_that_changed_are_painted_again(painter: FakePlane) -> None:
    """One new word costs one row, whatever else is on the terminal."""
    async with opened(painter, (200, 60)) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        before = dict(pane._strips)
        painter.write_output("painter", b"\x1b[?25l\x1b[5;1Hword")
        await until(pilot, lambda: "word" in shown_text(app))
        same = {row for row, known in pane._strips.items() if known is before.get(row)}
        assert same >= set(range(40)) - {1, 4}


async def test_a_terminal_larger_than_the_pane_is_framed_around_its_cursor(
    painter: FakePlane,
) -> None:
    """The title says which part is shown; keys show another one, and end goes back."""
    resized(painter, "painter", 150, 40)
    painter.write_output("painter", b"\x1b[40;3H")
    async with opened(painter, (180, 30)) as (pilot, app, pane):
        await until(pilot, lambda: "150x40, showing the lower left" in shown_text(app))
        assert "ALERT" not in shown_text(app)
        assert rows_of(pane)[-1] == "last row"
        pane.focus()
        await pilot.press("home")
        await until(pilot, lambda: "150x40, showing the upper left" in shown_text(app))
        assert "ALERT" in shown_text(app)
        painter.write_output("painter", b"\x1b[39;1H")
        await until(pilot, lambda: pane.picture is not None and pane.picture.cursor.y == 38)
        assert "ALERT" in shown_text(app)
        assert "held" in shown_text(app)
        await pilot.press("right", "right")
        assert "the upper middle" in shown_text(app)
        await pilot.press("end")
        await until(pilot, lambda: "150x40, showing the lower left" in shown_text(app))
        await pilot._post_mouse_events([events.MouseScrollUp], pane)
        await pilot.pause()
        assert "held" in shown_text(app)
        await pilot.press("f")
        assert "held" not in shown_text(app)


async def test_a_resized_terminal_is_followed(painter: FakePlane) -> None:
    """A new size of the pod's terminal is in the title and in the picture."""
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "60x40" in shown_text(app))
        resized(painter, "painter", 50, 20)
        await until(pilot, lambda: "50x20" in shown_text(app))


async def test_the_last_screen_of_a_run_stays(painter: FakePlane) -> None:
    """A program that was killed leaves what it had painted, and the title says so."""
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        dead = pod("painter", Status.FAILED, signal=9, message="killed by SIGKILL")
        painter.show(picture((dead, pod("writer"))))
        await until(pilot, lambda: "last screen · 60x40" in shown_text(app))
        assert "ALERT" in shown_text(app)


async def test_a_new_run_has_a_new_screen(painter: FakePlane) -> None:
    """Nothing of the run before is left on the terminal of the next."""
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        painter.write_output("painter", b"again\n", run=2)
        painter.show(picture((pod("painter", run=2), pod("writer"))))
        await until(pilot, lambda: "again" in shown_text(app))
        assert "ALERT" not in shown_text(app)


async def test_what_was_on_the_screen_view_counts_as_seen(painter: FakePlane) -> None:
    """A screen that was looked at moves the reader's cursor as lines do."""
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "ALERT" in shown_text(app))
    place = read_cursor(Fs(), painter.paths.pod("painter"), READER)
    assert place == Position(1, len(TAKE_SCREEN + PAINTED))


async def test_an_output_that_cannot_be_drawn_falls_back_to_text(painter: FakePlane) -> None:
    """One sentence says why, and the text view goes on."""
    output = painter.paths.pod("writer").run(1).output
    async with opened(painter) as (pilot, app, pane):
        await pilot.press("down")
        await until(pilot, lambda: "line 99" in shown_text(app))
        output.rename(output.with_name("kept"))
        output.symlink_to("kept")
        await pilot.press("v")
        await until(pilot, lambda: "the screen of writer cannot be drawn" in shown_text(app))
        await until(pilot, lambda: not pane.display)
        assert "line 99" in shown_text(app)


async def test_keys_of_lines_lead_back_to_them(painter: FakePlane) -> None:
    """Search and unread need lines; wrapping means nothing on a terminal, and that is said."""
    async with opened(painter) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        await pilot.press("w")
        await until(pilot, lambda: "do not wrap" in shown_text(app))
        await pilot.press("ctrl+f", *"third", "enter")
        await until(pilot, lambda: app.main_screen.output.match is not None)
        assert not pane.display
        await pilot.press("escape", "v", "v", "v")
        await pilot.press("v")
        await until(pilot, lambda: pane.display)
        await pilot.press("u")
        await until(pilot, lambda: not pane.display)


async def test_tab_reaches_the_screen_view(painter: FakePlane) -> None:
    """The focus goes to whichever of the two is shown, and stays there when the view changes."""
    async with opened(painter) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        await pilot.press("tab")
        assert app.focused is pane
        await pilot.press("v")
        await until(pilot, lambda: app.focused is app.main_screen.output)


async def test_nothing_printed_yet_is_said(tmp_path: Path) -> None:
    """An empty terminal is told from one that is being drawn."""
    plane = FakePlane(tmp_path, picture((pod("mute", Status.STARTING),)))
    plane.write_output("mute", b"")
    async with opened(plane) as (pilot, app, pane):
        await pilot.press("v")
        await until(pilot, lambda: pane.display and "no output yet" in shown_text(app))


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
async def test_the_screen_view_passes_nothing_that_could_steer(tmp_path: Path, text: str) -> None:
    """Output and window titles that are hostile are drawn as cells of text."""
    plane = FakePlane(tmp_path, picture((pod("painter"),)))
    data = text.encode("utf-8", "surrogatepass")
    plane.write_output("painter", TAKE_SCREEN + b"\x1b]0;[@click=quit]" + data + b"\x07ok" + data)
    async with opened(plane) as (pilot, app, pane):
        await until(pilot, lambda: pane.picture is not None)
        await pilot.pause()
        shown = shown_text(app).replace("\n", "")
        assert not re.search(rf"[\x00-\x1f\x7f-\x9f{INVISIBLE}]", shown)


async def test_wide_characters_keep_their_columns(tmp_path: Path) -> None:
    """A character of two cells moves nothing that is right of it, also under the cursor."""
    plane = FakePlane(tmp_path, picture((pod("painter"),)))
    painted = "日本\x1b[1;9Hx\x1b[1;1H"
    plane.write_output("painter", TAKE_SCREEN + painted.encode())
    async with opened(plane, (200, 60)) as (pilot, _, pane):
        await until(pilot, lambda: pane.picture is not None)
        assert rows_of(pane)[0] == "日本    x"
        assert pane.render_line(0).cell_length == pane.size.width


async def test_another_theme_paints_the_screen_anew(painter: FakePlane) -> None:
    """Colours of the pane's own ground follow the theme."""
    async with opened(painter) as (pilot, app, pane):
        await until(pilot, lambda: "ALERT" in shown_text(app))
        before = style_at(pane, 3, 0)
        app.theme = "podtui-light"
        await pilot.pause()
        assert style_at(pane, 3, 0) != before


async def test_a_store_that_may_only_be_read_is_drawn_too(painter: FakePlane) -> None:
    """Drawing a screen writes nothing, so a read-only store has one too."""
    painter.snapshot = msgspec.structs.replace(painter.snapshot, read_only=True)
    async with opened(painter) as (pilot, app, _):
        await until(pilot, lambda: "ALERT" in shown_text(app))
    assert read_cursor(Fs(), painter.paths.pod("painter"), READER) is None
