"""The trash on the screen: found by typing, looked at, brought back."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from podtui.core.errors import DiskTrouble
from podtui.core.model.diagnostics import Diagnostic, DiagnosticKind, Undo
from podtui.core.model.plans import Plan, Refusal
from podtui.core.model.trash import TrashView
from podtui.core.model.verdicts import Status
from podtui.tui.app import PodtuiApp
from podtui.tui.dialogs.plan import PlanDialog
from podtui.tui.dialogs.recover import RecoverDialog, proposed_name
from podtui.tui.panes.lists.trash_list import found, row_line, status_span, time_words
from podtui.tui.screens.trash_screen import TrashScreen
from tests.support.hostile import HOSTILE_TEXTS
from tests.tui.fake_plane import NOW, FakePlane, picture, pod
from tests.tui.scene import app_over, settled, shown_text, until, words_on
from tests.tui.test_hostile import MARKUP, assert_safe

SIZE = (120, 36)
Compare = Callable[..., bool]
THROWN_AWAY = (
    TrashView(
        id="entry-1",
        name="reviewer-3",
        pod_id="id-reviewer-3",
        parent="coder",
        pruned_at=NOW - timedelta(minutes=9),
        actor="operator",
        status="lost",
        message="lost: its supervisor ended without writing an exit record",
        size_bytes=4 << 20,
    ),
    TrashView(
        id="entry-2",
        name="build",
        pod_id="id-build",
        parent="release",
        pruned_at=NOW - timedelta(hours=26),
        actor="planner",
        status="failed",
        message="failed 3",
        size_bytes=120 << 10,
    ),
    TrashView(
        id="entry-3",
        name="planner",
        pod_id="id-planner",
        pruned_at=NOW - timedelta(days=2),
        actor="operator",
        status="exited",
        message="exited 0",
        size_bytes=900,
    ),
    TrashView(id="entry-4", name="odd", problem="prune.json cannot be read: line 1"),
)


@asynccontextmanager
async def opened(
    plane: FakePlane, size: tuple[int, int] = SIZE
) -> AsyncIterator[tuple[Pilot[int], PodtuiApp]]:
    """Give the screen over a plane with something in its trash."""
    if not plane.thrown_away:
        plane.thrown_away = THROWN_AWAY
    app = app_over(plane)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        yield pilot, app


async def looked_into(pilot: Pilot[int], app: PodtuiApp) -> TrashScreen:
    """Open the trash and wait until it is listed."""
    await pilot.press("U")
    await until(pilot, lambda: isinstance(app.screen, TrashScreen))
    screen = app.screen
    assert isinstance(screen, TrashScreen)
    await until(pilot, lambda: screen.list.entries is not None)
    await pilot.pause()
    return screen


async def planned(pilot: Pilot[int], app: PodtuiApp) -> None:
    """Wait until the plan of a recover is shown."""
    await until(pilot, lambda: isinstance(app.screen, RecoverDialog))
    await until(pilot, lambda: "is being made" not in shown_text(app))
    await pilot.pause()


def calls(plane: FakePlane, *kinds: str) -> list[tuple[object, ...]]:
    return [call for call in plane.calls if call[0] in kinds]


def test_words_find_an_entry_by_all_that_is_known_of_it() -> None:
    """Name, parent, who, status and message count; all words must be there."""
    assert [each.name for each in found(THROWN_AWAY, "OPERATOR lost")] == ["reviewer-3"]
    assert [each.name for each in found(THROWN_AWAY, "release")] == ["build"]
    assert len(found(THROWN_AWAY, "")) == 4


def test_the_time_of_another_day_is_its_date() -> None:
    """Of today the time is enough; what cannot be told is a question mark."""
    assert time_words(NOW - timedelta(minutes=3), NOW) == "12:00"
    assert time_words(NOW - timedelta(days=2), NOW) == "2026-03-02"
    assert time_words(None, NOW) == "?"


def test_a_status_nobody_knows_is_text() -> None:
    """What another version wrote is shown as it is, harmless."""
    assert status_span(replace(THROWN_AWAY[0], status="odd\x1b[2J")).text.startswith("? odd\ufffd")
    assert status_span(replace(THROWN_AWAY[0], status="exited")).text == "✓ exited"


@pytest.mark.parametrize("width", [20, 40, 58, 76, 118])
def test_a_row_is_as_wide_as_the_list(width: int) -> None:
    """Columns leave it as it gets narrow, the name stays."""
    for entry in THROWN_AWAY:
        line = row_line(entry, width, NOW, selected=True)
        assert sum(len(span.text) for span in line) == width
        assert entry.name[:8] in "".join(span.text for span in line)


@pytest.mark.parametrize(
    ("next_step", "name"),
    [
        ("podtui recover entry-3 --as planner-2", "planner-2"),
        ("podtui recover entry-3 --as 'a b'", "a b"),
        ("podtui recover entry-3 --as NAME", ""),
        ("podtui inspect planner", None),
        ("podtui recover --as", None),
        ("podtui recover 'odd --as x", None),
        (None, None),
    ],
)
def test_the_name_a_refusal_proposes_is_taken_from_its_next_step(
    next_step: str | None, name: str | None
) -> None:
    """Only where another name helps is one asked for."""
    refusal = Refusal(kind="exists", message="taken", next=next_step)
    plan = Plan(action="recover", pod="planner", steps=(), refusals=(refusal,))
    assert proposed_name(plan) == name


async def test_a_pod_is_brought_back_by_three_keys(plane: FakePlane) -> None:
    """U, enter and y; the plan comes between, and the pod is selected when it is there."""
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        shown = words_on(app)
        assert "⊘ lost 11:54 by operator" in shown
        assert "2026-03-03 by planner" in shown
        assert "only podtui purge --older-than AGE does that" in shown
        await pilot.press("enter")
        await planned(pilot, app)
        assert "move 'reviewer-3' back from the trash" in shown_text(app)
        assert not calls(plane, "recover")
        await pilot.press("y")
        await until(pilot, lambda: "✓ recovered reviewer-3" in shown_text(app))
        assert calls(plane, "recover") == [("recover", "entry-1", None, "operator")]
        plane.show(picture((*plane.snapshot.pods, pod("reviewer-3", id="id-reviewer-3"))))
        selected = app.main_screen.pod_tree
        await until(pilot, lambda: selected.selected and selected.selected.name == "reviewer-3")


async def test_typing_finds_and_escape_ends_the_filter_first(plane: FakePlane) -> None:
    """Letters never are commands here; the second escape goes back."""
    async with opened(plane) as (pilot, app):
        screen = await looked_into(pilot, app)
        await pilot.press(*"buy", "backspace", "backspace", *"uild")
        await until(pilot, lambda: "trash · build · 1 of 4" in shown_text(app))
        assert screen.list.selected == THROWN_AWAY[1]
        await pilot.press("escape")
        assert len(screen.list.rows) == 4
        assert screen.list.selected == THROWN_AWAY[1]
        await pilot.press(*"zzz", "enter")
        assert "nothing in the trash has 'zzz'" in shown_text(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.main_screen)
        assert not calls(plane, "plan_recover")


async def test_arrows_and_pages_select(plane: FakePlane) -> None:
    """They work while the line has the focus, and end at both ends."""
    plane.thrown_away = tuple(
        replace(THROWN_AWAY[0], id=f"{n}", name=f"pod-{n:03d}") for n in range(100)
    )
    async with opened(plane) as (pilot, app):
        screen = await looked_into(pilot, app)
        await pilot.press("up", "down", "down", "pagedown")
        assert screen.list.selected is not None
        assert screen.list.selected.name > "pod-020"
        await pilot.press(*(["pagedown"] * 9))
        assert screen.list.selected.name == "pod-099"
        assert "pod-099" in shown_text(app)
        await pilot.press(*(["pageup"] * 9))
        assert screen.list.selected.name == "pod-000"


async def test_the_mouse_selects_and_a_second_click_opens(plane: FakePlane) -> None:
    """As in the other lists."""
    async with opened(plane) as (pilot, app):
        screen = await looked_into(pilot, app)
        await pilot.click("#trash", offset=(5, 1))
        assert screen.list.selected == THROWN_AWAY[1]
        await pilot.click("#trash", offset=(5, 1))
        await planned(pilot, app)
        assert "recover build" in shown_text(app)


async def test_where_the_name_is_taken_another_one_is_offered(plane: FakePlane) -> None:
    """The proposal stands in a line to be changed; enter recovers under what is planned there."""
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "planner-2" in shown_text(app))
        await until(pilot, lambda: "enter recover it" in shown_text(app))
        await pilot.press("backspace", "backspace", *"-old", "enter")
        await until(pilot, lambda: calls(plane, "recover"))
        assert calls(plane, "recover") == [("recover", "entry-3", "planner-old", "operator")]
        await until(pilot, lambda: "recovered planner-old" in shown_text(app))


async def test_another_name_that_is_taken_is_refused_too(plane: FakePlane) -> None:
    """The dialog stays open with what was typed."""
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "enter recover it" in shown_text(app))
        await pilot.press("ctrl+u", *"coder", "enter")
        await until(pilot, lambda: "there is a pod 'coder' already" in shown_text(app))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, RecoverDialog)
        assert not calls(plane, "recover")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TrashScreen))


async def test_a_plan_nobody_has_seen_cannot_be_confirmed(plane: FakePlane) -> None:
    """A y that comes before the plan does nothing."""
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        plane.hold = threading.Event()
        await pilot.press("enter", "y", "y")
        await until(pilot, lambda: "the plan is being made" in shown_text(app))
        assert isinstance(app.screen, RecoverDialog)
        plane.hold.set()
        await planned(pilot, app)
        assert not calls(plane, "recover")
        await pilot.press("y", "y")
        await until(pilot, lambda: "recovered reviewer-3" in shown_text(app))
        assert len(calls(plane, "recover")) == 1


async def test_a_trash_that_cannot_be_listed_says_so(plane: FakePlane) -> None:
    """What can be done next is told, and the way back works."""
    async with opened(plane) as (pilot, app):
        plane.error = DiskTrouble("the trash cannot be listed", next_step="podtui doctor")
        await looked_into(pilot, app)
        await until(pilot, lambda: "the trash cannot be listed" in shown_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main_screen)


async def test_what_cannot_be_planned_is_told_in_the_dialog(plane: FakePlane) -> None:
    """The error has its next step, and y does nothing."""
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        plane.error = DiskTrouble("the store cannot be asked", next_step="podtui doctor")
        await pilot.press("enter")
        await planned(pilot, app)
        assert "the store cannot be asked" in shown_text(app)
        assert "next: podtui doctor" in shown_text(app)
        await pilot.press("y")
        assert isinstance(app.screen, RecoverDialog)


async def test_an_empty_trash_is_no_mistake(plane: FakePlane) -> None:
    """One sentence, and enter does nothing."""
    app = app_over(plane)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        await looked_into(pilot, app)
        assert "the trash is empty: nothing was pruned" in shown_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, TrashScreen)


async def test_what_is_told_above_the_keys_is_taken_back_first(plane: FakePlane) -> None:
    """With a prune just told, U shows the plan of its undo; T has the trash all the same."""
    pruned = Diagnostic(
        id="1.pruned",
        at=NOW,
        kind=DiagnosticKind.PRUNED,
        pod="reviewer-3",
        pod_id="id-reviewer-3",
        summary="reviewer-3: pruned by operator",
        undo=Undo("recover", "entry-1"),
    )
    async with opened(plane) as (pilot, app):
        plane.show_diagnostics([pruned])
        await until(pilot, lambda: "recover: U" in shown_text(app))
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert "move 'reviewer-3' back from the trash" in shown_text(app)
        await pilot.press("y")
        await until(pilot, lambda: calls(plane, "recover"))
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, TrashScreen))


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS[:16], *MARKUP])
async def test_hostile_words_in_the_trash_are_text(plane: FakePlane, text: str) -> None:
    """In the list, below it, in the filter, in the plan and where a name is proposed."""
    entry = TrashView(
        id=f"entry {text}",
        name=text,
        pod_id="x",
        parent=text,
        pruned_at=NOW,
        actor=text,
        status=text,
        message=text,
        problem=text,
    )
    plane.thrown_away = (entry,)
    plane.snapshot = picture((*plane.snapshot.pods, pod(text, Status.EXITED, id="other")))
    async with opened(plane) as (pilot, app):
        await looked_into(pilot, app)
        assert_safe(app)
        await pilot.press("enter")
        await planned(pilot, app)
        await until(pilot, lambda: "recover as" in shown_text(app))
        assert_safe(app)
        await pilot.press("escape", *"[b]x")
        await pilot.pause()
        assert_safe(app)
        assert app.is_running


@pytest.mark.parametrize("size", [(120, 36), (60, 20)], ids=["wide", "60x20"])
def test_the_trash(plane: FakePlane, snap_compare: Compare, size: tuple[int, int]) -> None:
    """Four pods of different days, one of which cannot be read."""
    plane.thrown_away = THROWN_AWAY
    app = app_over(plane)

    async def prepare(pilot: Pilot[int]) -> None:
        await settled(pilot, app)
        screen = await looked_into(pilot, app)
        screen.line.cursor_blink = False
        await pilot.press("down")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)
