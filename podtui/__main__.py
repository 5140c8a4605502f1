"""The program: the command line, and the screen it opens."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from podtui.core.system import collector

if TYPE_CHECKING:
    from podtui.core.control.local import LocalPlane


def _open_screen(plane: LocalPlane) -> int:
    # Off until the first rows are there; the screen switches it on again.
    collector.start_up()
    # Loaded here only: no verb pays for the screen.
    from podtui.cli.open_screen import open_screen  # noqa: PLC0415

    return open_screen(plane)


def main() -> NoReturn:
    """Run the command line of this process, and end it with the exit code."""
    # Loading makes many objects and drops none, so that looking for garbage meanwhile only costs;
    # it is switched on when the core is there.
    collector.start_up()
    from podtui.cli.app import run  # noqa: PLC0415 - see above

    _end(run(sys.argv[1:], open_screen=_open_screen))


def _end(code: int) -> NoReturn:
    """End the process at once: taking the interpreter apart is a tenth of a short command."""
    threads = sys.modules.get("threading")
    if threads is not None and threads.active_count() > 1:
        # Other threads still work: Python waits for them at a normal exit.
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            # The reader is gone, or the disk is full; only the exit code can report it.
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    main()
