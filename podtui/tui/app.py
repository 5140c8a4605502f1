"""The Textual application around the main screen: themes, palette, start and end."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from podtui.core.model.verdicts import LIVE_STATUSES
from podtui.core.system.host import System, real_system
from podtui.tui.acting import Attach
from podtui.tui.commands import COMMANDS, bindings_of
from podtui.tui.main_screen import MainScreen
from podtui.tui.notice_bar import Outcome
from podtui.tui.palette import PodCommands
from podtui.tui.plane import Plane
from podtui.tui.themes import (
    DEFAULT_ANSI_THEME,
    DEFAULT_THEME,
    ROLE_VARIABLES,
    load_themes,
    own_directory,
    user_directory,
)

if TYPE_CHECKING:
    from podtui.core.control import ControlPlane

THEME_VARIABLE = "PODTUI_THEME"
COLLECT_AFTER_S = 5.0
"""Seconds without looking for garbage: what a start makes stays, and walking it delays the rows."""


class PodtuiApp(App[int], inherit_bindings=False):
    """The screen over one store.

    Args:
        attach: hands the terminal over to a pod.
    """

    TITLE = "podtui"
    CSS_PATH = "podtui.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    COMMANDS = App.COMMANDS | {PodCommands}
    # Taps are for text of podtui's own widgets only; output is copied from the terminal itself.
    ALLOW_SELECT = False

    def __init__(self, plane: Plane, *, attach: Attach, system: System | None = None) -> None:
        self._system = system or real_system()
        environment = self._system.environment
        # Filters are chosen once, at construction: without colours, the terminal's own are used.
        plain = bool(environment.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self.main_screen = MainScreen(plane, self._system, attach)
        self.collects_late = False
        self._wanted_theme = environment.get(THEME_VARIABLE) or (
            DEFAULT_ANSI_THEME if plain else DEFAULT_THEME
        )
        themes, problems = load_themes((own_directory(), user_directory(environment)))
        # Without a theme of ours Textual's own are better than none.
        for name in BUILTIN_THEMES if themes else ():
            self.unregister_theme(name)
        for theme in themes:
            self.register_theme(theme)
        if self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
        elif DEFAULT_THEME in self.available_themes:
            self.theme = DEFAULT_THEME
        words = [problem.sentence() for problem in problems]
        if self.theme != self._wanted_theme:
            words.append(f"there is no theme {self._wanted_theme!r}; using {self.theme}")
        if words:
            self.main_screen.greeting = Outcome.of_words("; ".join(words), is_trouble=True)

    def on_ready(self) -> None:
        if self.collects_late:
            self.set_timer(COLLECT_AFTER_S, _collect_again)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(ROLE_VARIABLES)

    def get_default_screen(self) -> Screen[None]:
        return self.main_screen

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        for command in COMMANDS:
            if command.palette:
                yield SystemCommand(
                    f"{command.word} ({command.shown_keys})",
                    command.sentence,
                    self._runner(command.action, in_tree=command.place == "tree"),
                )

    def _runner(self, action: str, *, in_tree: bool) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            main = self.main_screen
            await self.run_action(action, main.pod_tree if in_tree else main)

        return run

    def action_say_how_to_quit(self) -> None:
        """Answer the key that ends other programs."""
        self.main_screen.tell(Outcome.of_words("q quits; the pods go on running"))


def run(plane: ControlPlane) -> int:
    """Show the screen until it is left; returns the exit code."""
    # Loaded here only: attaching needs the core's terminal code, the first paint does not.
    from podtui.core.processes.terminal import attach_in_terminal  # noqa: PLC0415

    app = PodtuiApp(
        plane, attach=lambda name, read_only: attach_in_terminal(plane, name, read_only=read_only)
    )
    app.collects_late = True
    code = app.run()
    living = sum(pod.status in LIVE_STATUSES for pod in app.main_screen.pods)
    if living:
        goes = "1 pod goes" if living == 1 else f"{living} pods go"
        os.write(1, f"podtui is closed; {goes} on running\n".encode())
    return code if code is not None else (app.return_code or 0)


def _collect_again() -> None:
    gc.freeze()
    gc.enable()
