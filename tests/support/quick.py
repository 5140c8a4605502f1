"""Marks the tests that start no process as `quick`, and makes a quick test that starts one fail.

A test is quick when no name in its code, in its fixtures and in the functions of `tests` that they
call is a name that starts a process. Names alone prove nothing, so a process that is started while
a quick test runs is an error in every run, and the marker is always right.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType

import pytest

STARTERS = frozenset(
    {"subprocess", "Popen", "fork", "forkpty", "at_once", "shell", "spawn", "restore"}
)
"""Names that start a process: of the library, of the test stores, of the plane."""
SLOW = frozenset({"run_test", "snap_compare", "hypothesis"})
"""Names in tests that start no process but take long: a whole screen, a hundred examples."""
EVENTS = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
)
"""Audit events of the interpreter: all ways in which Python code starts a process."""


class ProcessStarted(RuntimeError):
    """A test that is marked as quick tried to start a process."""


class Guard:
    """Refuses to start a process while a quick test runs.

    Attributes:
        refused: the audit events that were refused since the guard was closed.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._is_closed = False

    def install(self) -> None:
        """Listen to the interpreter from now on; this cannot be taken back."""
        sys.addaudithook(self._on_event)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Refuse all processes within this block."""
        self.refused.clear()
        self._is_closed = True
        try:
            yield
        finally:
            self._is_closed = False

    def _on_event(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self._is_closed and event in EVENTS:
            self.refused.append(event)
            raise ProcessStarted(f"{event} in a test that is marked as quick")


def is_quick(test: pytest.Function) -> bool:
    """Return whether no name that this test can reach starts a process or takes long."""
    fixtures = test._fixtureinfo.name2fixturedefs.values()
    functions = [test.function, *(each.func for definitions in fixtures for each in definitions)]
    names = reachable_names(functions).union(test.fixturenames)
    return names.isdisjoint(STARTERS | SLOW)


def reachable_names(functions: list[Callable[..., object]]) -> set[str]:
    """Return every name in these functions and in the functions of `tests` that they name."""
    names: set[str] = set()
    seen: set[CodeType] = set()
    while functions:
        function = functions.pop()
        if hasattr(function, "hypothesis"):
            names.add("hypothesis")
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if code is None or code in seen or not function.__module__.startswith("tests"):
            continue
        seen.add(code)
        found = names_in(code)
        names |= found
        for each in map(getattr(function, "__globals__", {}).get, found):
            if isinstance(each, FunctionType):
                functions.append(each)
            elif isinstance(each, type):
                functions += [part for part in vars(each).values() if callable(part)]
    return names


def names_in(code: CodeType) -> set[str]:
    """Return the globals, attributes and closed-over variables that a piece of code names."""
    inner = [names_in(each) for each in code.co_consts if isinstance(each, CodeType)]
    return {*code.co_names, *code.co_freevars}.union(*inner)
