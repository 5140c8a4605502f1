"""The lines above the keys: what the operator should know now; hidden when there is nothing."""

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
NOTICE_S = 10.0
INDENT = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """The result of an action; trouble stays until the next notice, success goes by itself."""

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
    """Notices of the store first, then what is running, then the newest result of an action."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._notices: list[Line] = []
        self._notice: Notice | None = None
        self._trouble: Notice | None = None
        self._lines: list[Line] = []
        self._actions: list[Line] = []
        self._diagnostic: Line = ()
        self._diagnostic_key: Line = ()
        self._diagnostic_words = ""

    def show_diagnostic(self, line: Line, key: Line, words: str) -> None:
        """Show a diagnostic in one line, cut before the key at its end; () takes it away.

        A notice of the store with the same words is left out: this line also names the undo.
        """
        if (line, key) != (self._diagnostic, self._diagnostic_key):
            self._diagnostic, self._diagnostic_key, self._diagnostic_words = line, key, words
            self._update()

    def show_running(self, sentences: Sequence[str]) -> None:
        """Show which actions are running; each stays until it ends."""
        running: list[Line] = [
            (own(" · ", "accent"), safe(each, "text", LONGEST_NOTICE)) for each in sentences
        ]
        if running != self._actions:
            self._actions = running
            self._update()

    @property
    def notice(self) -> Notice | None:
        """The result of the last action, while it is shown."""
        return self._notice

    def show(self, snapshot: Snapshot) -> None:
        """Show the notices of a new snapshot."""
        notices: list[Line] = []
        if not snapshot.health.ok:
            words = f"observer unwell: {snapshot.health.reason}; every status is unknown"
            notices.append((own(" ▲ ", "unknown-strong"), safe(words, "unknown", LONGEST_NOTICE)))
        notices += [
            (own(" ▲ ", "stalled"), safe(notice, "text", LONGEST_NOTICE))
            for notice in snapshot.notices
        ]
        if notices != self._notices or self._trouble is not None:
            self._trouble = None
            self._notices = notices
            self._update()

    def show_trouble(self, notice: Notice) -> None:
        """Show trouble that lasts until the next snapshot."""
        self._trouble = notice
        self._update()

    def show_notice(self, notice: Notice) -> None:
        """Show the result of an action."""
        self._notice = notice
        self._update()
        if not notice.is_trouble:
            self.set_timer(NOTICE_S, lambda: self.clear_notice(notice))

    def clear_notice(self, notice: Notice | None = None) -> None:
        """Take the notice away; with an argument only if it is still that one."""
        if notice is None or notice is self._notice:
            self._notice = None
            self._update()

    def on_resize(self) -> None:
        self._update()

    def _update(self) -> None:
        width = max(self.size.width or self.app.size.width, 1)
        trouble = [self._trouble.line] if self._trouble else []
        notices = [line for line in self._notices if not self._is_repeated(line)]
        wrapped = [wrap_words(line, width, INDENT) for line in (*trouble, *notices)]
        if self._diagnostic:
            room = width - width_of(self._diagnostic_key)
            wrapped.append([(*cut_line(self._diagnostic, room), *self._diagnostic_key)])
        wrapped += [wrap_words(line, width, INDENT) for line in self._actions]
        if self._notice:
            wrapped.append(wrap_words(self._notice.line, width, INDENT))
        self._lines = _at_most(MOST_LINES, wrapped)
        self.styles.height = len(self._lines)
        self.display = bool(self._lines)
        self.refresh()

    def _is_repeated(self, notice: Line) -> bool:
        words = safe_line(self._diagnostic_words, LONGEST_NOTICE)
        return bool(self._diagnostic) and notice[-1].text == words

    def line(self, y: int, /) -> Sequence[Span]:
        return self._lines[y] if y < len(self._lines) else ()


def _at_most(count: int, wrapped: list[list[Line]]) -> list[Line]:
    """Return at most ``count`` lines: all of one notice, or the first line of each of several."""
    lines = [line for each in wrapped for line in each]
    if len(lines) <= count:
        return lines
    if len(wrapped) == 1:
        return lines[:count]
    firsts = [each[0] for each in wrapped]
    if len(firsts) <= count:
        return firsts
    more = own(f" ▲ and {len(firsts) - count + 1} more notices", "muted")
    return [*firsts[: count - 1], (more,)]
