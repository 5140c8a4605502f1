"""The Textual application around the main screen: themes, palette, start and end."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from podtui.core.control.plane import Plane
from podtui.core.model.verdicts import LIVE_STATUSES
from podtui.core.settings.settings import Loaded, Settings, load_settings
from podtui.core.system import collector
from podtui.core.system.system import System, real_system
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.commands.commands import Command, bindings_of
from podtui.tui.commands.key_order import OrderedKeysApp
from podtui.tui.commands.keymap import ScreenSettings, keymap_of
from podtui.tui.commands.palette import PodCommands, ScreenCommands
from podtui.tui.controllers.action_runner import Attach
from podtui.tui.feeds.hangup import LOOK_EVERY_S, standard_input, terminal_is_gone
from podtui.tui.screens.main_screen import MainScreen
from podtui.tui.themes import (
    DEFAULT_ANSI_THEME,
    DEFAULT_THEME,
    ROLE_VARIABLES,
    load_themes,
    own_directory,
    user_directory,
)

if TYPE_CHECKING:
    from podtui.core.control.local import LocalPlane

THEME_VARIABLE = "PODTUI_THEME"
SIZE_VARIABLES = ("COLUMNS", "LINES")
TERMINAL_GONE = 129
"""Exit code of a screen whose terminal went away, as a shell tells a hang-up."""
COLLECT_AFTER_S = 5.0
"""Seconds without looking for garbage: what a start makes stays, and walking it delays the rows."""


class PodtuiApp(OrderedKeysApp, inherit_bindings=False):
    """The screen over one store.

    Args:
        attach: hands the terminal over to a pod.
        loaded: what the user has set, and what was wrong with it.
    """

    TITLE = "podtui"
    CSS_PATH = "podtui.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        ScreenCommands,
        PodCommands,
    }
    # Taps are for text of podtui's own widgets only; output is copied from the terminal itself.
    ALLOW_SELECT = False

    def __init__(
        self,
        plane: Plane,
        *,
        attach: Attach,
        system: System | None = None,
        loaded: Loaded | None = None,
    ) -> None:
        self._system = system or real_system()
        environment = self._system.environment
        # Filters are chosen once, at construction: without colours, the terminal's own are used.
        plain = bool(environment.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        settings = loaded.settings if loaded else Settings()
        keymap = keymap_of(settings.keys)
        setup = ScreenSettings(keymap, settings.stall_after_s)
        self.main_screen = MainScreen(plane, self._system, attach, setup)
        self.collects_late = False
        # Whoever wants no colours wants none of the theme that was set for other days either.
        usual = DEFAULT_ANSI_THEME if plain else settings.theme or DEFAULT_THEME
        self._wanted_theme = environment.get(THEME_VARIABLE) or usual
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
        words = [loaded.trouble.sentence()] if loaded and loaded.trouble else []
        words += [problem.sentence() for problem in problems]
        if loaded and keymap.complaints:
            words.append(f"{loaded.file}: {'; '.join(keymap.complaints)}")
        if self.theme != self._wanted_theme:
            words.append(f"there is no theme {self._wanted_theme!r}; using {self.theme}")
        if words:
            self.main_screen.greeting = Notice.of_words("; ".join(words), is_trouble=True)
        self.set_keymap(dict(keymap.overrides))

    def on_ready(self) -> None:
        if self.collects_late:
            self.set_timer(COLLECT_AFTER_S, collector.started)
        terminal = None if self.is_headless else standard_input()
        if terminal is not None:
            self.set_interval(LOOK_EVERY_S, lambda: self._end_without_terminal(terminal))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(ROLE_VARIABLES)

    def get_default_screen(self) -> Screen[None]:
        return self.main_screen

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        for command in self.main_screen.keymap.commands:
            if command.palette:
                yield SystemCommand(
                    f"{command.word} ({command.shown_keys})",
                    command.sentence,
                    self._runner(command),
                )

    def _runner(self, command: Command) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            self.main_screen.back_to_pods()
            # Textual looks for an action nowhere but in the node it is run on.
            nodes: dict[str, DOMNode] = {"tree": self.main_screen.pod_tree, "app": self}
            await self.run_action(command.action, nodes.get(command.place, self.main_screen))

        return run

    def _end_without_terminal(self, terminal: int) -> None:
        if terminal_is_gone(terminal):
            self.exit(return_code=TERMINAL_GONE)

    def action_repaint(self) -> None:
        """Paint everything again: another program may have written over it."""
        self.refresh(layout=True)

    def action_say_how_to_quit(self) -> None:
        """Answer the key that ends other programs."""
        key = self.main_screen.keymap.shown("app.quit")
        self.main_screen.tell(Notice.of_words(f"{key} quits; the pods go on running"))


def run(plane: LocalPlane) -> int:
    """Show the screen until it is left; returns the exit code."""
    # Loaded here only: attaching needs the core's terminal code, the first paint does not.
    from podtui.core.attach.attach import attach_in_terminal  # noqa: PLC0415

    for variable in SIZE_VARIABLES:
        # Textual believes these before the terminal; exported by a shell, they never change.
        os.environ.pop(variable, None)
    system = real_system()
    loaded = load_settings(system.fs, system.environment)
    key = loaded.settings.detach_key

    def attach(name: str, read_only: bool) -> str:
        return attach_in_terminal(plane, name, read_only=read_only, key=key)

    app = PodtuiApp(plane, attach=attach, system=system, loaded=loaded)
    app.collects_late = True
    code = app.run()
    living = sum(pod.status in LIVE_STATUSES for pod in app.main_screen.pods)
    if living:
        goes = "1 pod goes" if living == 1 else f"{living} pods go"
        # With a terminal that is gone nobody is left to tell.
        with suppress(OSError):
            os.write(1, f"podtui is closed; {goes} on running\n".encode())
    return code if code is not None else (app.return_code or 0)
