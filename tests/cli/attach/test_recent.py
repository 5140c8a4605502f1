"""What a late viewer is shown of the output that is already on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from podtui.core.errors import Unreadable
from podtui.core.processes import recent
from podtui.core.processes.recent import Recent, recent_output
from podtui.core.system.fs import Fs


def seen(path: Path, content: bytes, *, upto: int | None = None, rows: int = 6) -> Recent:
    path.write_bytes(content)
    end = len(content) if upto is None else upto
    return recent_output(Fs(), path, end, columns=10, rows=rows)


def test_the_last_screenful_is_shown_without_sequences(tmp_path: Path) -> None:
    """Colours and queries of the past are gone, lines are as a raw terminal needs them."""
    shown = seen(tmp_path / "output", b"one\r\ntwo\r\n\x1b[31mthree\x1b[0m\r\n\x1b[6nask? ")
    assert shown == Recent(b"one\r\ntwo\r\nthree\r\nask? ", b"", full_screen=False)


def test_only_as_many_lines_as_fit_are_shown_counting_wrapped_ones(tmp_path: Path) -> None:
    """A line of 25 characters takes three of the four rows of ten columns."""
    content = b"first\r\n" + b"x" * 25 + b"\r\nlast"
    shown = seen(tmp_path / "output", content)
    assert shown.shown == b"x" * 25 + b"\r\nlast"
    endless = seen(tmp_path / "output", b"y" * 500)
    assert endless.shown == b"y" * 40


def test_live_output_joins_exactly_where_the_past_ends(tmp_path: Path) -> None:
    """What is beyond the given length is live; a sequence cut there is completed by it."""
    content = b"past\r\n\x1b[3" + b"1mlive"
    shown = seen(tmp_path / "output", content, upto=9)
    assert shown == Recent(b"past\r\n", b"\x1b[3", full_screen=False)
    accent = seen(tmp_path / "output", "caf\u00e9".encode(), upto=4)
    assert accent == Recent(b"caf", b"\xc3", full_screen=False)


def test_a_full_screen_program_is_entered_and_asked_to_paint(tmp_path: Path) -> None:
    """Its old painting is not replayed; the modes it set long ago are found."""
    setup = b"\x1b[?1049h\x1b[?1002h\x1b[?25l"
    painting = b"\x1b[1;1Hxxxxxxxxxx" * 200_000
    shown = seen(tmp_path / "output", b"$ top\r\n" + setup + painting)
    assert shown.full_screen
    assert shown.begun == b""
    for sequence in (b"\x1b[?1049h", b"\x1b[?1002h", b"\x1b[?25l"):
        assert sequence in shown.shown
    assert b"xxx" not in shown.shown


def test_a_full_screen_program_that_has_left_is_none(tmp_path: Path) -> None:
    """After the other screen was left, the text that followed is shown."""
    shown = seen(tmp_path / "output", b"\x1b[?1049hpainting\x1b[?1049l" + b"$ done\r\n")
    assert not shown.full_screen
    assert shown.shown.endswith(b"$ done\r\n")


def test_a_switch_of_screens_is_found_across_the_windows_of_the_search(tmp_path: Path) -> None:
    """A sequence that lies on the border of two windows is not missed."""
    for shift in range(9):
        before = b"\x1b[?1049h"
        after = b"z" * (recent.WINDOW - shift)
        assert seen(tmp_path / "output", before + after).full_screen


def test_a_long_output_is_read_from_its_end_only(tmp_path: Path) -> None:
    """A gigabyte before the tail costs nothing; the cut line at its beginning is left out."""
    path = tmp_path / "output"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    os.truncate(path, 1 << 30)
    os.pwrite(descriptor, b"\nend of it\n", 1 << 30)
    os.close(descriptor)
    shown = recent_output(Fs(), path, (1 << 30) + 11, columns=80, rows=24)
    assert shown.shown == b"end of it\r\n"


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
        recent_output(Fs(), path, 10, columns=80, rows=24)
