"""The screen of diagnostics, the notice above the keys and the count in the first line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from podtui.core.errors import DiskTrouble
from podtui.core.model.diagnostics import Undo
from podtui.core.model.verdicts import Answer, Probe, Status
from podtui.tui.app import PodtuiApp
from podtui.tui.controllers import diagnostics
from podtui.tui.dialogs.help import HelpScreen
from tests.support.hostile import HOSTILE_TEXTS
from tests.tui.diagnostics_builders import (
    SEEN,
    SIZE,
    called,
    diagnostic,
    diagnostics_screen,
    is_shown,
    opened,
    selected,
    some_of_each,
)
from tests.tui.fake_plane import NOW, FakePlane, evidence, picture, pod
from tests.tui.scene import app_over, settled, shown_text, until, words_on

Compare = Callable[..., bool]

# pictures


def shot(plane: FakePlane, *keys: str) -> tuple[PodtuiApp, Callable[[Pilot[int]], object]]:
    app = app_over(plane)

    async def prepare(pilot: Pilot[int]) -> None:
        await settled(pilot, app)
        await until(
            pilot, lambda: app.main_screen.diagnostics.picture.diagnostics, "the diagnostics"
        )
        app.main_screen._sampler.stop()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return app, prepare


def test_the_diagnostics_with_one_unfolded(plane: FakePlane, snap_compare: Compare) -> None:
    """Newest first, unread ones marked, two hundred losses in one line, the evidence of one."""
    plane.show_diagnostics(some_of_each(), seen=SEEN)
    app, prepare = shot(plane, "D", "down", "enter")
    assert snap_compare(app, terminal_size=SIZE, run_before=prepare)


# the main screen


async def test_unread_ones_are_counted_and_the_newest_is_told_above_the_keys(
    plane: FakePlane,
) -> None:
    """One calm line with the way back, and a count that stays."""
    plane.show_diagnostics(some_of_each(), seen=SEEN)
    async with opened(plane) as (_, app):
        shown = shown_text(app).splitlines()
        assert "4 diagnostics D" in shown[0]
        [line] = [each for each in shown if "reviewer-3" in each]
        at = (NOW - timedelta(seconds=100)).astimezone().strftime("%H:%M")
        assert line.startswith(f" ▽ {at} reviewer-3: pruned by operator")
        assert line.rstrip().endswith("— recover: U")


async def test_without_unread_ones_nothing_is_said(plane: FakePlane) -> None:
    """Calm is when nothing is there."""
    plane.show_diagnostics(some_of_each()[-1:], seen=["6.diagnostic"])
    async with opened(plane) as (_, app):
        assert "diagnostic" not in shown_text(app).splitlines()[0]
        assert "reviewer-3" not in shown_text(app)


async def test_the_notice_goes_after_a_minute_and_the_count_stays(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not looked at is not pushed at anybody for ever."""
    plane.show_diagnostics(some_of_each(), seen=SEEN)
    async with opened(plane) as (pilot, app):
        screen = app.main_screen
        assert screen.diagnostics.noticed is not None
        boot = screen._clock.boottime()
        monkeypatch.setattr(type(screen._clock), "boottime", lambda _: boot + diagnostics.SHOWN_S)
        await until(pilot, lambda: screen.diagnostics.noticed is None, "the end of the notice")
        await pilot.pause()
        assert "pruned by operator" not in shown_text(app)
        assert "4 diagnostics D" in shown_text(app).splitlines()[0]


async def test_what_is_told_while_the_screen_is_open_is_noticed(plane: FakePlane) -> None:
    """Whoever told it; and what is seen elsewhere goes."""
    async with opened(plane) as (pilot, app):
        plane.show_diagnostics([diagnostic(1)])
        await until(pilot, lambda: "pod-001: lost" in shown_text(app), "the notice")
        plane.show_diagnostics([diagnostic(1), diagnostic(2, ago_s=-30)])
        await until(pilot, lambda: "pod-002: lost" in shown_text(app), "the newer one")
        plane.show_diagnostics([diagnostic(1), diagnostic(2, ago_s=-30)], seen=["2.diagnostic"])
        await until(pilot, lambda: app.main_screen.diagnostics.noticed is None, "the end of it")
        await pilot.pause()
        assert "1 diagnostic D" in shown_text(app)
        # The older one was told before: it is counted, and not pushed again.
        assert "pod-001: lost" not in shown_text(app)


