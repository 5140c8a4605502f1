"""The picture most screen tests are about: one of every status, frozen in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from podtui.cli.open_screen import screen_over
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Probe, Source, Status
from podtui.core.output.cursors import move_cursor
from podtui.core.output.follower import READER
from podtui.core.output.source import Position
from podtui.tui.app import PodtuiApp
from tests.tui.fake_plane import FakePlane, evidence, picture, pod, still_system

DEADLINE_S = 20.0
MEBI = 1 << 20
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN

ALIVE = evidence(
    (Probe.MACHINE, YES, "this machine"),
    (Probe.BOOT, YES, "same boot"),
    (Probe.STARTED, YES, "the run record names its supervisor"),
    (Probe.LOCK, YES, "held"),
    (Probe.SUPERVISOR, YES, "podtui-pod 48200, same start, same boot"),
    (Probe.CHILD, YES, "claude 48211, same start, same boot"),
    (Probe.EXIT_RECORD, NO, "none"),
    (Probe.SOCKET, YES, "answers in 1 ms"),
)
GONE = evidence(
    (Probe.MACHINE, YES, "this machine"),
    (Probe.BOOT, YES, "same boot"),
    (Probe.STARTED, YES, "the run record names its supervisor"),
    (Probe.LOCK, NO, "free"),
    (Probe.SUPERVISOR, NO, "no process 48200"),
    (Probe.EXIT_RECORD, NO, "none"),
)
OLD = b"\n".join(
    [
        "● I'll review the restore path first.".encode(),
        b"",
        b"  Read podtui/core/actions/restore.py (212 lines)",
        b"  Read tests/test_restore.py (340 lines)",
        b"",
        "\x1b[32m●\x1b[0m The plan re-checks its evidence under the lock, good.".encode(),
        b"  One thing I want to verify: what happens when the child is stopped between",
        b"  the two looks?",
        b"",
    ]
)
NEW = b"\n".join(
    [
        "\x1b[1m● Running: pytest tests/test_restore.py -q\x1b[0m".encode(),
        b"  ....................\r  ........................................",
        b"  40 passed in 3.21s",
        b"",
    ]
)


def one_of_each() -> tuple[PodView, ...]:
    """Return a tree with every status in it."""
    return (
        pod("planner", agent="claude", cpu_percent=3.0, rss_bytes=212 * MEBI, evidence=ALIVE),
        pod("coder", depth=1, parent="planner", cpu_percent=41.0, rss_bytes=388 * MEBI, quiet_s=2),
        pod(
            "reviewer",
            Status.STALLED,
            depth=2,
            parent="coder",
            agent="claude",
            asserted=False,
            source=Source.OUTPUT,
            quiet_s=751,
            message="running, no new output for 12m 31s",
            cpu_percent=0.0,
            rss_bytes=301 * MEBI,
            evidence=ALIVE,
            task="review the last commit",
        ),
        pod("linter", Status.EXITED, depth=3, exit_code=0, message="exited 0", since_s=4000),
        pod(
            "reviewer-2",
            Status.LOST,
            depth=2,
            parent="coder",
            message="lost: its supervisor ended without writing an exit record",
            since_s=190,
            evidence=GONE,
        ),
        pod("tests", depth=2, parent="coder", cpu_percent=97.0, rss_bytes=1126 * MEBI, quiet_s=240),
        pod("docs", Status.EXITED, depth=1, exit_code=0, message="exited 0", since_s=3700),
        pod(
            "release",
            Status.WAITING,
            asserted=False,
            source=Source.PROCESS,
            quiet_s=40,
            message="waits for terminal input, no new output for 40s",
            cpu_percent=0.0,
            rss_bytes=274 * MEBI,
        ),
        pod(
            "changelog",
            Status.IDLE,
            depth=1,
            quiet_s=360,
            cpu_percent=0.0,
            rss_bytes=198 * MEBI,
            message="its turn is over",
        ),
        pod(
            "signer",
            Status.UNKNOWN,
            depth=1,
            record_error="pod.toml, line 3: expected '='",
            message="pod.toml cannot be read",
            since_s=9,
        ),
        pod("bisect", Status.FAILED, signal=9, message="killed by SIGKILL", since_s=1320),
        pod(
            "slow",
            Status.UNRESPONSIVE,
            quiet_s=100,
            message="alive, but its supervisor does not answer: no answer in 1 s",
            evidence=evidence((Probe.LOCK, YES, "held"), (Probe.SOCKET, NO, "no answer in 1 s")),
        ),
        pod(
            "fresh", Status.STARTING, quiet_s=None, since_s=1, message="its supervisor is starting"
        ),
    )


def furnished(root: Path, pods: tuple[PodView, ...] | None = None) -> FakePlane:
    """Return a plane with the scene in it; "reviewer" was looked at before its newest output."""
    shown = one_of_each() if pods is None else pods
    plane = FakePlane(root, picture(shown))
    for each in shown:
        plane.write_output(each.name, OLD)
    if plane.snapshot.find("reviewer"):
        system = still_system()
        move_cursor(system, plane.paths.pod("reviewer"), READER, Position(1, len(OLD)))
        plane.write_output("reviewer", NEW)
    return plane


def app_over(plane: FakePlane, **environment: str) -> PodtuiApp:
    """Return the application over a plane, with time standing still."""

    def attach(name: str, read_only: bool) -> str:
        plane.calls.append(("attach", name, read_only))
        return f"detached from {name}, it goes on running"

    return screen_over(plane, still_system(**environment), attach=attach)


async def until(pilot: Pilot[int], is_so: Callable[[], object], what: str = "it") -> None:
    """Let the screen go on until something is so.

    Raises:
        AssertionError: it was not so within the time.
    """
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come"
        await pilot.pause(0.005)


async def settled(pilot: Pilot[int], app: PodtuiApp) -> None:
    """Wait until the first picture and the output of the selected pod are on screen."""
    screen = app.main_screen
    await until(pilot, lambda: screen._snapshot is not None, "the picture")
    if screen.pods:
        # Most tests are about the first pod, wherever the screen begins.
        screen.pod_tree.action_first()
        place, terminal = screen.output.scrolling, screen.terminal
        await until(pilot, lambda: place.page or terminal.picture, "the output")
    await pilot.pause()


def shown_text(app: PodtuiApp) -> str:
    """Return all that is on screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def words_on(app: PodtuiApp) -> str:
    """Return the words on screen with single blanks, so that it does not matter where they wrap."""
    return " ".join(shown_text(app).split())
