"""The installed program in tmux, used as a person uses it."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podtui.core.model.verdicts import Status
from podtui.core.system.system import real_system
from tests.cli.conftest import Podtui
from tests.support.store_fixture import Yard, until
from tests.support.tmux import Tmux

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed here: nobody uses the screen"
)

Open = Callable[[int, int], Tmux]
ASKER = (
    """sh -c 'echo ready; while read -r x; do test "$x" = size && stty size; echo "so: $x"; done'"""
)
LEFT = "podtui was left with"


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """An empty store whose pods belong to this machine."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.fixture
def opened(yard: Yard, tmp_path: Path) -> Iterator[Open]:
    """Opens the screen in a window of a size."""
    servers: list[Tmux] = []
    script = Path(sys.executable).with_name("podtui")
    argv = [str(script)] if script.exists() else [sys.executable, "-m", "podtui"]
    command = f"{shlex.join(argv)}; echo {LEFT} $?; exec cat"

    def open_window(columns: int, rows: int) -> Tmux:
        environment = Podtui(yard.environment).environment
        made = Tmux(tmp_path / "tmux", environment, command, columns=columns, rows=rows)
        servers.append(made)
        return made

    yield open_window
    for server in servers:
        server.end()


def spawn_by_form(tmux: Tmux, name: str, command: str) -> None:
    tmux.press("n")
    tmux.see("new pod", "enter spawn")
    tmux.type(name)
    tmux.press("Tab")
    tmux.type(command)
    tmux.see(f"reserve '{name}'")
    tmux.press("Enter")
    tmux.see(name, "● working", gone=("new pod",))


def send(tmux: Tmux, name: str, words: str) -> None:
    tmux.press("s")
    tmux.see(f"to {name} ▸")
    tmux.type(words)
    tmux.press("Enter")
    tmux.see(f"so: {words}", gone=("▸",))


def attach(tmux: Tmux) -> str:
    """Attach to what is selected; returns the key that leaves again, as it is shown."""
    tmux.press("Enter")
    said = "\n".join(tmux.see("detach with"))
    found = re.search(r"detach with Ctrl-(\S)", said)
    assert found is not None, said
    return f"C-{found[1].lower()}"


def see_whole(tmux: Tmux, rows: int) -> None:
    """Look until the screen is there from its first row to its last."""

    def is_whole() -> bool:
        lines = tmux.lines()
        ends = lines[0].startswith(" podtui"), lines[-1].endswith("? help")
        return len(lines) == rows and all(ends)

    until(is_whole)


