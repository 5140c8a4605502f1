"""Frames: the same messages however the bytes are cut on their way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podtui.kernel import frames

THREE = [(frames.HELLO, b'{"protocol": 1}'), (frames.PING, b""), (frames.OUTPUT, bytes(range(256)))]
STREAM = b"".join(frames.pack(kind, payload) for kind, payload in THREE)


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_a_stream_cut_at_any_byte_gives_the_same_frames(cut: int) -> None:
    """Two pieces, whatever the place of the cut."""
    unpacker = frames.Unpacker()
    assert unpacker.feed(STREAM[:cut]) + unpacker.feed(STREAM[cut:]) == THREE


def test_a_stream_in_single_bytes_gives_the_same_frames() -> None:
    """As many pieces as there can be."""
    unpacker = frames.Unpacker()
    got = [frame for byte in STREAM for frame in unpacker.feed(bytes([byte]))]
    assert got == THREE


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8),
    st.integers(1, 50),
)
def test_any_frames_come_out_as_they_went_in(sent: list[tuple[int, bytes]], piece: int) -> None:
    """Packing and unpacking is the identity for all kinds and payloads."""
    stream = b"".join(frames.pack(kind, payload) for kind, payload in sent)
    unpacker = frames.Unpacker()
    got: list[tuple[int, bytes]] = []
    for begin in range(0, len(stream), piece):
        got += unpacker.feed(stream[begin : begin + piece])
    assert got == sent


def test_the_largest_payload_passes_and_one_byte_more_does_not() -> None:
    """The bound is checked on the announcement, before anything is kept."""
    largest = b"x" * frames.LARGEST_PAYLOAD
    assert frames.Unpacker().feed(frames.pack(frames.INPUT, largest)) == [(frames.INPUT, largest)]
    header = frames.HEADER.pack(frames.INPUT, frames.LARGEST_PAYLOAD + 1)
    with pytest.raises(frames.BadFrame):
        frames.Unpacker().feed(header)
