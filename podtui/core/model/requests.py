"""What the operator asks for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class SpawnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A new pod.

    Attributes:
        cwd: directory of the command; None for the actor's own.
        stall_after_s: seconds without output after which the pod counts as stalled; None for the
            default.
        leftovers: "end" or "keep" what the command leaves running when it ends.
        read, write: paths lent to it, relative ones to its ``cwd``.
        sees: names or ids of pods it may see besides itself and those below it; "all" of all.
    """

    name: str
    argv: tuple[str, ...]
    parent: str | None = None
    role: str | None = None
    task: str | None = None
    cwd: str | None = None
    env: Mapping[str, str] = msgspec.field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    stall_after_s: float | None = None
    columns: int = 120
    rows: int = 40
    leftovers: str = "end"
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    actor: str = "operator"
