"""Pages of output read from disk."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from podtui.core.output.files import FileOutput
from podtui.core.output.lines import LONGEST_SHOWN, View
from podtui.core.output.page import Page, read_page
from podtui.core.output.positions import PositionedOutput
from podtui.core.output.search import Pattern, search
from podtui.core.output.source import Position
from podtui.core.output.unread import Unread, UnreadCount
from podtui.core.paths import PodPaths, StorePaths
from tests.support.log_readers import WrittenPod
from tests.tui.fake_plane import still_system

REACH = 20


def pod_with(root: Path, *runs: bytes) -> PodPaths:
    """Return the files of a pod whose runs have printed this."""
    paths = StorePaths(root).pod("pod")
    for number, data in enumerate(runs, 1):
        output = paths.run(number).output
        output.parent.mkdir(parents=True)
        output.write_bytes(data)
    return paths


def source_of(paths: PodPaths) -> PositionedOutput:
    source = PositionedOutput(FileOutput(still_system(), paths))
    source.refresh()
    return source


def page_of(
    source: PositionedOutput,
    place: int | None = None,
    *,
    view: View = "text",
    ended: bool = False,
    reach: int = REACH,
    unread: Unread | None = None,
) -> Page:
    return read_page(
        source, pod="pod", view=view, ended=ended, place=place, reach=reach, unread=unread
    )


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def numbered(count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(count))


def test_the_end_of_an_output_is_its_newest_lines(tmp_path: Path) -> None:
    """Following shows the last lines, whole, and knows that nothing is behind them."""
    page = page_of(source_of(pod_with(tmp_path, numbered(100_000))))
    assert texts(page)[-2:] == ["line 99998", "line 99999"]
    assert page.to_end
    assert not page.from_start


def test_a_place_in_the_middle_has_lines_to_both_sides(tmp_path: Path) -> None:
    """Whatever byte is asked for, the lines around it are whole and in order."""
    data = numbered(100_000)
    place = data.index(b"line 50000\n") + 3
    shown = texts(page_of(source_of(pod_with(tmp_path, data)), place))
    here = shown.index("line 50000")
    assert shown[here - 1 : here + 2] == ["line 49999", "line 50000", "line 50001"]
    assert here >= REACH


@pytest.mark.parametrize("place", [0, 1, 65_535, 65_536, 65_537, 200_000, 399_999])
def test_pages_fit_together_without_a_hole(tmp_path: Path, place: int) -> None:
    """Each line begins where the one before it ended, also across the pieces that are read."""
    data = b"".join(b"%d %s\n" % (n, b"x" * (n % 700)) for n in range(1200))
    page = page_of(source_of(pod_with(tmp_path, data)), place)
    for before, after in zip(page.lines, page.lines[1:], strict=False):
        assert before.end == after.start
    assert all(
        data[line.start : line.end].rstrip(b"\n").decode() == line.text for line in page.lines
    )


def test_a_line_of_ten_megabytes_is_cut_with_a_count(tmp_path: Path) -> None:
    """The newest lines come at once, and the long one says how much of it is not shown."""
    data = b"before\n" + b"x" * 10_000_000 + b"\nafter\n"
    source = source_of(pod_with(tmp_path, data))
    tracemalloc.start()
    page = page_of(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    before, long, after = texts(page)
    assert (before, after) == ("before", "after")
    assert len(long) < LONGEST_SHOWN + 100
    assert long.endswith("MB more in this line")
    assert peak < 2_000_000


def test_a_line_that_is_overwritten_for_ever_shows_its_last_state(tmp_path: Path) -> None:
    """A spinner that never breaks its line shows what it says now, not what it said first."""
    data = b"".join(b"\rworking for %06d s" % number for number in range(20_000))
    page = page_of(source_of(pod_with(tmp_path, data)))
    assert texts(page) == ["working for 019999 s"]


def test_escapes_do_not_come_through_in_either_view(tmp_path: Path) -> None:
    """The text view drops sequences, the raw view draws them; neither lets one pass."""
    source = source_of(pod_with(tmp_path, b"\x1b[31mred\x1b]0;t\x07 end\x9b\n"))
    (text,) = texts(page_of(source))
    (raw,) = texts(page_of(source, view="raw"))
    assert text.startswith("red end")
    assert raw.startswith("␛[31mred␛]0;t␇ end")
    assert text.isprintable()
    assert raw.isprintable()


def test_half_a_character_waits_for_its_other_half(tmp_path: Path) -> None:
    """While a run goes on its last bytes may be half of something; once over, they are shown."""
    source = source_of(pod_with(tmp_path, "abc é".encode()[:-1]))
    assert texts(page_of(source)) == ["abc "]
    assert texts(page_of(source, ended=True)) == ["abc \ufffd"]


def test_runs_follow_each_other_with_a_heading(tmp_path: Path) -> None:
    """A later run begins with a line of its own, and positions go on growing."""
    page = page_of(source_of(pod_with(tmp_path, b"one\n", b"two\n")))
    assert [line.kind for line in page.lines] == ["text", "boundary", "text"]
    assert page.lines[1].text.startswith("run 2")
    assert page.lines[2].start == 4
    assert page.from_start
    assert page.to_end


def test_a_long_first_run_is_reached_from_a_short_second_one(tmp_path: Path) -> None:
    """Scrolling up from the newest run goes on into the one before."""
    page = page_of(source_of(pod_with(tmp_path, numbered(500), b"two\n")))
    shown = texts(page)
    assert "line 499" in shown
    assert shown[-1] == "two"


def test_an_output_that_is_no_plain_file_is_told_and_not_opened(tmp_path: Path) -> None:
    """A FIFO in the output's place would hang a reader; it becomes one line that says so."""
    paths = pod_with(tmp_path, b"one\n")
    second = paths.run(2).output
    second.parent.mkdir()
    os.mkfifo(second)
    page = page_of(source_of(paths))
    assert [line.kind for line in page.lines] == ["text", "boundary", "gap"]
    assert "FIFO" in page.lines[-1].text


