"""Reading what a pod has printed, across runs, readers and views."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest

from podtui.core.errors import BadInput, NotFound
from podtui.core.output import reading as reading_module
from podtui.core.output.reading import WINDOW, PieceKind
from podtui.core.output.source import Position
from tests.support.log_readers import NOON, WrittenPod, committed, text_of


def local(moment: str = "%H:%M", *, days: int = 0) -> str:
    return (NOON + timedelta(days=days)).astimezone().strftime(moment)


def test_a_reader_gets_everything_once(pod: WrittenPod) -> None:
    """What was read is not given again, and what comes later is, to any new reading."""
    pod.run(1, b"one\r\ntwo\r\n")
    assert pod.text() == "one\ntwo\n"
    assert pod.pieces() == []
    pod.print(1, b"three\r\n")
    assert pod.text() == "three\n"
    assert pod.pieces() == []


def test_one_reading_goes_on_where_it_was(pod: WrittenPod) -> None:
    """Asked again, the same reading gives what came since, committed or not."""
    pod.run(1, b"one\n")
    reading = pod.reading(peek=True)
    assert text_of(list(reading.pieces())) == "one\n"
    pod.print(1, b"two\n")
    assert text_of(list(reading.pieces())) == "two\n"
    assert (reading.run, reading.position) == (1, 8)


def test_raw_gives_the_bytes_as_they_were_printed(pod: WrittenPod) -> None:
    """The raw view changes nothing: colours, carriage returns and broken bytes included."""
    printed = b"\x1b[31mred\x1b[0m\r\n\xff\x00\r50%\r"
    pod.run(1, printed)
    assert pod.raw() == printed


@pytest.mark.parametrize(
    ("whole", "half", "rest", "shown"),
    [
        ("yes é".encode(), 5, "é", "\ufffd"),
        (b"yes \x1b[31m", 6, "", ""),
        (b"yes \x1b]0;title\x07", 9, "", "0;t"),
        (b"yes \r\n", 5, "\n", ""),
    ],
)
def test_what_is_half_there_waits_while_the_run_lives(
    pod: WrittenPod, whole: bytes, half: int, rest: str, shown: str
) -> None:
    """Half a character, sequence or line end is held back, and given when the rest has come."""
    pod.run(1, whole[:half])
    assert pod.text() == "yes "
    assert pod.cursor() == Position(1, 4)
    assert pod.pieces() == []
    pod.print(1, whole[half:])
    assert pod.text() == rest

    assert pod.text(reader="late", peek=True) == "yes " + rest
    pod.paths.run(1).output.write_bytes(whole[:half])
    pod.over = True
    assert pod.text(reader="late") == "yes " + shown
    assert pod.cursor("late") == Position(1, half)


def test_raw_output_is_not_cut_in_a_sequence_either(pod: WrittenPod) -> None:
    """In raw too, half a sequence or character waits; a carriage return does not."""
    pod.run(1, b"yes\r\x1b[3")
    assert pod.raw() == b"yes\r"
    pod.print(1, b"1m\xc3")
    assert pod.raw() == b"\x1b[31m"
    pod.over = True
    assert pod.raw() == b"\xc3"


def test_the_half_of_an_earlier_run_is_given(pod: WrittenPod) -> None:
    """Only the latest run can still grow; what an earlier one left is all there will be."""
    pod.run(1, "caf\u00e9".encode()[:-1])
    pod.run(2, b"again\n")
    words = f"── run 2, restored {local()} ──"
    assert pod.text() == f"caf\ufffd\n{words}\nagain\n"


def test_a_restore_between_two_looks_is_noticed(pod: WrittenPod) -> None:
    """A run that begins while the reader asks whether the pod is over is not taken for over."""
    pod.run(1, b"one\n")

    def restored_meanwhile() -> bool:
        if pod.paths.run(2).root.exists():
            return False
        pod.run(2, b"caf\xc3")
        return True

    pieces = list(pod.reading(is_over=restored_meanwhile).pieces())
    assert text_of(pieces).endswith("──\ncaf")


def test_a_new_run_is_announced(pod: WrittenPod) -> None:
    """Between two runs stands a line that says which one begins, why, and when by the wall."""
    pod.run(1, b"first\n", reason="spawn")
    pod.run(2, b"second, no line end")
    pod.run(3, b"", at=NOON - timedelta(days=3))
    text, note, more, last = pod.pieces()
    assert text.data == "first\n"
    assert (note.kind, note.run, note.note) == (PieceKind.RUN, 2, f"run 2, restored {local()}")
    assert note.data == f"── run 2, restored {local()} ──\n"
    assert more.data == "second, no line end"
    day = local("%Y-%m-%d %H:%M", days=-3)
    assert last.data == f"\n── run 3, restored {day} ──\n"
    assert pod.cursor() == Position(3, 0)
    assert pod.pieces() == []


def test_a_run_whose_record_cannot_be_read_is_announced(pod: WrittenPod) -> None:
    """A bad record costs the words of the boundary, not the output."""
    pod.run(1, b"one\n")
    pod.run(2, b"two\n").record.write_bytes(b'{"run": ')
    assert pod.text() == "one\n── run 2, its record cannot be read ──\ntwo\n"


def test_a_record_may_not_write_lines_into_the_text(pod: WrittenPod) -> None:
    """What a record says is shown as safe words."""
    pod.run(1)
    pod.run(2, reason="x\n\x1b]52;c;eA==\x07" + "y" * 100)
    (note,) = pod.pieces()
    assert isinstance(note.data, str)
    assert note.data.count("\n") == 1
    assert "\x1b" not in note.data
    assert len(note.data) < 80


def test_positions_grow_over_all_runs(pod: WrittenPod) -> None:
    """From and to count bytes over all runs, without holes."""
    pod.run(1, b"12345\n")
    pod.run(2, b"678\n")
    pod.run(3, b"9")
    spans = [(piece.from_position, piece.to_position) for piece in pod.pieces()]
    assert spans == [(0, 6), (6, 6), (6, 10), (10, 10), (10, 11)]
    pod.print(3, b"abc")
    (piece,) = pod.pieces()
    assert (piece.from_position, piece.to_position) == (11, 14)


def test_readers_do_not_know_of_each_other(pod: WrittenPod) -> None:
    """Each reader has a cursor of its own."""
    pod.run(1, b"one\n")
    assert pod.text(reader="parent") == "one\n"
    pod.print(1, b"two\n")
    assert pod.text(reader="operator") == "one\ntwo\n"
    assert pod.text(reader="parent") == "two\n"


def test_peek_moves_nothing(pod: WrittenPod) -> None:
    """Peeking gives what is new as often as it is asked, and leaves no trace."""
    pod.run(1, b"one\n")
    assert pod.text(peek=True) == pod.text(peek=True) == "one\n"
    assert not pod.paths.cursors.exists()
    pod.text()
    pod.print(1, b"two\n")
    assert pod.text(peek=True) == "two\n"
    assert pod.text(peek=True, from_start=True) == "one\ntwo\n"
    assert pod.text() == "two\n"


def test_from_start_begins_anew_and_goes_on_from_there(pod: WrittenPod) -> None:
    """Reading from the start takes the cursor with it, back and then forward."""
    pod.run(1, b"one\n")
    pod.run(2, b"two\n")
    everything = pod.text()
    assert pod.text(from_start=True) == everything
    assert pod.cursor() == Position(2, 4)
    reading = pod.reading(from_start=True)
    reading.commit(next(reading.pieces()))
    assert pod.cursor() == Position(1, 4)
    assert pod.text() == everything.removeprefix("one\n")


def test_from_start_takes_nobody_else_back(pod: WrittenPod) -> None:
    """Only the first piece from the start moves the cursor back; then the furthest counts."""
    pod.run(1, b"one\n")
    pod.run(2, b"two\n")
    reading = pod.reading(from_start=True)
    pieces = reading.pieces()
    reading.commit(next(pieces))
    assert pod.text().endswith("two\n")
    reading.commit(next(pieces))
    assert pod.cursor() == Position(2, 4)


def test_a_progress_bar_shows_its_states_line_by_line(pod: WrittenPod) -> None:
    """What was given already is not written over: the next state begins a new line."""
    pod.run(1, b"10%\r")
    assert pod.text() == "10%"
    pod.print(1, b"20%\r30%\r")
    assert pod.text() == "\n30%"
    pod.print(1, b"\ndone\n")
    assert pod.text() == "\ndone\n"


def test_sequences_alone_move_the_cursor(pod: WrittenPod) -> None:
    """Output without any text in it is read as well, as nothing."""
    pod.run(1, b"\x1b[?25l\x1b[31m")
    (piece,) = pod.pieces()
    assert piece.data == ""
    assert pod.cursor() == Position(1, 11)


def test_a_piece_that_was_not_taken_is_given_again(pod: WrittenPod) -> None:
    """A reading that is broken off and asked again does not skip what it had offered."""
    pod.run(1, b"one\n")
    reading = pod.reading()
    assert next(reading.pieces()).data == "one\n"
    assert text_of(list(reading.pieces())) == "one\n"


def test_long_output_comes_in_windows_cut_after_lines(
    pod: WrittenPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of an output each piece ends with a whole line."""
    monkeypatch.setattr(reading_module, "WINDOW", 100)
    lines = b"".join(b"line %d\r\n" % number for number in range(100))
    pod.run(1, lines)
    pieces = pod.pieces()
    assert len(pieces) > 8
    assert all(isinstance(each.data, str) and each.data.endswith("\n") for each in pieces)
    assert text_of(pieces) == lines.decode().replace("\r", "")


