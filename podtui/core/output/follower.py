"""The one thread that reads output for the screen, so that the event loop never waits for it.

It reads when the output reports a change, and now and then all the same, since a report may be
missed.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Verdict
from podtui.core.output.full_screen import FullScreenWatch
from podtui.core.output.lines import View
from podtui.core.output.page import NoScreen, Page, Shot, read_page
from podtui.core.output.positions import PositionedOutput
from podtui.core.output.source import PodOutput, Position, RunTerminal
from podtui.core.output.unread import UnreadCount

READER = "tui"
"""The name of the screen's own cursor."""
WATCHED_LOOK_S = 2.0
"""How often an output is read that reports no change."""
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
    """The newest output is not on screen any more: the operator scrolled up or went elsewhere."""

    pod: str


Asked = Want | Seen | Away


class OutputReader:
    """Reads pages in a thread of its own and hands them to ``on_page``.

    Args:
        output_of: opens the output of a pod by its name; may raise PodtuiError.
        monotonic: seconds, to write the screen's own cursor now and then only.
        on_page: called from the thread with lines, for the text and the raw view.
        on_shot: called from the thread with a screen, or why there is none, for the screen view.
        on_trouble: called from the thread when the screen's own cursor cannot be read or written;
            the output is shown all the same.
        remembers: whether this reader may write how far it has come.
    """

    def __init__(
        self,
        output_of: Callable[[str], PodOutput],
        monotonic: Callable[[], float],
        on_page: Callable[[Page], None],
        on_shot: Callable[[Shot | NoScreen], None],
        on_trouble: Callable[[PodtuiError], None],
        *,
        remembers: bool,
    ) -> None:
        self._output_of = output_of
        self._monotonic = monotonic
        self._on_page = on_page
        self._on_shot = on_shot
        self._on_trouble = on_trouble
        self._remembers = remembers
        self._asked: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._is_wanted = False
        self._opened: _Opened | None = None
        self._thread = threading.Thread(target=self._run, name="podtui-output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, what: Asked) -> None:
        """Say what to read next, or what was seen; returns at once."""
        self._asked.put(what)
        if isinstance(what, Want):
            # What was seen is noted with the next reading. Were it to cause one, each page would
            # bring the next, without a pause, for as long as a run prints.
            self._wake()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._asked.put(None)
        self._wake()

    def _wake(self) -> None:
        # In this order: the thread reads the mark after it has opened an output, before it waits.
        self._is_wanted = True
        opened = self._opened
        if opened is not None:
            opened.output.wake()

    def join(self) -> None:
        """Wait until what was seen is written down and the thread has ended, for a bounded time."""
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            asked = self._next_asked()
            want = self._take(asked)
            if None in asked:
                break
            try:
                self._work(want)
            except Exception as error:  # noqa: BLE001 - protects the operator: a pane whose thread
                # has ended without a word would show the past for ever. It is shown on the pane.
                self._say_trouble(want, error)
        self._leave()

    def _next_asked(self) -> list[Asked | None]:
        """Wait until something is wanted or may have come; return what was asked meanwhile."""
        asked: list[Asked | None] = []
        opened = self._opened
        if opened is None or opened.want.ended:
            # What is over does not grow: the next reading comes with the next want.
            asked.append(self._asked.get())
        elif not self._is_wanted:
            opened.output.wait(WATCHED_LOOK_S)
        self._is_wanted = False
        with suppress(queue.Empty):
            while True:
                asked.append(self._asked.get_nowait())
        return asked

    def _take(self, asked: list[Asked | None]) -> Want | None:
        """Note what was seen, and return the newest want: older ones are of no use any more."""
        newest: Want | None = None
        for what in asked:
            if isinstance(what, Want):
                newest = what
            elif what is not None and self._opened and self._opened.want.pod == what.pod:
                self._opened.note(what)
        return newest

    def _work(self, want: Want | None) -> None:
        if want is not None:
            self._open(want)
        opened = self._opened
        if opened is None:
            return
        changed = opened.refresh()
        if opened.want.view == "screen":
            shot = opened.shot(anew=want is not None)
            if shot is not None:
                self._on_shot(shot)
        elif changed or want is not None:
            self._on_page(opened.page())
        self._write_mark(opened, now=False)

    def _open(self, want: Want) -> None:
        if self._opened is not None and self._opened.want.pod == want.pod:
            self._opened.want = want
            return
        self._leave()
        opened = _Opened(want, self._output_of(want.name), writes=self._remembers)
        try:
            opened.refresh()
        except PodtuiError:
            opened.output.close()
            raise
        try:
            opened.read_mark()
        except PodtuiError as error:
            opened.writes = False
            self._on_trouble(error)
        self._opened = opened

    def _write_mark(self, opened: _Opened, *, now: bool) -> None:
        at = self._monotonic()
        if not now and at - opened.marked_at < MARK_EVERY_S:
            return
        opened.marked_at = at
        try:
            opened.write_mark()
        except PodtuiError as error:
            # Reported once per pod: a full disk stays full, and the output can still be read.
            opened.writes = False
            self._on_trouble(error)

    def _leave(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            self._write_mark(opened, now=True)
            opened.output.close()

    def _say_trouble(self, want: Want | None, error: Exception) -> None:
        words = error.sentence() if isinstance(error, PodtuiError) else str(error)
        asked = want or (self._opened.want if self._opened else None)
        if asked is not None:
            self._on_page(Page(asked.pod, asked.view, problem=words))


class _Opened:
    """The pod that is read now: its output, what of it was seen, and what is new since.

    Attributes:
        writes: whether the screen's own cursor may be moved.
        marked_at: when that was done last.
    """

    def __init__(self, want: Want, output: PodOutput, *, writes: bool) -> None:
        self.want = want
        self.output = output
        self.writes = writes
        self.marked_at = 0.0
        self._positioned = PositionedOutput(output)
        self._full_screen = FullScreenWatch()
        self._unread: UnreadCount | None = None
        self._terminal: RunTerminal | None = None
        self._is_away = False
        self._seen = 0
        self._marked: Position | None = None

    def refresh(self) -> bool:
        """Read how much there is; returns whether something has come."""
        changed = self._positioned.refresh(over=self.want.ended)
        if changed:
            self._count_unread()
        return changed

    def page(self) -> Page:
        """Read the page that is wanted."""
        self._terminal = None
        want = self.want
        return read_page(
            self._positioned,
            pod=want.pod,
            view=want.view,
            ended=want.ended,
            place=want.place,
            reach=want.reach,
            unread=None if self._unread is None else self._unread.unread,
            full_screen=self._full_screen.update(self._positioned),
        )

    def shot(self, *, anew: bool) -> Shot | NoScreen | None:
        """Draw the terminal of the run; None when nothing is new and it is not asked ``anew``."""
        want = self.want
        try:
            if self._terminal is None or self._terminal.run != want.run:
                self._terminal = self.output.terminal(want.run)
            picture = self._terminal.update()
        except (PodtuiError, ImportError) as error:
            why = error.sentence() if isinstance(error, PodtuiError) else str(error)
            return NoScreen(want.pod, why)
        if picture is None and not anew:
            return None
        shown = picture or self._terminal.picture
        return Shot(want.pod, want.run, shown, self._positioned.end)

    # what was seen

    def note(self, what: Seen | Away) -> None:
        """Take in what the operator has seen, or that the newest output left the screen."""
        if isinstance(what, Away):
            self._is_away = True
            return
        self._seen = max(self._seen, what.position)
        self._is_away = False
        if self._unread is not None:
            self._unread.is_unchanged = True

    def _count_unread(self) -> None:
        """Count what comes while the operator is away, from what they saw last."""
        if not self._is_away:
            return
        if self._unread is None or self._unread.is_unchanged:
            self._unread = UnreadCount(self._seen)
        self._unread.count(self._positioned)

    def read_mark(self) -> None:
        """Read how far the operator had seen this output.

        Raises:
            Unreadable: the cursor's record does not say.
        """
        self._marked = self.output.cursor(READER)
        # An output that was never on screen gets no mark: all of it is new.
        if self._marked is not None:
            self._seen = self._positioned.position_of(self._marked)
            self._is_away = True
            self._count_unread()

    def write_mark(self) -> None:
        """Move the screen's own cursor to what was seen, unless it is there already.

        Raises:
            PodtuiError: it could not be moved.
        """
        if not self.writes or self._seen <= 0:
            return
        place = self._positioned.place_of(self._seen)
        if self._marked is None or place > self._marked:
            self._marked = self.output.move_cursor(READER, place)
