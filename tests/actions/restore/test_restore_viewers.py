"""Viewers across a restore: who was there before and who comes after see everything once."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Restore
from podtui.core.output.reading import OutputPiece
from podtui.core.system.system import real_system
from tests.cli.conftest import Podtui
from tests.support.lose_pods import lose, wait_for_output
from tests.support.store_fixture import Yard

# Each run says which one it is, in lines that can be counted.
SCRIPT = (
    'for n in 1 2 3 4 5 6 7 8 9; do echo "run $PODTUI_RUN line $n"; done; echo "done $PODTUI_RUN";'
    " exec sleep 600"
)
LINES = {run: [f"run {run} line {n}" for n in range(1, 10)] + [f"done {run}"] for run in (1, 2, 3)}
UNKNOWN_STATE = 7
"""Exit code of an attach whose supervisor went away without a word."""
SEQUENCE = re.compile(rb"\x1b\[[0-?]*[@-~]")
RUN_NOTE = re.compile(r"── run (\d+), restored .* ──\Z")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A temporary store on this very machine, since other processes look at it too."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


@pytest.fixture
def podtui(yard: Yard) -> Iterator[Podtui]:
    """The command line over the yard's store."""
    made = Podtui(yard.environment)
    yield made
    made.end_what_was_started()


def begin(yard: Yard) -> None:
    """Spawn the pod and wait until its first run has said everything."""
    yard.shell("pod", SCRIPT)
    wait_for_output(yard, "pod", 1, "done 1")


def restore(yard: Yard, run: int) -> None:
    """Lose the pod and restore it; returns when the new run has said everything."""
    lose(yard, "pod", run - 1)
    yard.reopened().carry_out(Restore(("pod",)))
    wait_for_output(yard, "pod", run, f"done {run}")


def as_lines(text: str) -> list[str]:
    """Return the lines of a reading, the note of a new run as its number."""
    lines = text.splitlines()
    return [f"restored {note[1]}" if (note := RUN_NOTE.match(line)) else line for line in lines]


def everything(last: int) -> list[str]:
    """Return what a reader has seen who has seen everything once."""
    later = [[f"restored {run}", *LINES[run]] for run in range(2, last + 1)]
    return [*LINES[1], *itertools.chain.from_iterable(later)]


def read(plane: LocalPlane, reader: str, *, from_start: bool = False) -> str:
    """Read as a command does: each piece is taken, then the cursor is moved."""
    reading = plane.reading("pod", reader=reader, from_start=from_start)
    text = ""
    for piece in reading.pieces():
        text += str(piece.data)
        reading.commit(piece)
    return text


def test_a_reader_goes_on_where_it_was_and_a_new_one_begins_at_the_start(yard: Yard) -> None:
    """The cursor survives two restores; each reader ends with exactly one copy."""
    begin(yard)
    before = read(yard.reopened(), "before")
    restore(yard, 2)
    before += read(yard.reopened(), "before")
    restore(yard, 3)
    before += read(yard.reopened(), "before")
    assert as_lines(before) == everything(3)
    assert as_lines(read(yard.reopened(), "after")) == everything(3)
    assert read(yard.reopened(), "before") == read(yard.reopened(), "after") == ""


def test_a_follower_that_is_in_the_middle_goes_on_into_the_new_run(yard: Yard) -> None:
    """It had not noticed the end when the pod was restored: nothing is skipped or told twice."""
    begin(yard)
    stop = threading.Event()
    reading = yard.plane.reading("pod", reader="follower")
    pieces = reading.follow(stop)
    first = next(pieces)
    reading.commit(first)
    restore(yard, 2)
    text = str(first.data)

    def more() -> Iterator[OutputPiece]:
        for piece in pieces:
            reading.commit(piece)
            yield piece

    for piece in more():
        text += str(piece.data)
        if "done 2" in text:
            stop.set()
    assert as_lines(text) == everything(2)
    assert as_lines(read(yard.reopened(), "other")) == everything(2)


def test_a_followed_reading_ends_with_its_run_and_the_next_goes_on(
    yard: Yard, podtui: Podtui
) -> None:
    """`read --follow` ends when the pod is lost; after the restore another one has the rest."""
    begin(yard)
    followers = {
        name: podtui.start("read", "pod", "--follow", "--as", name) for name in ("one", "two")
    }
    lose(yard, "pod")
    seen = {}
    for name, follower in followers.items():
        out, err = follower.communicate(timeout=30)
        assert follower.returncode == 0, err
        assert b"lost" in err
        seen[name] = out.decode()
    yard.reopened().carry_out(Restore(("pod",)))
    wait_for_output(yard, "pod", 2, "done 2")
    late = podtui.start("read", "pod", "--follow", "--as", "late")
    lose(yard, "pod", 2)
    for name, first in seen.items():
        rest = podtui("read", "pod", "--follow", "--as", name).out
        assert as_lines(first + rest) == everything(2)
    out, err = late.communicate(timeout=30)
    assert late.returncode == 0, err
    assert as_lines(out.decode()) == everything(2)


def test_the_raw_bytes_of_both_runs_are_there_once(yard: Yard, podtui: Podtui) -> None:
    """In the raw view runs follow each other without a note."""
    begin(yard)
    before = podtui("read", "pod", "--view", "raw", "--as", "raw").stdout
    restore(yard, 2)
    before += podtui("read", "pod", "--view", "raw", "--as", "raw").stdout
    assert before.decode().replace("\r", "").splitlines() == [*LINES[1], *LINES[2]]


def on_screen(seen: bytes, run: int) -> list[int]:
    """Return how often each line of a run was drawn."""
    text = SEQUENCE.sub(b"\n", seen)
    return [len(re.findall(rb"\b" + line.encode() + rb"\b", text)) for line in LINES[run]]


def test_terminals_attached_before_and_after_see_their_run_once(yard: Yard, podtui: Podtui) -> None:
    """The one ends with the run it was on, told that it is lost; the other is on the new run."""
    begin(yard)
    with podtui.in_terminal("attach", "pod", "--read-only", columns=120, rows=40) as before:
        before.see(b"done 1")
        lose(yard, "pod")
        assert before.ending() == UNKNOWN_STATE, before.seen
        assert set(on_screen(before.seen, 1)) == {1}
        assert b"run 2" not in before.seen
    yard.reopened().carry_out(Restore(("pod",)))
    wait_for_output(yard, "pod", 2, "done 2")
    with podtui.in_terminal("attach", "pod", "--read-only", columns=120, rows=40) as after:
        after.see(b"done 2")
        after.type(b"\x1d")
        assert after.ending() == 0
        assert set(on_screen(after.seen, 2)) == {1}
        assert b"run 1 line" not in after.seen
    assert as_lines(read(yard.reopened(), "both")) == everything(2)
