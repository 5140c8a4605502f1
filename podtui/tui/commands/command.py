"""A command of the screen: its key, its words, where it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

KeyContext = Literal["tree", "output", "terminal", "screen", "diagnostics", "trash", "app"]
GROUPS: Mapping[KeyContext, str] = {
    "tree": "pods",
    "output": "output",
    "terminal": "screen view",
    "screen": "everywhere",
    "diagnostics": "diagnostics",
    "trash": "trash",
    "app": "podtui",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: stable; a keymap refers to it.
        keys: comma list, as Textual writes keys.
        shown_keys: how the keys are written for a person.
        word: one or two words for the footer.
        sentence: what it does, for help and palette.
        action: Textual's action of the widget of ``place``; "" for a command that its screen looks
            up by id in its own table.
        footer: 0 is not in the footer; else the smaller, the earlier it stands there.
        weight: where the footer is narrow, the smaller stays longer; 0 counts as ``footer``.
        palette: whether it makes sense in the palette.
        priority: whether it works in dialogs, too, and before what is focused.
    """

    id: str
    place: KeyContext
    keys: str
    shown_keys: str
    word: str
    sentence: str
    action: str = ""
    footer: int = 0
    weight: int = 0
    palette: bool = False
    priority: bool = False

    @property
    def call(self) -> str:
        """The action that Textual runs on the widget or screen of ``place``."""
        return self.action or f"command({self.id!r})"
