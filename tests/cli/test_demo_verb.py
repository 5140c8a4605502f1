"""The demo from the command line: started, shown without a terminal, and ended."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Podtui


def test_the_demo_starts_and_ends_by_its_verb(podtui: Podtui, tmp_path: Path) -> None:
    """Without a terminal the pods are an object; --stop ends all of them."""
    store = tmp_path / "demo"
    try:
        made = podtui("demo", str(store), "--json").document
        assert list(made) == ["store", "pods"]
        assert made["store"] == str(store)
        assert {"planner", "coder", "scout"} <= {pod["name"] for pod in made["pods"]}
        assert "lost" in {pod["status"] for pod in made["pods"]}
        again = podtui("demo", str(store), "--json")
        assert again.error["kind"] == "exists"
    finally:
        ended = podtui("demo", "--stop", str(store), "--json")
    assert ended.document == {"store": str(store), "ok": True}
    left = podtui("ls", "--json", environment={"PODTUI_HOME": str(store)}).document["pods"]
    assert {pod["verdict"] for pod in left} == {"dead"}


def test_the_plan_of_a_demo_makes_nothing(podtui: Podtui, tmp_path: Path) -> None:
    """A dry run names the pods and leaves the directory as it was."""
    place = tmp_path / "shown"

    done = podtui("demo", str(place), "--dry-run", "--json")

    assert done.document["plan"]["action"] == "start"
    assert not place.exists()
