"""How durations and sizes are written and read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtui.core.errors import BadInput
from podtui.core.text.durations import age, duration, parse_duration, size_short, size_words


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (-5, "0s", "0s"),
        (0, "0s", "0s"),
        (40.9, "40s", "40s"),
        (59.99, "59s", "59s"),
        (60, "1m 00s", "1m"),
        (751, "12m 31s", "12m"),
        (3599, "59m 59s", "59m"),
        (3600, "1h 00m", "1h"),
        (11_100, "3h 05m", "3h"),
        (86_399, "23h 59m", "23h"),
        (187_200, "2d 4h", "2d"),
    ],
)
def test_durations_read_as_a_person_says_them(seconds: float, long: str, short: str) -> None:
    """A duration has its two largest units in a sentence, and one in a column."""
    assert duration(seconds) == long
    assert age(seconds) == short


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("0", 0),
        ("0.5", 0.5),
        ("1.5s", 1.5),
        ("12m", 720),
        ("1h30m", 5400),
        ("1h5s", 3605),
        ("7d", 604_800),
        (" 2m ", 120),
    ],
)
def test_the_documented_forms_are_understood(text: str, seconds: float) -> None:
    """Seconds without a unit, and units from the largest to the smallest, are durations."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "-1",
        "1e3",
        "1m1h",
        "5 x",
        "nan",
        "inf",
        "\uff11\uff12",
        "9" * 400,
        "\x1b[31m",
        "1h 30m",
    ],
)
def test_anything_else_is_refused_with_the_forms_there_are(text: str) -> None:
    """A refusal is safe to print and says how to write a duration."""
    with pytest.raises(BadInput) as refused:
        parse_duration(text)
    assert "\x1b" not in refused.value.message
    assert "1h30m" in str(refused.value.next_step)


@given(st.text(max_size=12))
def test_no_text_gives_anything_but_a_number_or_a_refusal(text: str) -> None:
    """Whatever is typed, the answer is a number that is not negative, or BadInput."""
    with suppress(BadInput):
        assert parse_duration(text) >= 0


@pytest.mark.parametrize(
    ("count", "words", "short"),
    [
        (-1, "0 B", "0B"),
        (0, "0 B", "0B"),
        (1023, "1023 B", "1023B"),
        (1024, "1.0 KB", "1.0K"),
        (212 * 1024**2, "212 MB", "212M"),
        (1_288_490_189, "1.2 GB", "1.2G"),
        (1024**2 - 1, "1.0 MB", "1.0M"),
        (5000 * 1024**5, "5000 PB", "5000P"),
    ],
)
def test_sizes_have_one_unit(count: int, words: str, short: str) -> None:
    """A size is written with one unit and never as 1024 of it."""
    assert size_words(count) == words
    assert size_short(count) == short
