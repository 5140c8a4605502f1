"""Whose terminal decides the size of the program's terminal."""

from __future__ import annotations

from _collections_abc import Callable

from podtui.supervisor.client import Client
from podtui.supervisor.pty import Terminal


class ScreenSize:
    """The attached viewer that was active last owns the size; with none, the size stays."""

    def __init__(
        self,
        terminal: Terminal,
        output_length: Callable[[], int],
        resized: Callable[[], None],
    ) -> None:
        self._terminal = terminal
        self._output_length = output_length
        self._resized = resized
        self._activity = 0
        self._owner: int | None = None

    def note_activity(self, client: Client) -> None:
        """Remember that this viewer did something just now."""
        self._activity += 1
        client.last_active = self._activity

    def apply(self, clients: list[Client]) -> list[tuple[Client, dict[str, object]]]:
        """Give the size to its owner; return the SIZE message for each viewer, if it changed."""
        attached = [each for each in clients if each.role == "attach" and each.columns]
        owner = max(attached, key=lambda each: each.last_active, default=None)
        wanted = (owner.columns, owner.rows) if owner else self._size()
        owner_number = owner.number if owner else None
        if wanted == self._size() and owner_number == self._owner:
            return []
        if wanted != self._size():
            self._terminal.resize(*wanted, self._output_length())
            self._resized()
        self._owner = owner_number
        viewers = [each for each in clients if each.is_viewer]
        return [(each, self.size_message_for(each)) for each in viewers]

    def size_message_for(self, client: Client) -> dict[str, object]:
        """Return the payload of a SIZE frame."""
        columns, rows = self._size()
        return {"cols": columns, "rows": rows, "yours": client.number == self._owner}

    def _size(self) -> tuple[int, int]:
        return (self._terminal.columns, self._terminal.rows)
