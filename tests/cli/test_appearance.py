"""How a status is written, the same behind every door."""

from __future__ import annotations

import msgspec
import pytest

from podtui.core.model.appearance import APPEARANCE, signal_name, status_word
from podtui.core.model.verdicts import Status
from tests.cli.test_acting import view

ROWS = [
    ({"status": Status.EXITED, "exit_code": 0}, "exited 0"),
    ({"status": Status.FAILED, "exit_code": 137}, "failed 137"),
    ({"status": Status.FAILED, "signal": 9}, "killed SIGKILL"),
    ({"status": Status.EXITED, "signal": 15, "asked_by": "operator"}, "stopped"),
    ({"status": Status.EXITED, "exit_code": 0, "asked_by": "operator"}, "stopped"),
    ({"status": Status.FAILED, "exit_code": 127, "asked_by": "operator"}, "failed 127"),
    ({"status": Status.FAILED}, "failed"),
    ({"status": Status.STALLED, "asserted": False}, "~stalled"),
    ({"status": Status.UNKNOWN, "asserted": False}, "unknown"),
    ({"status": Status.LOST}, "lost"),
]


def test_every_status_has_a_shape_of_its_own() -> None:
    """State is told without colour: no two statuses look alike, and each shape is one cell."""
    assert set(APPEARANCE) == set(Status)
    glyphs = [look.glyph for look in APPEARANCE.values()]
    assert len(set(glyphs)) == len(glyphs)
    assert all(len(glyph) == 1 for glyph in glyphs)


@pytest.mark.parametrize(("facts", "word"), ROWS)
def test_a_status_says_how_it_ended_and_whether_it_is_a_guess(
    facts: dict[str, object], word: str
) -> None:
    """Exit code and signal are two facts; what is inferred is marked."""
    assert status_word(msgspec.structs.replace(view(0), **facts)) == word


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    """Real-time signals and nonsense do not break a row."""
    assert signal_name(99) == "signal 99"
