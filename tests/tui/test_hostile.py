"""Nothing that agents choose can steer the terminal or the screen, on any surface."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from podtui.core.errors import Refused
from podtui.core.model.plans import Plan, Refusal
from podtui.core.model.snapshot import Detector, DetectorState, Health, PodView, Snapshot
from podtui.core.model.verdicts import Answer, Probe, Status
from podtui.core.output.files import FileOutput
from podtui.core.text.safe import INVISIBLE
from podtui.tui.app import PodtuiApp
from tests.support.hostile import HOSTILE_TEXTS
from tests.support.plans import steps_of
from tests.tui.fake_plane import FakePlane, evidence, picture, pod, still_system
from tests.tui.scene import app_over, settled, shown_text, until

MARKUP = ("[@click=app.quit]x[/]", "pod[/x]", "[bold red]loud[/]", "\\[x]", "[/]")
BAD = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{INVISIBLE}]")
SURFACES = ("enter", "s", "escape", "x", "escape", "n", "escape", "i", "i", "v", "ctrl+p", "escape")


def hostile_pod(number: int, text: str) -> PodView:
    """Return a pod that says the same thing everywhere."""
    return pod(
        f"{text}",
        tuple(Status)[number % len(Status)],
        id=f"{number:026d}",
        message=text,
        role=text,
        task=text,
        agent=text,
        record_error=text if number % 3 == 0 else None,
        evidence=evidence((Probe.LOCK, Answer.UNKNOWN, text), (Probe.SOCKET, Answer.YES, text)),
    )


def hostile_picture(texts: tuple[str, ...]) -> Snapshot:
    return picture(
        [hostile_pod(number, text) for number, text in enumerate(texts)],
        notices=texts[:2],
        health=Health(ok=False, reason=texts[0]),
        detectors=(Detector(name=texts[0], state=DetectorState.OFF, age_s=1.0, detail=texts[0]),),
    )


class HostilePlane(FakePlane):
    """A plane whose paths are tame, since no name of these can be on disk."""

    def output(self, name: str) -> FileOutput:
        return FileOutput(still_system(), self.paths.pod("tame"))


def assert_safe(app: PodtuiApp) -> None:
    """Fail when anything on screen could do more than be read."""
    shown = shown_text(app).replace("\n", "")
    found = BAD.search(shown)
    assert found is None, (
        f"{found.group()!r} at {shown[max(found.start() - 20, 0) : found.end()]!r}"
    )


def plane_of(root: Path, texts: tuple[str, ...]) -> HostilePlane:
    plane = HostilePlane(root, hostile_picture(texts))
    plane.write_output("tame", "\n".join(texts).encode("utf-8", "surrogatepass"))
    plane.scripted_plan = Plan(
        action="stop",
        pod=texts[0],
        steps=steps_of(*texts[:3]),
        warnings=texts[:3],
        refusals=(Refusal(kind="refused", message=texts[1], next=texts[0]),),
    )
    return plane


@pytest.mark.parametrize("texts", [HOSTILE_TEXTS, MARKUP], ids=["sequences", "markup"])
async def test_no_surface_passes_what_could_steer_a_terminal(
    tmp_path: Path, texts: tuple[str, ...]
) -> None:
    """Names, messages, evidence, output, plans, errors and the palette show text, nothing else."""
    plane = plane_of(tmp_path, texts)
    app = app_over(plane)
    async with app.run_test(size=(150, 50), notifications=True, tooltips=True) as pilot:
        await settled(pilot, app)
        assert_safe(app)
        for _ in range(len(texts) - 1):
            await pilot.press("down")
            await pilot.pause()
            assert_safe(app)
        for key in SURFACES:
            await pilot.press(key)
            await pilot.pause()
            assert_safe(app)
        assert app.is_running


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS[:12], *MARKUP])
async def test_an_error_shows_the_words_of_others_as_text(tmp_path: Path, text: str) -> None:
    """An error's message, pod and next step may all hold what an agent has chosen."""
    plane = plane_of(tmp_path, (text, text, text))
    plane.error = Refused(f"no: {text}", pod=text, next_step=text, kept=text)
    app = app_over(plane)
    async with app.run_test(size=(150, 50), notifications=True) as pilot:
        await settled(pilot, app)
        await pilot.press("down", "s", "a", "enter")
        await until(pilot, lambda: app.main_screen.notices.notice is not None)
        await pilot.pause()
        assert_safe(app)


@pytest.mark.parametrize("name", MARKUP)
async def test_markup_in_a_name_is_text_in_the_palette_too(tmp_path: Path, name: str) -> None:
    """Found by what stands between its brackets, a name is shown whole; it is no link."""
    plane = plane_of(tmp_path, (name, name))
    plane.snapshot = picture([hostile_pod(1, name)])
    app = app_over(plane)
    async with app.run_test(size=(150, 50)) as pilot:
        await settled(pilot, app)
        await pilot.press("ctrl+p", *"pod ", *(letter for letter in name if letter.isalpha()))
        await until(pilot, lambda: f"pod {name}" in shown_text(app))
        row = next(
            y for y, line in enumerate(shown_text(app).splitlines()) if f"pod {name}" in line
        )
        await pilot.click(offset=(8, row))
        await until(pilot, lambda: app.screen is app.main_screen)
        assert app.is_running


async def test_markup_in_a_name_is_text_and_cannot_be_clicked(tmp_path: Path) -> None:
    """A name that looks like a link to an action is shown as it is, and clicking only selects."""
    plane = plane_of(tmp_path, MARKUP)
    app = app_over(plane)
    async with app.run_test(size=(150, 50)) as pilot:
        await settled(pilot, app)
        shown = shown_text(app)
        assert all(text in shown for text in MARKUP)
        for row in range(len(MARKUP)):
            for column in (4, 6, 12, 20):
                await pilot.click("#tree", offset=(column, row))
        await pilot.click("#output", offset=(4, 0))
        await pilot.click("#why", offset=(4, 1))
        await pilot.click("#notices", offset=(4, 0))
        assert app.is_running
