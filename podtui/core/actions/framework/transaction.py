"""What every action does around its steps, so that a crash loses nothing.

An intent on the disk and a line in the journal before the first step; diagnostics, the outcome in
the journal and the end of the intent after the last. Every id is made from the action's own, so
that finishing it later writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Generic, TypeVar

import msgspec

from podtui.core.errors import PodtuiError
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import NO_DETAILS, Details, Event, EventKind
from podtui.core.model.ids import new_id
from podtui.core.model.intents import Intent
from podtui.core.model.verdicts import Evidence
from podtui.core.store.store import Store

I_co = TypeVar("I_co", bound=Intent, covariant=True)


class Transaction(Generic[I_co]):
    """One action on one pod, from its intent to its outcome.

    Sentences are given without the name of the pod: it is put before them.

    Attributes:
        remarks: what could not be written down of an action that went on all the same.
    """

    def __init__(self, store: Store, intent: I_co) -> None:
        self._store = store
        self.intent = intent
        self.remarks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.intent.id

    def diagnose(
        self,
        kind: DiagnosticKind,
        words: str,
        *,
        name: str = "",
        details: Details = NO_DETAILS,
        evidence: Sequence[Evidence] = (),
        undo: Undo | None = None,
        part: str = "",
    ) -> None:
        """Write a diagnostic of this action, once; ``part`` makes one of several of a kind unique.

        ``name`` is what the pod is called now, where that may have changed. Raises:
            Busy, OSError: it is not written.
        """
        diagnostic = Diagnostic(
            id=".".join(word for word in (self.id, kind.value, part) if word),
            at=self._store.system.clock.now(),
            kind=kind,
            summary=self._named(words, name),
            pod=self.intent.pod or None,
            pod_id=self.intent.pod_id or None,
            run=self.intent.run or None,
            actor=self.intent.actor,
            evidence=tuple(evidence),
            undo=undo,
            details=msgspec.structs.replace(details, words=words),
        )
        self._store.diagnostics.append_once([diagnostic])

    def record_event(
        self,
        kind: EventKind,
        words: str,
        *,
        name: str = "",
        details: Details = NO_DETAILS,
        part: str = "outcome",
    ) -> None:
        """Write an event of this action, once; raises Busy or OSError."""
        event = Event(
            id=f"{self.id}.{part}",
            at=self._store.system.clock.now(),
            kind=kind,
            summary=self._named(words, name),
            pod=self.intent.pod or None,
            pod_id=self.intent.pod_id or None,
            run=self.intent.run or None,
            actor=self.intent.actor,
            details=details if details != NO_DETAILS else msgspec.UNSET,
        )
        self._store.journal.append_once([event])

    def end(
        self, kind: EventKind, words: str, *, name: str = "", details: Details = NO_DETAILS
    ) -> None:
        """Write the outcome, and end the intent; raises Busy or OSError."""
        self.record_event(kind, words, name=name, details=details)
        self._store.intents.end(self.id)

    def end_anyhow(self, kind: EventKind, words: str, *, details: Details = NO_DETAILS) -> None:
        """End an action that is done, also when the disk does not take its outcome.

        A pod that fills the disk can be stopped, and a line that was typed stays typed: what could
        not be written is among the remarks.
        """
        with self.tolerate(f"the journal has no line of it ({kind})"):
            self.record_event(kind, words, details=details)
        self.forget()

    def forget(self) -> None:
        """End the intent of an action of which nothing was done, without an outcome."""
        with self.tolerate("its intent could not be removed"):
            self._store.intents.end(self.id)

    @contextmanager
    def tolerate(self, trouble: str) -> Iterator[None]:
        """Turn a refusal of the disk into a remark that begins with ``trouble``."""
        try:
            yield
        except (OSError, PodtuiError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.remarks += (f"{trouble}: {reason}",)

    def _named(self, words: str, name: str) -> str:
        pod = name or self.intent.pod
        return f"{pod}: {words}" if pod else words


@contextmanager
def transaction(
    store: Store,
    kind: EventKind | None,
    intended: Callable[..., I_co],
    *,
    even_if_unwritten: bool = False,
) -> Iterator[Transaction[I_co]]:
    """Write that an action is to be done, and be the one who does it.

    The caller holds the pod's action lock. The body always ends with `Transaction.end`; what it
    leaves open by an error is finished or rolled back by `podtui.core.actions.recovery`, as after a
    crash.

    Args:
        store: where it is written.
        kind: of the event that says so; None for an action that is too small for two.
        intended: makes the intent, all but its ``id`` and ``at``.
        even_if_unwritten: do it also when the disk does not take the intent, for what must be
            possible on a full disk.

    Raises:
        Busy, OSError: the intent is not written, and nothing may be done.
    """
    now = store.system.clock.now()
    intent = intended(id=new_id(int(now.timestamp() * 1000)), at=now)
    tx = Transaction(store, intent)
    words = f"{intent.action} intended by {intent.actor}"
    with ExitStack() as held:
        trouble = "its intent could not be written"
        with tx.tolerate(trouble) if even_if_unwritten else nullcontext():
            held.enter_context(store.intents.held(intent.id))
            store.intents.write(intent)
        if kind is not None:
            trouble = f"the journal has no line of it ({kind})"
            with tx.tolerate(trouble) if even_if_unwritten else ExitStack():
                tx.record_event(
                    kind, words, name="" if intent.pod else "the store", part="intended"
                )
        yield tx


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an action that was interrupted.

    Attributes:
        finished: True when it was done to its end, False when it was taken back.
        words: one sentence for a person, without the name of the pod.
        name: what the pod is called now, where that may have changed.
    """

    finished: bool
    words: str
    name: str = ""
