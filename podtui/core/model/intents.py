"""Intents: what an action writes down before its first step, so that it can be finished later.

One type per action; the field ``action`` of the file says which. A file of the version before this
one kept everything particular in ``details``, a table of texts: `decode_intent` reads those too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from podtui.core.model.records import Moment, Record

INTENT_FORMAT = 2
"""A version that does not know the fields of today leaves such an intent alone."""


class Intent(Record, frozen=True, kw_only=True, tag_field="action"):
    """``intents/<action id>.json``: an action that is under way, or was interrupted.

    Attributes:
        pod: name of the pod when the action began, "" for one on no single pod.
        run: the run it is about: the latest one, for a restore the new one.
    """

    id: str
    pod: str
    pod_id: str
    actor: str
    at: Moment
    run: int = 0
    format: Annotated[int, msgspec.Meta(ge=1)] = INTENT_FORMAT

    @property
    def action(self) -> str:
        """The verb: "prune"."""
        return str(self.__struct_config__.tag)


class SpawnIntent(Intent, frozen=True, kw_only=True, tag="spawn"):
    """A new pod; its records say the rest."""

    parent: str | None = None


class StopIntent(Intent, frozen=True, kw_only=True, tag="stop"):
    """The end of a run that is alive."""


class SendIntent(Intent, frozen=True, kw_only=True, tag="send"):
    """A line that is typed into a terminal; the text itself is not kept."""

    characters: int = 0


class RestoreIntent(Intent, frozen=True, kw_only=True, tag="restore"):
    """A new run; ``old_run`` is the latest one before it, 0 for none."""

    old_run: int = 0


class ReapIntent(Intent, frozen=True, kw_only=True, tag="reap"):
    """The end of what ``runs`` left; ``targets`` says whom, for a person who reads the file."""

    runs: tuple[int, ...] = ()
    grace_s: float | None = None
    targets: tuple[str, ...] = ()


class PruneIntent(Intent, frozen=True, kw_only=True, tag="prune"):
    """A pod that is moved into the trash; the id of its entry is that of the action."""


class RecoverIntent(Intent, frozen=True, kw_only=True, tag="recover"):
    """A pod that is moved out of the trash.

    Attributes:
        trash_id: of its entry.
        old_name: what it was called in the trash, "" when nothing tells it.
    """

    trash_id: str = ""
    old_name: str = ""


class PurgeIntent(Intent, frozen=True, kw_only=True, tag="purge"):
    """An entry of the trash that is deleted for good."""

    trash_id: str = ""


class LoansIntent(Intent, frozen=True, kw_only=True):
    """Scopes that change hands: ``loans`` are their ids, ``why`` is one sentence."""

    loans: tuple[str, ...] = ()
    why: str = ""


class ReturnIntent(LoansIntent, frozen=True, kw_only=True, tag="return"):
    """Scopes that come back from a pod."""


class RelendIntent(LoansIntent, frozen=True, kw_only=True, tag="relend"):
    """Scopes that are lent to a pod again."""


class UnknownIntent(Intent, frozen=True, kw_only=True, tag="unknown"):
    """An action of a newer podtui: it is left alone."""

    named: str

    @property
    def action(self) -> str:
        return self.named


KnownIntent = (
    SpawnIntent
    | StopIntent
    | SendIntent
    | RestoreIntent
    | ReapIntent
    | PruneIntent
    | RecoverIntent
    | PurgeIntent
    | ReturnIntent
    | RelendIntent
)
ACTIONS = frozenset(str(each.__struct_config__.tag) for each in KnownIntent.__args__)


def decode_intent(data: bytes) -> Intent:
    """Return the intent that a file holds; one of a newer podtui is an `UnknownIntent`.

    Raises:
        msgspec.MsgspecError, ValueError: it holds none.
    """
    head = msgspec.json.decode(data, type=_Head)
    if head.format > INTENT_FORMAT or head.action not in ACTIONS:
        return UnknownIntent(
            named=head.action,
            id=head.id,
            pod=head.pod,
            pod_id=head.pod_id,
            actor=head.actor,
            at=head.at,
            run=head.run,
            format=head.format,
        )
    content = msgspec.json.decode(data, type=dict[str, Any])
    if head.details is not None and head.action in _OLDER:
        content.update(_OLDER[head.action](head.details))
    known: Intent = msgspec.convert(content, type=KnownIntent)
    return known


class _Head(Record, frozen=True, kw_only=True):
    """What every intent has, whatever version wrote it."""

    id: str
    action: str
    pod: str
    pod_id: str
    actor: str
    at: Moment
    run: int = 0
    details: dict[str, str] | None = None


# how the version before this one kept in texts what has fields of its own now


def _older_restore(details: Mapping[str, str]) -> dict[str, object]:
    return {"old_run": next(iter(_numbers(details.get("old_run", ""))), 0)}


def _older_reap(details: Mapping[str, str]) -> dict[str, object]:
    try:
        grace_s = float(details.get("grace_s", ""))
    except ValueError:
        grace_s = -1.0
    return {
        "runs": _numbers(details.get("runs", "")),
        "grace_s": grace_s if grace_s >= 0 else None,
        "targets": (details["targets"],) if details.get("targets") else (),
    }


def _older_recover(details: Mapping[str, str]) -> dict[str, object]:
    return {"trash_id": details.get("trash", ""), "old_name": details.get("name", "")}


def _older_purge(details: Mapping[str, str]) -> dict[str, object]:
    return {"trash_id": details.get("trash", "")}


def _older_loans(details: Mapping[str, str]) -> dict[str, object]:
    return {"loans": tuple(details.get("loans", "").split()), "why": details.get("why", "")}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split() if each.isascii() and each.isdigit())


_OLDER: Mapping[str, Callable[[Mapping[str, str]], dict[str, object]]] = {
    "restore": _older_restore,
    "reap": _older_reap,
    "recover": _older_recover,
    "purge": _older_purge,
    "return": _older_loans,
    "relend": _older_loans,
}
