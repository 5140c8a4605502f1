"""The first line: how many pods have which status, how old the detectors are, the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from podtui.core.model.appearance import APPEARANCE
from podtui.core.model.snapshot import Detector, DetectorState, Snapshot
from podtui.core.model.verdicts import Status
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, cut_line, own, safe, width_of

LATE_WITHOUT_LOOK_S = 15.0
"""A snapshot older than this comes from an observer that has stopped."""
_ROLES = {
    DetectorState.OK: "ok",
    DetectorState.LATE: "stalled",
    DetectorState.OFF: "failed",
}
_GLYPHS = {DetectorState.OK: "●", DetectorState.LATE: "▲", DetectorState.OFF: "✗"}
# A narrow line cuts the last ones away.
ORDER = (
    Status.WORKING,
    Status.WAITING,
    Status.STALLED,
    Status.UNRESPONSIVE,
    Status.FAILED,
    Status.LOST,
    Status.UNKNOWN,
    Status.STARTING,
    Status.IDLE,
    Status.EXITED,
)


# Whether the counts have words, the detectors, whether there is a clock, whether the unread
# diagnostics have a word: from the widest line to the narrowest.
_LEVELS = (
    (True, True, True, True),
    (False, True, True, True),
    (False, False, True, True),
    (False, False, False, True),
    (False, False, False, False),
)


def counts_line(snapshot: Snapshot | None, *, words: bool) -> Line:
    """Return the counts by status, those that occur."""
    if snapshot is None:
        return (own("looking …", "muted"),)
    total = len(snapshot.pods)
    spans: list[Span] = [own(f"{total} pod{'' if total == 1 else 's'}", "text")]
    for status in ORDER:
        count = snapshot.counts.get(status, 0)
        if count:
            appearance = APPEARANCE[status]
            shown = f"{count} {appearance.word}" if words else str(count)
            gap = "   " if words else "  "
            spans += [own(gap), own(f"{appearance.glyph} {shown}", appearance.role)]
    if snapshot.read_only:
        spans += [own("   "), own("read-only", "unknown")]
    return tuple(spans)


def detectors_line(detectors: Sequence[Detector], elapsed: float, *, words: bool) -> Line:
    """Return the oldest age of the detectors that are well, or each one that is not."""
    if not detectors:
        return ()
    name = "detectors " if words else ""
    unwell = [each for each in detectors if each.state is not DetectorState.OK]
    if not unwell:
        oldest = max(each.age_s for each in detectors) + elapsed
        state = DetectorState.LATE if elapsed > LATE_WITHOUT_LOOK_S else DetectorState.OK
        shown = f"{oldest:.0f}s"
        return (own(name, "muted"), own(_GLYPHS[state], _ROLES[state]), own(f" {shown}", "muted"))
    spans: list[Span] = [own(name, "muted")]
    for each in unwell:
        spans.append(own(f"{_GLYPHS[each.state]} ", _ROLES[each.state]))
        spans.append(safe(each.name, _ROLES[each.state]))
        spans.append(own(f" {each.state.value} {each.age_s + elapsed:.0f}s ", _ROLES[each.state]))
    return tuple(spans)


def _facts(snapshot: Snapshot) -> tuple[object, ...]:
    """Return what the line shows, without the ages, which change in every snapshot."""
    states = tuple((each.name, each.state) for each in snapshot.detectors)
    return snapshot.counts, len(snapshot.pods), snapshot.read_only, states


class HeaderBar(LineWidget):
    """One line above everything."""

    def __init__(
        self,
        elapsed: Callable[[], float],
        local_time: Callable[[], datetime],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._elapsed = elapsed
        self._local_time = local_time
        self._snapshot: Snapshot | None = None
        self._line: Line = ()
        self._unread = 0
        self._unread_key = ""

    def show_unread(self, unread: int, key: str) -> None:
        """Show how many diagnostics are unread, and the key that opens them."""
        self._unread, self._unread_key = unread, key
        self.tick()

    def _unread_line(self, *, words: bool) -> Line:
        if not self._unread:
            return ()
        what = f" diagnostic{'' if self._unread == 1 else 's'}" if words else ""
        gap = "   " if words else "  "
        shown = own(f"{gap}{self._unread}{what} ", "accent")
        return (shown, own(self._unread_key, "key"))

    def show(self, snapshot: Snapshot) -> None:
        """Take a new snapshot; one that only has other ages is shown with the next tick."""
        before, self._snapshot = self._snapshot, snapshot
        if before is None or _facts(before) != _facts(snapshot):
            self.tick()

    def tick(self) -> None:
        """Show the time and the ages of now."""
        line = self._build()
        if line != self._line:
            self._line = line
            self.refresh()

    def on_resize(self) -> None:
        self.tick()

    def _build(self) -> Line:
        width = self.size.width
        detectors = self._snapshot.detectors if self._snapshot else ()
        time = own(f"   {self._local_time():%H:%M:%S} ", "text")
        brand = (own(" podtui ", "brand"), own("  "))
        for words, label, clock, unread_words in _LEVELS:
            unread = self._unread_line(words=unread_words)
            left = (*brand, *counts_line(self._snapshot, words=words), *unread)
            right = (
                *detectors_line(detectors, self._elapsed(), words=label),
                time if clock else own(" "),
            )
            blank = width - width_of(left) - width_of(right)
            if blank >= 1:
                return (*left, own(" " * blank), *right)
        # The edge must not cut the unread count away.
        unread = self._unread_line(words=False)
        counts = counts_line(self._snapshot, words=False)
        return (*cut_line((*brand, *counts), width - width_of(unread)), *unread)

    def line(self, _y: int, /) -> Line:
        return self._line
