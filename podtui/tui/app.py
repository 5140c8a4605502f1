"""The Textual application around the main screen: themes, palette, start and end."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.command import Provider
from textual.message import Message
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from podtui.core.control.plane import ScreenPlane
from podtui.core.model.verdicts import LIVE_STATUSES
from podtui.core.settings.settings import Loaded, Settings
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.commands.commands import Command, bindings_of
from podtui.tui.commands.key_order import OrderedKeysApp
from podtui.tui.commands.keymap import ScreenSettings, keymap_of
from podtui.tui.commands.palette import PodCommands, ScreenCommands
from podtui.tui.controllers.action_runner import Attach
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.hangup import LOOK_EVERY_S, standard_input, terminal_is_gone
from podtui.tui.screens.main_screen import MainScreen
from podtui.tui.themes import (
    DEFAULT_ANSI_THEME,
    DEFAULT_THEME,
    ROLE_VARIABLES,
    ThemeProblem,
    load_themes,
    own_directory,
)

THEME_VARIABLE = "PODTUI_THEME"
TERMINAL_GONE = 129
"""Exit code of a screen whose terminal was closed, as shells report a hang-up."""
COLLECT_AFTER_S = 5.0
"""Seconds without garbage collection: it would delay the first rows and find nothing."""


class PodtuiApp(OrderedKeysApp, inherit_bindings=False):
    """The screen over one store.

    Attributes:
        on_started: called once, some seconds after the first paint.

    Args:
        attach: hands the terminal over to a pod.
        clock: gives the time, and the age of what is shown.
        environment: the variables of this process.
        theme_directories: where themes are besides podtui's own; a later one wins.
        loaded: the user's settings, and the errors in them.
    """

    @dataclass
    class Changed(Message):
        """The user changed the settings or a theme while the screen is open."""

        loaded: Loaded
        themes: list[Theme]
        problems: list[ThemeProblem]

    TITLE = "podtui"
    CSS_PATH = "podtui.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        ScreenCommands,
        PodCommands,
    }
    # The terminal selects and copies; widgets that select would take its clicks.
    ALLOW_SELECT = False

    def __init__(
        self,
        plane: ScreenPlane,
        *,
        attach: Attach,
        clock: Clock,
        environment: Mapping[str, str],
        theme_directories: Sequence[Path] = (),
        loaded: Loaded | None = None,
    ) -> None:
        # Filters are chosen once, at construction: without colours, the terminal's own are used.
        plain = bool(environment.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self._plain, self._environment = plain, environment
        settings = loaded.settings if loaded else Settings()
        keymap = keymap_of(settings.keys)
        setup = ScreenSettings(keymap, settings.stall_after_s)
        self.main_screen = MainScreen(plane, clock, attach, setup)
        self.on_started: Callable[[], None] | None = None
        self._keys = settings.keys
        self._wanted_theme = self._theme_of(settings)
        themes, problems = load_themes((own_directory(), *theme_directories))
        # Textual's own themes are kept when none of ours could be loaded.
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
        self._complaints = words
        if words:
            self.main_screen.greeting = Notice.of_words("; ".join(words), is_trouble=True)
        self.set_keymap(dict(keymap.overrides))

    def _theme_of(self, settings: Settings) -> str:
        # NO_COLOR comes before the theme in the settings.
        usual = DEFAULT_ANSI_THEME if self._plain else settings.theme or DEFAULT_THEME
        return self._environment.get(THEME_VARIABLE) or usual

    @on(Changed)
    def _use_changes(self, message: Changed) -> None:
        """Use changed themes and settings; keys change when the screen is opened again."""
        trouble = message.loaded.trouble
        for theme in message.themes:
            if self.available_themes.get(theme.name) != theme:
                self.register_theme(theme)
        words = [] if trouble is None else [trouble.sentence()]
        words += [problem.sentence() for problem in message.problems]
        if trouble is None:
            words += self._use_settings(message.loaded.settings)
        # A file that changed without a new error has nothing to say.
        is_new, self._complaints = words != self._complaints, words
        if words and is_new:
            self.main_screen.runner.show_notice(Notice.of_words("; ".join(words), is_trouble=True))

    def _use_settings(self, settings: Settings) -> list[str]:
        """Use settings while the screen is open; return what cannot be used now."""
        was, self._wanted_theme = self._wanted_theme, self._theme_of(settings)
        if self._wanted_theme != was and self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
        screen = self.main_screen
        screen.setup = replace(screen.setup, stall_after_s=settings.stall_after_s)
        words = []
        if self._wanted_theme not in self.available_themes:
            words.append(f"there is no theme {self._wanted_theme!r}; using {self.theme}")
        if settings.keys != self._keys:
            words.append("changed keys are used when the screen is opened again")
        return words

    def on_ready(self) -> None:
        if self.on_started is not None:
            self.set_timer(COLLECT_AFTER_S, self.on_started)
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
            self.main_screen.openers.leave_diagnostics()
            await self.main_screen.run_command(command)

        return run

    def _end_without_terminal(self, terminal: int) -> None:
        if terminal_is_gone(terminal):
            self.exit(return_code=TERMINAL_GONE)

    def action_repaint(self) -> None:
        """Paint everything again, after another program wrote over it."""
        self.refresh(layout=True)

    def action_say_how_to_quit(self) -> None:
        """Say which key quits, since this one quits most programs."""
        key = self.main_screen.keymap.shown("app.quit")
        self.main_screen.runner.say(f"{key} quits; the pods go on running")


def run(app: PodtuiApp) -> int:
    """Show the screen until it is left; returns the exit code."""
    code = app.run()
    living = sum(pod.status in LIVE_STATUSES for pod in app.main_screen.pods)
    if living:
        goes = "1 pod goes" if living == 1 else f"{living} pods go"
        # The terminal may be gone.
        with suppress(OSError):
            os.write(1, f"podtui is closed; {goes} on running\n".encode())
    return code if code is not None else (app.return_code or 0)
