"""Grammar of terminal control sequences in UTF-8 output, for cutting and for viewing.

Both must agree byte for byte, or a reader that sees output in pieces would be shown something
else than one that sees it whole. Three rules make that possible. A sequence has a longest length,
after which it counts as none. No sequence holds an introducer (ESC, or a C1 character in its
UTF-8 form): whatever comes, an introducer begins anew, as it does in a terminal. And a string that
is broken off counts as none, although terminals hide it: whether it is one may not hang on how
often another one follows.
"""

from __future__ import annotations

LONGEST_STRING = 64 * 1024
"""Bytes the body of a string sequence (OSC, DCS, APC, PM, SOS) may have."""
LONGEST_PARAMETERS = 1024
LONGEST_INTERMEDIATES = 16

PARAMETERS = rb"[0-?]{0,%d}+" % LONGEST_PARAMETERS
INTERMEDIATES = rb"[ -/]{0,%d}+" % LONGEST_INTERMEDIATES
CSI = rb"(?:\x1b\[|\xc2\x9b)"
STRING_START = rb"(?:\x1b[\]PX^_]|\xc2[\x90\x98\x9d\x9e\x9f])"
# An atomic group: early releases of Python 3.11 match a possessive one wrongly.
STRING_BODY = rb"(?>(?:[^\x07\x18\x1a\x1b\xc2]|\xc2(?![\x90\x98\x9b-\x9f])){0,%d})" % LONGEST_STRING
STRING_END = rb"(?:\x07|\x1b\\|\xc2\x9c)"

INTRODUCERS = (
    b"\x1b",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\xc2\x90",
    b"\xc2\x98",
    b"\xc2\x9e",
    b"\xc2\x9f",
)
