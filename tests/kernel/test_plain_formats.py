"""JSON, times and index rows as the supervisor writes them, checked against the library's own."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podtui.kernel import index_rows, json_text, times

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_is_what_the_library_reads(value: object) -> None:
    """Every value of JSON comes back the same, from us and from the library."""
    assert json.loads(json_text.encode(value)) == value
    assert json_text.decode(json_text.encode(value)) == value
    assert json_text.decode(json.dumps(value, ensure_ascii=False).encode("utf-8")) == value


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[1,]", b"{'a': 1}", b"NaN", b"[Infinity]", b"nul", b'"open', b"{} {}"),
        *(b"\xff", b"[" * 100_000, b"1" * 5000, b'{"a" 1}', b'"\\u12"', b"\xef\xbb\xbf{}"),
    ],
    ids=range(15),
)
def test_what_is_not_json_is_a_value_error(text: bytes) -> None:
    """One kind of error for all that hostile or torn texts can be, so that none gets past."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are for people and may change
        json_text.decode(text)


def test_an_interpreter_without_the_accelerator_is_served_by_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the private module has other names, the same texts are read, written and refused."""
    monkeypatch.setitem(sys.modules, "_json", ModuleType("_json"))
    spec = spec_from_file_location("json_text_without_accelerator", json_text.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    value = {"a": [1, None, True, 2.5], "text": 'é\n"\\'}
    assert module.encode(value) == json_text.encode(value)
    assert module.decode(b' {"a": [1, null], "b": "\xc3\xa9"} ') == {"a": [1, None], "b": "é"}
    for text in (b"", b"{", b"NaN", b"{} {}", b"[" * 100_000):
        with pytest.raises(ValueError):  # noqa: PT011 - as above
            module.decode(text)


def test_only_an_object_is_an_object() -> None:
    """A list or a number where an object belongs is refused like a broken text."""
    assert json_text.decode_object(b' {"a": [1, null]} ') == {"a": [1, None]}
    for text in (b"[]", b"3", b"null", b'"{}"'):
        with pytest.raises(ValueError, match="object"):
            json_text.decode_object(text)


def test_what_has_no_form_in_json_is_refused() -> None:
    """A mistake of ours fails at once instead of being written."""
    with pytest.raises(TypeError):
        json_text.encode({"a": b"bytes"})


@settings(deadline=None)
@given(st.integers(0, 4_102_444_800_000_000_000))
def test_times_are_those_of_the_library(wall_ns: int) -> None:
    """UTC, to the microsecond, as records are decoded."""
    text = times.rfc3339(wall_ns)
    read = msgspec.convert(text, datetime)
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    assert read == datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    assert text.endswith("Z")


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2**64 - 1)] * 3)), st.integers(0, 23))
def test_a_torn_last_row_is_left_out(rows: list[tuple[int, int, int]], torn: int) -> None:
    """Every whole row before it is read as it was written."""
    data = b"".join(index_rows.pack_row(*row) for row in rows)
    assert index_rows.unpack_rows(data + b"x" * torn) == rows