async def test_a_notice_of_the_store_that_says_the_same_is_not_said_twice(
    plane: FakePlane,
) -> None:
    """The observer's own banner about many losses gives way to the line with the way back."""
    losses = [diagnostic(number, ago_s=1) for number in range(3)]
    plane.show_diagnostics(losses)
    sentence = plane.diagnostics.entries[0].sentence
    plane.snapshot = picture(plane.snapshot.pods, notices=(sentence, "something else"))
    async with opened(plane) as (_, app):
        shown = words_on(app)
        assert shown.count("3 pods were lost") == 1
        assert "— restore: U" in shown
        assert "something else" in shown


async def test_ends_with_the_screen(plane: FakePlane) -> None:
    """The watch over the diagnostics is closed when the screen is."""
    async with opened(plane):
        assert not plane.diagnostics_closed.is_set()
    assert plane.diagnostics_closed.is_set()


# the list


async def test_the_list_shows_newest_first_with_unread_marked(plane: FakePlane) -> None:
    """Many at once are one line; each says what can be done."""
    plane.show_diagnostics(some_of_each(), seen=SEEN)
    async with opened(plane, "D") as (_, app):
        lines = shown_text(app).splitlines()
        assert "diagnostics" in lines[0]
        assert "4 unread of 7" in lines[0]
        assert [line[1] for line in lines[1:8]] == ["•", "•", "•", "•", " ", " ", " "]
        assert "▽ pruned" in lines[1]
        assert "recover: U" in lines[1]
        assert "⊘ lost" in lines[2]
        assert "restore: U" in lines[2]
        assert "✗ not restored" in lines[3]
        assert "▸" in lines[4]
        assert "200 pods" in lines[4]
        assert "were lost at" in lines[4]
        assert "relend: U" in lines[5]
        assert lines[7].rstrip().endswith("recovered")


async def test_enter_unfolds_the_evidence_and_folds_it_again(plane: FakePlane) -> None:
    """What the diagnostic rests on, and the command that undoes it."""
    plane.show_diagnostics(some_of_each())
    async with opened(plane, "D", "down") as (pilot, app):
        assert "no process 48200" not in shown_text(app)
        await pilot.press("enter")
        await pilot.pause()
        shown = words_on(app)
        assert "supervisor no no process 48200" in shown
        assert "undo podtui restore reviewer-2" in shown
        assert "run 1" in shown
        # From within what is unfolded, too.
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert "no process 48200" not in shown_text(app)
        assert selected(app) == "5.diagnostic"


async def test_many_unfold_into_each_and_each_into_its_evidence(plane: FakePlane) -> None:
    """Two hundred in one line, one by one below it, newest first."""
    plane.show_diagnostics(some_of_each())
    async with opened(plane, "D", "down", "down", "down", "enter", "down") as (pilot, app):
        assert selected(app) == "100.diagnostic/299.diagnostic"
        assert "shard-199" in shown_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "podtui restore shard-199" in words_on(app)
        await pilot.press("end")
        await pilot.pause()
        assert selected(app) == "1.diagnostic"


async def test_typing_filters_and_escape_ends_the_filter_first(plane: FakePlane) -> None:
    """Words of kind, pod, actor or sentence; of many a single name finds them."""
    plane.show_diagnostics(some_of_each())
    async with opened(plane, "D", "slash", *"prun rev") as (pilot, app):
        shown = shown_text(app)
        assert "reviewer-3" in shown
        assert "old-docs" not in shown
        assert "prun rev · 1 of 7" in words_on(app)
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert "old-docs" in shown_text(app)
        await pilot.press("slash", *"shard-077")
        await pilot.pause()
        assert "were lost at" in shown_text(app)
        await pilot.press("escape", "slash", *"nothing like it")
        await pilot.pause()
        assert "no diagnostic has 'nothing like it'" in shown_text(app)
        await pilot.press("escape")
        assert is_shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not is_shown(app)


async def test_the_empty_list_says_that_nothing_was_told(plane: FakePlane) -> None:
    """No empty screen without a word."""
    async with opened(plane, "D", "enter", "down", "U", "end") as (_, app):
        assert "no diagnostics yet" in shown_text(app)


async def test_what_comes_meanwhile_moves_nothing_that_is_selected(plane: FakePlane) -> None:
    """New ones come in above; the selection and the rows on screen stay."""
    many = [diagnostic(number, ago_s=5000 - 10 * number) for number in range(100)]
    plane.show_diagnostics(many)
    async with opened(plane, "D", *["down"] * 50) as (pilot, app):
        before = [line[:-1] for line in shown_text(app).splitlines()[1:20]]
        assert selected(app) == "49.diagnostic"
        plane.show_diagnostics([*many, diagnostic(500)])
        await until(pilot, lambda: "101 unread" in shown_text(app), "the new one")
        assert selected(app) == "49.diagnostic"
        assert [line[:-1] for line in shown_text(app).splitlines()[1:20]] == before


