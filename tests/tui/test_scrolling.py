"""The reader's place in an output, as a plain object without a widget."""

from __future__ import annotations

from podtui.core.output.lines import OutputLine
from podtui.core.output.page import Page
from podtui.core.text.safe import SafeText
from podtui.tui.panes.output.scrolling import Following, Scrolling

LENGTH = 10
HEIGHT = 5


def page(
    first: int, last: int, *, total: int = 100, at_end: bool = True, word: str = "line"
) -> Page:
    """Return a page with the lines of these numbers, out of ``total`` lines."""
    lines = tuple(
        OutputLine(number * LENGTH, 0, (number + 1) * LENGTH, SafeText(f"{word} {number}"))
        for number in range(first, last)
    )
    return Page(
        "pod",
        "text",
        lines,
        from_start=first == 0,
        to_end=last == total,
        total=total * LENGTH,
        at_end=at_end,
    )


def at_newest() -> Scrolling:
    """Return a place that follows the newest of a hundred lines."""
    place = Scrolling()
    place.resize(40, HEIGHT)
    assert place.take(page(50, 100))
    return place


def shown(place: Scrolling) -> list[str]:
    return [row.line.text for row in place.visible]


def test_the_newest_lines_are_followed_until_the_reader_moves() -> None:
    """New lines come on screen while nobody scrolls, and none moves the screen after that."""
    place = at_newest()
    assert shown(place)[-1] == "line 99"
    place.scroll(-1)
    assert place.following is Following.SCROLLED
    assert shown(place)[-1] == "line 98"
    place.take(page(50, 101, total=101, at_end=False))
    assert shown(place)[-1] == "line 98"
    assert place.has_newer_below
    place.scroll(2)
    assert place.at_newest
    assert shown(place)[-1] == "line 100"


def test_a_held_screen_stays_although_the_newest_line_is_on_it() -> None:
    """Holding is not scrolling: going down does not follow again."""
    place = at_newest()
    place.hold()
    place.scroll(1)
    assert place.following is Following.PAUSED
    assert place.place is not None


def test_a_page_for_a_place_that_was_left_is_not_shown() -> None:
    """An answer that comes too late neither moves the screen nor empties it."""
    place = at_newest()
    place.scroll(-10)
    before = shown(place)
    assert not place.take(page(0, 20, at_end=False))
    assert shown(place) == before
    place.to_end()
    assert not place.take(page(0, 20, at_end=False))


def test_a_line_that_is_not_in_the_page_is_reached_with_the_next_one() -> None:
    """Going far away asks for the page around the line, and arrives when that comes."""
    place = at_newest()
    place.go_to((200, 3, 0))
    assert place.place == 200
    assert shown(place)[-1] == "line 99"
    assert place.take(page(0, 40, at_end=False))
    assert "line 20" in shown(place)


def test_another_view_is_shown_from_the_same_line_on() -> None:
    """The page is read anew; the reader stays where they were."""
    place = at_newest()
    place.scroll(-20)
    before = shown(place)[0].removeprefix("line ")
    place.drop_page()
    assert shown(place) == []
    assert place.take(page(40, 100, at_end=False, word="raw"))
    assert shown(place)[0] == f"raw {before}"


def test_the_edge_of_a_page_asks_for_another_one() -> None:
    """Before the first line of the page is on screen, the next page is wanted."""
    place = Scrolling()
    place.resize(40, HEIGHT)
    place.take(page(50, 90, at_end=False))
    place.leave_newest()
    place.take(page(50, 90, at_end=False))
    place.scroll(20)
    assert not place.is_near_edge
    place.scroll(-17)
    assert place.is_near_edge
