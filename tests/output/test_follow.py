"""Following a pod's output as it comes."""

from __future__ import annotations

import os
import queue
import threading
from contextlib import suppress

import pytest

from podtui.core.errors import NotFound
from podtui.core.output import files, reading
from podtui.core.output.reading import OutputPiece
from podtui.core.output.source import Position
from podtui.core.system.watch import ChangeWaiter, FileStamps
from tests.support.log_readers import WrittenPod, committed, text_of


class Interrupted(ChangeWaiter):
    """A waiter during whose waiting Ctrl-C is pressed."""

    def wait(self, timeout_s: float | None) -> bool:
        raise KeyboardInterrupt


@pytest.fixture
def stop() -> threading.Event:
    """What ends a follower."""
    return threading.Event()


def test_output_is_followed_as_it_comes(pod: WrittenPod, stop: threading.Event) -> None:
    """Each time more was printed it is given, in order and once, and committed as it goes."""
    pod.run(1, b"one\n")
    reading = pod.reading()
    pieces = committed(reading, reading.follow(stop))
    assert next(pieces).data == "one\n"
    for number in range(3):
        pod.print(1, b"more %d\n" % number)
        assert next(pieces).data == f"more {number}\n"
    assert pod.cursor() == Position(1, 4 + 3 * 7)


def test_following_ends_with_the_pod(pod: WrittenPod, stop: threading.Event) -> None:
    """When the run is proven dead, what is left is given, the held back half too."""
    pod.run(1, b"one\ncaf\xc3")
    reading = pod.reading()
    pieces = reading.follow(stop)
    assert next(pieces).data == "one\ncaf"
    pod.over = True
    assert text_of(list(pieces)) == "\ufffd"


def test_what_a_run_prints_while_it_is_found_dead_is_given(
    pod: WrittenPod, stop: threading.Event
) -> None:
    """Output that came between the last look and the proof of death is not left behind."""
    pod.run(1, b"one\n")

    def dies_with_last_words() -> bool:
        pod.print(1, b"last words")
        return True

    reading = pod.reading(is_over=dies_with_last_words)
    assert text_of(list(reading.follow(stop))) == "one\nlast words"


def test_following_goes_over_a_restore(pod: WrittenPod, stop: threading.Event) -> None:
    """A follower that was there before a restore sees the new run begin, once."""
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    pod.run(2, b"two\n")
    assert str(next(pieces).data).startswith("── run 2, restored")
    assert next(pieces).data == "two\n"
    pod.over = True
    assert list(pieces) == []


def test_following_ends_when_told_to(pod: WrittenPod, stop: threading.Event) -> None:
    """A follower that waits for output in its thread ends as soon as it is told."""
    pod.run(1, b"one\n")
    given: list[OutputPiece] = []
    waiting = threading.Event()

    def asked() -> bool:
        waiting.set()
        return False

    follower = threading.Thread(
        target=lambda: given.extend(pod.reading(is_over=asked).follow(stop))
    )
    follower.start()
    assert waiting.wait(10)
    stop.set()
    follower.join(10)
    assert not follower.is_alive()
    assert text_of(given) == "one\n"


def test_a_follower_told_to_end_gives_nothing_more(pod: WrittenPod, stop: threading.Event) -> None:
    """After the word to end no further piece comes, and none twice."""
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    pod.print(1, b"two\n")
    assert next(pieces).data == "two\n"
    pod.over = True
    stop.set()
    assert list(pieces) == []
    assert list(pod.reading().follow(stop)) == []


def test_without_any_hint_following_looks_again_and_again(
    pod: WrittenPod, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hints are not needed: where stamps never change, all output comes all the same."""
    monkeypatch.setattr(FileStamps, "have_changed", lambda _: False)
    monkeypatch.setattr(reading, "HINT_TIMEOUT_S", 0.01)
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    pod.print(1, b"two\n")
    assert next(pieces).data == "two\n"


def test_new_output_is_given_long_before_the_next_look(
    pod: WrittenPod, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follower is hinted by the output itself, and by a run that is restored."""
    monkeypatch.setattr(reading, "HINT_TIMEOUT_S", 3600.0)
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    given: queue.SimpleQueue[OutputPiece] = queue.SimpleQueue()

    def follow() -> None:
        for piece in pieces:
            given.put(piece)

    follower = threading.Thread(target=follow)
    follower.start()
    pod.print(1, b"two\n")
    assert given.get(timeout=10).data == "two\n"
    pod.run(2, b"three\n")
    assert str(given.get(timeout=10).data).startswith("── run 2, ")
    assert given.get(timeout=10).data == "three\n"
    stop.set()
    follower.join(10)


def test_an_interruption_while_following_is_passed_on(
    pod: WrittenPod, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Ctrl-C ends the wait for output, the follower's caller gets it."""
    monkeypatch.setattr(files, "ChangeWaiter", Interrupted)
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    with pytest.raises(KeyboardInterrupt):
        next(pieces)


def test_following_a_pod_that_is_taken_away_ends_with_the_reason(
    pod: WrittenPod, stop: threading.Event
) -> None:
    """A pod that is pruned under its follower is not found any more."""
    pod.run(1, b"one\n")
    pieces = pod.reading().follow(stop)
    assert next(pieces).data == "one\n"
    pod.paths.root.rename(pod.paths.root.with_name("elsewhere"))
    with pytest.raises(NotFound):
        next(pieces)


def test_following_keeps_no_files_open(pod: WrittenPod, stop: threading.Event) -> None:
    """A follower that waits, and one that was let go, hold no descriptors on the output."""
    pod.run(1, b"one\n" * 10)
    output = str(pod.paths.run(1).output)
    pieces = pod.reading().follow(stop)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert output not in open_files()


def open_files() -> list[str]:
    found = []
    for number in os.listdir("/proc/self/fd"):
        # The descriptor of the listing itself is closed by now.
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found
