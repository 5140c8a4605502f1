"""Diagnostics that a scripted plane tells, and the screen over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from textual.pilot import Pilot

from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import Details
from podtui.core.model.verdicts import Answer, Probe
from podtui.tui.app import PodtuiApp
from podtui.tui.screens.diagnostics_screen import DiagnosticsScreen
from tests.tui.fake_plane import NOW, FakePlane, evidence
from tests.tui.scene import GONE, app_over, settled, until

SIZE = (120, 36)


def diagnostic(
    number: int,
    kind: DiagnosticKind = DiagnosticKind.LOST,
    *,
    pod_name: str | None = None,
    ago_s: float = 0.0,
    summary: str = "lost: its supervisor ended without writing an exit record",
    undo: Undo | None = None,
    cause: str = "its supervisor ended without writing an exit record",
    **more: object,
) -> Diagnostic:
    """Return a diagnostic of a pod of its own."""
    name = f"pod-{number:03d}" if pod_name is None else pod_name
    fields: dict[str, object] = {
        "id": f"{number}.diagnostic",
        "at": NOW - timedelta(seconds=ago_s),
        "kind": kind,
        "pod": name,
        "pod_id": f"id-{name}",
        "run": 1,
        "summary": f"{name}: {summary}",
        "details": Details(
            words=summary, cause=cause if kind is DiagnosticKind.LOST else f"by {more.get('actor')}"
        ),
        "undo": Undo("restore", name) if undo is None and kind is DiagnosticKind.LOST else undo,
    }
    return Diagnostic(**{**fields, **more})  # type: ignore[arg-type]


def some_of_each() -> list[Diagnostic]:
    """Return what a day may bring, oldest first."""
    crowd = [
        diagnostic(
            100 + number, ago_s=1500 - number / 100, evidence=GONE, pod_name=f"shard-{number:03d}"
        )
        for number in range(200)
    ]
    return [
        diagnostic(
            1,
            DiagnosticKind.PRUNED,
            pod_name="old-docs",
            ago_s=90_000,
            summary="pruned by operator; it was exited: exited 0",
            actor="operator",
            undo=Undo("recover", "01TRASHA"),
        ),
        diagnostic(
            2,
            DiagnosticKind.RECOVERED,
            pod_name="old-docs",
            ago_s=88_000,
            summary="recovered by operator from the trash (01TRASHA)",
            actor="operator",
            undo=Undo("prune", "id-old-docs"),
        ),
        diagnostic(
            3,
            DiagnosticKind.LOAN_RETURNED,
            pod_name="writer",
            ago_s=7000,
            summary="scopes returned by operator: write /home/ada/work/docs",
            actor="operator",
            undo=Undo("relend", "01LOANA"),
        ),
        *crowd,
        diagnostic(
            4,
            DiagnosticKind.RESTORE_FAILED,
            pod_name="reviewer",
            ago_s=600,
            summary="its command cannot be started: /usr/bin/claude: No such file or directory",
            actor="operator",
            undo=Undo("restore", "reviewer"),
        ),
        diagnostic(5, pod_name="reviewer-2", ago_s=160, evidence=GONE),
        diagnostic(
            6,
            DiagnosticKind.PRUNED,
            pod_name="reviewer-3",
            ago_s=100,
            summary="pruned by operator; it was exited: exited 0",
            actor="operator",
            evidence=evidence((Probe.EXIT_RECORD, Answer.YES, "exited 0")),
            undo=Undo("recover", "01TRASHB"),
        ),
    ]


SEEN = ("1.diagnostic", "2.diagnostic", "3.diagnostic")


@asynccontextmanager
async def opened(
    plane: FakePlane, *keys: str, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp]]:
    """Give the screen over a plane after some keys."""
    app = app_over(plane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        count = len(plane.diagnostics.diagnostics)
        await until(
            pilot,
            lambda: len(app.main_screen.diagnostics.picture.diagnostics) == count,
            "the diagnostics",
        )
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        yield pilot, app


def diagnostics_screen(app: PodtuiApp) -> DiagnosticsScreen:
    assert isinstance(app.screen, DiagnosticsScreen)
    return app.screen


def is_shown(app: PodtuiApp) -> bool:
    """Return whether the diagnostics are on screen; else the pods are, in these tests."""
    assert app.screen in {app.main_screen, app.main_screen.openers._diagnostics}
    return app.screen is not app.main_screen


def selected(app: PodtuiApp) -> str:
    row = diagnostics_screen(app).list.selected
    assert row is not None
    return row.key


def called(plane: FakePlane, *kinds: str) -> list[tuple[object, ...]]:
    return [call for call in plane.calls if call[0] in kinds]
