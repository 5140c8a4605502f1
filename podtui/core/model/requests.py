"""What can be asked of a plane: one frozen value per verb, written to JSON and read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

OPERATOR = "operator"
"""The actor of a request that no pod made."""


class Spawn(msgspec.Struct, frozen=True, kw_only=True, tag="spawn"):
    """Start a command as a new pod.

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


class Send(msgspec.Struct, frozen=True, tag="send"):
    """Type a line into a pod's terminal."""

    pod: str
    text: str
    enter: bool = True


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the runs of pods; ``grace_s`` None for the default."""

    pods: tuple[str, ...]
    grace_s: float | None = None


class Restore(msgspec.Struct, frozen=True, tag="restore"):
    """Start a new run of pods whose latest one is proven over.

    Attributes:
        without: paths that are not lent again.
        in_bulk: the pods were found, not named one by one: those that end at once each time are
            left out.
    """

    pods: tuple[str, ...]
    without: tuple[str, ...] = ()
    in_bulk: bool = False


class Reap(msgspec.Struct, frozen=True, tag="reap"):
    """End what past runs of pods left running; ``grace_s`` None for the default."""

    pods: tuple[str, ...]
    grace_s: float | None = None


class ReapOrphans(msgspec.Struct, frozen=True, tag="reap_orphans"):
    """End every orphan of the store: leftovers of ended runs, and starts that failed halfway."""

    grace_s: float | None = None


class Prune(msgspec.Struct, frozen=True, tag="prune"):
    """Move dead pods into the trash, whole.

    Attributes:
        unreadable: also pods whose record cannot be read, when nothing shows that they live.
    """

    pods: tuple[str, ...]
    unreadable: bool = False


class Recover(msgspec.Struct, frozen=True, tag="recover"):
    """Bring pods back from the trash.

    Attributes:
        targets: names, pod ids, or ids of trash entries.
        as_name: what the one pod is to be called; None for its old name.
    """

    targets: tuple[str, ...]
    as_name: str | None = None


class Purge(msgspec.Struct, frozen=True, tag="purge"):
    """Delete for good what has been in the trash for at least so long."""

    older_than_s: float


class Return(msgspec.Struct, frozen=True, tag="return"):
    """Take scopes back from dead pods; no paths = all of them."""

    pods: tuple[str, ...]
    paths: tuple[str, ...] = ()


class Relend(msgspec.Struct, frozen=True, tag="relend"):
    """Lend returned scopes to pods again; no paths = all of them."""

    pods: tuple[str, ...]
    paths: tuple[str, ...] = ()


Request = (
    Spawn | Send | Stop | Restore | Reap | ReapOrphans | Prune | Recover | Purge | Return | Relend
)


def action_of(request: Request) -> str:
    """Return the name of a request's action, as in its JSON."""
    return str(type(request).__struct_config__.tag)


def request_to_json(request: Request) -> bytes:
    """Return a request as one JSON object; its ``type`` names the action."""
    return msgspec.json.encode(request)


def request_from_json(data: bytes | str) -> Request:
    """Return the request of a JSON object.

    Raises:
        msgspec.ValidationError: it is not a request of this version.
        msgspec.DecodeError: it is not JSON.
    """
    request: Request = msgspec.json.decode(data, type=Request)
    return request


_UNDO: Mapping[str, Callable[[tuple[str, ...]], Request]] = {
    "restore": lambda pods: Restore(pods, in_bulk=len(pods) > 1),
    "prune": Prune,
    "recover": Recover,
    "return": Return,
    "relend": Relend,
    "stop": Stop,
}
UNDO_ACTIONS = tuple(_UNDO)
"""The actions that a diagnostic may offer as the way back."""


def undo_request(action: str, targets: Sequence[str]) -> Request | None:
    """Return the request that takes something back; None for an action of a newer podtui."""
    build = _UNDO.get(action)
    return build(tuple(targets)) if build and targets else None
