"""Output made fit for an emulator: what would stop it, or shift its columns, is taken out.

None of it changes what an honest program draws, but for the screen alignment test (DECALN), which
is left out, and for combining marks that have no character of their own.
"""

from __future__ import annotations

import re
import unicodedata

# C0 controls are carried out in the middle of a sequence and do not end it; ESC does.
_CONTROLS = "\x00-\x1a\x1c-\x1f\x7f"
_CSI = f"(?:\x1b[{_CONTROLS}]*\\[|\x9b)"
# 64 KiB of repetitions of 65535 keep avt busy for half a minute.
_REPEAT = re.compile(f"{_CSI}([\x00-\x1a\x1c-\x3f\x7f]*)b")
_NUMBERS = re.compile(r"[0-9]+")
_ALIGNMENT_TEST = re.compile(f"\x1b[{_CONTROLS}]*#[{_CONTROLS}]*8")
_RESET = "\x1bc"
# Marks and format characters are no word characters; the blocks left out hold none of them.
_MAYBE_WITHOUT_WIDTH = re.compile(
    "[^\\w\x00-\u00ff\u2000-\u200a\u2010-\u2027\u2030-\u205f\u2070-\u20cf"
    "\u2100-\u2cee\u3000-\u3029\uff00-\uff65\ufffd]"
)
_WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})


def sanitize(text: str, columns: int) -> str:
    """Return text that draws the same and costs an emulator little.

    A character is repeated over one line of ``columns`` at most.
    """
    # A full reset forgets all that was before it, and each of them is costly.
    reset = text.rfind(_RESET)
    if reset > 0:
        text = text[reset:]
    if "b" in text:
        text = _REPEAT.sub(lambda found: _bounded(found, columns), text)
    if "#" in text:
        text = _ALIGNMENT_TEST.sub("", text)
    if not text.isascii():
        # avt gives each of them a column of its own, where terminals give them none.
        text = unicodedata.normalize("NFC", text)
        text = _MAYBE_WITHOUT_WIDTH.sub(_with_width, text)
    return text


def _bounded(found: re.Match[str], columns: int) -> str:
    numbers = _NUMBERS.findall(found[1])
    if all(len(number) <= len(str(columns)) and int(number) <= columns for number in numbers):
        return found[0]
    return f"\x1b[{columns}b"


def _with_width(found: re.Match[str]) -> str:
    return "" if unicodedata.category(found[0]) in _WITHOUT_WIDTH else found[0]
