"""Attaching a terminal to a live run: input goes to the pod, output of the pod is shown.

Bytes pass unchanged in both directions. Earlier output is shown as a picture, never as bytes: a
terminal query in it would make the operator's terminal answer into the pod a second time.
"""

from __future__ import annotations

from typing import Protocol

from podtui.core.access.access import Access
from podtui.core.attach.session import Attached, AttachSession
from podtui.core.attach.tty import Terminal, Wakeups
from podtui.core.hosts.interface.base import Stream
from podtui.core.settings.detach_key import DEFAULT_KEY, DetachKey, detach_key
from podtui.core.system.clock import SystemClock
from podtui.core.system.fs import Fs
from podtui.core.text.safe import safe_line

__all__ = ["AttachPoint", "Attached", "attach_in_terminal", "attach_terminal"]


class AttachPoint(Protocol):
    """What attaching needs of a plane."""

    def attach(self, name: str, *, read_only: bool, columns: int, rows: int) -> Stream: ...

    @property
    def access(self) -> Access: ...


def attach_in_terminal(
    plane: AttachPoint, name: str, *, read_only: bool = False, key: str = DEFAULT_KEY
) -> str:
    """Do `attach_terminal` and return its final sentence."""
    return attach_terminal(plane, name, read_only=read_only, key=key).message


def attach_terminal(
    plane: AttachPoint,
    name: str,
    *,
    read_only: bool = False,
    key: str = DEFAULT_KEY,
    input_descriptor: int = 0,
    output_descriptor: int = 1,
) -> Attached:
    """Attach the terminal to the pod's live run until the detach key or the end of the run.

    Call it from the main thread: it handles the signals for resizing and ending meanwhile. The
    terminal is restored to its earlier state whatever happens.

    Raises:
        BadInput: there is no terminal, or the detach key cannot be one.
        RunSilent: the run's owner went away; what the pod wrote is kept.
        PodtuiError: the pod cannot be attached to, as `plane.attach` says.
        SystemExit: SIGTERM or SIGHUP came.
    """
    leave_by = detach_key(key)
    terminal = Terminal(input_descriptor, output_descriptor)
    with terminal:
        columns, rows = terminal.size()
        with plane.attach(name, read_only=read_only, columns=columns, rows=rows) as client:
            run = client.welcome.get("run")
            paths = plane.access.pod_paths(name).run(run if isinstance(run, int) else 1)
            with Wakeups() as wakeups, terminal.raw():
                session = AttachSession(
                    client,
                    paths,
                    terminal,
                    wakeups,
                    leave_by,
                    read_only=read_only,
                    fs=Fs(),
                    clock=SystemClock(),
                )
                return session.run(_greeting(client.pod, leave_by, read_only=read_only))


def _greeting(pod: str, key: DetachKey, *, read_only: bool) -> str:
    if read_only:
        return f"watching {safe_line(pod)}, read-only — leave with {key.name} or Ctrl-C"
    return (
        f"attached to {safe_line(pod)} — detach with {key.name}"
        " (another key: podtui attach --detach-key)"
    )