@pytest.mark.parametrize("view", ["text", "raw"])
def test_a_huge_output_is_read_in_little_memory(pod: WrittenPod, view: str) -> None:
    """Reading 64 MB takes memory for a few windows, not for the output."""
    block = b"an ordinary line of a log\r\n" * 40_000 + b"\x1b[32ma coloured one\x1b[0m\r\n"
    count = 64 * 1024 * 1024 // len(block) + 1
    with pod.run(1).output.open("wb") as file:
        for _ in range(count):
            file.write(block)
    reading = pod.reading(view=view)
    tracemalloc.start()
    try:
        last = max(piece.to_position for piece in reading.pieces())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert last == len(block) * count
    assert peak < 16 * WINDOW < 32 * 1024 * 1024


def test_an_output_that_grows_all_the_time_ends_where_it_was(pod: WrittenPod) -> None:
    """A read without following gives what there was when it looked, and ends."""
    pod.run(1, b"one\n")
    reading = pod.reading()
    given = []
    for piece in committed(reading, reading.pieces()):
        given.append(piece.data)
        pod.print(1, b"more\n")
    assert given == ["one\n"]


def test_a_pod_without_output_gives_nothing(pod: WrittenPod) -> None:
    """No runs, or a run that has not printed, are no error."""
    assert pod.pieces() == []
    pod.run(1)
    assert pod.pieces() == []
    pod.paths.run(1).output.unlink()
    assert pod.pieces() == []


