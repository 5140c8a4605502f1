"""Reads the settings of the user: one TOML file, and variables that take precedence.

docs/config.md describes the file. A file that cannot be used costs one sentence, never a command:
everything works with what is built in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from podtui.core.errors import BadInput
from podtui.core.paths import CONFIG_VARIABLE, config_file
from podtui.core.settings.detach_key import DEFAULT_KEY, detach_key
from podtui.core.system.fs import Fs, UnsafeFile
from podtui.core.text.durations import parse_duration
from podtui.core.text.safe import safe_line

DETACH_KEY_VARIABLE = "PODTUI_DETACH_KEY"
LARGEST_FILE = 64 * 1024
LONGEST_SHOWN = 60
LONGEST_REASON = 300
_WRONG_FIELD = re.compile(r"`\$\.([a-z_]+)")
_UNKNOWN_FIELD = re.compile(r"unknown field `(.{1,60})`")
_SHAPES = {
    "theme": "the name of a theme in quotation marks",
    "detach_key": 'a key in quotation marks, such as "ctrl-b"',
    "stall_after": 'a duration, such as "12m"',
    "protect": "a list of names of programs, each in quotation marks",
    "keys": "a table of keys by the id of a command",
}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``config.toml`` as it is written."""

    theme: str | None = None
    detach_key: str | None = None
    stall_after: str | int | float | None = None
    protect: list[str] = []
    keys: dict[str, object] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, with the values that hold where nothing is set.

    Attributes:
        theme: name of the screen's colours, None for the default.
        detach_key: the key that leaves an attached pod, as `detach_key` reads it.
        stall_after_s: seconds without progress after which a new pod counts as stalled, None for
            the default.
        protect: names of programs that are never ended as leftovers, with wildcards.
        keys: keys of the screen by id of a command, as they are written in the file.
    """

    theme: str | None = None
    detach_key: str = DEFAULT_KEY
    stall_after_s: float | None = None
    protect: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class Loaded(msgspec.Struct, frozen=True):
    """Settings to go on with, where they are from, and what was wrong with those written."""

    settings: Settings
    file: Path
    trouble: BadInput | None = None


def load_settings(fs: Fs, environment: Mapping[str, str]) -> Loaded:
    """Return the settings; where a file or a variable cannot be used, the built-in ones."""
    path = config_file(environment)
    troubles: list[BadInput] = []
    settings = Settings()
    try:
        settings = read_settings(fs, path, must_exist=bool(environment.get(CONFIG_VARIABLE)))
    except BadInput as error:
        troubles.append(error)
    chosen = environment.get(DETACH_KEY_VARIABLE)
    if chosen:
        try:
            detach_key(chosen)
        except BadInput as error:
            troubles.append(
                BadInput(f"{DETACH_KEY_VARIABLE}: {error.message}", next_step=error.next_step)
            )
        else:
            settings = msgspec.structs.replace(settings, detach_key=chosen)
    return Loaded(settings, path, _joined(troubles))


def _joined(troubles: list[BadInput]) -> BadInput | None:
    if len(troubles) <= 1:
        return troubles[0] if troubles else None
    return BadInput(
        "; ".join(each.message for each in troubles),
        next_step=troubles[0].next_step,
        kept=troubles[0].kept,
    )


def read_settings(fs: Fs, path: Path, *, must_exist: bool = False) -> Settings:
    """Return the settings of a file; a missing one sets nothing, unless it ``must_exist``.

    Raises:
        BadInput: it cannot be used; names the file and the line in it.
    """
    data = _content(fs, path, must_exist=must_exist)
    if data is None:
        return Settings()
    try:
        written = msgspec.toml.decode(data, type=_File)
    except msgspec.ValidationError as error:
        raise _unusable(path, _shape_words(str(error), data)) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unusable(path, f"line {line}: it is not UTF-8") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unusable(path, f"it is not TOML: {error}") from error
    return Settings(
        theme=written.theme,
        detach_key=_checked_key(path, written.detach_key, data),
        stall_after_s=_checked_duration(path, written.stall_after, data),
        protect=tuple(written.protect),
        keys=dict(_checked_keys(path, written.keys, data)),
    )


def _content(fs: Fs, path: Path, *, must_exist: bool) -> bytes | None:
    """Return what is written, None when there is no file."""
    try:
        return fs.read_linked(path, LARGEST_FILE)
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            raise _unusable(
                path, f"{CONFIG_VARIABLE} names it and there is no such file"
            ) from error
        if _is_link(fs, path):
            raise _unusable(path, "it is a link to nothing") from error
        return None
    except UnsafeFile as error:
        raise _unusable(path, f"it is {error.reason}") from error
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _is_link(fs: Fs, path: Path) -> bool:
    try:
        return fs.stamp(path) is not None
    except OSError:
        # A path that leads through a file has nothing at its end either.
        return False


def _checked_key(path: Path, written: str | None, data: bytes) -> str:
    if written is None:
        return DEFAULT_KEY
    try:
        detach_key(written)
    except BadInput as error:
        reason = f"{_line_of(data, 'detach_key')}{error.message}; {error.next_step}"
        raise _unusable(path, reason) from error
    return written


def _checked_duration(path: Path, written: str | float | None, data: bytes) -> float | None:
    if written is None:
        return None
    prefix = _line_of(data, "stall_after")
    try:
        seconds = parse_duration(str(written))
    except BadInput as error:
        raise _unusable(path, f"{prefix}{error.message}; {error.next_step}") from error
    if seconds <= 0:
        raise _unusable(path, f"{prefix}stall_after must be longer than nothing")
    return seconds


def _checked_keys(
    path: Path, written: Mapping[str, object], data: bytes, above: str = ""
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield id and keys of each command; TOML takes ``pod.stop`` for a table in a table."""
    for name, value in written.items():
        command_id = f"{above}{name}"
        if isinstance(value, dict) and not above:
            yield from _checked_keys(path, value, data, f"{name}.")
            continue
        keys = value.split(",") if isinstance(value, str) and value != "," else value
        keys = [keys] if isinstance(keys, str) else keys
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            prefix = _line_of(data, command_id) or _line_of(data, name)
            shown = safe_line(command_id, LONGEST_SHOWN)
            raise _unusable(path, f"{prefix}{shown} must be a key, or a list of keys, in quotes")
        yield command_id, tuple(key.strip() for key in keys if key.strip())


def _shape_words(message: str, data: bytes) -> str:
    """Return what is wrong with the shape of a file, as a person would say it."""
    unknown, wrong = _UNKNOWN_FIELD.search(message), _WRONG_FIELD.search(message)
    if unknown:
        known = ", ".join(_SHAPES)
        return (
            f"{_line_of(data, unknown[1])}there is no setting {unknown[1]!r} (there are: {known})"
        )
    if wrong and wrong[1] in _SHAPES:
        return f"{_line_of(data, wrong[1])}{wrong[1]} must be {_SHAPES[wrong[1]]}"
    return message


def _line_of(data: bytes, field: str) -> str:
    """Return "line 3: " for the line that sets a field, "" when it could not be determined."""
    sets_it = re.compile(rf"\s*\[*\s*[\"']?{re.escape(field)}(?![\w-])")
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if sets_it.match(line):
            return f"line {number}: "
    return ""


def _unusable(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"the settings in {safe_line(str(path))} are not used: {safe_line(reason, LONGEST_REASON)}",
        kept="the file was not touched; the defaults hold",
        next_step=f"repair {safe_line(str(path))}; docs/config.md describes it",
    )
