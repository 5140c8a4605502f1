"""Whose window decides the size the program sees."""

from __future__ import annotations

import pytest

from podtui.kernel import frames
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import Connection, Run, python, retry_until

TELLS_SIZES = """
import os, signal
def tell(*_):
    os.write(1, b"size %dx%d;" % os.get_terminal_size())
signal.signal(signal.SIGWINCH, tell)
tell()
while True:
    signal.pause()
"""


@pytest.fixture
def screen(new_run: NewRun) -> Run:
    """Start a program that tells every size it is given."""
    run = new_run(*python(TELLS_SIZES)).start()
    run.say_until(b"size 80x24;")
    return run


def expect_size(client: Connection, columns: int, rows: int, *, yours: bool) -> None:
    while {"cols": columns, "rows": rows, "yours": yours} not in client.sizes:
        assert client.next_frame() is not None
    client.sizes.clear()


def test_the_first_viewer_gives_its_size_to_the_program(screen: Run) -> None:
    """The welcome already has the new size, and the program is told by SIGWINCH."""
    with Connection(screen.socket_path) as client:
        welcome = client.hello("attach", columns=100, rows=30, start=0)
        assert (welcome["cols"], welcome["rows"]) == (100, 30)
        client.read_until(b"size 100x30;")
        expect_size(client, 100, 30, yours=True)


def test_the_viewer_that_was_active_last_owns_the_size(screen: Run) -> None:
    """Typing, resizing and coming are activity; each viewer hears whose the size is."""
    with (
        screen.connect("attach", columns=100, rows=30, start=0) as first,
        screen.connect("attach", columns=60, rows=20, start=0) as second,
    ):
        first.read_until(b"size 60x20;")
        expect_size(first, 60, 20, yours=False)
        expect_size(second, 60, 20, yours=True)
        first.send(frames.INPUT, b"x")
        second.read_until(b"size 100x30;")
        expect_size(second, 100, 30, yours=False)
        second.send(frames.RESIZE, {"cols": 61, "rows": 21})
        first.read_until(b"size 61x21;")
        expect_size(second, 61, 21, yours=True)


def test_when_the_owner_leaves_the_next_newest_viewer_owns_the_size(screen: Run) -> None:
    """With nobody left, the size stays as it was."""
    first = screen.connect("attach", columns=100, rows=30, start=0)
    with screen.connect("attach", columns=60, rows=20, start=0) as second:
        second.read_until(b"size 60x20;")
    first.read_until(b"size 60x20;")
    expect_size(first, 100, 30, yours=True)
    first.close()
    with Connection(screen.socket_path) as later:
        welcome = later.hello("observe", start=0)
        assert (welcome["cols"], welcome["rows"]) == (100, 30)


def test_an_observer_never_decides_the_size(screen: Run) -> None:
    """Looking on from a small window does not make the program's window small."""
    with screen.connect("observe", columns=20, rows=5, start=0) as observer:
        observer.send(frames.RESIZE, {"cols": 30, "rows": 6})
        observer.ask(frames.PING, b"", frames.PONG)
        with Connection(screen.socket_path) as other:
            assert other.hello()["cols"] == 80


@pytest.mark.parametrize(
    ("asked", "given"),
    [((0, 0), (1, 1)), ((-5, 99999), (1, 1000)), ((10**30, 24), (1000, 24))],
)
def test_absurd_sizes_are_clamped(
    screen: Run, asked: tuple[int, int], given: tuple[int, int]
) -> None:
    """A size no terminal has never reaches the program."""
    with screen.connect("attach", columns=70, rows=20, start=0) as client:
        client.send(frames.RESIZE, {"cols": asked[0], "rows": asked[1]})
        client.read_until(b"size %dx%d;" % given)


def test_a_redraw_shows_another_size_and_then_the_true_one_again(screen: Run) -> None:
    """Programs paint everything again when their size changed, and end up as they were."""
    with screen.connect("attach", columns=70, rows=20, start=0) as client:
        client.read_until(b"size 70x20;")
        client.ask(frames.REDRAW, b"", frames.DONE)
        client.read_until(b"size 70x19;")
        while client.output.count(b"size 70x20;") < 2:
            client.next_frame()


def test_the_sizes_the_program_had_are_known_with_their_place_in_the_output(screen: Run) -> None:
    """A viewer is told in its welcome, and whoever has only the files finds it in the status."""
    with Connection(screen.socket_path) as first:
        before = first.hello("attach", columns=100, rows=30)
        assert before["sizes"] == [[0, 80, 24], [before["output_bytes"], 100, 30]]
        screen.say_until(b"100x30")
        with Connection(screen.socket_path) as second:
            after = second.hello("attach", columns=90, rows=20)
            assert after["sizes"][:2] == before["sizes"]
            assert after["sizes"][2][1:] == [90, 20]
            assert after["sizes"][2][0] >= before["output_bytes"]
            # While the viewer is there: afterwards the size may be another before it is asked for.
            screen.say_until(b"90x20")
    retry_until(lambda: screen.status_record().get("sizes", [])[:3] == after["sizes"])
