"""The user's keys: checked against the table of commands before anything is bound."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from textual.binding import Binding
from textual.keys import Keys, format_key

from podtui.core.text.safe import safe_line
from podtui.tui.commands.commands import COMMANDS, Command, KeyContext

MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
LONGEST_SHOWN = 60
NAMED_KEYS = frozenset(str(key.value) for key in Keys)
# As people and the help write them; a terminal sends the last ones as other keys.
ALIASES: Mapping[str, str] = {
    ",": "comma",
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    "bs": "backspace",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+left_square_bracket": "escape",
    "ctrl+h": "backspace",
}
# Only one pane has the focus: a key may mean one thing in each of them.
PANES: frozenset[KeyContext] = frozenset({"tree", "output", "terminal"})
# Screens of their own: nothing of the pods' screen is under them.
ELSEWHERE: frozenset[KeyContext] = frozenset({"diagnostics", "trash"})
_PARTS = re.compile(r"((?:[a-zA-Z]+\+)*)(.+)")
_DASHED = re.compile(r"\A(?:(?:ctrl|shift|alt)-)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keymap:
    """The commands with the keys they have now.

    Attributes:
        overrides: keys by id of a command, as Textual takes them.
        complaints: why keys could not be used, one sentence each.
    """

    commands: tuple[Command, ...] = COMMANDS
    overrides: Mapping[str, str] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()

    def shown(self, command_id: str) -> str:
        """Return how the keys of a command are written for a person."""
        return next(each.shown_keys for each in self.commands if each.id == command_id)


def keymap_of(wanted: Mapping[str, Sequence[str]]) -> Keymap:
    """Return the keymap of the user's settings; an unusable key leaves its command as it is."""
    complaints: list[str] = []
    overrides: dict[str, str] = {}
    for command_id, keys in wanted.items():
        known = [_named(key) for key in keys]
        if all(each.id != command_id for each in COMMANDS):
            complaints.append(_unknown_id(command_id))
        elif not keys:
            complaints.append(f"keys: {command_id} needs a key")
        elif not all(known):
            shown = _quoted(keys[known.index("")])
            complaints.append(f"keys: {shown} for {command_id} is no key")
        else:
            overrides[command_id] = ",".join(dict.fromkeys(known))
    # A command whose keys are refused gets its usual key back, which may clash with another.
    while trouble := _first_trouble(overrides):
        complaints.append(trouble[1])
        del overrides[trouble[0]]
    return Keymap(_with_keys(overrides), overrides, tuple(complaints))


def _quoted(text: str) -> str:
    return repr(str(safe_line(text, LONGEST_SHOWN)))


def _unknown_id(command_id: str) -> str:
    ids = [each.id for each in COMMANDS]
    near = get_close_matches(command_id, ids, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "docs/config.md has the list"
    return f"keys: there is no command {_quoted(command_id)}; {hint}"


def _named(key: str) -> str:
    """Return a key as Textual writes it, "" when there is no such key."""
    if len(key) == 1:
        return ALIASES.get(key) or _name_of_character(key)
    dashed = _DASHED.match(key)
    if dashed:
        key = dashed[0].replace("-", "+") + key[dashed.end() :]
    parts = _PARTS.fullmatch(key)
    modifiers = parts[1].lower().split("+")[:-1] if parts else []
    if parts is None or not set(modifiers) <= MODIFIERS:
        return ""
    base = parts[2]
    if modifiers == ["shift"] and len(base) == 1 and base.isalpha():
        return base.upper()
    if len(base) == 1:
        # A terminal sends a letter with a modifier in lower case.
        base = _name_of_character(base.lower())
    else:
        base = ALIASES.get(base.lower(), base.lower())
        if base not in NAMED_KEYS and not _is_character(base):
            return ""
    # Textual writes modifiers in this order.
    name = "+".join([*sorted(set(modifiers)), base])
    return ALIASES.get(name, name)


def _is_character(name: str) -> bool:
    return name == "space" or len(format_key(name)) == 1


def _name_of_character(character: str) -> str:
    if not character.isprintable():
        return ""
    return "space" if character == " " else next(iter(Binding.make_bindings([(character, "")]))).key


def _first_trouble(overrides: Mapping[str, str]) -> tuple[str, str] | None:
    """Return a command that cannot have its keys, and why; None when there is none."""
    # When two commands want one key, the first in the file gets it.
    for command_id, keys in reversed(list(overrides.items())):
        sentence = _cannot_type(command_id, keys) or _clash(command_id, keys, overrides)
        if sentence:
            return command_id, sentence
    return None


def _cannot_type(command_id: str, keys: str) -> str:
    """Return why a command that works in input lines cannot have a key that types a character."""
    command = next(each for each in COMMANDS if each.id == command_id)
    typed = [key for key in keys.split(",") if key not in NAMED_KEYS and _is_character(key)]
    if not (command.priority and typed):
        return ""
    return f"keys: {command_id} works in every line, too: {format_key(typed[0])} is to be typed"


def _clash(command_id: str, keys: str, overrides: Mapping[str, str]) -> str:
    """Return why a command cannot have its keys, "" when it can."""
    own = next(each for each in COMMANDS if each.id == command_id)
    wanted = set(keys.split(",")) - set(own.keys.split(","))
    for other in COMMANDS:
        if other.id == own.id or not _overlap(own.place, other.place):
            continue
        taken = wanted & set(overrides.get(other.id, other.keys).split(","))
        if taken:
            return f"keys: {format_key(min(taken))} cannot be {command_id}: it is {other.id}"
    return ""


def _overlap(one: KeyContext, other: KeyContext) -> bool:
    if one == other:
        return True
    if ELSEWHERE & {one, other}:
        return "app" in {one, other}
    return not {one, other} <= PANES


def _with_keys(overrides: Mapping[str, str]) -> tuple[Command, ...]:
    return tuple(
        replace(each, keys=overrides[each.id], shown_keys=_shown(overrides[each.id]))
        if each.id in overrides
        else each
        for each in COMMANDS
    )


def _shown(keys: str) -> str:
    return " ".join(_shown_key(key) for key in keys.split(","))


def _shown_key(key: str) -> str:
    # Many fonts lack its sign, and no keyboard shows it.
    if key == "enter":
        return key
    *modifiers, base = key.split("+")
    return "+".join([*modifiers, format_key(base)])


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The user's settings for the screen.

    Attributes:
        stall_after_s: seconds without progress after which a new pod counts as stalled, None for
            the default.
    """

    keymap: Keymap = field(default_factory=Keymap)
    stall_after_s: float | None = None
