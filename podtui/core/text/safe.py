"""The one function that makes text from outside fit for a screen, a log line or a message.

Names, titles, arguments, output and error texts are chosen by agents and may be written against
their reader. What can steer a terminal, hide, or change the order of what is read
becomes U+FFFD: it is seen that something was there, and it can do nothing. Markup of widgets is
not escaped here: text is shown as text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NewType

SafeText = NewType("SafeText", str)
"""Text that holds nothing but what it shows; made by `safe_line` and `safe_text` only."""

REPLACEMENT = "\ufffd"
ELLIPSIS = "…"
LONGEST_MARK_RUN = 8
"""Combining marks one character may carry; more of them cost a terminal a megabyte per redraw."""

# What may follow an introducer that was just seen, ESC or its one-character C1 form. A string
# sequence counts as one only when its end is there: an open one would hide all that follows. A
# body cannot hold an introducer, so every character is looked at twice at most, however many
# sequences are left open. The lookbehinds let the whole pattern begin with one character class,
# which the regex engine finds several times faster than a choice of patterns. A possessive group
# (``(?:…)?+``) never ends in early releases of Python 3.11, an atomic one does.
_REST_OF_SEQUENCE = (
    r"(?>(?:(?:(?<=\x1b)\[|(?<=\x9b))[0-?]*+[ -/]*+[@-~]?+"
    r"|(?:(?<=\x1b)[\]PX^_]|(?<=[\x90\x98\x9d-\x9f]))"
    r"[^\x07\x18\x1a\x1b\x90\x98\x9b-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    r"|(?<=\x1b)[ -/]*+[0-~])?)"
)
# Unicode's default-ignorable characters (bidi controls, zero-width characters, fillers, tags, the
# selectors that can carry hidden bytes) without the two that choose between text and emoji; the
# line and paragraph separators; the annotation marks; lone surrogates, which cannot be encoded.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IN_LINE = rf"[\x00-\x1f\x7f-\x9f{INVISIBLE}]{_REST_OF_SEQUENCE}"
_IN_TEXT = rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{INVISIBLE}]{_REST_OF_SEQUENCE}"
# Marks are no word characters. The blocks left out hold none, and lines drawn with them are common.
_MAYBE_MARK = r"[^\w\x00-\u02ff\u2000-\u20cf\u2100-\u2cee\u3000-\u3029\uff00-\uff65\ufffd]"
_MAYBE_MARKS = rf"{_MAYBE_MARK}{_MAYBE_MARK}{{{LONGEST_MARK_RUN},}}"
# Compiled when first needed: most commands show plain ASCII, and would pay for nothing.
_compiled = cache(re.compile)


def safe_line(text: str, limit: int | None = None) -> SafeText:
    """Return text as one safe line; line breaks and tabs become U+FFFD as well.

    Args:
        text: anything, lone surrogates included.
        limit: characters the result may have, at least 1; a longer text ends with "…".
    """
    if limit is None:
        return _made_safe(text, _IN_LINE)
    # Sequences shrink, so that more than `limit` is looked at; a huge text is not looked at whole.
    head = text[: 16 * limit + 1024]
    line = _made_safe(head, _IN_LINE)
    if len(line) <= limit and len(head) == len(text):
        return line
    return SafeText(line[: max(limit - 1, 0)] + ELLIPSIS)


def safe_text(text: str) -> SafeText:
    r"""Return text that is safe over several lines: ``\n`` and ``\t`` are kept.

    Safe texts joined are safe again, but for marks: a text may begin with eight of them.
    """
    return _made_safe(text, _IN_TEXT)


def _made_safe(text: str, unsafe: str) -> SafeText:
    if text.isascii() and text.isprintable():
        return SafeText(text)
    harmless = _compiled(unsafe).sub(REPLACEMENT, text)
    return SafeText(_compiled(_MAYBE_MARKS).sub(_with_few_marks, harmless))


def _with_few_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run.group():
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= LONGEST_MARK_RUN:
            kept.append(character)
        elif marks == LONGEST_MARK_RUN + 1:
            kept.append(REPLACEMENT)
    return "".join(kept)
