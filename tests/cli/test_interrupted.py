"""An interrupted action that a command finishes is said, and a script may ask for none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Prune
from tests.cli.conftest import Podtui
from tests.support.faulty import Killed, MortalFs, Steps
from tests.support.store_fixture import Yard

WORDS = "pod: a prune by ann was broken off; it stays where it is"


@pytest.fixture
def broken(yard: Yard) -> Yard:
    """A store with a prune that was killed after its intent."""
    yard.shell("pod", "true")
    yard.wait_ended("pod")
    steps = Steps(8)
    with suppress(Killed):
        plane = LocalPlane.open(replace(yard.system, fs=MortalFs(steps)))
        plane.carry_out(Prune(("pod",)), actor="ann")
    assert len(yard.plane.store.intents.all()) == 1
    return yard


def test_a_command_says_what_it_finished(broken: Yard, podtui: Podtui) -> None:
    """Once, on standard error; the diagnostics have it from then on."""
    first = podtui("ls")
    assert first.err == f"interrupted: {WORDS}\n"
    assert podtui("ls").err == ""
    assert WORDS in podtui("diagnostics").out
    assert broken.plane.store.intents.all() == []


def test_a_program_gets_it_as_a_diagnostic(broken: Yard, podtui: Podtui) -> None:
    """With --json standard error stays empty."""
    assert podtui("ls", "--json").err == ""
    told = podtui("diagnostics", "--json").document["diagnostics"]
    assert [each["summary"] for each in told if each["kind"] == "interrupted"] == [WORDS]
    assert broken.plane.store.intents.all() == []


def test_a_script_that_only_looks_finishes_nothing(broken: Yard, podtui: Podtui) -> None:
    """With PODTUI_NO_RECOVERY the store is opened as it is."""
    assert podtui("ls", environment={"PODTUI_NO_RECOVERY": "1"}).err == ""
    assert len(broken.plane.store.intents.all()) == 1
