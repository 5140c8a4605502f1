"""Durations and sizes as a person reads and writes them."""

from __future__ import annotations

import re

from podtui.core.errors import BadInput
from podtui.core.text.safe import safe_line

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_FORMS = "90, 90s, 12m, 1h30m or 7d"
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_PARTS = re.compile(
    r"(?:(?P<d>[0-9]{1,9})d)?(?:(?P<h>[0-9]{1,9})h)?(?:(?P<m>[0-9]{1,9})m)?"
    r"(?:(?P<s>[0-9]{1,9}(?:\.[0-9]{1,6})?)s)?"
)
_SECONDS_OF = {"d": _DAY, "h": _HOUR, "m": _MINUTE, "s": 1}
_KIBI = 1024
_TEN = 10
_SIZE_UNITS = ("B", "K", "M", "G", "T", "P")


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: "0s", "12m 31s", "3h 05m", "2d 4h".

    A negative one, as a corrected clock can give, reads as "0s".
    """
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def limit_words(seconds: float) -> str:
    """Return a duration that somebody chose, without a unit that is zero: "10m", "1h 30m"."""
    largest, _, smaller = duration(seconds).partition(" ")
    return f"{largest} {smaller}" if smaller.strip("0dhms") else largest


def age(seconds: float) -> str:
    """Return a duration in its largest unit, for narrow columns: "0s", "40s", "12m", "1h", "3d"."""
    whole = max(int(seconds), 0)
    for unit, length in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"


def parse_duration(text: str) -> float:
    """Return the seconds of "90", "90s", "0.5s", "12m", "1h30m" or "7d".

    Raises:
        BadInput: it is none of these; the message names them.
    """
    wanted = text.strip()
    if _NUMBER.fullmatch(wanted):
        return float(wanted)
    parts = _PARTS.fullmatch(wanted)
    if not wanted or parts is None:
        raise BadInput(
            f"{safe_line(wanted, 40)!r} is not a duration",
            next_step=f"write it as {_FORMS}",
        )
    return float(
        sum(float(count) * _SECONDS_OF[unit] for unit, count in parts.groupdict("0").items())
    )


def size_words(count: int) -> str:
    """Return a number of bytes for a sentence: "0 B", "999 B", "1.2 GB" (of 1024 each)."""
    number, unit = _scaled(count)
    if unit == "B":
        return f"{number:.0f} B"
    return f"{number:.1f} {unit}B" if number < _TEN else f"{number:.0f} {unit}B"


def size_short(count: int) -> str:
    """Return a number of bytes for a narrow column: "0B", "4.0K", "212M", "1.2G"."""
    number, unit = _scaled(count)
    if unit == "B":
        return f"{number:.0f}B"
    return f"{number:.1f}{unit}" if number < _TEN else f"{number:.0f}{unit}"


def _scaled(count: int) -> tuple[float, str]:
    number = float(max(count, 0))
    for unit in _SIZE_UNITS[:-1]:
        # 1023.5 and more would be written as "1024", which is 1.0 of the next unit.
        if number < _KIBI - 0.5:
            return number, unit
        number /= _KIBI
    return number, _SIZE_UNITS[-1]
