"""Where output may be cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.text.boundaries import line_end, safe_end, text_end
from podtui.core.text.sequences import LONGEST_PARAMETERS, LONGEST_STRING
from podtui.core.text.view import text_view
from tests.support.hostile import SEQUENCES, any_output, output_without_movement


def pieces_of(data: bytes, arrivals: list[int]) -> list[bytes]:
    """Cut output as a reader does that sees it arrive in pieces of these lengths."""
    pieces = []
    start = seen = 0
    for length in arrivals:
        seen = min(seen + length, len(data))
        end = start + text_end(data[start:seen])
        pieces.append(data[start:end])
        start = end
    return [*pieces, data[start:]]


def viewed(pieces: list[bytes]) -> str:
    """View pieces one after the other, as one reading does."""
    text = ""
    for piece in pieces:
        text += text_view(piece, fresh_line=not text or text.endswith("\n"))
    return text


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_no_sequence_is_cut_at_any_byte(sequence: bytes) -> None:
    """Wherever a sequence has arrived up to, its text is the same as when it comes whole."""
    data = b"before " + sequence + b"after\n"
    whole = text_view(data, fresh_line=True)
    for arrived in range(len(data) + 1):
        assert viewed(pieces_of(data, [arrived])) == whole


@pytest.mark.parametrize("sequence", [each for each in SEQUENCES if b"off" not in each][:-2])
def test_a_cut_is_never_inside_a_sequence(sequence: bytes) -> None:
    """Of a sequence that is not whole, nothing is given; of a whole one, everything."""
    for arrived in range(1, len(sequence)):
        assert safe_end(b"x" + sequence[:arrived]) == 1
    assert safe_end(b"x" + sequence) == 1 + len(sequence)


@pytest.mark.parametrize("character", ["é", "日", "😀", "\U0010ffff"])
def test_a_cut_is_never_inside_a_character(character: str) -> None:
    """A character that has not all its bytes waits for them."""
    encoded = character.encode()
    for arrived in range(1, len(encoded)):
        assert safe_end(b"x" + encoded[:arrived]) == 1
    assert safe_end(b"x" + encoded) == 1 + len(encoded)


def test_bytes_that_can_be_no_character_wait_for_nothing() -> None:
    """Broken UTF-8 is given at once: nothing that comes can mend it."""
    for broken in (b"\xff", b"\x80", b"\xe0\x80", b"\xf5"):
        assert safe_end(b"x" + broken) == 1 + len(broken)


@given(output_without_movement(), st.lists(st.integers(0, 9), max_size=12))
def test_pieces_show_what_the_whole_shows(data: bytes, arrivals: list[int]) -> None:
    """However output arrives, its pieces read as it does when it comes at once."""
    assert viewed(pieces_of(data, arrivals)) == text_view(data, fresh_line=True)


@given(any_output(), st.lists(st.integers(0, 9), max_size=12))
def test_pieces_hold_every_byte_once(data: bytes, arrivals: list[int]) -> None:
    """Cutting neither loses nor doubles anything, whatever the bytes are."""
    assert b"".join(pieces_of(data, arrivals)) == data


@given(output_without_movement(), output_without_movement())
def test_a_cut_in_the_middle_shows_the_same(first: bytes, second: bytes) -> None:
    """Output that is cut where a line ends reads on as if it had not been cut."""
    data = first + second
    cut = line_end(first)
    assert viewed([data[:cut], data[cut:]]) == text_view(data, fresh_line=True)


def test_a_line_end_is_not_cut_in_two() -> None:
    """A carriage return waits for what follows it, in text."""
    assert text_end(b"line\r") == 4
    assert text_end(b"line\r\n") == 6
    assert safe_end(b"line\r") == 5


def test_long_output_is_cut_after_a_line() -> None:
    """In the middle of an output the cut comes after the last line that is whole."""
    assert line_end(b"one\ntwo\nthr") == 8
    assert line_end(b"no line end") == 11
    assert line_end(b"x" * 20 + b"\x1b]0;\nstill the title") == 20
    assert line_end(b"x\x1b]0;a\nb\x07") == 9


@pytest.mark.parametrize(
    "start", [b"\x1b]0;", b"\x1bP", b"\x1b_", b"\xc2\x9d", b"\x1b]0;" + "é".encode() * 3]
)
def test_a_sequence_without_end_holds_nobody_back(start: bytes) -> None:
    """A string longer than any honest one is given as text, the same in pieces as whole."""
    data = b"x" + start + b"y" * (LONGEST_STRING + 10) + b"\x07 after\n"
    assert safe_end(data[:1000]) == 1
    assert safe_end(data[:-8]) == len(data) - 8
    assert len(data) - safe_end(data) <= LONGEST_STRING + 4
    whole = text_view(data, fresh_line=True)
    assert whole.endswith("yyy after\n")
    for arrived in range(LONGEST_STRING - 5, len(data), 7):
        assert viewed(pieces_of(data, [arrived])) == whole


@pytest.mark.parametrize("body", range(LONGEST_STRING - 2, LONGEST_STRING + 3))
def test_the_longest_string_reads_the_same_in_pieces(body: int) -> None:
    """At the very length where a string stops being one, cutting and viewing agree."""
    for end in (b"\x07", b"\x1b\\", b"\xc2\x9c", b"\x1b[m", b""):
        data = b"a\x1b]" + b"y" * body + end + b"z\n"
        whole = text_view(data, fresh_line=True)
        for arrived in range(body - 2, len(data) + 1):
            assert viewed(pieces_of(data, [arrived])) == whole


def test_parameters_without_end_hold_nobody_back() -> None:
    """A sequence of endless parameters is given up on as well."""
    data = b"x\x1b[" + b"1;" * (2 * LONGEST_PARAMETERS) + b"m"
    assert safe_end(data[:100]) == 1
    assert safe_end(data[:-1]) == len(data) - 1
    whole = text_view(data, fresh_line=True)
    for arrived in range(0, len(data), 13):
        assert viewed(pieces_of(data, [arrived])) == whole
