"""Turns a picture of the diagnostics into rows, and each row into a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from podtui.core.diagnostics.report import DiagnosticsPicture, Entry, pods_of, words_of
from podtui.core.model.diagnostics import KINDS, Diagnostic
from podtui.core.model.verdicts import Answer
from podtui.core.text.safe import safe_line
from podtui.tui.widgets.spans import Line, Span, cut_line, fit, own, safe, width_of, wrap_words

LONGEST = 4096
LABEL = 13
INDENT = 6
UNREAD = "•"
_ANSWERS = {
    Answer.YES: ("yes", "ok"),
    Answer.NO: ("no", "text"),
    Answer.UNKNOWN: ("could not tell", "unknown"),
}


@dataclass(frozen=True, slots=True)
class DiagnosticsRow:
    """One line of the list.

    Attributes:
        key: stays the same as long as what it shows is in the list.
        diagnostic: the one it shows; None for the row of a group.
        detail: the line itself, for a row of the unfolded details of the row above.
        is_open: whether its details are shown below.
    """

    key: str
    entry: Entry
    diagnostic: Diagnostic | None
    detail: Line | None = None
    depth: int = 0
    is_open: bool = False

    @property
    def members(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that an action on this row is for."""
        return self.entry.members if self.diagnostic is None else (self.diagnostic,)

    @property
    def label(self) -> str:
        """The name of the pod, or how many pods."""
        return self.entry.label if self.diagnostic is None else self.diagnostic.pod or ""


class DiagnosticsColumns(NamedTuple):
    """Widths in cells."""

    time: int
    kind: int
    label: int
    undo: int


# The least width at which a set of columns is used, widest first.
_SETS: tuple[tuple[int, DiagnosticsColumns], ...] = (
    (110, DiagnosticsColumns(8, 15, 22, 16)),
    (76, DiagnosticsColumns(8, 15, 14, 14)),
    (0, DiagnosticsColumns(5, 14, 12, 1)),
)


def columns_for(width: int) -> DiagnosticsColumns:
    """Return the columns that fit a list of ``width`` cells."""
    return next(columns for least, columns in _SETS if width >= least)


# which rows


def haystack(entry: Entry) -> str:
    """Return the text of an entry that a filter searches, in lower case."""
    look = KINDS[entry.kind]
    actor = entry.members[0].actor or ""
    names = " ".join(pods_of(entry.members)) if entry.is_many else entry.label
    return f"{look.word} {entry.kind.value} {names} {entry.sentence} {actor}".lower()


def build_rows(
    picture: DiagnosticsPicture, entries: Sequence[Entry], unfolded: Collection[str], width: int
) -> list[DiagnosticsRow]:
    """Return the rows of entries and of their unfolded details, for lines of ``width`` cells."""
    rows: list[DiagnosticsRow] = []
    for entry in entries:
        one = None if entry.is_many else entry.members[0]
        is_open = entry.id in unfolded
        rows.append(DiagnosticsRow(entry.id, entry, one, is_open=is_open))
        if not is_open:
            continue
        if one is not None:
            rows += _details(picture, entry, one, entry.id, width)
            continue
        for each in reversed(entry.members):
            key = f"{entry.id}/{each.id}"
            rows.append(DiagnosticsRow(key, entry, each, depth=1, is_open=key in unfolded))
            if key in unfolded:
                rows += _details(picture, entry, each, key, width)
    return rows


def _details(
    picture: DiagnosticsPicture, entry: Entry, one: Diagnostic, key: str, width: int
) -> list[DiagnosticsRow]:
    return [
        DiagnosticsRow(f"{key}#{number}", entry, one, detail=line, depth=1)
        for number, line in enumerate(detail_lines(one, picture.undone.get(one.id, ""), width))
    ]


