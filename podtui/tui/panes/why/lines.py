"""Turns the evidence of a pod into the lines of the why pane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from podtui.core.model.appearance import APPEARANCE, age_seconds, status_word
from podtui.core.model.loans import Loan
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Evidence, Probe, Status, Verdict
from podtui.core.text.durations import duration
from podtui.tui.commands.keymap import Keymap
from podtui.tui.widgets.spans import Line, Span, own, safe, wrap_words

LABEL = 12
TASK_SHOWN = 500
DETAIL_SHOWN = 2000

# The role of an answer; one that is not in the table is "ok" for yes, "muted" for no.
_TONES: dict[tuple[Probe, Answer], str] = {
    (Probe.SOCKET, Answer.NO): "stalled",
    (Probe.OUTPUT, Answer.NO): "stalled",
    (Probe.MACHINE, Answer.NO): "unknown",
    (Probe.BOOT, Answer.NO): "lost",
    (Probe.OBSERVER, Answer.NO): "unknown",
    (Probe.TERMINAL, Answer.YES): "waiting",
    (Probe.STARTED, Answer.NO): "quiet",
}
# "lost" is proven by a "no" of these, for a run without an exit record.
_GONE = frozenset({Probe.LOCK, Probe.SUPERVISOR, Probe.EXIT_RECORD})
_HOST = frozenset({Probe.MACHINE, Probe.BOOT})
_UNKNOWN_WORDS = "could not tell"

_VERDICTS: dict[Verdict, str] = {
    Verdict.ALIVE: "working",
    Verdict.DEAD: "quiet",
    Verdict.UNKNOWN: "unknown",
}


def why_title(pod: PodView | None) -> Line:
    """Return the title of the pane: "why stalled"."""
    if pod is None:
        return (own("why", "title"),)
    return (own("why ", "title"), safe(status_word(pod), APPEARANCE[pod.status].role))


def headline(pod: PodView) -> Line:
    """Return the message, and whether it is a guess."""
    role = APPEARANCE[pod.status].role
    message = safe(pod.message or status_word(pod), f"{role}-strong", DETAIL_SHOWN)
    if pod.asserted:
        return (message,)
    return (message, own("  inferred", "guess"))


def summary(pod: PodView | None) -> Line:
    """Return the one line of the folded pane."""
    if pod is None:
        return ()
    appearance = APPEARANCE[pod.status]
    # "lost: its supervisor ended" needs no second "lost" before it.
    word = "" if pod.message.startswith(appearance.word) else f" {status_word(pod)}"
    return (safe(f"{appearance.glyph}{word} ", appearance.role), *headline(pod))


def why_lines(
    pod: PodView,
    *,
    at: datetime,
    elapsed: float,
    width: int,
    loans: Sequence[Loan] = (),
    conflicts: Sequence[str] = (),
) -> list[Line]:
    """Return why a pod has its status, and what it may write and read.

    ``at`` is the wall time of the snapshot, ``elapsed`` the seconds since, ``width`` the cells to
    wrap to; ``conflicts`` says why returned scopes cannot be lent to it again.
    """
    lines = wrap_words(headline(pod), width)
    lines += _row("verdict", _verdict(pod, at, elapsed), width)
    # Without a readable record the message is the record's error already.
    if pod.record_error and pod.record_error not in pod.message:
        lines += _row("record", (safe(pod.record_error, "unknown", DETAIL_SHOWN),), width)
    for label, words in _evidence_rows(pod):
        lines += _row(label, words, width)
    for loan in loans:
        lines += _row("scope", _scope(loan), width)
    for conflict in conflicts:
        lines += _row("conflict", (safe(conflict, "stalled", DETAIL_SHOWN),), width)
    if pod.task:
        lines += _row("task", (safe(pod.task, "text", TASK_SHOWN),), width)
    return lines


def _evidence_rows(pod: PodView) -> list[tuple[str, Line]]:
    """Return label and words of each probe; the usual answers are left out."""
    at_home = {each.probe for each in pod.evidence if each.answer is Answer.YES} >= _HOST
    names_supervisor = any(each.probe is Probe.SUPERVISOR for each in pod.evidence)
    rows: list[tuple[str, Line]] = []
    for each in pod.evidence:
        said = (
            (each.probe is Probe.RECORD and pod.record_error)
            or (each.probe is Probe.BOOT and at_home)
            or (each.probe is Probe.STARTED and names_supervisor)
        )
        if said:
            continue
        if each.probe is Probe.MACHINE and at_home:
            rows.append(("host", (own("this machine, same boot", "ok"),)))
        else:
            rows.append((each.probe.value, (_answer(pod, each),)))
    return rows


def _scope(loan: Loan) -> Line:
    path = safe(loan.path, "text" if loan.is_out else "muted", DETAIL_SHOWN)
    if loan.is_out:
        return (own(f"may {loan.mode} ", "text"), path)
    return (own(f"{loan.mode} ", "muted"), path, safe(f" came back: {loan.why}", "muted"))


def _verdict(pod: PodView, at: datetime, elapsed: float) -> Line:
    since = age_seconds(pod, at, elapsed)
    source = "asserted by" if pod.asserted else "inferred from"
    return (
        own(pod.verdict.value, _VERDICTS[pod.verdict]),
        own(f" · {source} {pod.source.value}", "text"),
        own(f" · {duration(since)}", "muted"),
    )


def _answer(pod: PodView, evidence: Evidence) -> Span:
    key = (evidence.probe, evidence.answer)
    if evidence.answer is Answer.UNKNOWN:
        detail = evidence.detail.removeprefix(f"{_UNKNOWN_WORDS}: ")
        return safe(f"{_UNKNOWN_WORDS}: {detail}", "unknown", DETAIL_SHOWN)
    tone = "ok" if evidence.answer is Answer.YES else "muted"
    if pod.status is Status.LOST and evidence.answer is Answer.NO and evidence.probe in _GONE:
        tone = "lost"
    return safe(evidence.detail, _TONES.get(key, tone), DETAIL_SHOWN)


def _row(label: str, words: Sequence[Span], width: int) -> list[Line]:
    lead = own(f"{label:<{LABEL}}", "muted")
    if width <= 2 * LABEL:
        return wrap_words((lead, *words), width)
    wrapped = wrap_words(words, width - LABEL)
    blank = own(" " * LABEL)
    return [((lead if i == 0 else blank), *line) for i, line in enumerate(wrapped)]


def next_keys(pod: PodView, keymap: Keymap) -> Line:
    """Return the keys of the actions that are possible on this pod."""
    reaching = (("pod.attach", "attach"), ("pod.send", "send"), ("pod.stop", "stop"))
    over = (("pod.restore", "restore"), ("pod.reap", "reap"), ("pod.prune", "prune"))
    wanted = list(reaching) if is_reachable(pod) else []
    if pod.verdict is Verdict.DEAD:
        wanted += over
    elif pod.record_error:
        wanted.append(("pod.prune", "prune"))
    spans: list[Span] = []
    for command_id, word in wanted:
        spans += [own(keymap.shown(command_id), "key"), own(f" {word}   ", "text")]
    return (own(f"{'next':<{LABEL}}", "muted"), *spans) if spans else ()


def is_reachable(pod: PodView) -> bool:
    """Whether the pod is known to have a live run to attach to, send to or stop."""
    return pod.verdict is Verdict.ALIVE
