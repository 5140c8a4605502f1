"""The screen of a run on disk: found without reading all of it, and kept up with."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from podtui.core.errors import Unreadable
from podtui.core.model.records import StatusRecord
from podtui.core.paths import RunPaths
from podtui.core.screen.draw import SHORTENED
from podtui.core.screen.live import LiveScreen, picture_of
from podtui.core.screen.picture import ScreenPicture
from podtui.core.screen.tail import BEFORE_BYTES, TAIL_BYTES
from podtui.core.system.clock import SystemClock
from podtui.core.system.fs import Fs
from tests.support.clocks import FrozenClock
from tests.support.store_fixture import Yard

SIZE = (20, 5)


class Files:
    """The files of a run that is not there."""

    def __init__(self, root: Path) -> None:
        self.paths = RunPaths(root)

    def say(self, data: bytes) -> None:
        """Append to the output, as the supervisor does."""
        with self.paths.output.open("ab") as file:
            file.write(data)

    def write_sizes(self, *sizes: tuple[int, int, int]) -> None:
        """Replace the status record."""
        record = StatusRecord(run=1, at=datetime.now(UTC), sizes=list(sizes))
        new = self.paths.root / "new"
        new.write_bytes(msgspec.json.encode(record))
        new.rename(self.paths.status)

    def picture(self, size: tuple[int, int] | None = SIZE) -> ScreenPicture:
        return picture_of(Fs(), self.paths, size=size)

    def live(self, size: tuple[int, int] | None = SIZE) -> LiveScreen:
        # Drawing has a time limit; with a clock that stands still the load does not matter.
        return LiveScreen(Fs(), self.paths, size=size, clock=STILL)


STILL = FrozenClock(datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class LateClock(SystemClock):
    """Every look at this clock finds a minute gone."""

    def __init__(self) -> None:
        self._passed = 0.0

    def monotonic(self) -> float:
        self._passed += 60.0
        return self._passed


def shown(picture: ScreenPicture | None) -> Sequence[str]:
    assert picture is not None
    return picture.plain_lines()


def test_a_run_that_has_printed_nothing_has_an_empty_screen(files: Files) -> None:
    """No file is no error: the run may be about to begin."""
    assert files.picture().plain_lines() == ()
    live = files.live()
    live.update()
    assert live.update() is None
    files.say(b"first")
    assert shown(live.update()) == ("first",)


def test_what_comes_is_drawn_as_it_comes(files: Files) -> None:
    """Only what is new is read, a picture is given only when there is one, with its rows."""
    files.say(b"one\r\n\x1b[3")
    live = files.live()
    assert shown(live.update()) == ("one",)
    assert live.update() is None
    files.say(b"1mtwo")
    picture = live.update()
    assert shown(picture) == ("one", "two")
    assert picture is live.picture
    assert picture.changed_rows == {1}
    assert picture.lines[1][0].style.foreground == 1


def test_an_output_that_became_shorter_is_drawn_anew(files: Files) -> None:
    """Somebody cut it: what is there now is the truth."""
    files.say(b"one\r\ntwo")
    live = files.live()
    live.update()
    os.truncate(files.paths.output, 3)
    assert shown(live.update()) == ("one",)


def test_the_sizes_the_terminal_had_are_used_each_in_its_time(files: Files) -> None:
    """A line that was wrapped at ten columns stays wrapped there, as on a real terminal."""
    files.say(b"x" * 10 + b"\x1b[2;1Hnarrow\x1b[H\x1b[2J" + b"\x1b[1;15Hwide")
    at = files.paths.output.read_bytes().index(b"\x1b[H\x1b[2J")
    files.write_sizes((0, 10, 3), (at, 30, 4))
    live = files.live(None)
    picture = live.update()
    assert picture is not None
    assert (picture.columns, picture.rows) == (30, 4)
    assert shown(picture) == (" " * 14 + "wide",)
    files.write_sizes((0, 10, 3), (at, 30, 4), (files.paths.output.stat().st_size, 25, 3))
    again = live.update()
    assert again is not None
    assert (again.columns, again.rows) == (25, 3)
    assert live.update() is None


def test_a_pod_without_a_status_has_the_size_of_its_run_record(yard: Yard) -> None:
    """The one it was started with."""
    yard.shell("p", "printf ready", columns=33, rows=7)
    yard.wait_ended("p")
    paths = yard.plane.access.pod_paths("p").run(1)
    paths.status.unlink(missing_ok=True)
    picture = picture_of(Fs(), paths)
    assert (picture.columns, picture.rows, picture.plain_lines()) == (33, 7, ("ready",))


def test_the_plane_gives_the_screen_of_the_latest_run(yard: Yard) -> None:
    """By name or id, also of a pod that has ended."""
    view = yard.shell("p", "printf 'it \\033[1mwas\\033[m'")
    yard.wait_ended("p")
    for name in ("p", view.id):
        assert shown(yard.plane.output(name).terminal().update()) == ("it was",)


def test_a_status_that_cannot_be_read_costs_only_the_size(files: Files) -> None:
    """The screen is drawn all the same."""
    files.say(b"text")
    files.paths.status.write_bytes(b"{")
    assert files.picture(None).plain_lines() == ("text",)


def test_of_a_giant_output_only_the_end_is_read(files: Files) -> None:
    """A sparse gigabyte: what is not read costs nothing, and memory stays small."""
    files.say(b"")
    os.truncate(files.paths.output, 1 << 30)
    files.say(b"\n\x1b[2J\x1b[Hend")
    tracemalloc.start()
    try:
        assert files.picture().plain_lines() == ("end",)
        assert tracemalloc.get_traced_memory()[1] < 16 * TAIL_BYTES
    finally:
        tracemalloc.stop()


def test_a_tail_is_begun_where_something_begins(files: Files) -> None:
    """The half of a sequence at its beginning is not taken for text."""
    files.say(b"a" * 100 + b"\x1b[31" + b";1" * (TAIL_BYTES // 2) + b"m\x1b[2J\x1b[Hlast")
    picture = files.picture()
    assert picture.plain_lines() == ("last",)


def test_a_full_screen_program_from_before_the_tail_is_still_one(files: Files) -> None:
    """What it has covered is there when it leaves."""
    files.say(b"#" * (2 * BEFORE_BYTES) + b"\x1b[2J\x1b[Hshell\r\n\x1b[?1049h")
    files.say(b"\x1b[2;2Hpainting" * (TAIL_BYTES // 8))
    live = files.live()
    picture = live.update()
    assert picture is not None
    assert picture.alternate
    assert shown(picture) == ("", " painting")
    files.say(b"\x1b[?1049l$ ")
    assert shown(live.update()) == ("shell", "$")


def test_a_program_that_left_before_the_tail_is_none(files: Files) -> None:
    """The last switch decides."""
    files.say(b"\x1b[?1049hx\x1b[?1049l" + b"text\r\n" * TAIL_BYTES)
    assert not files.picture().alternate


def test_a_burst_is_not_drawn_whole(files: Files) -> None:
    """More than a tail at once: the screen is drawn from the end, and the same."""
    files.say(b"begin\r\n")
    live = files.live()
    live.update()
    files.say(b"burst\r\n" * TAIL_BYTES + b"\x1b[2J\x1b[Hlast")
    assert shown(live.update()) == ("last",)


def test_output_that_is_slow_to_draw_is_drawn_from_the_very_end_and_says_so(files: Files) -> None:
    """Whoever prints to keep the viewer busy only hides their own output."""
    files.say(b"\x1b[9999M\n" * 20_000 + b"\x1b[2J\x1b[Hend")
    picture = picture_of(Fs(), files.paths, size=SIZE, clock=LateClock())
    assert picture.plain_lines() == ("end",)
    assert picture.note == SHORTENED


def test_output_that_comes_and_is_slow_to_draw_does_not_hold_whoever_looks(files: Files) -> None:
    """The same holds for what comes later, and the next honest output is drawn on top of it."""
    live = LiveScreen(Fs(), files.paths, size=SIZE, clock=LateClock())
    live.update()
    files.say(b"\x1b[9999M\n" * 20_000 + b"\x1b[2J\x1b[Hend")
    assert shown(live.update()) == ("end",)
    assert live.picture.note == SHORTENED


@pytest.mark.parametrize("kind", ["fifo", "directory", "link"])
def test_something_else_in_the_place_of_the_output_is_refused(files: Files, kind: str) -> None:
    """A FIFO cannot hang the viewer, a link cannot show another file; the error names the file."""
    path = files.paths.output
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="output"):
        files.picture()
