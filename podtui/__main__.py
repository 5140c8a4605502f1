"""The program: the command line, and the screen it opens."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from podtui.cli.app import run

if TYPE_CHECKING:
    from podtui.core.control import ControlPlane


def _open_screen(plane: ControlPlane) -> int:
    # Loaded here only: no verb pays for the screen.
    from podtui.tui.app import run as run_screen  # noqa: PLC0415

    return run_screen(plane)


def main() -> int:
    """Run the command line of this process and return its exit code."""
    return run(sys.argv[1:], open_screen=_open_screen)


if __name__ == "__main__":
    sys.exit(main())
