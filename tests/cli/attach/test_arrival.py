"""What a late viewer is shown of the output that is already on disk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pyte
import pytest

from podtui.core.attach.first_paint import Arrival, arrival, painted_arrival
from podtui.core.errors import Unreadable
from podtui.core.screen.draw import SizeFrom
from podtui.core.screen.tail import SEARCH_WINDOW, TAIL_BYTES
from podtui.core.system.fs import Fs
from tests.screen.eyes import Eyes
from tests.support.clocks import FrozenClock

COLUMNS, ROWS = 20, 6
SIZES = (SizeFrom(0, COLUMNS, ROWS),)


# Drawing has a time limit; with a clock that stands still the machine's load does not matter.
STILL = FrozenClock(datetime(2026, 11, 20, tzinfo=UTC))


def come(path: Path, content: bytes, *, upto: int | None = None) -> Arrival:
    path.write_bytes(content)
    return arrival(Fs(), path, len(content) if upto is None else upto, SIZES, STILL)


def painted(here: Arrival) -> bytes:
    return painted_arrival(here, columns=COLUMNS, rows=ROWS)


def eyes_on(*data: bytes) -> Eyes:
    eyes = Eyes(COLUMNS, ROWS)
    for piece in data:
        eyes.see(piece)
    return eyes


@pytest.mark.parametrize(
    "written",
    [
        b"one\r\ntwo\r\n\x1b[31mred \x1b[1;44mbold\x1b[0m\r\nask? ",
        b"\x1b[38;5;200mpalette\x1b[48;2;1;2;3m true\x1b[7m rev\x1b[m",
        b"x" * COLUMNS,
        b"\x1b[1;4mx" * COLUMNS,
        b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh",
        b"\x1b[5;7Hhere\x1b[2;3H\x1b[32m",
        b"shell\r\n$ vi\r\n\x1b[?1049h\x1b[H\x1b[2Jfile\x1b[6;1H:w\x1b[?25l",
        "wide 漢字 é\r\n".encode() + "漢".encode() * 10,
        b"\x1b[2;4r\x1b[4;1Hlast of the region",
        b"\x1b[2;4r\x1b[?6h\x1b[2;2Hin the region",
    ],
)
def test_a_late_viewer_sees_what_one_from_the_beginning_sees(
    tmp_path: Path, written: bytes
) -> None:
    """Every cell, the cursor and the style are the same, also of what comes next."""
    late = eyes_on(painted(come(tmp_path / "output", written)))
    first = eyes_on(written)
    assert late.cells() == first.cells()
    for eyes in (late, first):
        eyes.see(b"AB\r\n\x1b[KC\x1b[2DD")
    assert late.cells() == first.cells()


def test_leaving_the_other_screen_shows_what_was_before_it(tmp_path: Path) -> None:
    """A viewer that came while an editor had the terminal sees the shell when the editor ends."""
    before = b"\x1b[33m$ ls\x1b[m\r\na b c\r\n$ vi\r\n"
    editor = b"\x1b[?1049h\x1b[H\x1b[2Jtext"
    after = b"\x1b[?1049l$ "
    late = eyes_on(painted(come(tmp_path / "output", before + editor)), after)
    assert late.cells() == eyes_on(before + editor + after).cells()


def test_no_query_and_no_title_of_the_past_is_repeated(tmp_path: Path) -> None:
    """What reaches the terminal is a picture: it is asked nothing and told nothing else."""
    asked = b"\x1b[6n\x1b[c\x1b[>c\x1b]52;c;aGk=\x07\x1bP+q544e\x1b\\\x1b]0;title\x07\x1b[5n\x05"
    shown = painted(come(tmp_path / "output", asked + b"text" + asked))
    assert b"text" in shown
    for sequence in (b"n", b"c", b"]", b"P"):
        assert b"\x1b" + sequence not in shown
    assert b"\x1b[6n" not in shown
    assert b"\x1b[c" not in shown
    assert b"\x05" not in shown


def test_live_output_joins_exactly_where_the_past_ends(tmp_path: Path) -> None:
    """What is beyond the given length is live; a sequence or character cut there is completed."""
    content = b"past \x1b[3" + b"1mlive " + "é".encode()
    for cut in range(len(content) + 1):
        late = eyes_on(painted(come(tmp_path / "output", content, upto=cut)), content[cut:])
        assert late.cells() == eyes_on(content).cells()


def test_what_the_terminal_showed_before_is_scrolled_away_and_not_erased(tmp_path: Path) -> None:
    """The operator finds their own lines in the terminal's history."""
    screen = pyte.HistoryScreen(COLUMNS, ROWS, history=100)
    stream = pyte.ByteStream(screen)
    stream.feed(b"mine 1\r\nmine 2\r\n" + painted(come(tmp_path / "output", b"pod")))
    kept = ["".join(line[x].data for x in range(COLUMNS)).rstrip() for line in screen.history.top]
    assert kept == ["mine 1", "mine 2"]
    assert screen.display[0].rstrip() == "pod"


def test_a_full_screen_program_alone_leaves_the_first_screen_as_it_was(tmp_path: Path) -> None:
    """Where it has covered nothing, the operator comes back to their own screen."""
    shown = painted(come(tmp_path / "output", b"\x1b[?1049h\x1b[2Jtop"))
    assert eyes_on(b"mine\r\n", shown, b"\x1b[?1049l").text()[0] == "mine"


def test_a_program_that_took_the_screen_long_ago_is_known_to_have_it(tmp_path: Path) -> None:
    """Its modes and the shell below it are found far before the end of the output."""
    setup = b"\x1b[?1049h\x1b[?1002h\x1b[?25l"
    painting = b"\x1b[1;1Hxxxxxxxxxx" * (4 * TAIL_BYTES // 16)
    here = come(tmp_path / "output", b"$ top\r\n" + setup + painting)
    shown = painted(here)
    assert here.modes.alternate_screen
    for sequence in (b"$ top", b"\x1b[?1049h", b"\x1b[?1002h", b"\x1b[?25l"):
        assert sequence in shown
    assert eyes_on(shown).text()[0] == "xxxxxxxxxx"


def test_a_switch_of_screens_is_found_across_the_windows_of_the_search(tmp_path: Path) -> None:
    """A sequence that lies on the border of two windows is not missed."""
    for shift in range(9):
        after = b"z" * (TAIL_BYTES + SEARCH_WINDOW - shift)
        assert come(tmp_path / "output", b"ab\x1b[?1049h" + after).modes.alternate_screen


def test_a_long_output_is_read_from_its_end_only(tmp_path: Path) -> None:
    """A gigabyte before the tail costs nothing."""
    path = tmp_path / "output"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    os.truncate(path, 1 << 30)
    os.pwrite(descriptor, b"\nend of it\r\n", 1 << 30)
    os.close(descriptor)
    here = arrival(Fs(), path, (1 << 30) + 12, SIZES, STILL)
    assert here.screen.picture().plain_lines()[-1] == "end of it"


@pytest.mark.parametrize("kind", ["fifo", "directory", "missing", "link"])
def test_something_else_in_the_place_of_the_output_is_refused(tmp_path: Path, kind: str) -> None:
    """A FIFO cannot hang the viewer, a link cannot show another file; the error names the file."""
    path = tmp_path / "output"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="output"):
        arrival(Fs(), path, 10, SIZES, STILL)
