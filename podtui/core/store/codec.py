"""Records to bytes and back: parsed once, at the edge, into strict types.

Reading never raises for what is on the disk: it answers with the record or with a
`RecordProblem`, because "could not be read" is something to show, not an exception to lose.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from podtui.core.errors import PodtuiError, Unreadable
from podtui.core.model.records import FORMAT_VERSION, Record
from podtui.core.store.fast_toml import as_json
from podtui.core.system.fs import RECORD_LIMIT, Fs, Stamp, UnsafeFile

R = TypeVar("R", bound=Record)
TOML_END = b"# end"
"""Last line of a record in TOML. JSON cut off anywhere does not parse, but TOML cut off at the end
of a line does, and would be taken for a record without what is missing."""


class ProblemKind(StrEnum):
    """Why a record could not be had."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    NEWER = "newer"
    NOT_READ = "could not tell"


class RecordProblem(msgspec.Struct, frozen=True):
    """A record that could not be had, and why; the file is left as it is."""

    path: Path
    kind: ProblemKind
    reason: str

    @property
    def is_missing(self) -> bool:
        return self.kind is ProblemKind.MISSING

    def sentence(self) -> str:
        """Return what is wrong, naming the file."""
        if self.is_missing:
            return f"{self.path} is missing"
        return f"{self.path} cannot be read: {self.reason}"

    def as_error(self, pod: str | None = None) -> PodtuiError:
        """Return the problem as the error to raise where a record is indispensable."""
        return Unreadable(
            self.sentence(),
            pod=pod,
            next_step="podtui doctor",
            kept="the file was not touched",
        )


def read_record(
    fs: Fs, path: Path, kind: type[R], *, limit: int = RECORD_LIMIT
) -> R | RecordProblem:
    """Read a record; TOML or JSON by the file's suffix."""
    return _read_stamped(fs, path, lambda data: decode(data, path, kind), limit)[0]


def read_parsed(
    fs: Fs, path: Path, parse: Callable[[bytes], R], *, newest: int
) -> R | RecordProblem:
    """Read a record in JSON by a parser of its own, which knows formats up to ``newest``."""

    def parsed(data: bytes) -> R | RecordProblem:
        try:
            return parse(data)
        except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
            return _explained(data, path, error, newest)

    return _read_stamped(fs, path, parsed)[0]


def _read_stamped(
    fs: Fs, path: Path, parse: Callable[[bytes], R | RecordProblem], limit: int = RECORD_LIMIT
) -> tuple[R | RecordProblem, Stamp | None]:
    try:
        data, stamp = fs.read_stamped(path, limit)
    except FileNotFoundError:
        return RecordProblem(path, ProblemKind.MISSING, "there is no such file"), None
    except UnsafeFile as error:
        return RecordProblem(path, ProblemKind.UNREADABLE, f"it is {error.reason}"), None
    except OSError as error:
        return disk_problem(path, error), None
    return parse(data), stamp


def disk_problem(path: Path, error: OSError) -> RecordProblem:
    """Return the problem of a record that could not be read from the disk."""
    name = errno.errorcode.get(error.errno or 0, "error")
    return RecordProblem(path, ProblemKind.NOT_READ, f"{name}: {os.strerror(error.errno or 0)}")


def decode(data: bytes, path: Path, kind: type[R]) -> R | RecordProblem:
    """Turn the bytes of a record into its type."""
    is_toml = str(path).endswith(".toml")
    try:
        if is_toml:
            record = _decode_toml(data.decode("utf-8"), kind)
        else:
            record = msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:
        return RecordProblem(path, ProblemKind.UNREADABLE, f"not UTF-8 at byte {error.start}")
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
        return _explained(data, path, error)
    if record.format > FORMAT_VERSION:
        return _newer(path, record.format)
    if is_toml and not data.rstrip().endswith(TOML_END):
        reason = f"it is cut off: its last line must be {TOML_END.decode()!r}"
        return RecordProblem(path, ProblemKind.UNREADABLE, reason)
    return record


def _decode_toml(text: str, kind: type[R]) -> R:
    quick = as_json(text)
    if quick is not None:
        # What is wrong with it is reported by the real parser, with the position.
        with suppress(msgspec.MsgspecError, ValueError):
            return msgspec.json.decode(quick, type=kind)
    return msgspec.toml.decode(text, type=kind)


def _newer(path: Path, version: int, newest: int = FORMAT_VERSION) -> RecordProblem:
    return RecordProblem(
        path,
        ProblemKind.NEWER,
        f"it has format {version}, and this podtui knows formats up to {newest}",
    )


class _FormatOnly(msgspec.Struct):
    format: int = FORMAT_VERSION


def _explained(
    data: bytes, path: Path, error: Exception, newest: int = FORMAT_VERSION
) -> RecordProblem:
    """Distinguish a newer format from damage: a newer record need not fit our types."""
    try:
        if path.suffix == ".toml":
            version = msgspec.toml.decode(data.decode("utf-8"), type=_FormatOnly).format
        else:
            version = msgspec.json.decode(data, type=_FormatOnly).format
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError):
        version = newest
    if version > newest:
        return _newer(path, version, newest)
    if not data:
        reason = "it is empty"
    elif not data.strip(b"\0"):
        reason = "it holds only zero bytes"
    else:
        reason = str(error) or type(error).__name__
    return RecordProblem(path, ProblemKind.UNREADABLE, reason)


def encode_json(record: Record) -> bytes:
    """Return a record as one line of JSON, without a newline."""
    return msgspec.json.encode(record)


def encode_toml(record: Record) -> bytes:
    """Return a record as TOML; what is None is left out, since TOML has no null."""
    # Loaded here only: just the few actions that write a record for people need it.
    import tomli_w  # noqa: PLC0415

    content = {
        field: value for field, value in msgspec.structs.asdict(record).items() if value is not None
    }
    return tomli_w.dumps(content, multiline_strings=False).encode() + TOML_END + b"\n"


class RecordCache:
    """Records by path, read again only when inode, size or time of the file changed."""

    def __init__(self, fs: Fs) -> None:
        self._fs = fs
        # By text: hashing a path costs more than the question is worth.
        self._known: dict[str, tuple[Stamp, Record | RecordProblem]] = {}

    def read(self, path: Path, kind: type[R]) -> R | RecordProblem:
        """Return the record at ``path``."""
        key = str(path)
        known = self._known.get(key)
        # A path that is not cached is opened at once, and stamped as it is read.
        if known is not None and isinstance(known[1], kind) and self._has(key, known[0]):
            return known[1]
        answer, stamp = _read_stamped(self._fs, path, lambda data: decode(data, path, kind))
        if stamp is None or isinstance(answer, RecordProblem):
            self._known.pop(key, None)
        else:
            self._known[key] = (stamp, answer)
        return answer

    def _has(self, path: str, stamp: Stamp) -> bool:
        try:
            return self._fs.stamp(path) == stamp
        except OSError:
            # The read itself says what is wrong, in words.
            return False
