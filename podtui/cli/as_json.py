"""The JSON shapes of docs/cli.md, format version 1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from podtui.core.model.events import Details, Event
from podtui.core.model.loans import Loan
from podtui.core.model.plans import Plan, Report
from podtui.core.model.snapshot import LS_FIELDS, Inspection, PodView, Problem
from podtui.core.model.trash import TrashView

if TYPE_CHECKING:
    from podtui.core.diagnostics.report import DiagnosticsPicture
    from podtui.core.model.diagnostics import Diagnostic

VERSION = 1
_EVIDENCE_FIELDS = ("probe", "answer", "detail", "at")
_EVENT_FIELDS = ("at", "kind", "pod", "run", "summary")
_DIAGNOSTIC_FIELDS = ("id", "at", "kind", "pod", "summary")
_PROBLEM_FIELDS = ("kind", "pod", "path", "message", "next")
_PROCESS_FIELDS = ("pid", "name", "rss_bytes", "cpu_percent")
_REPORT_FIELDS = ("done", "skipped", "failed")
_TRASH_FIELDS = (
    "id",
    "name",
    "pod_id",
    "parent",
    "pruned_at",
    "actor",
    "status",
    "message",
    "problem",
)
_PLAN_FIELDS = ("refusals", "warnings", "undo")
_STEP_FIELDS = ("kind", "pod", "fields")

JsonObject = dict[str, Any]


def encoded(content: object) -> str:
    """Return JSON on one line, in ASCII.

    ASCII, so that hostile characters in names and messages reach a terminal as escapes only, and
    so that no locale can stand in the way.
    """
    return json.dumps(content, ensure_ascii=True, separators=(", ", ": "))


def document(**content: object) -> str:
    """Return one document of this format: ``version`` and ``content``, as one line."""
    return encoded({"version": VERSION, **content})


def time_text(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with a Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def pod_object(view: PodView) -> JsonObject:
    """Return the fields of `LS_FIELDS`."""
    return _fields(view, LS_FIELDS)


def inspection_object(seen: Inspection) -> JsonObject:
    """Return the fields of one pod with everything known of it."""
    return {
        **pod_object(seen.pod),
        "evidence": [_fields(each, _EVIDENCE_FIELDS) for each in seen.pod.evidence],
        "runs": [_fields(each, each.__struct_fields__) for each in seen.runs],
        "processes": [_fields(each, _PROCESS_FIELDS) for each in seen.processes],
        "argv": [_plain(each) for each in seen.argv],
        "cwd": _plain(seen.cwd),
        "children": [_plain(each) for each in seen.children],
        "loans": [loan_object(each) for each in seen.loans],
    }


def trash_object(each: TrashView) -> JsonObject:
    """Return one pod in the trash."""
    return _fields(each, _TRASH_FIELDS)


def loan_object(loan: Loan) -> JsonObject:
    """Return one scope that was lent to a pod, as it is now."""
    return {
        "loan": _plain(loan.id),
        "pod": _plain(loan.pod),
        "mode": loan.mode,
        "path": _plain(loan.path),
        "out": loan.is_out,
        "since": time_text(loan.since),
        "why": _plain(loan.why),
    }


def event_object(event: Event) -> JsonObject:
    """Return one event."""
    return {**_fields(event, _EVENT_FIELDS), "details": _details(event.facts)}


def diagnostic_object(
    diagnostic: Diagnostic, picture: DiagnosticsPicture, *, is_unread: bool
) -> JsonObject:
    """Return one diagnostic; ``undo`` is the command that takes it back."""
    return {
        **_fields(diagnostic, _DIAGNOSTIC_FIELDS),
        "evidence": [_fields(each, _EVIDENCE_FIELDS) for each in diagnostic.evidence],
        "undo": _plain(diagnostic.undo.command) if diagnostic.undo else None,
        "undone": picture.undone.get(diagnostic.id),
        "run": diagnostic.run,
        "actor": _plain(diagnostic.actor),
        "unread": is_unread,
        "details": _details(diagnostic.facts),
    }


def _details(details: Details) -> JsonObject:
    """Return what is known; a detail that means nothing here is left out."""
    return {name: _plain(value) for name, value in msgspec.to_builtins(details).items()}


def problem_object(problem: Problem) -> JsonObject:
    """Return one finding of the doctor."""
    return _fields(problem, _PROBLEM_FIELDS)


def plan_object(plan: Plan) -> JsonObject:
    """Return what an action would do."""
    return {
        "action": plan.action,
        "pod": _plain(plan.pod),
        "steps": [_plain(text) for text in plan.texts],
        **_fields(plan, _PLAN_FIELDS),
        "step_details": [_fields(step, _STEP_FIELDS) for step in plan.steps],
    }


def report_object(report: Report) -> JsonObject:
    """Return what an action did."""
    return _fields(report, _REPORT_FIELDS)


def forest(views: Iterable[PodView]) -> list[JsonObject]:
    """Return the pods as nested objects; ``views`` are depth-first, as in a snapshot."""
    roots: list[JsonObject] = []
    open_branches: list[JsonObject] = []
    for view in views:
        node: JsonObject = {**pod_object(view), "children": []}
        del open_branches[view.depth :]
        siblings = open_branches[-1]["children"] if open_branches else roots
        siblings.append(node)
        open_branches.append(node)
    return roots


def _fields(value: object, names: Iterable[str]) -> JsonObject:
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: object) -> Any:
    if isinstance(value, str):
        # Enumerations are strings too; an undecodable byte of an argument is a lone surrogate,
        # which strict readers of JSON refuse.
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, msgspec.Struct):
        return _fields(value, value.__struct_fields__)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {_plain(name): _plain(each) for name, each in value.items()}
    return value