def test_other_things_in_the_runs_directory_are_no_runs(pod: WrittenPod) -> None:
    """Only directories named by a number in its one spelling count."""
    pod.run(1, b"one\n")
    for name in ("0002.tmp", "x", "0000", "12", "00003", "-001", "\u0661\u0661\u0661\u0661"):
        (pod.paths.runs / name).mkdir()
    (pod.paths.runs / "0002").write_bytes(b"a file")
    (pod.paths.runs / "0003").symlink_to(pod.paths.run(1).root)
    assert pod.text() == "one\n"


def test_a_pod_that_is_gone_is_not_found(pod: WrittenPod) -> None:
    """Reading a pod that was pruned meanwhile says so."""
    pod.run(1, b"one\n")
    reading = pod.reading()
    piece = next(reading.pieces())
    pod.paths.root.rename(pod.paths.root.with_name("elsewhere"))
    with pytest.raises(NotFound, match="not in the store any more"):
        list(reading.pieces())
    with pytest.raises(NotFound):
        reading.commit(piece)


@pytest.mark.parametrize("reader", ["", "../x", "a/b", "-rf", "x" * 65, "a\n", "\x1b[m"])
def test_a_reader_needs_a_legal_name(pod: WrittenPod, reader: str) -> None:
    """A reader's name becomes a file name, and is refused where it cannot be one."""
    with pytest.raises(BadInput, match="reader name"):
        pod.reading(reader=reader)
