"""Reading the TOML podtui itself writes, several times faster than a parser of all TOML.

Records of pods are TOML because people repair them, and thousands are read when a screen opens.
Each line of the form we write means in JSON what it means in TOML, but for times. When a line has
another form, the whole document is left to the real parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TEXT = r'"(?:[^"\\\x00-\x1f\x7f\ud800-\udfff]|\\["\\bfnrt])*"'
_WHOLE = r"(?:0|-?[1-9][0-9]{0,17})"
_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_LINE = re.compile(
    rf"([A-Za-z0-9_-]+) = (?:({_TEXT}|{_WHOLE}(?:\.\d{{1,9}})?|true|false|\[\])|({_TIME})|\[)",
    re.ASCII,
)
_ITEM = re.compile(rf" {{4}}({_TEXT}),")
_TABLE = re.compile(r"\[([A-Za-z0-9_-]+)\]")
_TIMES = frozenset({"created_at"})
"""Only these are times. In JSON a time is a text, and a text elsewhere must not become one."""


class _OtherForm(Exception):
    """A line is not as we write it."""


def as_json(text: str) -> str | None:
    """Return a TOML document as JSON, None when it is not plainly of the form we write."""
    try:
        return _Translation().of(text)
    except _OtherForm:
        return None


class _Translation:
    """Goes through the lines of one document.

    Attributes:
        members: the JSON members of the table that is open, one text each.
    """

    def __init__(self) -> None:
        self.members: list[str] = []
        self._keys: set[str] = set()
        self._outer_keys: set[str] = set()
        self._outer: list[str] | None = None
        self._table = ""
        self._tables: set[str] = set()

    def of(self, text: str) -> str:
        lines = iter(text.split("\n"))
        for line in lines:
            if not line or line == "# end":
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                self._open_table(line)
                continue
            key, plain, time = found.groups()
            if key in self._keys or (key in _TIMES) is not (time is not None):
                raise _OtherForm
            self._keys.add(key)
            value = plain or (f'"{time}"' if time else _items(lines))
            self.members.append(f'"{key}":{value}')
        self._close_table()
        return f"{{{','.join(self.members)}}}"

    def _open_table(self, line: str) -> None:
        found = _TABLE.fullmatch(line)
        if found is None:
            raise _OtherForm
        self._close_table()
        if found[1] in self._keys or found[1] in self._tables:
            raise _OtherForm
        self._table = found[1]
        self._tables.add(self._table)
        self._outer, self.members = self.members, []
        self._outer_keys, self._keys = self._keys, set()

    def _close_table(self) -> None:
        if self._outer is not None:
            self._outer.append(f'"{self._table}":{{{",".join(self.members)}}}')
            self.members, self._outer = self._outer, None
            self._keys = self._outer_keys


def _items(lines: Iterator[str]) -> str:
    items: list[str] = []
    for line in lines:
        if line == "]":
            return f"[{','.join(items)}]"
        item = _ITEM.fullmatch(line)
        if item is None:
            break
        items.append(item[1])
    raise _OtherForm
