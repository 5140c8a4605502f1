"""Real programs through attach, compared cell by cell with the same program run directly."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Podtui
from tests.screen.watched import Watched, assert_same_screen
from tests.support.store_fixture import Yard

DETACH = b"\x1d"
SHELL = ("bash", "--norc", "--noprofile", "--noediting")
EDITED_SHELL = ("bash", "--norc", "--noprofile")

Start = Callable[..., Watched]


def needs(program: str) -> pytest.MarkDecorator:
    """Skip, and say so, where a program is not installed."""
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not installed here"
    )


class Stage:
    """One program twice: directly in a terminal, and as a pod to attach to."""

    def __init__(self, yard: Yard, podtui: Podtui, folder: Path) -> None:
        self.yard = yard
        self.folder = folder
        self.watched: list[Watched] = []
        self._podtui = podtui
        home = yard.environment["HOME"]
        self.environment = {
            "PATH": yard.environment["PATH"],
            "HOME": home,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PS1": r"\[\e[1;32m\]pod\[\e[m\] $ ",
            "LESSHISTFILE": "-",
        }

    def direct(self, *argv: str, columns: int = 80, rows: int = 24) -> Watched:
        """Run the program in a terminal."""
        return self._keep(Watched(argv, self.environment, columns=columns, rows=rows))

    def pod(self, *argv: str, columns: int = 80, rows: int = 24) -> None:
        """Run the program as the pod "p"."""
        variables = {name: self.environment[name] for name in self.environment if name != "PATH"}
        self.yard.spawn("p", *argv, columns=columns, rows=rows, env=variables, cwd=str(self.folder))

    def attach(self, *options: str, columns: int = 80, rows: int = 24) -> Watched:
        """Attach to the pod in a terminal."""
        argv = (sys.executable, "-m", "podtui", "attach", "p", *options)
        environment = {**self._podtui.environment, "TERM": "xterm-256color"}
        return self._keep(Watched(argv, environment, columns=columns, rows=rows))

    def _keep(self, watched: Watched) -> Watched:
        self.watched.append(watched)
        return watched


@pytest.fixture
def stage(
    yard: Yard, podtui: Podtui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """A folder with a file to look at, and every program ended afterwards."""
    folder = tmp_path / "work"
    folder.mkdir()
    lines = [f'def line_{number}(): return "{number}"  # é 漢字' for number in range(80)]
    (folder / "file.py").write_text("\n".join(lines) + "\n", "utf-8")
    monkeypatch.chdir(folder)
    made = Stage(yard, podtui, folder)
    yield made
    for watched in made.watched:
        watched.__exit__()


VIM = ("vim", "-u", "NONE", "-i", "NONE", "-N", "-n", "-c", "silent! syntax on", "file.py")
VIM_KEYS = (
    b"jjj", b"/line_5\r", b":set number hlsearch\r", b"Ohello \x1b", b"\x06", b"dd", b":sp\r",
    b"vjjj", b"\x1b:only\r", b"u", b"G$",
)  # fmt: skip
LESS_KEYS = (b" ", b"/line_4\r", b"n", b"G", b"g", b"-N", b"\r", b"h", b"q", b"\x1b[B")


@pytest.mark.parametrize(
    ("argv", "begun", "keys"),
    [
        pytest.param(VIM, "file.py", VIM_KEYS, marks=needs("vim")),
        pytest.param(("less", "file.py"), "file.py", LESS_KEYS, marks=needs("less")),
    ],
    ids=["vim", "less"],
)
def test_a_program_looks_as_in_a_direct_run_after_every_key(
    stage: Stage, argv: tuple[str, ...], begun: str, keys: tuple[bytes, ...]
) -> None:
    """At once after coming, after each key, another size, and leaving and coming again."""
    stage.pod(*argv)
    direct = stage.direct(*argv)
    direct.see(begun)
    direct.settle()
    attached = stage.attach()
    assert_same_screen(direct, attached)
    for key in keys:
        direct.type(key)
        attached.type(key)
        assert_same_screen(direct, attached)
    attached.type(DETACH)
    again = stage.attach()
    assert_same_screen(direct, again)
    for each in (direct, again):
        each.resize(100, 30)
        # A key that comes with the change of size is dropped by less.
        each.repaint()
        each.type(keys[0])
    assert_same_screen(direct, again)


@needs("htop")
def test_htop_looks_as_in_a_direct_run(stage: Stage) -> None:
    """Its numbers change, but its help and its bar of keys do not."""
    stage.pod("htop")
    direct = stage.direct("htop")
    direct.see("Quit")
    attached = stage.attach()
    attached.see("Quit")
    bar = slice(-1, None)
    assert_same_screen(direct, attached, rows=bar, cursor=False)
    for each in (direct, attached):
        each.type(b"h")
        each.see("CPU usage bar")
    assert_same_screen(direct, attached)
    attached.type(DETACH)
    again = stage.attach()
    assert_same_screen(direct, again)
    for each in (direct, again):
        each.type(b"x")
        each.see("Quit")
        each.resize(90, 20)
    assert_same_screen(direct, again, rows=bar, cursor=False)


@needs("top")
def test_top_looks_as_in_a_direct_run(stage: Stage) -> None:
    """A program that paints the whole screen without taking the other one."""
    stage.pod("top")
    direct = stage.direct("top")
    direct.see("PID USER")
    attached = stage.attach()
    attached.see("PID USER")
    for each in (direct, attached):
        each.type(b"h")
        each.see("Help for Interactive Commands")
    assert_same_screen(direct, attached)
    attached.type(DETACH)
    assert_same_screen(direct, stage.attach())


def test_a_shell_looks_as_in_a_direct_run(stage: Stage) -> None:
    """Prompt, colours, a line half typed, and history: also for one who comes in the middle."""
    stage.pod(*EDITED_SHELL)
    direct = stage.direct(*EDITED_SHELL)
    attached = stage.attach()
    for each in (direct, attached):
        each.see("pod $")
    assert_same_screen(direct, attached)
    keys = (
        b"echo one two\r", b"printf '\\033[48;5;30mblock\\033[38;2;9;8;7m true'\r", b"\x1b[A\x01#",
        b"\r", b"for i in 1 2 3; do echo $i; done\r", b"unfinished word", b"\x1b[D\x1b[D\x1b[D",
    )  # fmt: skip
    for key in keys:
        direct.type(key)
        attached.type(key)
        assert_same_screen(direct, attached)
    attached.type(DETACH)
    again = stage.attach()
    assert_same_screen(direct, again)
    for each in (direct, again):
        each.type(b"xx\x0b\r")
    assert_same_screen(direct, again)


@needs("vim")
def test_one_who_only_watches_sees_the_screen_at_once_clipped_with_a_note(stage: Stage) -> None:
    """The pod keeps its size; the smaller terminal shows what fits, and says what it shows."""
    stage.pod(*VIM, columns=100, rows=30)
    direct = stage.direct(*VIM, columns=100, rows=30)
    direct.see("file.py")
    direct.settle()
    watcher = stage.attach("--read-only", columns=60, rows=20)
    watcher.see("100x30 shown on 60x20")
    watcher.settle()
    assert [row[:60] for row in direct.eyes.rows()[:19]] == watcher.eyes.rows()[:19]
    same_size = stage.attach("--read-only", columns=100, rows=30)
    assert_same_screen(direct, same_size)
    writer = stage.attach(columns=100, rows=30)
    assert_same_screen(direct, writer)
    for each in (direct, writer):
        each.type(b"15Gx")
    assert_same_screen(direct, writer)
    watcher.look_until(
        lambda: [row[:60] for row in direct.eyes.rows()[:19]] == watcher.eyes.rows()[:19]
    )
    assert_same_screen(direct, same_size)


@needs("vim")
def test_of_two_viewers_of_different_sizes_the_one_who_types_sees_it_whole(stage: Stage) -> None:
    """The newest active one owns the size; the other is shown a picture of it meanwhile."""
    stage.pod(*VIM)
    direct = stage.direct(*VIM)
    small = stage.attach()
    assert_same_screen(direct, small)
    large = stage.attach(columns=110, rows=32)
    small.see("110x32 shown on 80x24")
    large.settle()
    small.look_until(lambda: small.eyes.rows()[:23] == [row[:80] for row in large.eyes.rows()[:23]])
    small.type(b"\x0c")
    large.see("80x24 shown on 110x32")
    small.settle()
    for each in (direct, small):
        each.type(b"\x0c:set number\r")
    assert_same_screen(direct, small)
    large.see("80x24 shown on 110x32")
    large.look_until(lambda: [row[:80] for row in large.eyes.rows()[:24]] == small.eyes.rows())
    large.type(DETACH)
    small.settle()
    assert_same_screen(direct, small)
