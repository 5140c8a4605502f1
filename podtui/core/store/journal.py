"""The journal: every event, in the order it was written, each exactly once."""

from __future__ import annotations

from podtui.core.model.events import Event
from podtui.core.paths import StorePaths
from podtui.core.store.logs import Log
from podtui.core.system.host import System


class Journal(Log[Event]):
    """Appends and reads events."""

    def __init__(self, paths: StorePaths, system: System) -> None:
        super().__init__(system, paths.journal, Event)
