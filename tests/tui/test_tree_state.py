"""The state of the tree without a screen: selection, folds, filter and marks."""

from __future__ import annotations

from podtui.tui.panes.tree.state import TreeState
from tests.tui.fake_plane import pod
from tests.tui.scene import one_of_each

PODS = one_of_each()


def state() -> TreeState:
    tree = TreeState()
    tree.take(PODS)
    return tree


def selected(tree: TreeState) -> str:
    return "" if tree.row is None else tree.row.pod.name


def key(name: str) -> str:
    return next(each.key for each in PODS if each.name == name)


def test_the_selection_stays_with_its_pod_when_others_come() -> None:
    """The row moves down, and the same pod is selected."""
    tree = state()
    tree.go_to(2)
    name = selected(tree)
    tree.take((pod("aaa"), *PODS))
    assert (tree.index, selected(tree)) == (3, name)


def test_when_the_selected_pod_goes_its_neighbour_is_selected() -> None:
    """Also when it was the last one, and when none is left."""
    tree = state()
    tree.go_to(len(PODS) - 1)
    tree.take(PODS[:-1])
    assert selected(tree) == PODS[-2].name
    tree.take(())
    assert tree.row is None
    tree.take(PODS)
    assert selected(tree) == PODS[0].name


def test_selecting_a_pod_unfolds_its_ancestors() -> None:
    """A pod that is not there changes nothing."""
    tree = state()
    tree.fold_all(folded=True)
    assert tree.select(key("reviewer"))
    assert selected(tree) == "reviewer"
    assert not tree.select("nobody")
    assert selected(tree) == "reviewer"


def test_folding_all_selects_the_root_of_the_selected_pod() -> None:
    """Unfolding all keeps it selected."""
    tree = state()
    tree.select(key("reviewer"))
    tree.fold_all(folded=True)
    assert selected(tree) == "planner"
    tree.fold_all(folded=False)
    assert (selected(tree), len(tree.rows)) == ("planner", len(PODS))


def test_marks_that_are_hidden_are_counted_and_those_of_gone_pods_are_named() -> None:
    """A filter hides marks; a pod that went away loses its mark."""
    tree = state()
    tree.select(key("reviewer"))
    tree.toggle_mark()
    tree.filter("docs")
    assert (len(tree.marked), tree.hidden_marks) == (1, 1)
    gone = tree.take([each for each in PODS if each.name != "reviewer"])
    assert gone == ("reviewer",)
    assert tree.marked == ()


def test_only_the_operator_moves_the_selection() -> None:
    """What a snapshot or a command selects does not count as a move."""
    tree = state()
    tree.select(key("reviewer"))
    assert not tree.was_moved
    tree.go_to(0)
    assert tree.was_moved
