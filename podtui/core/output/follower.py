"""The one thread that reads output for the screen; the event loop never touches the disk.

It asks for the stamp of the output every 50 ms while the run on screen is alive: that costs as much
as a watcher of the same latency (0.2 % of a core), and reports a change earlier.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.output.lines import View
from podtui.core.output.page import Page, read_page
from podtui.core.output.read_marks import ReaderMark, UnreadCount
from podtui.core.output.source import FullScreenWatch, OutputSource
from podtui.core.paths import PodPaths
from podtui.core.screen.run_screen import NoScreen, RunScreen, Shot
from podtui.core.system.system import System
from podtui.core.system.watch import ChangeWaiter

BUSY_LOOK_S = 0.05
"""No two looks for changes are nearer to each other: a run may write without a pause."""
GATHER_S = 0.01
"""A supervisor writes several files for one piece of output; that is one change."""
WATCHED_LOOK_S = 2.0
QUIET_LOOK_S = 0.25
QUIET_AFTER_S = 2.0
MARK_EVERY_S = 2.0
JOIN_TIMEOUT_S = 2.0


def is_over(pod: PodView) -> bool:
    """Whether the pod's run is proven to be over, so that its output cannot grow."""
    return pod.verdict is Verdict.DEAD


@dataclass(frozen=True, slots=True)
class Want:
    """What the pane wants to show.

    Attributes:
        pod: key of the pod, see `PodView.key`.
        place: a position on disk, or None to follow the end.
        reach: lines to each side.
    """

    pod: str
    name: str
    run: int
    ended: bool
    view: View
    place: int | None
    reach: int

    @classmethod
    def of(cls, pod: PodView, view: View, place: int | None, reach: int) -> Want:
        """Return what to read for a pod."""
        return cls(pod.key, pod.name, pod.run, is_over(pod), view, place, reach)


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest output was on screen, up to a position."""

    pod: str
    position: int


@dataclass(frozen=True, slots=True)
class Away:
    """The operator does not look at the newest output any more: scrolled up, or elsewhere."""

    pod: str


Asked = Want | Seen | Away


@dataclass(slots=True)
class _Opened:
    """The pod that is read now."""

    want: Want
    paths: PodPaths
    source: OutputSource
    mark: ReaderMark
    full_screen: FullScreenWatch
    unread: UnreadCount | None = None
    screen: RunScreen | None = None
    is_away: bool = False
    seen: int = 0
    marked_at: float = 0.0
    changed_at: float = field(default=float("-inf"))


class OutputReader:
    """Reads pages in a thread of its own and hands them to ``on_page``.

    Args:
        paths_of: where a pod's files are; may raise PodtuiError.
        on_page: called from the thread with lines, for the text and the raw view.
        on_shot: called from the thread with a screen, or why there is none, for the screen view.
        on_trouble: called from the thread when the screen's own cursor cannot be read or written;
            the output is shown all the same.
        remembers: whether this reader may write how far it has come.
    """

    def __init__(
        self,
        system: System,
        paths_of: Callable[[str], PodPaths],
        on_page: Callable[[Page], None],
        on_shot: Callable[[Shot | NoScreen], None],
        on_trouble: Callable[[PodtuiError], None],
        *,
        remembers: bool,
    ) -> None:
        self._system = system
        self._clock = system.clock
        self._paths_of = paths_of
        self._on_page = on_page
        self._on_shot = on_shot
        self._on_trouble = on_trouble
        self._remembers = remembers
        self._asked: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._waiter = ChangeWaiter()
        self._watched: Path | None = None
        self._looked_at = float("-inf")
        self._opened: _Opened | None = None
        self._thread = threading.Thread(target=self._run, name="podtui-output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, what: Asked) -> None:
        """Say what to read next, or what was seen; returns at once."""
        self._asked.put(what)
        if isinstance(what, Want):
            # What was seen is noted with the next look. Were it to make one, each page would bring
            # the next, without a pause, for as long as a run prints.
            self._waiter.wake()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._asked.put(None)
        self._waiter.wake()

    def join(self) -> None:
        """Wait until what was seen is written down and the thread has ended, for a bounded time."""
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            self._wait()
            asked = self._all_asked()
            want = self._take(asked)
            if None in asked:
                break
            try:
                self._work(want)
            except Exception as error:  # noqa: BLE001 - protects the operator: a pane whose thread
                # has ended without a word would show the past for ever. It is told on the pane.
                self._say_trouble(want, error)
        self._leave()
        self._waiter.close()

    def _wait(self) -> None:
        """Wait until something is wanted or a look is due."""
        if self._waiter.wait(self._pause()):
            left = self._looked_at + BUSY_LOOK_S - self._clock.monotonic()
            self._waiter.wait_to_be_woken(max(left, GATHER_S))
        self._looked_at = self._clock.monotonic()

    def _all_asked(self) -> list[Asked | None]:
        """Return what was asked meanwhile; None in it asks to end."""
        asked: list[Asked | None] = []
        with suppress(queue.Empty):
            while True:
                asked.append(self._asked.get_nowait())
        return asked

    def _pause(self) -> float | None:
        if self._opened is None or self._opened.want.ended:
            # What is over does not grow: the next look comes with the next want.
            return None
        if self._waiter.is_watching:
            return WATCHED_LOOK_S
        quiet = self._clock.monotonic() - self._opened.changed_at > QUIET_AFTER_S
        return QUIET_LOOK_S if quiet else BUSY_LOOK_S

    def _take(self, asked: list[Asked | None]) -> Want | None:
        """Note what was seen, and return the newest want: older ones are of no use any more."""
        newest: Want | None = None
        for what in asked:
            if isinstance(what, Want):
                newest = what
            elif what is not None and self._opened and self._opened.want.pod == what.pod:
                _note_look(self._opened, what)
        return newest

    def _work(self, want: Want | None) -> None:
        if want is not None:
            self._open(want)
            self._watch(want)
        opened = self._opened
        if opened is None:
            return
        changed = opened.source.refresh()
        if changed:
            opened.changed_at = self._clock.monotonic()
            _count_unread(opened)
        if opened.want.view == "screen":
            self._draw(opened, anew=want is not None)
        elif changed or want is not None:
            opened.screen = None
            self._on_page(self._page(opened))
        self._write_mark(opened, now=False)

    def _draw(self, opened: _Opened, *, anew: bool) -> None:
        if opened.screen is None:
            opened.screen = RunScreen(self._system, opened.paths, opened.want.pod)
        shot = opened.screen.shoot(opened.want.run, total=opened.source.end, anew=anew)
        if shot is not None:
            self._on_shot(shot)

    def _open(self, want: Want) -> None:
        if self._opened is not None and self._opened.want.pod == want.pod:
            self._opened.want = want
            return
        self._leave()
        paths = self._paths_of(want.name)
        source = OutputSource(self._system, paths)
        source.refresh()
        mark = ReaderMark(self._system, paths, writes=self._remembers)
        position: int | None = None
        try:
            position = mark.read(source)
        except PodtuiError as error:
            self._on_trouble(error)
            mark = ReaderMark(self._system, paths, writes=False)
        opened = _Opened(want, paths, source, mark, FullScreenWatch(), seen=position or 0)
        # What nobody has ever looked at is not told as new: all of it is.
        opened.is_away = position is not None
        _count_unread(opened)
        self._opened = opened

    def _watch(self, want: Want) -> None:
        """Be woken by the output of the run that is shown, while it may grow."""
        opened = self._opened
        output = None if opened is None or want.ended else opened.paths.run(want.run).output
        if output != self._watched:
            self._watched = output
            self._waiter.watch(*(() if output is None else (output,)))

    def _page(self, opened: _Opened) -> Page:
        want = opened.want
        return read_page(
            opened.source,
            pod=want.pod,
            view=want.view,
            ended=want.ended,
            place=want.place,
            reach=want.reach,
            unread=None if opened.unread is None else opened.unread.unread,
            full_screen=opened.full_screen.look(opened.source),
        )

    def _write_mark(self, opened: _Opened, *, now: bool) -> None:
        at = self._clock.monotonic()
        if not now and at - opened.marked_at < MARK_EVERY_S:
            return
        opened.marked_at = at
        try:
            opened.mark.write(opened.source, opened.seen)
        except PodtuiError as error:
            # Told once per pod: a full disk stays full, and the output can still be read.
            opened.mark = ReaderMark(self._system, opened.paths, writes=False)
            self._on_trouble(error)

    def _leave(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            self._write_mark(opened, now=True)
            opened.source.close()

    def _say_trouble(self, want: Want | None, error: Exception) -> None:
        words = error.sentence() if isinstance(error, PodtuiError) else str(error)
        asked = want or (self._opened.want if self._opened else None)
        if asked is not None:
            self._on_page(Page(asked.pod, asked.view, problem=words))


def _note_look(opened: _Opened, what: Seen | Away) -> None:
    if isinstance(what, Away):
        opened.is_away = True
        return
    opened.seen = max(opened.seen, what.position)
    opened.is_away = False
    if opened.unread is not None:
        opened.unread.is_unchanged = True


def _count_unread(opened: _Opened) -> None:
    """Count what comes while nobody looks, from where they looked last."""
    if not opened.is_away:
        return
    if opened.unread is None or opened.unread.is_unchanged:
        opened.unread = UnreadCount(opened.seen)
    opened.unread.count(opened.source)
