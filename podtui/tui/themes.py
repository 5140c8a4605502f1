"""Themes: TOML files of podtui and of the user, made into Textual themes.

A file that cannot be used costs one sentence, never the start.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from podtui.core.text.safe import safe_line

DEFAULT_THEME = "podtui-dark"
DEFAULT_ANSI_THEME = "podtui-ansi"
LARGEST_FILE = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\Z")
_COLOUR_FIELDS = (
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
)
ROLE_VARIABLES: Mapping[str, str] = {
    "pod-brand-text": "#0f141c",
    "pod-muted": "#6b7486",
    "pod-rule": "#2a3342",
    "pod-rule-focus": "#3f5670",
    "pod-selected": "#1b2a40",
    "pod-selected-blurred": "#172030",
    "pod-working": "#7ee08a",
    "pod-waiting": "#f2d06b",
    "pod-stalled": "#ffb04d",
    "pod-failed": "#ff6b7d",
    "pod-lost": "#ff6b7d",
    "pod-unknown": "#c4a1ff",
    "pod-quiet": "#8a94a6",
    "pod-activity": "#63b8b4",
    "pod-match": "#5b4a12",
    "pod-match-here": "#e0b23c",
    "pod-match-text": "#10151d",
}
"""podtui's own colours, used where a theme does not name one."""


@dataclass(frozen=True, slots=True)
class ThemeProblem(Exception):
    """A theme file that cannot be used, and why."""

    path: Path
    reason: str

    def sentence(self) -> str:
        """Return it in words."""
        return f"theme {safe_line(str(self.path))} is not used: {safe_line(self.reason)}"


def own_directory() -> Path:
    """Return where podtui's own themes are: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def load_themes(directories: Iterable[Path]) -> tuple[list[Theme], list[ThemeProblem]]:
    """Return the themes of all directories, a later one replacing one of the same name."""
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for directory in directories:
        try:
            paths = sorted(directory.glob("*.toml"))
        except OSError as error:
            problems.append(ThemeProblem(directory, str(error.strerror or error)))
            continue
        for path in paths:
            try:
                theme = read_theme(path)
            except ThemeProblem as problem:
                problems.append(problem)
            else:
                themes[theme.name] = theme
    return list(themes.values()), problems


def read_theme(path: Path) -> Theme:
    """Read one theme file.

    Raises:
        ThemeProblem: it is not a theme; says what is wrong with it.
    """
    content = _content(path)
    name = content.pop("name", None)
    if not isinstance(name, str) or not _NAME.match(name):
        raise ThemeProblem(path, "its name must be small letters, digits and dashes")
    dark, ansi = content.pop("dark", True), content.pop("ansi", False)
    if not isinstance(dark, bool) or not isinstance(ansi, bool):
        raise ThemeProblem(path, "dark and ansi must be true or false")
    variables = content.pop("variables", {})
    if not isinstance(variables, dict):
        raise ThemeProblem(path, "variables must be a table")
    unknown = sorted(set(content) - set(_COLOUR_FIELDS))
    if unknown:
        raise ThemeProblem(path, f"it has no use for {', '.join(unknown)}")
    if "primary" not in content:
        raise ThemeProblem(path, "primary is missing")
    colours = {key: _colour(path, key, value) for key, value in content.items()}
    own = {key: _colour(path, f"variables.{key}", value) for key, value in variables.items()}
    return Theme(
        name=name,
        primary=colours["primary"],
        secondary=colours.get("secondary"),
        warning=colours.get("warning"),
        error=colours.get("error"),
        success=colours.get("success"),
        accent=colours.get("accent"),
        foreground=colours.get("foreground"),
        background=colours.get("background"),
        surface=colours.get("surface"),
        panel=colours.get("panel"),
        boost=colours.get("boost"),
        dark=dark,
        ansi=ansi,
        variables=own,
    )


def _content(path: Path) -> dict[str, object]:
    try:
        if not path.is_file():
            raise ThemeProblem(path, "it is not a plain file")
        if path.stat().st_size > LARGEST_FILE:
            raise ThemeProblem(path, f"it is longer than {LARGEST_FILE} bytes")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ThemeProblem(path, str(error.strerror or error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ThemeProblem(path, f"it is not TOML: {error}") from error


def _colour(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ThemeProblem(path, f"{key} must be a colour in quotation marks")
    if key.startswith("variables.") and key.endswith("-text-style"):
        return value
    try:
        Color.parse(value.split()[0] if value.strip() else value)
    except ColorParseError as error:
        raise ThemeProblem(path, f"{key}: {value!r} is not a colour") from error
    return value
