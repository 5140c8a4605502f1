"""The tree of pods at ten thousand rows: first paint, and one change, against Textual's own tree.

CPU time of this process through Textual's pilot, layout and paint included, without a terminal.
The peer has the same number of nodes; its one change is one node added, which is what a new pod is.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Tree

from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Source, Status, Verdict
from podtui.tui.panes.tree.tree import PodTree, TreeData
from podtui.tui.themes import ROLE_VARIABLES
from tests.bench import common

PODS, QUICK_PODS = 10_000, 200
FAMILY = 20
CHANGES, QUICK_CHANGES = 40, 3
SIZE = (120, 40)
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
STYLES = Path(__file__).resolve().parents[2] / "podtui" / "tui" / "podtui.tcss"
PEER = "Textual's Tree"


def pods(count: int) -> tuple[PodView, ...]:
    """Return families of one parent and its children."""
    return tuple(
        PodView(
            name=f"pod-{number:05d}",
            id=f"{number:026d}",
            status=Status.WORKING if number % 3 else Status.EXITED,
            verdict=Verdict.ALIVE if number % 3 else Verdict.DEAD,
            asserted=True,
            source=Source.KERNEL,
            since=NOW,
            run=1,
            agent="command",
            message="running",
            depth=1 if number % FAMILY else 0,
            quiet_for_s=float(number % 90),
        )
        for number in range(count)
    )


class OurApp(App[None]):
    """The tree of pods alone."""

    CSS_PATH = STYLES

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(ROLE_VARIABLES)

    def compose(self) -> ComposeResult:
        yield PodTree(lambda: 0.0, id="tree")


class PeerApp(App[None]):
    """Textual's tree alone."""

    def compose(self) -> ComposeResult:
        tree: Tree[None] = Tree("pods")
        tree.root.expand()
        yield tree


async def timed(pilot: Pilot[None], act: Callable[[], object]) -> float:
    """Return the CPU seconds of an act until it is painted."""
    begin = time.process_time()
    act()
    await pilot.pause()
    return time.process_time() - begin


async def ours(count: int, changes: int) -> tuple[float, list[float], list[float]]:
    """Return first paint, changes of one row, and rows that came."""
    shown = pods(count)
    app = OurApp()
    async with app.run_test(size=SIZE) as pilot:
        tree = app.query_one(PodTree)
        first = await timed(pilot, lambda: tree.show(TreeData(shown, NOW)))
        changed: list[float] = []
        came: list[float] = []
        for number in range(changes):
            other = msgspec.structs.replace(shown[number], status=Status.LOST)
            data = TreeData((*shown[:number], other, *shown[number + 1 :]), NOW)
            changed.append(await timed(pilot, lambda data=data: tree.show(data)))  # type: ignore[misc]
        for number in range(changes):
            more = (*shown, *pods(count + number + 1)[count:])
            data = TreeData(more, NOW)
            came.append(await timed(pilot, lambda data=data: tree.show(data)))  # type: ignore[misc]
    return first, changed, came


async def theirs(count: int, changes: int) -> tuple[float, list[float], list[float]]:
    """Return the same of Textual's tree."""
    app = PeerApp()
    async with app.run_test(size=SIZE) as pilot:
        tree = app.query_one(Tree)

        def fill() -> None:
            parent = tree.root
            for number in range(count):
                if number % FAMILY == 0:
                    parent = tree.root.add(f"pod-{number:05d} working", expand=True)
                else:
                    parent.add_leaf(f"pod-{number:05d} working")

        first = await timed(pilot, fill)
        changed = [
            await timed(pilot, lambda n=n: tree.root.children[0].set_label(f"pod lost {n}"))  # type: ignore[misc]
            for n in range(changes)
        ]
        came = [
            await timed(pilot, lambda n=n: tree.root.add_leaf(f"new {n}"))  # type: ignore[misc]
            for n in range(changes)
        ]
    return first, changed, came


def row(name: str, times: list[float], peer: list[float] | None) -> common.Row:
    """Return one line of the table."""
    values = (
        common.milliseconds(common.median(times)),
        common.milliseconds(max(times)),
    )
    ratio = None if peer is None else common.median(times) / common.median(peer)
    return common.Row(name, values, ratio)


def main() -> int:
    """Print the table; return 0 when it is sound."""
    options = common.parse_options(__doc__)
    count = QUICK_PODS if options.quick else PODS
    changes = QUICK_CHANGES if options.quick else CHANGES
    measured: dict[str, tuple[float, list[float], list[float]]] = {}
    sides: tuple[
        tuple[str, Callable[[int, int], Awaitable[tuple[float, list[float], list[float]]]]], ...
    ] = (
        (PEER, theirs),
        ("podtui's tree", ours),
    )
    for name, side in sides:
        measured[name] = asyncio.run(side(count, changes))  # type: ignore[arg-type]
    rows = []
    for label, place in (("first paint", 0), ("one row changes", 1), ("one row comes", 2)):
        peer = _times(measured[PEER], place)
        rows.append(row(f"{label}: {PEER}", peer, None))
        rows.append(row(f"{label}: podtui's tree", _times(measured["podtui's tree"], place), peer))
    title = f"{count} pods on a screen of {SIZE[0]} by {SIZE[1]}, CPU time"
    return common.print_table(title, ("median", "most"), rows, options)


def _times(measured: tuple[float, list[float], list[float]], place: int) -> list[float]:
    value = measured[place]
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    sys.exit(main())
