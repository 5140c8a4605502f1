"""What every plane gives of a pod's output, wherever the pod runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from podtui.core.errors import NotFound
from podtui.core.output.source import PodOutput, Position, Segment
from tests.plane.conftest import PlaneUnderTest

DEADLINE_S = 10.0
SHORT_WAIT_S = 0.05
TRIES = 200


@contextmanager
def output_of(tested: PlaneUnderTest, name: str) -> Iterator[PodOutput]:
    """Give the output of a pod, and close it afterwards."""
    with closing(tested.plane.output(name)) as output:
        yield output


def test_a_run_is_a_segment_with_its_bytes(plane_under_test: PlaneUnderTest) -> None:
    """What a pod has printed has a size, and any part of it can be read; behind it is nothing."""
    plane_under_test.printed("pod", "one two three")
    with output_of(plane_under_test, "pod") as output:
        assert output.pod == "pod"
        assert output.segments(over=True) == (Segment(run=1, start=0, size=13, printed=13),)
        assert output.read(1, 4, 3) == b"two"
        assert output.read(1, 8, 100) == b"three"
        assert output.read(1, 13, 100) == b""


def test_a_pod_is_named_by_its_id_as_well(plane_under_test: PlaneUnderTest) -> None:
    """The output of a pod is found by name and by id, and says the name."""
    view = plane_under_test.yard.shell("pod", "exec sleep 600")
    with output_of(plane_under_test, view.id) as output:
        assert output.pod == "pod"


def test_runs_follow_each_other(plane_under_test: PlaneUnderTest) -> None:
    """A later run begins where all that the earlier ones have printed ends, and says what it is."""
    plane_under_test.printed("pod", "first")
    plane_under_test.later_run("pod", 2, b"second")
    with output_of(plane_under_test, "pod") as output:
        first, second = output.segments()
        assert (second.run, second.start, second.end) == (2, first.end, 11)
        assert output.read(2, 0, 100) == b"second"
        assert output.heading(1).startswith("run 1, spawned ")
        assert output.heading(2).startswith("run 2, restored ")


def test_a_cut_output_is_known_to_be_longer(plane_under_test: PlaneUnderTest) -> None:
    """What a run is recorded to have printed counts, so that what is gone can be said."""
    plane_under_test.printed("pod", "0123456789")
    os.truncate(plane_under_test.files("pod").run(1).output, 4)
    plane_under_test.later_run("pod", 2, b"next")
    with output_of(plane_under_test, "pod") as output:
        cut, following = output.segments()
        assert (cut.size, cut.printed) == (4, 10)
        assert following.start == 10


def test_a_missing_output_says_so(plane_under_test: PlaneUnderTest) -> None:
    """A run without an output is a segment that cannot be read, not one that is left out."""
    plane_under_test.printed("pod", "0123456789")
    plane_under_test.files("pod").run(1).output.unlink()
    with output_of(plane_under_test, "pod") as output:
        (segment,) = output.segments(over=True)
        assert segment.is_missing
        assert segment.problem
        assert (segment.size, segment.printed) == (0, 10)
        assert output.read(1, 0, 10) == b""


def test_what_is_no_plain_file_is_named(plane_under_test: PlaneUnderTest) -> None:
    """Something else in the place of an output is not opened; the words say what it is."""
    plane_under_test.printed("pod", "0123456789")
    path = plane_under_test.files("pod").run(1).output
    path.unlink()
    os.mkfifo(path)
    with output_of(plane_under_test, "pod") as output:
        (segment,) = output.segments()
        assert "FIFO" in segment.problem
        assert not segment.is_missing


def test_growth_ends_a_wait(plane_under_test: PlaneUnderTest) -> None:
    """Waiting and reading in turn, a reader gets all a living pod prints."""
    yard = plane_under_test.yard
    words = yard.root / "words"
    os.mkfifo(words)
    # The pod keeps the pipe open: a word written between two opens of it would be lost.
    yard.shell("pod", f"exec 3<>{words}; while read word <&3; do echo got $word; done")
    with output_of(plane_under_test, "pod") as output:
        for word in ("one", "two"):
            words.write_text(f"{word}\n")
            assert _waited_for(output, f"got {word}".encode())


def _waited_for(output: PodOutput, wanted: bytes) -> bool:
    for _ in range(TRIES):
        segments = output.segments()
        if segments and wanted in output.read(1, 0, segments[0].size):
            return True
        output.wait(SHORT_WAIT_S)
    return False


def test_a_new_run_ends_a_wait(plane_under_test: PlaneUnderTest) -> None:
    """A restore is noticed by whoever waits for more output."""
    plane_under_test.printed("pod", "first")
    with output_of(plane_under_test, "pod") as output:
        output.segments()
        # The first wait may return at once, so that nothing is missed before the watch stands.
        output.wait(SHORT_WAIT_S)
        plane_under_test.later_run("pod", 2, b"second")
        assert output.wait(DEADLINE_S)
        assert [segment.run for segment in output.segments()] == [1, 2]


def test_a_wait_is_ended_from_another_thread(plane_under_test: PlaneUnderTest) -> None:
    """`wake` ends the present wait or the next one, whichever thread calls it."""
    plane_under_test.yard.shell("pod", "exec sleep 600")
    with output_of(plane_under_test, "pod") as output:
        output.segments()
        output.wake()
        assert output.wait(DEADLINE_S)
        threading.Thread(target=output.wake).start()
        assert output.wait(DEADLINE_S)


def test_readers_have_their_own_cursors(plane_under_test: PlaneUnderTest) -> None:
    """A cursor is kept per reader, goes forward only, and comes back when it is rewound."""
    plane_under_test.printed("pod", "0123456789")
    with output_of(plane_under_test, "pod") as output:
        assert output.cursor("one") is None
        assert output.move_cursor("one", Position(1, 6)) == Position(1, 6)
        assert output.move_cursor("one", Position(1, 2)) == Position(1, 6)
        assert output.cursor("two") is None
        assert output.move_cursor("one", Position(1, 2), rewind=True) == Position(1, 2)
    with output_of(plane_under_test, "pod") as again:
        assert again.cursor("one") == Position(1, 2)


def test_activity_counts_what_was_printed_lately(plane_under_test: PlaneUnderTest) -> None:
    """The stretches of the last time hold what the pod has printed in them."""
    plane_under_test.printed("pod", "0123456789")
    with output_of(plane_under_test, "pod") as output:
        cells = output.activity(1, cells=10, cell_s=600.0, output_bytes=10)
        assert len(cells) == 10
        assert sum(cells) == 10


def test_a_terminal_is_drawn(plane_under_test: PlaneUnderTest) -> None:
    """The terminal of the latest run is what an emulator makes of its output."""
    plane_under_test.printed("pod", "it \x1b[1mwas\x1b[m")
    with output_of(plane_under_test, "pod") as output:
        terminal = output.terminal()
        picture = terminal.update() or terminal.picture
        assert terminal.run == 1
        assert picture.plain_lines() == ("it was",)


def test_a_pod_that_is_not_there_is_not_found(plane_under_test: PlaneUnderTest) -> None:
    """An unknown name is refused at once, and a pod that goes away while it is read is reported."""
    with pytest.raises(NotFound):
        plane_under_test.plane.output("nobody")
    plane_under_test.printed("pod", "words")
    root = plane_under_test.files("pod").root
    with output_of(plane_under_test, "pod") as output:
        output.segments()
        root.rename(root.with_name(".gone"))
        with pytest.raises(NotFound):
            output.segments()
        root.with_name(".gone").rename(root)
