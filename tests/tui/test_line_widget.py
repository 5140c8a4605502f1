"""Lines that were painted before are not painted again, and look as Textual would draw them."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.widget import Widget

from podtui.tui.themes import ROLE_VARIABLES
from podtui.tui.widgets import line_widget, spans
from podtui.tui.widgets.line_widget import LineWidget
from podtui.tui.widgets.spans import Line, own

SIZE = (40, 12)


class Scrolling(LineWidget):
    """Numbered lines that move up."""

    DEFAULT_CSS = "Scrolling { height: 1fr; } Scrolling.-framed { padding: 1 2; }"
    first = 0

    def line(self, y: int, /) -> Line:
        return (own(" "), own(f"line {self.first + y}", "title" if y % 2 else "text"))


class Shown(App[None]):
    """One widget and nothing else."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(ROLE_VARIABLES)

    def compose(self) -> ComposeResult:
        yield Scrolling()


async def test_only_a_new_line_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output that moves up by one line costs the painting of one line."""
    painted: list[object] = []
    paint = spans.paint

    def counted(*given: object) -> object:
        painted.append(given)
        return paint(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(line_widget, "paint", counted)
    async with Shown().run_test(size=SIZE) as pilot:
        widget = pilot.app.query_one(Scrolling)
        await pilot.pause()
        painted.clear()
        # By two, so that each line keeps its role.
        widget.first += 2
        widget.refresh()
        await pilot.pause()
        assert len(painted) == 2


@pytest.mark.parametrize("framed", [False, True])
async def test_lines_look_as_textual_draws_them(framed: bool) -> None:
    """Our shorter way gives the very cells of Textual's own, whole and in part."""
    async with Shown().run_test(size=SIZE) as pilot:
        widget = pilot.app.query_one(Scrolling)
        widget.set_class(framed, "-framed")
        await pilot.pause()
        for part in (Region(0, 0, *SIZE), Region(3, 2, 11, 4)):
            own_way = [list(strip) for strip in widget.render_lines(part)]
            assert own_way == [list(strip) for strip in Widget.render_lines(widget, part)]


async def test_another_theme_is_painted_anew() -> None:
    """No line keeps the colours of the theme before."""
    async with Shown().run_test(size=SIZE) as pilot:
        widget, whole = pilot.app.query_one(Scrolling), Region(0, 0, *SIZE)
        before = [list(strip) for strip in widget.render_lines(whole)]
        pilot.app.theme = "textual-light"
        await pilot.pause()
        after = [list(strip) for strip in widget.render_lines(whole)]
        assert after != before
        assert after == [list(strip) for strip in Widget.render_lines(widget, whole)]
