"""The pane that says why the selected pod has its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from textual import events
from textual.geometry import Region

from podtui.core.model.snapshot import PodView
from podtui.tui.lines import LineWidget
from podtui.tui.rows import pod_key
from podtui.tui.spans import Line, Span, own
from podtui.tui.why import next_keys, summary, why_lines

MARGIN = 1


class WhyPane(LineWidget):
    """Evidence in words, or one line of it when folded."""

    def __init__(
        self,
        elapsed: Callable[[], float],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._elapsed = elapsed
        self._pod: PodView | None = None
        self._at = datetime.fromtimestamp(0, UTC)
        self._lines: list[Line] = []
        self._keys: Line = ()
        self._first = 0
        self._folded = False

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

    def show(self, pod: PodView | None, at: datetime) -> None:
        """Show another pod, or news of the same; ``at`` is the time of the snapshot."""
        if pod is None or self._pod is None or pod_key(pod) != pod_key(self._pod):
            self._first = 0
        self._pod, self._at = pod, at
        self._update()

    def tick(self) -> None:
        """Let the ages go on."""
        self._update()

    def _update(self) -> None:
        lines = self._build()
        keys = next_keys(self._pod) if self._pod is not None and not self._folded else ()
        if (lines, keys) == (self._lines, self._keys):
            return
        before = [tuple(self.line(y)) for y in range(self.size.height)]
        self._lines, self._keys = lines, keys
        width = self.size.width
        # Once a second only an age goes on: the other lines need not be drawn again.
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
        return why_lines(self._pod, at=self._at, elapsed=self._elapsed(), width=width)

    def on_resize(self) -> None:
        self._first = min(self._first, self._most)
        self._update()

    @property
    def _most(self) -> int:
        return max(len(self._lines) - self._room, 0)

    @property
    def _room(self) -> int:
        """Rows for the evidence: what the operator can do stays in sight below it."""
        return max(self.size.height - bool(self._keys), 1)

    def line(self, y: int, /) -> Sequence[Span]:
        index = y + self._first
        if self._keys and y == min(self._room, len(self._lines)):
            return (own(" " * MARGIN), *self._keys)
        if y > self._room:
            return ()
        if y == self._room - 1 and self._first < self._most:
            left = len(self._lines) - index
            return (own(" " * MARGIN), own(f"… {left} more lines", "muted"))
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