async def test_ten_thousand_cost_what_is_on_screen(plane: FakePlane) -> None:
    """Only the lines that are shown are drawn, and nothing is when nothing happens."""
    plane.show_diagnostics(
        [diagnostic(number, ago_s=100_000 - 10 * number) for number in range(10_000)]
    )
    async with opened(plane, "D") as (pilot, app):
        shown = diagnostics_screen(app).list
        assert len(shown._drawn) <= SIZE[1]
        await pilot.press("end")
        await pilot.pause()
        assert selected(app) == "0.diagnostic"
        assert len(shown._drawn) <= 2 * SIZE[1]
        shown._drawn.clear()
        app.main_screen._tick()
        await pilot.pause()
        assert not shown._drawn


async def test_a_line_that_cannot_be_read_is_told(plane: FakePlane) -> None:
    """The list does not look whole when it is not."""
    plane.show_diagnostics(
        [diagnostic(1)], problem="/store/diagnostics/000001.jsonl has a line that cannot be read"
    )
    async with opened(plane, "D") as (_, app):
        assert "has a line that cannot be read" in words_on(app)
        assert "pod-001" in shown_text(app)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)])
async def test_it_fits_narrow_terminals(plane: FakePlane, size: tuple[int, int]) -> None:
    """Kind, pod and undo are there at every width; no line is longer than the screen."""
    plane.show_diagnostics(some_of_each(), seen=SEEN)
    async with opened(plane, "D", "enter", size=size) as (_, app):
        lines = shown_text(app).splitlines()
        assert all(len(line) <= size[0] for line in lines)
        assert "▽ pruned" in lines[1]
        assert "reviewer-3" in lines[1]
        assert lines[1].rstrip().endswith("U")


async def test_hostile_text_stays_text(plane: FakePlane) -> None:
    """In names, sentences, evidence and what an undo is given."""
    plane.show_diagnostics(
        [
            diagnostic(
                number,
                pod_name=text,
                ago_s=1000 - 10 * number,
                summary=text,
                actor=text,
                evidence=evidence((Probe.LOCK, Answer.NO, text)),
                undo=Undo("restore", text),
            )
            for number, text in enumerate((*HOSTILE_TEXTS, "[@click=app.quit]x[/]", "[/x]"))
        ],
        problem=HOSTILE_TEXTS[0],
    )
    async with opened(plane, "D", "enter", "U", "_") as (_, app):
        assert "\x1b" not in shown_text(app)
        assert app.is_running


# seen


async def test_leaving_marks_what_was_on_screen_as_seen(plane: FakePlane) -> None:
    """And nothing that was never shown; looking again shows them as seen."""
    plane.show_diagnostics([diagnostic(number, ago_s=5000 - 10 * number) for number in range(100)])
    async with opened(plane, "D") as (pilot, app):
        assert not called(plane, "seen")
        await pilot.press("escape")
        await until(pilot, lambda: called(plane, "seen"), "the mark")
        [(_, ids)] = called(plane, "seen")
        assert isinstance(ids, frozenset)
        assert "99.diagnostic" in ids
        assert "0.diagnostic" not in ids
        left = 100 - len(ids)
        await until(pilot, lambda: f"{left} diagnostics D" in shown_text(app), "the count")
        await pilot.press("D", "q")
        await pilot.pause()
        assert app.screen is app.main_screen
        assert len(called(plane, "seen")) == 1


async def test_a_mark_that_cannot_be_written_is_told(plane: FakePlane) -> None:
    """Where the operator is by then: on the main screen."""
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D") as (pilot, app):
        plane.error = DiskTrouble("cannot record which diagnostics were read: disk full")
        await pilot.press("D")
        await until(
            pilot, lambda: "diagnostics were read: disk full" in words_on(app), "the sentence"
        )
        assert app.screen is app.main_screen


async def test_a_store_that_is_only_shown_is_marked_nowhere(plane: FakePlane) -> None:
    """Looking changes nothing in it, and complains of nothing."""
    plane.snapshot = picture(plane.snapshot.pods, read_only=True)
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "escape"):
        assert not called(plane, "seen")


async def test_help_and_palette_know_the_screen(plane: FakePlane) -> None:
    """The keys are listed, and choosing a pod in the palette goes back to the pods."""
    plane.snapshot = picture([pod("one"), pod("two", Status.LOST)])
    plane.show_diagnostics([diagnostic(1)])
    async with opened(plane, "D", "question_mark") as (pilot, app):
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        assert is_shown(app)
        app.main_screen.select_pod(plane.snapshot.pods[1].id)
        await pilot.pause()
        assert not is_shown(app)
        chosen = app.main_screen.pod_tree.selected
        assert chosen is not None
        assert chosen.name == "two"
