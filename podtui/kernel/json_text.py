"""JSON without the ``json`` package, whose regular expressions cost a quarter of a supervisor.

The work is done by ``_json``, the accelerator that ``json`` itself uses on CPython. ``_json`` is
private: where it lacks a name that is needed here, ``json`` is loaded instead.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_WHITESPACE = " \t\r\n"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class _Options:
    """The attributes that the accelerator reads from its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)
    memo: dict[str, str] = {}  # noqa: RUF012 - the accelerator reads it from here and clears it


_scan: Callable[[str, int], tuple[object, int]]
try:
    from _json import encode_basestring_ascii, make_scanner

    # The stub of _json asks for the whole JSONDecoder; the accelerator reads only the names above.
    _scan = make_scanner(_Options())  # type: ignore[arg-type]
except ImportError:
    import json
    from json.encoder import encode_basestring_ascii

    _scan = json.JSONDecoder(parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]


def decode(data: bytes) -> object:
    """Return the value of a JSON text in UTF-8.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    text = data.decode("utf-8").lstrip(_WHITESPACE)
    try:
        value, end = _scan(text, 0)
    # The accelerator takes its error class from `json`: where that is not loaded it fails with a
    # SystemError (3.11), or loads it then, which an ImportError says it could not (a deleted
    # library). All of these mean that the text is bad.
    except (StopIteration, RecursionError, SystemError, ImportError) as error:
        raise ValueError("not a JSON text, or one nested too deeply") from error
    if text[end:].strip(_WHITESPACE):
        raise ValueError("there is more after the end of the JSON text")
    return value


def decode_object(data: bytes) -> dict[str, object]:
    """Return the object of a JSON text.

    Raises:
        ValueError: it is not JSON, or not an object.
    """
    value = decode(data)
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")  # noqa: TRY004 - bad input, not a bad call
    return value


def encode(value: object) -> bytes:
    """Return a value of dicts, lists, texts, numbers, booleans and None as JSON in ASCII.

    Raises:
        TypeError: the value holds something else.
    """
    return _encoded(value).encode("ascii")


def _encoded(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_encoded(each) for each in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_encoded(str(key))}:{_encoded(each)}" for key, each in value.items())
        return f"{{{','.join(pairs)}}}"
    raise TypeError(f"{type(value).__name__} has no form in JSON")
