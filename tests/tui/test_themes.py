"""Themes from files, ours and the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.color import Color

from podtui.cli.open_screen import watch_settings
from podtui.core.paths import config_directory, config_file
from podtui.core.system.system import real_system
from podtui.tui.themes import (
    DEFAULT_ANSI_THEME,
    DEFAULT_THEME,
    ROLE_VARIABLES,
    ThemeProblem,
    load_themes,
    own_directory,
    read_theme,
)
from podtui.tui.widgets.roles import LOOKS, style_of
from tests.tui.fake_plane import FakePlane
from tests.tui.scene import app_over, settled, shown_text, until, words_on

TEXT_ROLES = (
    "pod-working",
    "pod-waiting",
    "pod-stalled",
    "pod-failed",
    "pod-lost",
    "pod-unknown",
    "pod-quiet",
)
READABLE = 4.5
HIGH = 7.0


def test_every_theme_of_ours_is_sound_and_complete() -> None:
    """Each names all of podtui's own colours, so none falls back to those of another ground."""
    themes, problems = load_themes([own_directory()])
    assert problems == []
    names = {theme.name for theme in themes}
    wanted = {DEFAULT_THEME, DEFAULT_ANSI_THEME, "podtui-light", "high-contrast", "colour-blind"}
    assert names >= wanted
    for theme in themes:
        assert set(ROLE_VARIABLES) <= set(theme.variables), theme.name


def test_every_state_is_readable_on_its_ground() -> None:
    """Text of each state has the contrast that reading needs; high contrast has more."""
    themes, _ = load_themes([own_directory()])
    for theme in themes:
        if theme.ansi:
            continue
        least = HIGH if theme.name == "high-contrast" else READABLE
        for ground in (theme.background, theme.variables["pod-selected"]):
            for role in TEXT_ROLES:
                ratio = contrast(theme.variables[role], str(ground))
                wanted = least if ground == theme.background else READABLE
                assert ratio >= wanted, f"{theme.name}: {role} on {ground}: {ratio:.1f}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [value / 255 for value in Color.parse(colour).rgb]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("not toml at all [", "not TOML"),
        ('name = "x"', "primary is missing"),
        ('primary = "#fff"', "name must be"),
        ('name = "../x"\nprimary = "#fff"', "name must be"),
        ('name = "x"\nprimary = "no colour"', "is not a colour"),
        ('name = "x"\nprimary = 3', "must be a colour in quotation marks"),
        ('name = "x"\nprimary = "#fff"\nshade = "#fff"', "no use for shade"),
        ('name = "x"\nprimary = "#fff"\ndark = "yes"', "must be true or false"),
        ('name = "x"\nprimary = "#fff"\nvariables = 3', "must be a table"),
        ('name = "x"\nprimary = "#fff"\n[variables]\npod-lost = "?"', "is not a colour"),
    ],
)
def test_a_theme_that_cannot_be_used_says_why(tmp_path: Path, content: str, reason: str) -> None:
    """The sentence names the file and the mistake."""
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(ThemeProblem) as caught:
        read_theme(path)
    assert reason in caught.value.sentence()
    assert "mine.toml" in caught.value.sentence()


def test_the_users_theme_replaces_ours_of_the_same_name(tmp_path: Path) -> None:
    """The user's directory is read last."""
    (tmp_path / "dark.toml").write_text(f'name = "{DEFAULT_THEME}"\nprimary = "#123456"')
    themes, _ = load_themes([own_directory(), tmp_path])
    mine = next(theme for theme in themes if theme.name == DEFAULT_THEME)
    assert mine.primary == "#123456"


def test_the_users_directory_follows_the_environment() -> None:
    """An absolute XDG_CONFIG_HOME is taken, a relative one is not."""
    assert config_directory({"XDG_CONFIG_HOME": "/c"}) == Path("/c/podtui")
    assert config_directory({"XDG_CONFIG_HOME": "c"}) != Path("c/podtui")


async def test_a_broken_theme_costs_one_notice_not_the_start(
    plane: FakePlane, tmp_path: Path
) -> None:
    """The screen comes up in the default colours and says what is wrong."""
    themes = tmp_path / "config" / "podtui" / "themes"
    themes.mkdir(parents=True)
    (themes / "mine.toml").write_text("oops")
    app = app_over(plane, XDG_CONFIG_HOME=str(tmp_path / "config"))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, app)
        await until(pilot, lambda: "it is not TOML" in words_on(app))
        assert app.theme == DEFAULT_THEME


async def test_a_theme_can_be_chosen_by_the_environment(plane: FakePlane) -> None:
    """PODTUI_THEME names one; a name there is none of is told."""
    app = app_over(plane, PODTUI_THEME="high-contrast")
    async with app.run_test():
        assert app.theme == "high-contrast"
    app = app_over(plane, PODTUI_THEME="nosuch")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "there is no theme 'nosuch'" in shown_text(app))


async def test_without_colours_the_terminals_own_are_used(plane: FakePlane) -> None:
    """NO_COLOR is respected; shapes and words still tell every state."""
    app = app_over(plane, NO_COLOR="1")
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, app)
        assert app.theme == DEFAULT_ANSI_THEME
        assert "▲ ~stalled" in shown_text(app)


async def test_another_theme_is_seen_at_once(plane: FakePlane) -> None:
    """Changing the theme recolours what is on screen, without a restart."""
    app = app_over(plane)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, app)
        before = app.main_screen.header.render_line(0)
        app.theme = "high-contrast"
        await pilot.pause()
        after = app.main_screen.header.render_line(0)
        assert before.text == after.text
        assert [segment.style for segment in before] != [segment.style for segment in after]


def test_every_role_has_a_look_in_every_theme() -> None:
    """No span can name a role that the screen cannot draw."""
    for theme in load_themes([own_directory()])[0]:
        variables = {**theme.to_color_system().generate(), **theme.variables}
        assert all(style_of(role, variables) is not None for role in LOOKS)


async def test_a_changed_theme_and_setting_are_used_while_the_screen_is_open(
    plane: FakePlane, tmp_path: Path
) -> None:
    """Colours are tried without leaving the screen; a broken file is named and changes nothing."""
    system = replace(real_system(), environment={"XDG_CONFIG_HOME": str(tmp_path)})
    settings = config_file(system.environment)
    themes = config_directory(system.environment) / "themes"
    themes.mkdir(parents=True)
    app = app_over(plane)
    async with app.run_test() as pilot:
        subscription = watch_settings(app, system)
        try:
            await until(pilot, lambda: subscription.stands, "the watch")
            (themes / "mine.toml").write_text('name = "mine"\nprimary = "#112233"\n')
            settings.write_text('theme = "mine"\n')
            await until(pilot, lambda: app.theme == "mine", "the theme")
            settings.write_text("theme = \n")
            await until(pilot, lambda: "settings" in words_on(app), "the complaint")
            assert app.theme == "mine"
        finally:
            subscription.close()
