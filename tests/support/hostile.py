"""Text and bytes that agents may print against whoever reads them."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE_TEXTS = (
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x1b]0;title\x1b\\",
    "\x1bP$q q\x1b\\",
    "\x1b[6n",
    "\x1b]50;?\x07",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "left\u202eright",
    "\u2066isolate\u2069",
    "null\x00byte",
    "zero\u200bwidth",
    "\ufeffmark",
    "tag\U000e0041\U000e0042",
    "hidden\U000e0101\U000e0102",
    "lone\ud800surrogate",
    "\x1b[?1049h",
    "back\b\b\bspace",
    "over\rwritten",
    "\x85next line",
    "para\u2029graph",
    "\x1b[200~paste\x1b[201~",
    "\x1b",
    "\x1b[",
    "\x1b]never ends",
    "soft\u00adhyphen",
    "filler\u3164",
)

_PIECES = (
    *HOSTILE_TEXTS,
    "\x1b", "[", "]", "\\", "\x07", "\x9c", "\x9b", ";", "1", "m", "K", "C", " ", "(", "B", "\n",
    "\t", "plain", "é", "日本", "😀", "e\u0301", "\u0301" * 9, "\u20dd" * 5, "\ufe0f", "─" * 9,
)  # fmt: skip


def hostile_text() -> st.SearchStrategy[str]:
    """Text made of pieces of attacks, ordinary words, and any characters at all."""
    piece = st.one_of(st.sampled_from(_PIECES), st.text(max_size=4))
    return st.lists(piece, max_size=12).map("".join)


SEQUENCES = (
    b"\x1b[31m",
    b"\x1b[38;5;200m",
    b"\x1b[?25l",
    b"\x1b[>4;2m",
    b"\x1b]0;title\x07",
    b"\x1b]8;;http://x\x1b\\",
    b"\x1bPq#0\x1b\\",
    b"\x1b_app\x1b\\",
    b"\x1b^pm\x07",
    b"\x1bXsos\x1b\\",
    b"\x1b(B",
    b"\x1b%G",
    b"\x1b7",
    b"\x1b=",
    b"\xc2\x9b31m",
    b"\xc2\x9d0;t\xc2\x9c",
    b"\xc2\x90q\x1b\\",
    b"\x1b]0;\xe6\x97\xa5\xe6\x9c\xac\x07",
    b"\x1b]0;broken off\x1b[1m",
    b"\x1b]0;broken off\x18",
    b"\x1b[12\x1b[m",
    b"\x1b\x1b[m",
)
"""Whole sequences that move nothing."""

MOVEMENTS = (
    b"\x1b[K",
    b"\x1b[2K",
    b"\x1b[1K",
    b"\x1b[5C",
    b"\x1b[2D",
    b"\x1b[8G",
    b"\x1b[G",
    b"\x1b[3;4H",
    b"\x1b[H",
    b"\x1b[2J",
    b"\x1b[J",
    b"\x1b[A",
    b"\x1b[2B",
    b"\x1b[?1049h",
    b"\x1bM",
    b"\x1b[2P",
    b"\x1b[@",
    b"\x1b[3X",
    b"\b",
    b"\r",
    b"\x0b",
    b"\x0c",
    b"\xc2\x85",
)

_FRAGMENTS = (
    b"\x1b", b"[", b"]", b"P", b"\\", b"\x07", b"\x18", b";", b"1", b"m", b"(", b"B", b" ",
    b"\xc2", b"\x9b", b"\x9c", b"\x9d", b"\xe6", b"\x97", b"\xa5", b"\xf0\x9f", b"\xff", b"\x00",
)  # fmt: skip

_WORDS = (
    b"plain", b" words ", b"\n", b"\r\n", b"\t", "é".encode(), "日本".encode(), "😀".encode(),
)  # fmt: skip


def output_without_movement() -> st.SearchStrategy[bytes]:
    """Output with sequences, whole and broken, none of which moves the cursor within its text."""
    piece = st.sampled_from(SEQUENCES + _FRAGMENTS + _WORDS)
    return st.lists(piece, max_size=16).map(b"".join)


def any_output() -> st.SearchStrategy[bytes]:
    """Any output, movements and random bytes included."""
    pieces = st.sampled_from(SEQUENCES + MOVEMENTS + _FRAGMENTS + _WORDS)
    return st.lists(st.one_of(pieces, st.binary(max_size=4)), max_size=16).map(b"".join)
