"""Opens the screen on a store of this machine: hands in what the screen itself does not read."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from podtui.core.control.local import LocalPlane
from podtui.core.control.plane import ScreenPlane
from podtui.core.paths import config_directory, config_file
from podtui.core.settings.settings import Loaded, load_settings
from podtui.core.system import collector
from podtui.core.system.system import System, real_system
from podtui.core.system.watch import Subscription
from podtui.tui.app import PodtuiApp, run
from podtui.tui.controllers.action_runner import Attach
from podtui.tui.themes import load_themes, own_directory

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
    changes = ExitStack()

    def started() -> None:
        # Earlier, the garbage collector would scan the objects of the start for nothing.
        collector.started()
        changes.callback(watch_settings(app, system).close)

    app.on_started = started
    with changes:
        return run(app)


def watch_settings(app: PodtuiApp, system: System) -> Subscription:
    """Hand changed settings and themes to a screen until the subscription is closed."""
    file = config_file(system.environment)
    directories = (file.parent, config_directory(system.environment) / "themes")

    def changed(paths: Collection[Path]) -> None:
        if any(path in directories or path == file or path.suffix == ".toml" for path in paths):
            loaded = load_settings(system.fs, system.environment)
            app.post_message(app.Changed(loaded, *load_themes((own_directory(), directories[1]))))

    return system.watcher.subscribe(changed, directories)


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
