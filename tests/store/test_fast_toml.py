"""The quick reader of our own TOML reads what the real parser reads, or nothing."""

from __future__ import annotations

import json
import string
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.model.records import PodRecord, StoreRecord
from podtui.core.store.codec import decode, encode_toml
from podtui.core.store.fast_toml import as_json
from tests.support.hostile import HOSTILE_TEXTS

PATH = Path("pod.toml")
NOON = datetime(2026, 5, 4, 12, 3, 4, 56789, tzinfo=UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
maybe = st.none() | texts
pods = st.builds(
    PodRecord,
    id=texts,
    name=texts,
    created_at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    argv=st.lists(texts, min_size=1, max_size=4),
    cwd=texts,
    parent_id=maybe,
    role=maybe,
    task=maybe,
    env=st.dictionaries(st.text(string.ascii_letters + "_-.", min_size=1), texts, max_size=3),
    pass_env=st.lists(texts, max_size=2),
    stall_after_s=st.none() | st.floats(0.001, 1e9),
    columns=st.integers(-9, 10**6),
)


def as_real_parser(text: str) -> object:
    """Return what the real parser makes of a document, times as texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=lambda time: time.isoformat()))


@given(pods)
def test_a_record_we_wrote_is_read_as_the_real_parser_reads_it(pod: PodRecord) -> None:
    """Whatever is in the fields: both ways give the record that was written."""
    text = encode_toml(pod).decode()

    assert decode(text.encode(), PATH, PodRecord) == pod
    assert msgspec.toml.decode(text, type=PodRecord) == pod


def test_a_plain_record_is_read_the_quick_way() -> None:
    """The form we write is the form that is quick: otherwise nobody would gain anything."""
    plain = PodRecord(
        id="1" * 26,
        name="a",
        created_at=NOON,
        argv=["sh", "-c", 'echo "x"'],
        cwd="/",
        env={"A": "b"},
    )
    quick = as_json(encode_toml(plain).decode())

    assert quick is not None
    assert msgspec.json.decode(quick, type=PodRecord) == plain
    assert as_json(encode_toml(StoreRecord(store_id="x", created_at=NOON)).decode()) is not None


pieces = st.sampled_from(
    [
        "a = 1", "b = -0", "a = 01", "c = +1", "d = 1_000", "e = 1.5", "f = 1e5", "g = inf",
        'h = "x"', "h = 'x'", 'i = """x"""', 'j = "\\u0041"', 'k = "\\x"', "l = true", "m = True",
        "n = [", '    "x",', '    "x"', "]", "o = []", "p = [ 1, 2 ]", "[t]", "[t.u]", "[[v]]",
        "q.r = 1", '"s" = 1', "u = 2020-01-01", "created_at = 2020-01-01 00:00:00+00:00",
        'created_at = "2020-01-01T00:00:00Z"', "created_at = 2020-01-01 00:00:00",
        "# note", "# end", "# end\x07",
        "w = 1 # note", " x = 1", "y=1", "z = {}", "", "\t", "\r", "a = 2", "[a]", "t = 1",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=8))
def test_what_is_read_quickly_is_what_the_real_parser_reads(lines: list[str]) -> None:
    """A document is read as all TOML is, or left to the real parser; never in a third way."""
    text = "\n".join(lines)
    quick = as_json(text)

    if quick is not None:
        seen = json.loads(quick)
        expected = as_real_parser(text)
        if isinstance(expected, dict) and "created_at" in expected:
            seen["created_at"] = datetime.fromisoformat(seen["created_at"]).isoformat()
        assert seen == expected


@given(st.text(max_size=60) | st.sampled_from(HOSTILE_TEXTS))
def test_hostile_text_is_left_to_the_real_parser_or_read_alike(text: str) -> None:
    """No text makes the quick reader raise, or read what the real parser would refuse."""
    quick = as_json(text)

    if quick is not None:
        assert json.loads(quick) == as_real_parser(text)


@pytest.mark.parametrize("field", ["id", "role", "created_at", "argv", "columns"])
def test_a_wrong_type_is_refused_with_the_words_of_the_real_parser(field: str) -> None:
    """What is wrong with a record is told the same way, however it was read."""
    good = PodRecord(id="x", name="a", created_at=NOON, argv=["x"], cwd="/", role="y")
    lines = encode_toml(good).decode().split("\n")
    bad = "\n".join(f"{field} = true" if line.startswith(f"{field} = ") else line for line in lines)
    text = bad.replace('true\n    "x",\n]', "true")

    problem = decode(text.encode(), PATH, PodRecord)

    assert field in str(getattr(problem, "reason", ""))
