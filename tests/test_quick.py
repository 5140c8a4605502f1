"""The marker of quick tests is found from names, and a process in a quick test is refused."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.quick import STARTERS, Guard, ProcessStarted, reachable_names


class Helper:
    """Starts a process in one of its methods."""

    def start(self) -> None:
        subprocess.run([sys.executable, "-c", ""], check=True)


def helped() -> None:
    Helper().start()


def harmless() -> None:
    os.getpid()


def test_a_process_is_refused_while_the_guard_is_closed_only() -> None:
    """Whatever starts it: the library, or a fork."""
    guard = Guard()
    guard.install()
    with guard.closed():
        with pytest.raises(ProcessStarted):
            helped()
        with pytest.raises(ProcessStarted):
            os.fork()
    assert guard.refused == ["subprocess.Popen", "os.fork"]
    helped()


def test_names_are_followed_through_the_functions_of_tests() -> None:
    """A helper's helper is seen, and a function that starts nothing has none of these names."""
    assert "subprocess" in reachable_names([helped])
    assert reachable_names([harmless]).isdisjoint(STARTERS)


def test_a_fixture_that_starts_a_process_is_not_quick(request: pytest.FixtureRequest) -> None:
    """This test reaches no name that starts one, so it is marked itself."""
    assert request.node.get_closest_marker("quick") is not None
