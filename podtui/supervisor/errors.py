"""Errors that prevent the start of a run."""

from __future__ import annotations


class CannotStart(Exception):
    """The run was not started.

    Args:
        kind: an error kind of `podtui.core.errors`, for the actor that asked.
        message: one sentence.
        exit_code: what a shell would say of it (127 not found, 126 not runnable), or None.
        is_of_this_run: whether the run's records may be written; not when the run is another's.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        exit_code: int | None = None,
        is_of_this_run: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.exit_code = exit_code
        self.is_of_this_run = is_of_this_run


def describe(error: OSError) -> str:
    """Return an operating system error as words for a person."""
    return error.strerror or str(error)
