"""The terminal of a run as it looks now, for the screen view; used in the reader thread only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from podtui.core.errors import PodtuiError
from podtui.core.paths import PodPaths
from podtui.core.screen.picture import ScreenPicture
from podtui.core.system.system import System

if TYPE_CHECKING:
    from podtui.core.screen.live import LiveScreen


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a run's terminal.

    Attributes:
        pod: key of the pod.
        total: bytes of the pod's output that are in it, over all runs.
    """

    pod: str
    run: int
    picture: ScreenPicture
    total: int


@dataclass(frozen=True, slots=True)
class NoScreen:
    """Why there is no picture, as the end of a sentence."""

    pod: str
    why: str


class RunScreen:
    """Draws one pod's newest run; what cannot be drawn is told once."""

    def __init__(self, system: System, paths: PodPaths, pod: str) -> None:
        self._system = system
        self._paths = paths
        self._pod = pod
        self._run = 0
        self._live: LiveScreen | None = None

    def shoot(self, run: int, *, total: int, anew: bool) -> Shot | NoScreen | None:
        """Return the terminal of ``run``, None when nothing is new and it is not asked ``anew``."""
        try:
            live = self._screen_of(run)
            picture = live.update()
        except (PodtuiError, ImportError) as error:
            why = error.sentence() if isinstance(error, PodtuiError) else str(error)
            return NoScreen(self._pod, why)
        if picture is None and not anew:
            return None
        return Shot(self._pod, run, picture or live.picture, total)

    def _screen_of(self, run: int) -> LiveScreen:
        if self._live is None or run != self._run:
            # Loaded here only: the emulator is native code that few looks need, and where it
            # cannot be loaded the text view goes on working.
            from podtui.core.screen.live import LiveScreen  # noqa: PLC0415

            system = self._system
            self._live = LiveScreen(system.fs, self._paths.run(run), clock=system.clock)
            self._run = run
        return self._live
