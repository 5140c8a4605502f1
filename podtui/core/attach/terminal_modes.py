"""Which modes a program has set in a terminal, and how to reset them.

A viewer that detaches must restore its terminal, and a viewer that attaches later must bring its
terminal into the state that the program expects. Both need the modes that are set now; they are
read from the output that passes.
"""

from __future__ import annotations

import re

ALTERNATE_SCREENS = frozenset({47, 1047, 1049})
_MOUSE_AND_REPORTS = frozenset({9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016})
_RESET_BY_DEFAULT = frozenset({1, 5, 6, 66, 2004, 2026, 2031, 2048}) | _MOUSE_AND_REPORTS
_ALTERNATE_SCROLL = 1007
"""The wheel as arrow keys on the alternate screen: on in most terminals, so it is reset to on."""
_SET_BY_DEFAULT = frozenset({7, 25, _ALTERNATE_SCROLL})
_ORIGIN = 6
_HELD_PAINTING = 2026
"""If it was begun before attaching, it would hide all painting until the program ends it."""
_KEY_MODES = frozenset({1, 66, 2004})
_LONGEST_SEQUENCE = 80
_SEQUENCES = re.compile(
    rb"\x1b(?:"
    rb"\[\?(?P<modes>[0-9;]{1,64})(?P<switch>[hl])"
    rb"|\[(?P<keyboard>[><=][0-9;]{0,16})u"
    rb"|\[>4(?:;(?P<other_keys>[0-9]?))?m"
    rb"|\[(?P<region>[0-9]{0,5}(?:;[0-9]{0,5})?)r"
    rb"|\[4(?P<insert>[hl])"
    rb"|\[(?P<style>[0-9]{0,2}) q"
    rb"|(?P<keypad>[=>])"
    rb"|\](?P<colours>4|1[0-2]);"
    rb"|(?P<reset>c|\[!p)"
    rb")"
)


