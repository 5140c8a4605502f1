"""Parses the request of the starter: one JSON object on standard input, checked field by field."""

from __future__ import annotations

import os

from podtui.kernel import json_text
from podtui.supervisor.errors import CannotStart

LARGEST_SPECIFICATION = 16 * 1024 * 1024
SMALLEST_SIDE, LARGEST_SIDE = 1, 1000
_LONGEST_GRACE_S = 3600.0


def clamped(side: object, otherwise: int) -> int:
    """Return a number of columns or rows that a terminal can have (1 to 1000)."""
    if not isinstance(side, int) or isinstance(side, bool):
        return otherwise
    return min(max(side, SMALLEST_SIDE), LARGEST_SIDE)


def seconds(value: object, otherwise: float) -> float:
    """Return a duration of 0 to 3600 seconds."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return otherwise
    return min(max(float(value), 0.0), _LONGEST_GRACE_S)


class Specification:
    """One run to host, as `docs/supervisor.md` describes it."""

    __slots__ = (
        "argv",
        "columns",
        "cwd",
        "environment",
        "keeps_leftovers",
        "leftovers_grace_s",
        "pod_id",
        "rows",
        "run",
        "run_record",
        "socket_directories",
        "socket_name",
        "starts_before_boottime_s",
        "umask",
    )

    def __init__(self, raw: dict[str, object], inherited_umask: int) -> None:
        record = raw.get("run_record")
        if not isinstance(record, dict):
            raise ValueError("run_record is not an object")  # noqa: TRY004 - bad input
        self.run_record: dict[str, object] = record
        self.pod_id = _text(record, "pod_id")
        self.run = _number(record, "run")
        self.argv = _texts(record, "argv")
        self.cwd = native(_text(record, "cwd"))
        self.columns = clamped(record.get("columns"), 120)
        self.rows = clamped(record.get("rows"), 40)
        self.environment = _environment(raw.get("env"))
        self.socket_directories = [native(each) for each in _texts(raw, "socket_dirs")]
        self.socket_name = _file_name(_text(raw, "socket_name"))
        self.keeps_leftovers = _choice(raw, "leftovers", ("end", "keep")) == "keep"
        self.leftovers_grace_s = seconds(raw.get("leftovers_grace_s"), 2.0)
        self.starts_before_boottime_s = _deadline(record)
        umask = raw.get("umask")
        self.umask = umask & 0o777 if isinstance(umask, int) else inherited_umask


def read_specification(descriptor: int, inherited_umask: int) -> Specification:
    """Read the starter's pipe to its end.

    Raises:
        CannotStart: what came is not a specification.
    """
    try:
        raw = json_text.decode_object(_read_to_end(descriptor))
        return Specification(raw, inherited_umask)
    except (OSError, ValueError) as error:
        raise CannotStart(
            "bad_input",
            f"the supervisor was given a specification it cannot use: {error}; nothing was started",
            is_of_this_run=False,
        ) from error


def _read_to_end(descriptor: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while part := os.read(descriptor, 65536):
        parts.append(part)
        total += len(part)
        if total > LARGEST_SPECIFICATION:
            raise ValueError(f"it is longer than {LARGEST_SPECIFICATION} bytes")
    return b"".join(parts)


def as_bytes(text: str) -> bytes:
    """Return a text of the specification as the bytes it stands for, whatever the locale is."""
    return text.encode("utf-8", "surrogateescape")


def native(text: str) -> str:
    """Return a path of the specification (always UTF-8) as this process writes paths."""
    return os.fsdecode(as_bytes(text))


def _text(source: dict[str, object], key: str) -> str:
    value = source.get(key)
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{key} is not a text")
    return value


def _number(source: dict[str, object], key: str) -> int:
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key} is not a number from 1")
    return value


def _texts(source: dict[str, object], key: str) -> list[str]:
    values = source.get(key)
    if not isinstance(values, list) or not values:
        raise ValueError(f"{key} is not a list with something in it")
    for value in values:
        if not isinstance(value, str) or "\0" in value:
            raise ValueError(f"{key} holds something that is not a text")
    return values


def _environment(value: object) -> dict[bytes, bytes]:
    if not isinstance(value, dict):
        raise ValueError("env is not an object")  # noqa: TRY004 - bad input, not a bad call
    environment = {}
    for name, content in value.items():
        if not isinstance(content, str) or not name or "=" in name or "\0" in name + content:
            raise ValueError("env holds something that is not a variable")
        environment[as_bytes(name)] = as_bytes(content)
    return environment


def _deadline(record: dict[str, object]) -> float | None:
    """Return the boot time in seconds after which the run must not start, None without one."""
    reserved, allowed = record.get("reserved_boottime_s"), record.get("starting_deadline_s")
    if not isinstance(reserved, (int, float)) or not isinstance(allowed, (int, float)):
        return None
    return float(reserved) + float(allowed)


def _file_name(name: str) -> str:
    if "/" in name or name in {".", ".."}:
        raise ValueError("socket_name is not a file name")
    return native(name)


def _choice(source: dict[str, object], key: str, choices: tuple[str, ...]) -> str:
    value = source.get(key, choices[0])
    if value not in choices:
        raise ValueError(f"{key} is none of {', '.join(choices)}")
    return str(value)
