"""What every action of many steps does around its steps, so that a crash loses nothing.

An intent on the disk and a line in the journal before the first step; diagnostics, the outcome in
the journal and the end of the intent after the last. Every id is made from the action's own, so
that whoever finishes it later writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import Event, EventKind
from podtui.core.model.ids import new_id
from podtui.core.model.records import IntentRecord
from podtui.core.model.verdicts import Evidence
from podtui.core.store.store import Store


class Transaction:
    """One action on one pod, from its intent to its outcome.

    Attributes:
        intent: as it is on the disk now.
    """

    def __init__(self, store: Store, intent: IntentRecord) -> None:
        self._store = store
        self.intent = intent

    @property
    def id(self) -> str:
        return self.intent.id

    def note(self, **details: str) -> None:
        """Write down what finishing the action will need to know; raises OSError."""
        self.intent = msgspec.structs.replace(
            self.intent, details={**self.intent.details, **details}
        )
        self._store.intents.write(self.intent)

    def diagnose(
        self,
        kind: DiagnosticKind,
        summary: str,
        *,
        evidence: Sequence[Evidence] = (),
        undo: Undo | None = None,
        part: str = "",
    ) -> Diagnostic:
        """Write a diagnostic of this action, once; ``part`` tells it from others of one kind.

        Raises:
            Busy, OSError: it is not written.
        """
        diagnostic = Diagnostic(
            id=".".join(word for word in (self.id, kind.value, part) if word),
            at=self._store.system.clock.now(),
            kind=kind,
            summary=summary,
            pod=self.intent.pod or None,
            pod_id=self.intent.pod_id or None,
            run=self.intent.run or None,
            actor=self.intent.actor,
            evidence=tuple(evidence),
            undo=undo,
        )
        self._store.diagnostics.append_once([diagnostic])
        return diagnostic

    def tell(self, kind: EventKind, summary: str, *, part: str = "outcome") -> None:
        """Write an event of this action, once; raises Busy or OSError."""
        event = Event(
            id=f"{self.id}.{part}",
            at=self._store.system.clock.now(),
            kind=kind,
            summary=summary,
            pod=self.intent.pod or None,
            pod_id=self.intent.pod_id or None,
            run=self.intent.run or None,
            actor=self.intent.actor,
        )
        self._store.journal.append_once([event])

    def end(self, kind: EventKind, summary: str) -> None:
        """Write the outcome, and end the intent; raises Busy or OSError."""
        self.tell(kind, summary)
        self._store.intents.end(self.id)


@contextmanager
def transaction(
    store: Store,
    kind: EventKind,
    *,
    action: str,
    pod: str,
    pod_id: str,
    actor: str,
    run: int = 0,
    details: Mapping[str, str] | None = None,
) -> Iterator[Transaction]:
    """Write that an action is to be done, and be the one who does it.

    The caller holds the pod's action lock. The body always ends with `Transaction.end`;
    what it leaves open by an error is finished or rolled back by `unfinished.recover_interrupted`,
    as after a crash.

    Raises:
        Busy, OSError: the intent is not written, and nothing may be done.
    """
    now = store.system.clock.now()
    intent = IntentRecord(
        id=new_id(int(now.timestamp() * 1000)),
        action=action,
        pod=pod,
        pod_id=pod_id,
        run=run,
        actor=actor,
        at=now,
        details=dict(details or {}),
    )
    with store.intents.held(intent.id):
        store.intents.write(intent)
        tx = Transaction(store, intent)
        tx.tell(kind, f"{pod or 'the store'}: {action} intended by {actor}", part="intended")
        yield tx


class Recovered:
    """What became of an action that was broken off.

    Attributes:
        finished: True when it was done to its end, False when it was taken back.
        summary: one sentence for a person.
    """

    def __init__(self, *, finished: bool, summary: str) -> None:
        self.finished = finished
        self.summary = summary
