"""Opens the screen on a store of this machine: hands in what the screen itself does not read."""

from __future__ import annotations

import os

from podtui.core.control.local import LocalPlane
from podtui.core.control.plane import ScreenPlane
from podtui.core.paths import config_directory
from podtui.core.settings.settings import Loaded, load_settings
from podtui.core.system import collector
from podtui.core.system.system import System, real_system
from podtui.tui.app import PodtuiApp, run
from podtui.tui.controllers.action_runner import Attach

SIZE_VARIABLES = ("COLUMNS", "LINES")


def open_screen(plane: LocalPlane) -> int:
    """Show the screen until it is left; returns the exit code."""
    # The user of a screen is the operator, even if it was started in the shell of a pod.
    plane.see_all()
    for variable in SIZE_VARIABLES:
        # Textual prefers these to the terminal's size; exported by a shell, they never change.
        os.environ.pop(variable, None)
    system = real_system()
    loaded = load_settings(system.fs, system.environment)

    def attach(name: str, read_only: bool) -> str:
        # Loaded here only: the first paint does not need the code for terminals.
        from podtui.core.attach.attach import attach_in_terminal  # noqa: PLC0415

        key = loaded.settings.detach_key
        return attach_in_terminal(plane, name, read_only=read_only, key=key)

    app = screen_over(plane, system, attach=attach, loaded=loaded)
    # Earlier, the garbage collector would scan the objects of the start for nothing.
    app.on_started = collector.started
    return run(app)


def screen_over(
    plane: ScreenPlane, system: System, *, attach: Attach, loaded: Loaded | None = None
) -> PodtuiApp:
    """Return the screen over a plane, with the clock, variables and themes of a system."""
    return PodtuiApp(
        plane,
        attach=attach,
        clock=system.clock,
        environment=system.environment,
        theme_directories=(config_directory(system.environment) / "themes",),
        loaded=loaded,
    )
