"""What every action of the command line does around its call: plan, question, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podtui.cli.as_json import document, plan_object, pod_object, report_object
from podtui.cli.session import Session
from podtui.core.errors import BadInput, Refused
from podtui.core.model.plans import Plan, Report
from podtui.core.text.safe import safe_line

if TYPE_CHECKING:
    from podtui.core.control.plane import Plane
    from podtui.core.model.requests import Request

FAILED_STEPS = 1
"""Exit code of an action that was carried out, but not every step of it worked."""


def show_plan(session: Session, plan: Plan) -> None:
    """Write what would be done; then raise the error of a refused plan, for its exit code."""
    if session.as_json:
        session.output.line(document(plan=plan_object(plan)))
    else:
        for line in plan_lines(plan):
            session.output.line(line)
    plan.raise_if_refused()


def plan_lines(plan: Plan) -> list[str]:
    """Return a plan for a person."""
    lines = [f"plan: {safe_line(plan.action)} {safe_line(plan.pod)}"]
    lines += [f"  {number}. {safe_line(step)}" for number, step in enumerate(plan.texts, 1)]
    lines += [f"  warning: {safe_line(each)}" for each in plan.warnings]
    lines += [f"  refused: {safe_line(each.message)}" for each in plan.refusals]
    if plan.undo:
        lines.append(f"  undo: {safe_line(plan.undo)}")
    return lines


def confirm(session: Session, plan: Plan) -> None:
    """Ask before what the next command cannot take back.

    Raises:
        BadInput: there is nobody to ask.
        Refused: the answer was no.
    """
    if not session.can_ask:
        raise BadInput(
            f"{plan.action} cannot be undone by the next command and there is no terminal to ask"
            " on: it needs --yes",
            pod=plan.pod,
            next_step=f"podtui {plan.action} {plan.pod} --yes",
            kept="nothing was changed",
        )
    for line in plan_lines(plan):
        session.messages.note(line)
    if not session.messages.ask("do it?"):
        raise Refused("not confirmed", pod=plan.pod, kept="nothing was changed")


def run_action(
    session: Session,
    plane: Plane,
    request: Request,
    *,
    dry_run: bool,
    ask: bool = False,
    actor: str | None = None,
) -> int:
    """Show the plan, or confirm it where ``ask`` says so and carry it out; returns the exit code.

    Raises:
        PodtuiError: it is refused, not confirmed, or was not done.
    """
    if dry_run or ask:
        plan = plane.plan(request)
        if dry_run:
            show_plan(session, plan)
            return 0
        plan.raise_if_refused()
        if plan.steps:
            confirm(session, plan)
    return show_report(session, plane.carry_out(request, actor=actor or session.caller))


def show_report(session: Session, report: Report) -> int:
    """Write what was done, and return the exit code."""
    if session.as_json:
        view = pod_object(report.view) if report.view else None
        session.output.line(document(report=report_object(report), pod=view))
    else:
        for line in report.done:
            session.output.line(safe_line(line))
        for line in report.skipped:
            session.messages.note(f"skipped: {line}")
        for line in report.failed:
            session.messages.note(f"failed: {line}")
    return FAILED_STEPS if report.failed else 0
