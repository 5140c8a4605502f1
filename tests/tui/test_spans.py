"""Fitting and breaking lines of spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from podtui.core.text.safe import SafeText
from podtui.tui.widgets.spans import (
    cut,
    cut_line,
    fit,
    fit_right,
    own,
    paint,
    safe,
    width_of,
    wrap_words,
)

WORDS = st.text(alphabet="ab 日é😀", max_size=40)


@given(WORDS, st.integers(min_value=1, max_value=30))
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    """Wide characters count their cells, so columns stay aligned."""
    assert width_of((own(fit(SafeText(text), width)),)) == width
    assert width_of((own(fit_right(SafeText(text), width)),)) == width


@given(st.lists(WORDS, max_size=5), st.integers(min_value=1, max_value=30))
def test_a_painted_line_is_exactly_as_wide_as_the_screen(texts: list[str], width: int) -> None:
    """Whatever the spans hold, a strip fills its row and no more."""
    strip = paint([own(text) for text in texts], width, lambda _: Style())
    assert strip.cell_length == width


@given(st.lists(WORDS, max_size=4), st.integers(min_value=6, max_value=30))
def test_broken_lines_fit_and_keep_every_word(texts: list[str], width: int) -> None:
    """Wrapping loses nothing but blanks."""
    lines = wrap_words([own(text) for text in texts], width, 2)
    assert all(width_of(line) <= width for line in lines)
    kept = "".join(span.text for line in lines for span in line)
    assert kept.replace(" ", "") == "".join(texts).replace(" ", "")


def test_a_cut_says_so() -> None:
    """Text that does not fit ends with an ellipsis."""
    assert cut(SafeText("supervisor"), 5) == "supe…"
    assert cut(SafeText("super"), 5) == "super"


def test_a_cut_line_says_so_even_when_it_ends_between_spans() -> None:
    """Spans that are dropped whole leave an ellipsis, too."""
    line = cut_line((own("abc"), own("def")), 3)
    assert "".join(span.text for span in line) == "ab…"


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "a\x9bb", "l\u202er", "a\nb"])
def test_words_of_others_are_made_safe(text: str) -> None:
    """What is not podtui's own goes through the one function that makes text safe."""
    assert safe(text).text.isprintable()
