"""What every verb is given: the streams, the environment, and the way to the core."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from podtui.cli.messages import Messages
from podtui.cli.output import Output

if TYPE_CHECKING:
    from podtui.core.control import ControlPlane

POD_VARIABLE = "PODTUI_POD"
OPERATOR = "operator"


def _open_plane(create: bool) -> ControlPlane:
    # Loaded here only: `--help` and wrong usage need no core.
    from podtui.core.control import ControlPlane  # noqa: PLC0415
    from podtui.core.system.host import real_system  # noqa: PLC0415

    return ControlPlane.open(real_system(), root=None, create=create)


@dataclass(slots=True)
class Session:
    """One call of the command line.

    Attributes:
        as_json: whether results and errors are objects.
        open_screen: opens the TUI on a store, returns the exit code.
    """

    output: Output
    messages: Messages
    environment: Mapping[str, str]
    open_screen: Callable[[ControlPlane], int]
    open_plane: Callable[[bool], ControlPlane] = _open_plane
    as_json: bool = False
    verb: str = field(default="", compare=False)

    @property
    def caller(self) -> str:
        """Who asks: the pod this runs in, else the operator."""
        return self.environment.get(POD_VARIABLE) or OPERATOR

    @property
    def can_ask(self) -> bool:
        """Whether a person sits there to be asked; a program that wants JSON never is."""
        return not self.as_json and os.isatty(0) and os.isatty(2)


pass_session = click.make_pass_decorator(Session)