def detail_lines(one: Diagnostic, undone: str, width: int) -> list[Line]:
    """Return the details of a diagnostic."""
    first: list[Line] = [(safe(words_of(one), "strong", LONGEST),), _facts(one)]
    lines = [line for each in first for line in _wrapped(each, width)]
    for each in one.evidence:
        word, role = _ANSWERS[each.answer]
        said = (own(f"{word:<5}", role), safe(f" {each.detail}", "text", LONGEST))
        lines += _labelled(each.probe.value, said, width)
    if one.undo is not None:
        undo: Line = (own(undone, "muted"),) if undone else (safe(one.undo.command, "accent", 400),)
        lines += _labelled("undone" if undone else "undo", undo, width)
    else:
        lines += _labelled("undo", (own("no undo", "muted"),), width)
    return [*lines, ()]


def _facts(one: Diagnostic) -> Line:
    facts = [f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}"]
    facts += [f"run {one.run}"] if one.run else []
    facts += [f"by {safe_line(one.actor, 80)}"] if one.actor else []
    return (own(" · ".join(facts), "muted"),)


def _wrapped(words: Line, width: int) -> list[Line]:
    return wrap_words((own(" " * INDENT), *words), width, INDENT)


def _labelled(label: str, words: Line, width: int) -> list[Line]:
    lead = own(f"{' ' * INDENT}{label:<{LABEL}}", "muted")
    return wrap_words((lead, *words), width, INDENT + LABEL)


# drawing


def row_line(
    row: DiagnosticsRow, picture: DiagnosticsPicture, width: int, *, today: datetime, selected: bool
) -> Line:
    """Return a row as a line of at most ``width`` cells; ``today`` is local."""
    bar = own("▌" if selected else " ", "accent")
    if row.detail is not None:
        return cut_line((bar, *_without_blank(row.detail)), width)
    columns = columns_for(width)
    is_unread = any(each.id in picture.unread for each in row.members)
    fold = ("▾" if row.is_open else "▸") if row.diagnostic is None else " "
    look = KINDS[row.entry.kind]
    at = row.entry.at if row.diagnostic is None else row.diagnostic.at
    lead: Line = (
        bar,
        own(UNREAD if is_unread else " ", "unread"),
        own(f"{fold} ", "muted"),
        own("  " * row.depth),
        own(f"{_time(at, today, columns.time)} ", "muted"),
        Span(fit(safe_line(f"{look.glyph} {look.word}"), columns.kind), look.role),
    )
    way = _undo_words(row, picture, columns.undo)
    undo = Span(fit(way.text, columns.undo), way.role)
    words = row.entry.words if row.diagnostic is None else words_of(row.diagnostic)
    weight = "strong" if is_unread else "text"
    # A member of a group is indented; its words start where those of all others do.
    label = columns.label - 2 * row.depth
    name = Span(fit(safe_line(row.label, LONGEST), label), weight)
    room = width - width_of(lead) - label - columns.undo - 4
    # Kind and label have columns of their own.
    words = words.removeprefix(f"{row.label} ").removeprefix(look.word).lstrip(": ")
    said = cut_line((safe(words, "text", LONGEST),), max(room, 1))
    blank = own(" " * max(room - width_of(said), 0))
    return cut_line((*lead, own(" "), name, own(" "), *said, blank, own("  "), undo), width)


def _without_blank(line: Line) -> Line:
    """Return a detail without its first blank, where the bar of the selection stands."""
    if not line:
        return ()
    return (own(line[0].text[1:], line[0].role), *line[1:])


def _time(at: datetime, today: datetime, width: int) -> str:
    local = at.astimezone(today.tzinfo)
    if local.date() != today.date():
        return (f"{local:%b %d}" if width > len("03-04") else f"{local:%m-%d}").ljust(width)
    return f"{local:%H:%M:%S}"[:width]


def _undo_words(row: DiagnosticsRow, picture: DiagnosticsPicture, width: int) -> Span:
    """Return the undo that is open, or why it no longer is."""
    open_undos = [
        each.undo for each in row.members if each.undo is not None and each.id not in picture.undone
    ]
    if open_undos:
        return own("U" if width == 1 else f"{open_undos[0].action}: U", "accent")
    past = next((picture.undone[each.id] for each in row.members if each.id in picture.undone), "")
    return own("✓" if past and width == 1 else past, "muted")
