"""Holds what every verb needs: the streams, the environment, and how to open the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import click

from podtui.cli.messages import Messages
from podtui.cli.output import Output

if TYPE_CHECKING:
    from podtui.core.control.local import LocalPlane
    from podtui.core.settings.settings import Settings


def _open_plane(create: bool) -> LocalPlane:
    # Loaded here only: `--help` and wrong usage need no core.
    from podtui.core.control.local import LocalPlane  # noqa: PLC0415
    from podtui.core.system import collector  # noqa: PLC0415
    from podtui.core.system.system import real_system  # noqa: PLC0415

    # Modules stay loaded, so the garbage collector need not scan them; it works from here on.
    collector.started()
    return LocalPlane.open(real_system(), root=None, create=create)


class Session:
    """One call of the command line.

    Attributes:
        as_json: whether results and errors are objects.
        open_screen: opens the TUI on a store, returns the exit code.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        open_screen: Callable[[LocalPlane], int],
        open_plane: Callable[[bool], LocalPlane] = _open_plane,
    ) -> None:
        self.environment = environment
        self.open_screen = open_screen
        self._open_plane = open_plane
        self.output = Output(environment)
        self.messages = Messages()
        self.as_json = False

    def open_plane(self, create: bool) -> LocalPlane:
        """Open the store, and say what was interrupted and is finished now.

        ``create`` makes it where there is none. Errors as `LocalPlane.open`.
        """
        plane = self._open_plane(create)
        # For a program standard error has one object or nothing; the diagnostics have it as well.
        for words in () if self.as_json else plane.recovered:
            self.messages.note(f"interrupted: {words}")
        return plane

    @property
    def caller(self) -> str:
        """The caller: the pod in which this process runs, else the operator."""
        # Loaded here only, with the rest of the core.
        from podtui.core.control.local import caller_of  # noqa: PLC0415

        return caller_of(self.environment)

    @cached_property
    def settings(self) -> Settings:
        """The user's settings; an unusable file is reported once, and the defaults are used."""
        # Loaded here only: few verbs ask for it.
        from podtui.core.settings.settings import load_settings  # noqa: PLC0415
        from podtui.core.system.fs import Fs  # noqa: PLC0415

        loaded = load_settings(Fs(), self.environment)
        # With --json, standard error has one object or nothing; `doctor` reports it as well.
        if loaded.trouble is not None and not self.as_json:
            self.messages.note(loaded.trouble.sentence())
        return loaded.settings

    @property
    def can_ask(self) -> bool:
        """Whether a person can be asked; a program that wants JSON is never asked."""
        return not self.as_json and os.isatty(0) and os.isatty(2)


pass_session = click.make_pass_decorator(Session)
