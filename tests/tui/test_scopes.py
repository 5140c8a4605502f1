"""What the selected pod may write and read, in the pane that says why."""

from __future__ import annotations

from podtui.core.model.loans import Loan, Mode
from podtui.core.model.plans import Plan, Refusal
from podtui.tui.panes.why.lines import why_lines
from podtui.tui.panes.why.pane import LOANS_EVERY
from tests.tui.fake_plane import NOW, FakePlane, pod
from tests.tui.scene import app_over, settled, until


def loan(path: str, mode: Mode = "write", *, out: bool = True, why: str = "spawned") -> Loan:
    return Loan(
        id="1", pod="coder", pod_id="x", mode=mode, path=path, is_out=out, since=NOW, why=why
    )


def words_of(*loans: Loan) -> str:
    lines = why_lines(pod("coder"), at=NOW, elapsed=0.0, width=100, loans=loans)
    return "\n".join("".join(span.text for span in line) for line in lines)


def test_what_is_lent_and_what_came_back_are_lines_of_the_pane() -> None:
    """Each scope has a line; one that came back says why."""
    shown = words_of(loan("/src"), loan("/docs", "read"), loan("/old", out=False, why="stopped"))
    assert "scope       may write /src" in shown
    assert "scope       may read /docs" in shown
    assert "scope       write /old came back: stopped" in shown
    assert "scope" not in words_of()


def test_hostile_paths_are_text() -> None:
    """A path is an agent's word: nothing of it is an escape or markup."""
    shown = words_of(loan("/a\x1b[2J[b]x\u202e", out=False, why="\x1b]0;x\x07"))
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    assert "[b]x" in shown


async def test_the_pane_asks_for_the_selected_pod_and_again_later(plane: FakePlane) -> None:
    """The scopes come from a worker; what changed since is seen some ticks later."""
    plane.loans["planner"] = (loan("/first"),)
    app = app_over(plane)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, app)
        pane = app.main_screen.why
        app.main_screen.pod_tree.select(app.main_screen.pods[0].id)
        await until(pilot, lambda: "/first" in str(pane._lines))
        plane.loans["planner"] = (loan("/second"),)
        for _ in range(LOANS_EVERY):
            pane.tick()
        await until(pilot, lambda: "/second" in str(pane._lines))
        await pilot.press("down")
        await until(pilot, lambda: "/second" not in str(pane._lines))


async def test_who_has_what_came_back_is_told_as_a_conflict(plane: FakePlane) -> None:
    """The plan to lend it again is refused; why is a line of its own, and nothing but text."""
    plane.loans["planner"] = (loan("/src", out=False, why="stopped"),)
    why = "/src cannot be lent for writing: coder\x1b[2J may write /src and all below it"
    refusal = Refusal(kind="refused", message=why)
    plane.scripted_plan = Plan(action="relend", pod="planner", steps=(), refusals=(refusal,))
    app = app_over(plane)
    async with app.run_test(size=(120, 44)) as pilot:
        await settled(pilot, app)
        pane = app.main_screen.why
        await until(pilot, lambda: "conflict" in str(pane._lines))
        assert "may write /src and all below" in str(pane._lines)
        assert "\x1b" not in str(pane._lines)
