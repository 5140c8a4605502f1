"""What the user has set for the screen."""

from __future__ import annotations

from dataclasses import dataclass, field

from podtui.tui.keymap import Keymap


@dataclass(frozen=True, slots=True)
class Setup:
    """Set once, before the first paint.

    Attributes:
        stall_after_s: seconds without progress after which a new pod counts as stalled, None for
            the default.
    """

    keymap: Keymap = field(default_factory=Keymap)
    stall_after_s: float | None = None
