"""The pane that shows why the selected pod has its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import events, work
from textual.geometry import Region
from textual.message import Message

from podtui.core.errors import PodtuiError
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Status
from podtui.tui.commands.keymap import Keymap
from podtui.tui.feeds.mailbox import post
from podtui.tui.panes.why.lines import next_keys, summary, why_lines
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, own

MARGIN = 1
LOANS_EVERY = 5
"""Ticks after which the scopes of the selected pod are read again."""


class WhyPane(LineWidget):
    """Evidence in words, or one line of it when folded."""

    @dataclass
    class LoansRead(Message):
        """The scopes of a pod, and why returned ones cannot be lent again."""

        key: str
        loans: tuple[Loan, ...]
        conflicts: tuple[str, ...]

    def __init__(
        self,
        elapsed: Callable[[], float],
        keymap: Keymap,
        loans_of: Callable[[str], tuple[Loan, ...]],
        plan_relend: Callable[[str], Plan],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._elapsed = elapsed
        self._keymap = keymap
        self._pod: PodView | None = None
        self._at = datetime.fromtimestamp(0, UTC)
        self._lines: list[Line] = []
        self._keys: Line = ()
        self._first = 0
        self._folded = False
        self._loans_of = loans_of
        self._plan_relend = plan_relend
        self._loans: tuple[Loan, ...] = ()
        self._conflicts: tuple[str, ...] = ()
        self._asked_for: tuple[str, Status] | None = None
        self._ticks = 0

    @property
    def folded(self) -> bool:
        """Whether only one line is shown."""
        return self._folded

    def fold(self, folded: bool) -> None:
        """Show one line, or everything."""
        if folded != self._folded:
            self._folded = folded
            self._first = 0
            self._update()
            self._ask_for_loans()

    def show(self, pod: PodView | None, at: datetime) -> None:
        """Show another pod, or new facts of the same; ``at`` is the time of the snapshot."""
        if pod is None or self._pod is None or pod.key != self._pod.key:
            self._first = 0
            self._loans, self._conflicts, self._asked_for = (), (), None
        self._pod, self._at = pod, at
        self._update()
        self._ask_for_loans()

    # scopes

    def _ask_for_loans(self) -> None:
        """Read a pod's scopes when it is selected, and when its status changes."""
        pod = self._pod
        if pod is None or self._folded or not self.is_attached:
            return
        asked = (pod.key, pod.status)
        if asked != self._asked_for:
            self._asked_for = asked
            self._read_loans(pod.key, pod.id or pod.name)

    @work(thread=True, exclusive=True, group="loans", exit_on_error=True)
    def _read_loans(self, key: str, address: str) -> None:
        conflicts: tuple[str, ...] = ()
        try:
            loans = self._loans_of(address)
            if not all(loan.is_out for loan in loans):
                # The plan's refusals name the pods that hold the scopes now.
                conflicts = tuple(each.message for each in self._plan_relend(address).refusals)
        except (PodtuiError, OSError):
            # The scopes are left out; an error that matters is also in the pod's status.
            loans = ()
        post(self, self.LoansRead(key, loans, conflicts))

    def on_why_pane_loans_read(self, message: LoansRead) -> None:
        message.stop()
        if self._pod is not None and self._pod.key == message.key:
            self._loans, self._conflicts = message.loans, message.conflicts
            self._update()

    def tick(self) -> None:
        """Show the ages of now; read the scopes now and then: their changes send no event."""
        self._update()
        self._ticks += 1
        if self._ticks % LOANS_EVERY == 0:
            self._asked_for = None
            self._ask_for_loans()

    def _update(self) -> None:
        lines = self._build()
        shows_keys = self._pod is not None and not self._folded
        keys = next_keys(self._pod, self._keymap) if self._pod and shows_keys else ()
        if (lines, keys) == (self._lines, self._keys):
            return
        before = [tuple(self.line(y)) for y in range(self.size.height)]
        self._lines, self._keys = lines, keys
        width = self.size.width
        # Most ticks change only an age: the other lines are not drawn again.
        changed = [
            Region(0, y, width, 1) for y, old in enumerate(before) if tuple(self.line(y)) != old
        ]
        if changed:
            self.refresh(*changed)

    def _build(self) -> list[Line]:
        if self._pod is None:
            return []
        if self._folded:
            return [summary(self._pod)]
        width = max(self.size.width - 2 * MARGIN, 1)
        return why_lines(
            self._pod,
            at=self._at,
            elapsed=self._elapsed(),
            width=width,
            loans=self._loans,
            conflicts=self._conflicts,
        )

    def on_resize(self) -> None:
        self._first = min(self._first, self._most)
        self._update()

    @property
    def _most(self) -> int:
        return max(len(self._lines) - self._room, 0)

    @property
    def _room(self) -> int:
        """Rows for the evidence; the line of keys stays in sight below it."""
        return max(self.size.height - bool(self._keys), 1)

    def line(self, y: int, /) -> Sequence[Span]:
        index = y + self._first
        if self._keys and y == min(self._room, len(self._lines)):
            return (own(" " * MARGIN), *self._keys)
        if y > self._room:
            return ()
        if y == self._room - 1 and self._first < self._most:
            left = len(self._lines) - index
            words = f"… {left} more lines; {self._keymap.shown('view.zoom')} gives them room"
            return (own(" " * MARGIN), own(words, "muted"))
        if index >= len(self._lines):
            return ()
        return (own(" " * MARGIN), *self._lines[index])

    def _scroll(self, rows: int) -> None:
        self._first = max(0, min(self._first + rows, self._most))
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-1)
