"""The one error tree, with the exit code of each kind.

``PodtuiError`` is the base; its leaves are named for what the caller can do about them::

    PodtuiError
    ├── NotFound       no such pod, run or reader
    ├── NotVisible     there is such a pod, and the pod that asks may not see it
    ├── Exists         the name is taken
    ├── Refused        the action would be wrong now, and says why
    ├── Busy           another actor holds what is needed
    ├── UnknownState   could not tell whether the pod is alive, so nothing was done
    ├── Unreadable     a record does not parse; it is kept as it is
    ├── TimedOut       a bounded wait ended
    ├── BadInput       the request itself is wrong
    ├── NoStore        there is no usable store
    └── DiskTrouble    the disk refused: full, read-only, failing

Every error says what is affected, what was kept, and what to do next.
"""

from __future__ import annotations

ERROR_FORMAT_VERSION = 1


class PodtuiError(Exception):
    """Base of every error podtui shows.

    Args:
        message: one sentence: what is affected and why.
        pod: name of the pod it is about, where there is one.
        next_step: what the operator can do now.
        kept: what was kept or left untouched, where something could have been lost.
    """

    kind = "internal"
    exit_code = 70

    def __init__(
        self,
        message: str,
        *,
        pod: str | None = None,
        next_step: str | None = None,
        kept: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.pod = pod
        self.next_step = next_step
        self.kept = kept

    def sentence(self) -> str:
        """Return the message and what was kept, as one line for a person."""
        return f"{self.message} ({self.kept})" if self.kept else self.message

    def as_json(self) -> dict[str, dict[str, str | None]]:
        """Return the documented error object that ``--json`` writes to stderr."""
        return {
            "error": {
                "kind": self.kind,
                "message": self.sentence(),
                "pod": self.pod,
                "next": self.next_step,
            }
        }


class BadInput(PodtuiError):
    """The request itself is wrong: a bad name, option, directory or command."""

    kind = "bad_input"
    exit_code = 2


class NotFound(PodtuiError):
    """There is no such pod, run or reader."""

    kind = "not_found"
    exit_code = 3


class NotVisible(PodtuiError):
    """There is such a pod, and the pod that asks may not see it; says why."""

    kind = "not_visible"
    exit_code = 12


class Exists(PodtuiError):
    """The name is taken."""

    kind = "exists"
    exit_code = 4


class Refused(PodtuiError):
    """The action would be wrong in the pod's present state."""

    kind = "refused"
    exit_code = 5


class Busy(PodtuiError):
    """Another actor holds what is needed; says who."""

    kind = "busy"
    exit_code = 6


class UnknownState(PodtuiError):
    """Could not tell whether the pod is alive, so nothing was done."""

    kind = "unknown_state"
    exit_code = 7


class Unreadable(PodtuiError):
    """A record could not be read; it is kept as it is."""

    kind = "unreadable"
    exit_code = 8


class TimedOut(PodtuiError):
    """A bounded wait ended before what was waited for."""

    kind = "timeout"
    exit_code = 9


class NoStore(PodtuiError):
    """There is no store here, or not one that can be used safely."""

    kind = "no_store"
    exit_code = 10


class DiskTrouble(PodtuiError):
    """The disk refused a read or a write."""

    kind = "disk"
    exit_code = 11


LEAVES: tuple[type[PodtuiError], ...] = (
    BadInput,
    NotFound,
    Exists,
    Refused,
    Busy,
    UnknownState,
    Unreadable,
    TimedOut,
    NoStore,
    DiskTrouble,
    NotVisible,
)
EXIT_CODES: dict[str, int] = {leaf.kind: leaf.exit_code for leaf in LEAVES}
"""Exit code of each error kind, as documented in the README."""


def leaf_of(kind: str) -> type[PodtuiError]:
    """Return the error of a kind; an unknown kind is a refusal."""
    return next((leaf for leaf in LEAVES if leaf.kind == kind), Refused)