def test_what_of_a_run_is_gone_is_one_line_in_its_place(pod: WrittenPod) -> None:
    """A cut output and missing runs are said between the lines, as `podtui read` says them."""
    pod.run(1, b"one\n", printed=100)
    pod.run(4, b"four\n")
    page = page_of(source_of(pod.paths))
    assert [line.kind for line in page.lines] == ["text", "gap", "gap", "text"]
    assert page.lines[1].text == "96 bytes missing: the end of run 1 is gone"
    assert page.lines[2].text.startswith("runs 2 to 3 are missing from the store, with all output")
    assert "run 4, restored" in page.lines[2].text
    for before, after in zip(page.lines, page.lines[1:], strict=False):
        assert before.end == after.start
    assert texts(page_of(source_of(pod.paths), 50)) == texts(page)


def test_a_run_that_is_about_to_print_is_not_called_missing(pod: WrittenPod) -> None:
    """Without an output file a run that goes on has no lines yet; one that has ended lost them."""
    pod.run(1, b"").output.unlink()
    source = source_of(pod.paths)
    assert page_of(source).lines == ()
    assert [line.kind for line in page_of(source, ended=True).lines] == ["gap"]


def test_the_unread_line_stands_before_the_first_unseen_line(tmp_path: Path) -> None:
    """What came since the last look is counted and marked."""
    data = numbered(50)
    source = source_of(pod_with(tmp_path, data))
    count = UnreadCount(data.index(b"line 8\n"))
    count.count(source)
    unread = count.unread
    assert unread is not None
    shown = texts(page_of(source, 0, unread=unread))
    mark = shown.index("42 new lines since you last looked")
    assert shown[mark + 1] == "line 8"


def test_nothing_new_has_no_unread_line(tmp_path: Path) -> None:
    """A reader who has seen everything is told nothing."""
    source = source_of(pod_with(tmp_path, b"seen\n"))
    count = UnreadCount(5)
    count.count(source)
    assert count.unread is None


def test_positions_become_places_in_runs_and_back(tmp_path: Path) -> None:
    """A cursor on disk is a run and an offset; the end of a run belongs to that run."""
    source = source_of(pod_with(tmp_path, b"one\n", b"two\n"))
    assert source.place_of(4) == Position(1, 4)
    assert source.place_of(6) == Position(2, 2)
    assert source.position_of(Position(2, 2)) == 6
    assert source.position_of(Position(1, 99)) == 4


def hits(data: bytes, root: Path, words: str, *, forward: bool, begin: int = 0) -> list[str]:
    """Return every line a search finds, once around, from the first on."""
    output = FileOutput(still_system(), pod_with(root, data))
    beside = (begin, 3, -1)
    found: list[str] = []
    while True:
        line = search(
            output,
            Pattern(words),
            view="text",
            ended=True,
            beside=beside,
            forward=forward,
            given_up=lambda: False,
        )
        if line is None or line.text in found:
            return found
        found.append(line.text)
        beside = line.key


def test_a_search_finds_every_line_in_order_and_comes_around(tmp_path: Path) -> None:
    """Next goes from match to match over the whole output, then from the start again."""
    data = numbered(30_000)
    assert hits(data, tmp_path, "line 1234", forward=True) == [
        "line 1234",
        *(f"line 1234{digit}" for digit in range(10)),
    ]


def test_a_search_backwards_finds_the_same_lines_in_the_other_order(tmp_path: Path) -> None:
    """The search goes the other way, and comes around, too."""
    data = numbered(3_000)
    assert hits(data, tmp_path, "line 29", forward=False)[:2] == ["line 2999", "line 2998"]


def test_a_search_sees_words_that_colours_have_split(tmp_path: Path) -> None:
    """What is searched is what is shown, not the bytes."""
    assert hits(b"a\nfo\x1b[1mo\x1b[0m\n", tmp_path, "foo", forward=True) == ["foo"]


def test_a_capital_makes_a_search_mind_the_case() -> None:
    """Small letters find both, capitals only themselves."""
    assert Pattern("error").is_in("An ERROR")
    assert not Pattern("ERROR").is_in("an error")
    assert Pattern("a.b").is_in("a.b")
    assert not Pattern("a.b").is_in("axb")


def test_a_search_ends_when_it_is_given_up(tmp_path: Path) -> None:
    """A search over a large output can be abandoned between two pieces."""
    found = search(
        FileOutput(still_system(), pod_with(tmp_path, numbered(10_000))),
        Pattern("line"),
        view="text",
        ended=True,
        beside=(0, 3, -1),
        forward=True,
        given_up=lambda: True,
    )
    assert found is None


def test_a_needle_in_megabytes_is_found_from_both_sides(tmp_path: Path) -> None:
    """Pieces that surely lack the words are passed over, and none that has them is."""
    straw = b"a straw like every other\n" * 60_000
    data = straw + b"the \x1b[1mneed\x1b[0mle\n" + straw + b"a NEEDLE\n" + straw
    found = hits(data, tmp_path, "needle", forward=True)
    assert found == ["the needle", "a NEEDLE"]
    assert hits(data, tmp_path / "b", "needle", forward=False) == ["a NEEDLE", "the needle"]
