"""Which rows the tree shows."""

from __future__ import annotations

from podtui.core.model.verdicts import Status
from podtui.tui.panes.tree.rows import build_rows
from tests.tui.fake_plane import pod
from tests.tui.scene import one_of_each

PODS = one_of_each()


def names(folded: set[str] | None = None, wanted: str = "") -> list[str]:
    keys = {each.key for each in PODS if each.name in (folded or set())}
    return [row.pod.name for row in build_rows(PODS, keys, wanted)]


def test_every_pod_has_a_row_in_the_order_of_the_tree() -> None:
    """Without folds and filter the rows are the pods as the snapshot has them."""
    assert names() == [each.name for each in PODS]


def test_a_folded_pod_hides_all_below_it_and_nothing_else() -> None:
    """Folding the planner leaves it and the other roots' families."""
    assert names({"planner"})[:2] == ["planner", "release"]


def test_a_folded_row_tells_how_many_it_hides_and_the_worst_of_them() -> None:
    """What needs the operator is not lost by folding: the lost child shows on the parent."""
    row = build_rows(PODS, {PODS[0].key})[0]
    assert (row.folded, row.hidden, row.worst_hidden) == (True, 6, Status.LOST)


def test_a_leaf_cannot_be_folded() -> None:
    """A key of a pod without children among the folded ones changes nothing."""
    assert names({"tests"}) == names()


def test_a_filter_keeps_the_ancestors_of_what_it_finds() -> None:
    """Matches keep their place in the tree; the ancestors say that they are no matches."""
    rows = build_rows(PODS, set(), "linter")
    assert [(row.pod.name, row.matches) for row in rows] == [
        ("planner", False),
        ("coder", False),
        ("reviewer", False),
        ("linter", True),
    ]
    assert rows.found == 1


def test_a_filter_looks_into_folded_pods() -> None:
    """What was asked for is shown, folded or not."""
    assert "linter" in names({"planner", "coder", "reviewer"}, "linter")


def test_a_filter_wants_all_its_words_anywhere() -> None:
    """Words may be in the name, the task or the status, in any case of letters."""
    assert names(wanted="STALLED commit")[-1] == "reviewer"
    assert names(wanted="stalled nowhere") == []


def test_the_status_word_can_be_filtered_for() -> None:
    """Asking for what is lost finds the lost pod."""
    assert names(wanted="lost")[-1] == "reviewer-2"


def test_pods_without_an_id_are_still_told_apart() -> None:
    """Two unreadable records have no id; each has a key of its own."""
    first, second = pod("a", id=""), pod("b", id="")
    assert first.key != second.key


def test_the_parent_of_a_row_is_the_nearest_row_above_that_is_less_deep() -> None:
    """Children know the row of their parent, roots have none."""
    rows = build_rows(PODS, set())
    assert rows.parent_of(4) == 1
    assert rows.parent_of(0) is None
