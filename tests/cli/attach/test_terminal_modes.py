"""Modes of a terminal: read off the output, given to a late viewer, taken back at the end."""

from __future__ import annotations

import pytest

from podtui.core.attach.terminal_modes import TerminalModes

PLAIN_ENDING = b"\x1b\\\x1b(B\x0f\x1b[0m"


def modes_after(*pieces: bytes) -> TerminalModes:
    modes = TerminalModes()
    for piece in pieces:
        modes.feed(piece)
    return modes


def test_a_program_that_set_nothing_leaves_only_colours_and_charset_to_reset() -> None:
    """Colours and the charset are reset always; nothing that moves the cursor is sent."""
    modes = modes_after(b"\x1b[31mred\x1b[m plain\n")
    assert modes.leaving() == PLAIN_ENDING
    assert modes.settings() == b""


@pytest.mark.parametrize(
    ("written", "taken_back"),
    [
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?47h", b"\x1b[?47l"),
        (b"\x1b[?1000;1006h", b"\x1b[?1000l\x1b[?1006l"),
        (b"\x1b[?2004h", b"\x1b[?2004l"),
        (b"\x1b[?25l", b"\x1b[?25h"),
        (b"\x1b[?7l", b"\x1b[?7h"),
        (b"\x1b[?1h\x1b=", b"\x1b[?1l\x1b>"),
        (b"\x1b[>1u\x1b[>3u", b"\x1b[<2u"),
        (b"\x1b[>4;2m", b"\x1b[>4m"),
        (b"\x1b[5;20r", b"\x1b7\x1b[r\x1b[?6l\x1b8"),
        (b"\x1b[4h", b"\x1b[4l"),
        (b"\x1b[5 q", b"\x1b[0 q"),
        (b"\x1b]11;#123456\x07", b"\x1b]111\x07"),
        (b"\x1b[?2026h", b"\x1b[?2026l"),
        (b"\x1b[?1007l", b"\x1b[?1007h"),
        (b"\x1b[>7u\x1b[?1049h\x1b[>5u", b"\x1b[<1u\x1b[?1049l\x1b[<1u"),
        (b"\x1b[>7u\x1b[?1049h\x1b[>5u\x1b[<u\x1b[?1049l", b"\x1b[<1u"),
    ],
)
def test_what_was_set_is_taken_back_wherever_the_output_was_cut(
    written: bytes, taken_back: bytes
) -> None:
    """Every mode has its reset, also when its sequence came in two pieces."""
    for cut in range(len(written) + 1):
        assert taken_back in modes_after(b"x" + written[:cut], written[cut:] + b"y").leaving()


@pytest.mark.parametrize(
    "written",
    [
        b"\x1b[?1049h\x1b[?1049l",
        b"\x1b[?25l\x1b[?25h",
        b"\x1b[>1u\x1b[<u",
        b"\x1b[>1u\x1b[<9u",
        b"\x1b[5;20r\x1b[r",
        b"\x1b[?1003h\x1b[5 q\x1bc",
        b"\x1b=\x1b>",
    ],
)
def test_what_the_program_took_back_itself_is_left_alone(written: bytes) -> None:
    """A second reset could move the cursor or empty a stack of somebody else's."""
    assert modes_after(written).leaving() == PLAIN_ENDING


def test_a_late_viewer_is_brought_into_the_modes_of_the_program() -> None:
    """Mouse, paste and keyboard modes, scroll region and a hidden cursor are set for it."""
    written = (
        b"\x1b[?1049h\x1b[?1002;1006;2004h\x1b[?25l\x1b[>5u\x1b=\x1b[?1h\x1b[3;9r\x1b[4h\x1b[5 q"
    )
    settings = modes_after(written).settings()
    for sequence in (
        b"\x1b[3;9r", b"\x1b[?1h", b"\x1b[?1002h", b"\x1b[?1006h", b"\x1b[?2004h",
        b"\x1b[?25l", b"\x1b[4h", b"\x1b[5 q", b"\x1b=", b"\x1b[>5u",
    ):  # fmt: skip
        assert sequence in settings
    assert modes_after(settings).settings() == settings


def test_each_screen_has_its_own_way_of_telling_keys() -> None:
    """What was set on the first screen is set there again, before the other one is taken."""
    modes = modes_after(b"\x1b[>7u\x1b[?1049h\x1b[>5u\x1b[?1007h")
    assert modes.settings_below() == b"\x1b[>7u"
    assert modes.settings() == b"\x1b[?1007h\x1b[>5u"
    back = modes_after(b"\x1b[>7u\x1b[?1049h\x1b[>5u\x1b[?1049l")
    assert back.settings() == b"\x1b[>7u"
    assert back.settings_below() == b""


def test_painting_that_was_held_back_is_not_held_back_for_a_late_viewer() -> None:
    """A viewer that comes between the two marks of an atomic painting sees something at once."""
    modes = modes_after(b"\x1b[?2026h")
    assert modes.settings() == b""
    assert b"\x1b[?2026l" not in modes_after(modes.settings()).leaving()


def test_how_keys_are_told_can_be_set_and_taken_back_alone() -> None:
    """A viewer that is shown a picture needs the modes of keys, and none of those that paint."""
    modes = modes_after(b"\x1b[?1h\x1b=\x1b[>1u\x1b[>4;2m\x1b[?2004h\x1b[?1000h\x1b[?25l")
    assert modes.key_settings() == b"\x1b[?1h\x1b[?2004h\x1b=\x1b[>4;2m\x1b[>1u"
    after = modes_after(modes.key_settings(), modes.key_resets())
    assert after.key_settings() == b""
    assert after.leaving() == PLAIN_ENDING


def test_the_row_the_program_counts_from_is_known() -> None:
    """In origin mode a cursor is placed relative to the scroll region."""
    assert modes_after(b"\x1b[5;9r").origin_row == 0
    assert modes_after(b"\x1b[5;9r\x1b[?6h").origin_row == 4


def test_hostile_output_neither_breaks_nor_slows_the_reading_of_modes() -> None:
    """Endless parameters, huge numbers and unfinished sequences change nothing."""
    modes = modes_after(
        b"\x1b[?" + b"9" * 60 + b"h",
        b"\x1b[?" + b";" * 64 + b"l",
        b"\x1b[" * 50_000,
        b"\x1b[>" + b"1" * 100_000,
        b"\x1b[<99999u",
    )
    assert not modes.alternate_screen
    assert not modes.reports_keys
