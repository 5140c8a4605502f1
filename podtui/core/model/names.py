"""Rules for the names of pods and readers."""

from __future__ import annotations

import re

from podtui.core.errors import BadInput
from podtui.core.text.safe import safe_line

LONGEST_NAME = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_RULE = "1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit"


def checked_name(name: str, what: str = "pod name") -> str:
    """Return the name unchanged when it is legal; names are refused, never repaired.

    Raises:
        BadInput: the name is not legal; the rule is in the message.
    """
    if not _NAME.match(name):
        shown = safe_line(name[:LONGEST_NAME])
        raise BadInput(
            f"{shown!r} is not a legal {what}: it takes {_RULE}",
            next_step=f"choose another {what}",
        )
    return name