def test_a_first_day_from_an_empty_store_to_quitting(opened: Open, yard: Yard) -> None:
    """Everything a newcomer does, by the keys the screen names; what runs goes on running."""
    tmux = opened(120, 36)
    tmux.see("No pods yet.", "n spawn", "? help")

    spawn_by_form(tmux, "asker", ASKER)
    tmux.see("ready", "following")
    send(tmux, "asker", "hello there")

    leave = attach(tmux)
    tmux.see("so: hello there", gone=("detectors",))
    tmux.type("typed by hand")
    tmux.press("Enter")
    tmux.see("so: typed by hand")
    tmux.resize(100, 30)
    tmux.type("size")
    tmux.press("Enter")
    tmux.see("30 100", "so: size")
    tmux.press(leave)
    tmux.see("detached from asker, it goes on running", "detectors")
    see_whole(tmux, 30)
    tmux.resize(120, 36)
    tmux.see("─ why working", "so: typed by hand")
    see_whole(tmux, 36)

    yard.kill(yard.supervisor_of("asker"))
    tmux.see("⊘ lost", "exit record none", gone=("● working",))

    spawn_by_form(tmux, "worker", "sleep 600")
    tmux.press("x")
    tmux.see("stop worker", "ask worker, run 1, to end: sleep", "y stop it")
    assert yard.view("worker").status is Status.WORKING
    tmux.press("y")
    tmux.see("✓ stopped", gone=("y stop it",))

    spawn_by_form(tmux, "keeper", "sleep 600")
    tmux.press("?")
    tmux.see("Show the plan to stop the pod, then ask")
    tmux.press("Escape")
    tmux.see("detectors", gone=("Show the plan to stop",))
    tmux.press("/")
    tmux.type("lost")
    tmux.see("pods · lost · 1 of 3")
    tmux.press("Escape")
    tmux.see("keeper", gone=("1 of 3",))
    tmux.press("C-p")
    tmux.type("quit")
    tmux.see("Close the screen; the pods go on running")
    tmux.press("Enter")
    tmux.see("podtui is closed; 1 pod goes on running", f"{LEFT} 0")
    assert yard.view("keeper").status is Status.WORKING


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 20)])
def test_the_same_keys_do_on_a_small_terminal(
    opened: Open, yard: Yard, columns: int, rows: int
) -> None:
    """Spawn, read, send, attach, stop and quit, with every part of the screen in its place."""
    tmux = opened(columns, rows)
    tmux.see("No pods yet.")
    spawn_by_form(tmux, "asker", ASKER)
    send(tmux, "asker", "hello")
    see_whole(tmux, rows)
    leave = attach(tmux)
    tmux.type("size")
    tmux.press("Enter")
    tmux.see(f"{rows} {columns}")
    tmux.press(leave)
    tmux.see("it goes on running", "detectors")
    see_whole(tmux, rows)
    tmux.press("i")
    tmux.see("─ why working", "lock")
    tmux.press("i", "x")
    tmux.see("stop asker", "y stop it")
    tmux.press("y")
    tmux.see("✓ stopped")
    tmux.press("q")
    tmux.see(f"{LEFT} 0")
    assert yard.view("asker").verdict == "dead"


def test_keys_that_come_in_one_piece_are_taken_one_after_the_other(opened: Open) -> None:
    """What is typed behind the key that opens a line goes into the line; nothing is a command."""
    tmux = opened(80, 24)
    tmux.see("No pods yet.")
    tmux.press("n", "asker", "Tab", ASKER, "Enter")
    tmux.see("ready", "● working")
    tmux.press("s", "no x quit", "Enter", "/", "ask", "Enter", "Tab")
    tmux.see("so: no x quit", "pods · ask · 1 of 1", gone=("▸",))
    tmux.press("Enter", "n", "?")
    tmux.see("detach with")
    tmux.press("C-]")
    tmux.see("it goes on running", gone=("new pod", "Start a new pod"))


def test_a_supervisor_that_dies_under_a_viewer_gives_the_screen_back(
    opened: Open, yard: Yard
) -> None:
    """Attached from the screen, the end of the supervisor is told on the screen, as trouble."""
    tmux = opened(80, 24)
    yard.shell("worker", "echo at work; exec sleep 600")
    tmux.see("at work")
    attach(tmux)
    yard.kill(yard.supervisor_of("worker"))
    tmux.see("⊘ lost", "the supervisor of 'worker' went away", "detectors")
    tmux.press("q")
    tmux.see(f"{LEFT} 0")


def test_the_mouse_selects_folds_and_presses_keys(opened: Open, yard: Yard) -> None:
    """A click on a row selects it, one on its mark folds it, one on the last line is its key."""
    yard.shell("parent", "echo words of the parent; exec sleep 600")
    yard.shell("child", "echo words of the child; exec sleep 600", parent="parent")
    tmux = opened(80, 24)
    lines = tmux.see("▾ parent", "child", "words of the parent")
    row = next(y for y, line in enumerate(lines) if "child" in line)
    tmux.click(10, row)
    tmux.see("words of the child", "─ child")
    tmux.click(1, row - 1)
    tmux.see("▸ parent")
    tmux.click(lines[-1].index("? help"), len(lines) - 1)
    tmux.see("Show the plan to stop the pod, then ask")
    tmux.press("Escape")
    tmux.see("detectors", gone=("Show the plan to stop",))
