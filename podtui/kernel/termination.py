"""The rules of ending processes that the supervisor and the core share.

What asks a process to end, how a supervisor is recognised, and the words of records about it.
"""

from __future__ import annotations

from podtui.kernel.processes import ProcessGone, ignored_and_caught

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    # `signal` builds enumerations when it is loaded; every supervisor would pay for them.
    import _signal

SIGHUP = int(_signal.SIGHUP)
SIGTERM = int(_signal.SIGTERM)
SIGCONT = int(_signal.SIGCONT)

SUPERVISOR_ENTRY = "/podtui/supervisor/__main__.py"
"""The end of the path of the program that every supervisor runs."""
PROOF_ECHILD = "echild"
"""In an exit record: the kernel reported that the supervisor had no child left, dead or alive."""
NOT_PERMITTED = "this user may not signal it"


def request_to_end(pid: int) -> tuple[int, ...]:
    """Return the signals that ask a process to end, SIGCONT last to wake a stopped one.

    An interactive shell ignores TERM and ends on HUP, as when its terminal is closed. HUP is sent
    only to a process that ignores TERM or handles HUP: any other one would die of it in the middle
    of its cleanup after TERM.
    """
    try:
        ignored, caught = ignored_and_caught(pid)
    except (ProcessGone, OSError, ValueError):
        ignored, caught = 0, 0
    hears_hup = ignored >> (SIGTERM - 1) & 1 or caught >> (SIGHUP - 1) & 1
    return (SIGTERM, SIGHUP, SIGCONT) if hears_hup else (SIGTERM, SIGCONT)


def supervised_directory(arguments: list[str]) -> str | None:
    """Return the run directory in the arguments of a supervisor, None for any other program."""
    for position, argument in enumerate(arguments[:-1]):
        if argument.endswith(SUPERVISOR_ENTRY):
            return arguments[position + 1]
    return None
