"""Entry of the supervisor: ``python -I -S -E <this file> <run directory>``, see docs/supervisor.md.

It is started as a file, not as a module, so that nothing of the environment and no directory the
operator stands in can put another module in the place of one of ours.
"""

from __future__ import annotations

import os
import sys


def _make_package_importable() -> None:
    # Appended, never put first: a file of ours must not stand before the standard library.
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.append(os.path.dirname(package))


def main(arguments: list[str]) -> int:
    """Detach from the starter, then host the run until it is over."""
    inherited_umask = os.umask(0o077)
    # The starter waits for its own child only, and a supervisor must be no one's child but the
    # reaper's: else its death would stay a zombie for as long as its starter forgets to wait.
    if os.fork() > 0:
        os._exit(0)
    _make_package_importable()
    from podtui.supervisor.startup import host_run  # noqa: PLC0415 - importable only from here on

    return host_run(arguments, inherited_umask)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