class TerminalModes:
    """The modes of one terminal, as changed by the output written to it."""

    def __init__(self) -> None:
        self._carried = b""
        self._forget()

    def _forget(self) -> None:
        self._on: set[int] = set()
        self._off: set[int] = set()
        # Each of the two screens has a stack of its own.
        self._keyboards: tuple[list[bytes], list[bytes]] = ([], [])
        self._other_keys = b""
        self._region = b""
        self._insert = False
        self._style = b""
        self._keypad = False
        self._colours = False

    @property
    def alternate_screen(self) -> bool:
        """Whether a full-screen program uses the alternate screen."""
        return bool(self._on & ALTERNATE_SCREENS)

    @property
    def reports_keys(self) -> bool:
        """Whether the terminal may send reports besides typed keys."""
        return bool(self._on & _MOUSE_AND_REPORTS) or any(self._keyboards)

    @property
    def _keyboard(self) -> list[bytes]:
        return self._keyboards[self.alternate_screen]

    @property
    def _keyboard_below(self) -> list[bytes]:
        return self._keyboards[0] if self.alternate_screen else []

    def feed(self, data: bytes) -> None:
        """Apply output written to the terminal, in pieces of any size."""
        if not self._carried and b"\x1b" not in data:
            return
        data = self._carried + data
        end = 0
        for found in _SEQUENCES.finditer(data):
            self._apply(found)
            end = found.end()
        begun = data.rfind(b"\x1b", end)
        may_go_on = begun >= 0 and len(data) - begun < _LONGEST_SEQUENCE
        self._carried = data[begun:] if may_go_on else b""

    def note_resize(self) -> None:
        """Record that the terminal's size changed: the scroll region is the whole screen again."""
        self._region = b""

    def _apply(self, found: re.Match[bytes]) -> None:
        content = found[found.lastgroup] if found.lastgroup else b""
        match found.lastgroup:
            case "switch":
                self._switch(found["modes"], on=content == b"h")
            case "keyboard":
                self._set_keyboard(content)
            case "other_keys" | None:
                self._other_keys = content
            case "region":
                self._region = content
            case "insert":
                self._insert = content == b"h"
            case "style":
                self._style = b"" if content == b"0" else content
            case "keypad":
                self._keypad = content == b"="
            case "colours":
                self._colours = True
            case _:
                self._forget()

    def _switch(self, numbers: bytes, *, on: bool) -> None:
        for digits in filter(None, numbers.split(b";")):
            mode = int(digits[:8])
            (self._on if on else self._off).add(mode)
            (self._off if on else self._on).discard(mode)

    def _set_keyboard(self, content: bytes) -> None:
        # "<" takes flags off a stack, ">" puts them on it, "=" changes those on top.
        flags = content[1:].split(b";")[0] or b"0"
        stack = self._keyboard
        if content[:1] == b"=" and stack:
            stack[-1] = flags
        elif content[:1] == b"<":
            del stack[-max(int(content[1:] or b"1"), 1) :]
        else:
            stack[:] = [*stack[-8:], flags]

    @property
    def origin(self) -> bool:
        """Whether the program's cursor movements count from the scroll region, and stay in it."""
        return _ORIGIN in self._on

    @property
    def origin_row(self) -> int:
        """The row, from 0, from which the program's cursor movements count."""
        if _ORIGIN not in self._on:
            return 0
        return max(int(self._region.partition(b";")[0] or b"1") - 1, 0)

    def settings(self) -> bytes:
        """Return the bytes that set these modes, except the alternate screen, in a fresh terminal.

        The cursor may be anywhere afterwards. Nothing in it asks the terminal for an answer.
        """
        parts = [b"\x1b[" + self._region + b"r"] if self._region else []
        wanted = self._on & (_RESET_BY_DEFAULT | {_ALTERNATE_SCROLL}) - {_HELD_PAINTING}
        parts += [b"\x1b[?%dh" % mode for mode in sorted(wanted)]
        parts += [b"\x1b[?%dl" % mode for mode in sorted(self._off & _SET_BY_DEFAULT)]
        if self._insert:
            parts.append(b"\x1b[4h")
        if self._style:
            parts.append(b"\x1b[" + self._style + b" q")
        return b"".join(parts) + self._key_settings()

    def settings_below(self) -> bytes:
        """Return the bytes to write to the first screen before switching to the alternate one."""
        return b"".join(b"\x1b[>" + flags + b"u" for flags in self._keyboard_below)

    def key_settings(self) -> bytes:
        """Return the bytes that make a terminal encode keys and pastes as the program expects."""
        wanted = self._on & _KEY_MODES
        return b"".join(b"\x1b[?%dh" % mode for mode in sorted(wanted)) + self._key_settings()

    def key_resets(self) -> bytes:
        """Return the bytes that undo `key_settings`."""
        set_now = self._on & _KEY_MODES
        parts = [b"\x1b[?%dl" % mode for mode in sorted(set_now)]
        return self._keyboard_resets() + b"".join(parts) + (b"\x1b>" if self._keypad else b"")

    def _keyboard_resets(self) -> bytes:
        return _taken_off(self._keyboard) + (b"\x1b[>4m" if self._other_keys else b"")

    def _key_settings(self) -> bytes:
        parts = [b"\x1b="] if self._keypad else []
        if self._other_keys:
            parts.append(b"\x1b[>4;" + self._other_keys + b"m")
        parts += [b"\x1b[>" + flags + b"u" for flags in self._keyboard]
        return b"".join(parts)

    def leaving(self) -> bytes:
        """Return the bytes that restore the terminal; safe in the middle of a sequence."""
        # ESC \ ends a string sequence that was cut off; elsewhere it does nothing.
        parts = [b"\x1b\\", self._keyboard_resets()]
        if self._region or _ORIGIN in self._on:
            # Both move the cursor home, so its position is saved and restored.
            parts.append(b"\x1b7\x1b[r\x1b[?6l\x1b8")
        if self.alternate_screen:
            parts.append(b"\x1b[?%dl" % max(self._on & ALTERNATE_SCREENS))
            parts.append(_taken_off(self._keyboard_below))
        parts += [b"\x1b[?%dl" % mode for mode in sorted(self._on & _RESET_BY_DEFAULT - {_ORIGIN})]
        parts += [b"\x1b[?%dh" % mode for mode in sorted(self._off & _SET_BY_DEFAULT)]
        for is_set, sequence in (
            (self._keypad, b"\x1b>"),
            (self._insert, b"\x1b[4l"),
            (bool(self._style), b"\x1b[0 q"),
            (self._colours, b"\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07"),
        ):
            if is_set:
                parts.append(sequence)
        parts.append(b"\x1b(B\x0f\x1b[0m")
        return b"".join(parts)


def _taken_off(keyboard: list[bytes]) -> bytes:
    return b"\x1b[<%du" % len(keyboard) if keyboard else b""
