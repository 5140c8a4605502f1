"""Pods that are lost for certain, and programs of agents that only say how they were called."""

from __future__ import annotations

from pathlib import Path

from podtui.core.model.verdicts import Status
from tests.support.store_fixture import Yard, until


def lose(yard: Yard, name: str, run: int = 1) -> None:
    """Kill a pod's supervisor and its command, as a machine out of memory does."""
    supervisor, child = yard.supervisor_of(name, run), yard.child_of(name, run)
    yard.kill(supervisor)
    yard.kill(child)
    until(lambda: yard.view(name).status is Status.LOST)


def output_of(yard: Yard, name: str, run: int) -> str:
    """Return what a run has printed so far, from the disk alone."""
    return yard.plane.store.paths.pod(name).run(run).output.read_text().replace("\r", "")


def wait_for_output(yard: Yard, name: str, run: int, text: str) -> None:
    """Wait until a run has printed this."""
    until(lambda: text in output_of(yard, name, run))


def a_program(directory: Path, name: str, script: str = "exec sleep 600") -> str:
    """Make a program of this name that prints its arguments; return the directory it is in."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f'#!/bin/sh\necho "called: $*"\n{script}\n')
    program.chmod(0o755)
    return str(directory)
