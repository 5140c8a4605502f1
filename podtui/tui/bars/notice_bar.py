"""The lines above the keys: what the operator should know now; gone when there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podtui.core.errors import PodtuiError
from podtui.core.model.plans import Report
from podtui.core.model.snapshot import Snapshot
from podtui.core.text.safe import safe_line
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, Span, cut_line, own, safe, width_of, wrap_words

MOST_LINES = 3
LONGEST_NOTICE = 600
OUTCOME_S = 10.0
INDENT = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """What came of an action; trouble stays until it is answered, good news goes by itself."""

    line: Line
    is_trouble: bool

    @classmethod
    def of_report(cls, report: Report) -> Notice:
        """Return a report in one line: what was done, and what was not."""
        spans = [own(" ✓ ", "ok"), safe("; ".join(report.done) or "nothing to do", limit=300)]
        for word, parts in (("skipped", report.skipped), ("failed", report.failed)):
            if parts:
                spans.append(safe(f" · {word}: {'; '.join(parts)}", "stalled", 300))
        return cls(tuple(spans), is_trouble=bool(report.failed))

    @classmethod
    def of_error(cls, error: PodtuiError) -> Notice:
        """Return an error in one line: what is affected, what was kept, what to do next."""
        spans = [own(" ✗ ", "failed"), safe(error.sentence(), "text", LONGEST_NOTICE)]
        if error.next_step:
            spans += [own("  next: ", "muted"), safe(error.next_step, "accent", LONGEST_NOTICE)]
        return cls(tuple(spans), is_trouble=True)

    @classmethod
    def of_words(cls, words: str, *, is_trouble: bool = False) -> Notice:
        """Return one sentence."""
        mark = own(" ▲ ", "stalled") if is_trouble else own(" · ", "accent")
        return cls((mark, safe(words, "text", LONGEST_NOTICE)), is_trouble)


class NoticeBar(LineWidget):
    """Notices of the store first, then the outcome of the last action."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._notices: list[Line] = []
        self._outcome: Notice | None = None
        self._standing: Notice | None = None
        self._lines: list[Line] = []
        self._doing: list[Line] = []
        self._told: Line = ()
        self._told_hint: Line = ()
        self._told_words = ""

    def show_told(self, line: Line, hint: Line, words: str) -> None:
        """Show a diagnostic in one line, cut before the hint at its end; () takes it away.

        A notice that says the same words is left out: this one tells the way back as well.
        """
        if (line, hint) != (self._told, self._told_hint):
            self._told, self._told_hint, self._told_words = line, hint, words
            self._update()

    def show_doing(self, sentences: Sequence[str]) -> None:
        """Show what is under way; it stays for as long as it is."""
        doing: list[Line] = [
            (own(" · ", "accent"), safe(each, "text", LONGEST_NOTICE)) for each in sentences
        ]
        if doing != self._doing:
            self._doing = doing
            self._update()

    @property
    def outcome(self) -> Notice | None:
        """What the last action came to, while it is shown."""
        return self._outcome

    def show(self, snapshot: Snapshot) -> None:
        """Take the notices of a new picture."""
        notices: list[Line] = []
        if not snapshot.health.ok:
            words = f"observer unwell: {snapshot.health.reason}; every status is unknown"
            notices.append((own(" ▲ ", "unknown-strong"), safe(words, "unknown", LONGEST_NOTICE)))
        notices += [
            (own(" ▲ ", "stalled"), safe(notice, "text", LONGEST_NOTICE))
            for notice in snapshot.notices
        ]
        if notices != self._notices or self._standing is not None:
            self._standing = None
            self._notices = notices
            self._update()

    def stand(self, outcome: Notice) -> None:
        """Show trouble that lasts until the next picture."""
        self._standing = outcome
        self._update()

    def say(self, outcome: Notice) -> None:
        """Show what an action came to."""
        self._outcome = outcome
        self._update()
        if not outcome.is_trouble:
            self.set_timer(OUTCOME_S, lambda: self.forget(outcome))

    def forget(self, outcome: Notice | None = None) -> None:
        """Take the outcome away; with an argument only if it is still that one."""
        if outcome is None or outcome is self._outcome:
            self._outcome = None
            self._update()

    def on_resize(self) -> None:
        self._update()

    def _update(self) -> None:
        width = max(self.size.width or self.app.size.width, 1)
        standing = [self._standing.line] if self._standing else []
        notices = [line for line in self._notices if not self._is_told(line)]
        wrapped = [wrap_words(line, width, INDENT) for line in (*standing, *notices)]
        if self._told:
            wrapped.append([self._told_line(width)])
        wrapped += [wrap_words(line, width, INDENT) for line in self._doing]
        if self._outcome:
            wrapped.append(wrap_words(self._outcome.line, width, INDENT))
        self._lines = _fair(wrapped)
        self.styles.height = len(self._lines)
        self.display = bool(self._lines)
        self.refresh()

    def _told_line(self, width: int) -> Line:
        room = width - width_of(self._told_hint)
        return (*cut_line(self._told, room), *self._told_hint)

    def _is_told(self, notice: Line) -> bool:
        return bool(self._told) and notice[-1].text == safe_line(self._told_words, LONGEST_NOTICE)

    def line(self, y: int, /) -> Sequence[Span]:
        return self._lines[y] if y < len(self._lines) else ()


def _fair(wrapped: list[list[Line]]) -> list[Line]:
    """Return at most MOST_LINES: all of one notice, or the first line of each of several."""
    lines = [line for each in wrapped for line in each]
    if len(lines) <= MOST_LINES:
        return lines
    if len(wrapped) == 1:
        return lines[:MOST_LINES]
    firsts = [each[0] for each in wrapped]
    if len(firsts) <= MOST_LINES:
        return firsts
    more = own(f" ▲ and {len(firsts) - MOST_LINES + 1} more notices", "muted")
    return [*firsts[: MOST_LINES - 1], (more,)]
