"""The command line as a program of its own, on a store of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podtui.core.system.system import real_system
from tests.cli.terminal import TerminalSession
from tests.support.store_fixture import Yard

TIME_LIMIT_S = 60
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command line answered."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    @property
    def document(self) -> dict[str, Any]:
        """Return the one object on standard output."""
        assert self.code == 0, self.err
        return self.any_document

    @property
    def any_document(self) -> dict[str, Any]:
        """Return the one object on standard output, whatever the exit code."""
        assert self.stdout.count(b"\n") == 1, self.out
        content = json.loads(self.stdout)
        assert content.pop("version") == 1
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> dict[str, Any]:
        """Return what is in the one error object on standard error."""
        assert self.code != 0
        assert self.stderr.count(b"\n") == 1, self.err
        content = json.loads(self.stderr)
        assert list(content) == ["error"]
        error = content["error"]
        assert list(error) == ["kind", "message", "pod", "next"]
        assert isinstance(error, dict)
        return error


class Podtui:
    """The installed command in a test's environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PODTUI_", "XDG_", "NO_COLOR"))
        }
        self.started: list[subprocess.Popen[bytes]] = []
        self.environment = {**inherited, "PYTHONPATH": str(REPOSITORY), **environment}

    def __call__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Run one command line to its end; without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "podtui", *arguments],
            env={**self.environment, **(environment or {})},
            **{"stdin": subprocess.DEVNULL, "capture_output": True, **options},
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return Answer(done.returncode, done.stdout or b"", done.stderr or b"")

    def shell(self, script: str, *arguments: str) -> Answer:
        """Run a shell script that starts the command line in its own way."""
        done = subprocess.run(
            ["/bin/bash", "-c", script, "podtui", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start one command line; it is ended with the test at the latest."""
        defaults: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "podtui", *arguments],
            env=self.environment,
            **{**defaults, **options},
        )
        self.started.append(process)
        return process

    def end_what_was_started(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
            process.wait()

    def in_terminal(self, *arguments: str, **size: int) -> TerminalSession:
        """Start one command line in a terminal."""
        return TerminalSession(self.environment, *arguments, **size)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A temporary store on this very machine, since another process looks at it too."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.fixture
def podtui(yard: Yard) -> Iterator[Podtui]:
    """The command line over the yard's store."""
    made = Podtui(yard.environment)
    yield made
    made.end_what_was_started()


@pytest.fixture
def bare_podtui(tmp_path: Path) -> Callable[..., Podtui]:
    """The command line where there is no store yet; takes more variables."""

    def make(**variables: str) -> Podtui:
        home = tmp_path / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        return Podtui({"HOME": str(home), "PODTUI_HOME": str(tmp_path / "store"), **variables})

    return make
