"""The screen view: the terminal of the selected pod's run as it looks now.

Pictures come from the reader thread; a row is painted again only when it shows something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from podtui.core.model.snapshot import PodView
from podtui.core.output.follower import Asked, Away, Seen, is_over
from podtui.core.output.page import NoScreen, Shot
from podtui.core.screen.picture import Colour, ScreenPicture, Style
from podtui.core.screen.picture import Line as ScreenLine
from podtui.tui.commands.commands import bindings_of
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.panes.terminal.framing import Frame, Room, following, part_words, within
from podtui.tui.widgets.line_widget import RoledWidget
from podtui.tui.widgets.spans import Line, own, paint, safe

WHEEL_ROWS = 3
NAME_ROOM = 28
LONGEST_NOTE = 120
PLAIN, CURSOR, UPRIGHT = RichStyle(), RichStyle(reverse=True), RichStyle(reverse=False)
CACHED_STYLES = 4096


class ScreenPane(RoledWidget, can_focus=True):
    """Shows as much of a terminal as there is room for.

    Args:
        ask: passes what was seen to the reader thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("terminal")
    BINDING_GROUP_TITLE = "Screen view"

    class ShotTaken(Message):
        """The reader thread has a new picture, waiting in the pane's mailbox."""

    @dataclass
    class Changed(Message):
        """What the title says has changed."""

        pane: ScreenPane

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ScreenPane.Changed)

    @dataclass
    class CannotDraw(Message):
        """There is no picture of the pod that is shown."""

        why: str

    def __init__(
        self,
        ask: Callable[[Asked], None],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._ask = ask
        self.shots: Mailbox[Shot | NoScreen] = Mailbox(lambda: post(self, self.ShotTaken()))
        self.pod: PodView | None = None
        self.follows = True
        self._shot: Shot | None = None
        self._frame = Frame(0, 0)
        self._sees_it = False
        self._strips: dict[int, tuple[ScreenLine, Strip]] = {}

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self._report_seen, init=False)

    # what is shown

    @property
    def picture(self) -> ScreenPicture | None:
        """The newest picture of the pod, None until it has come."""
        return None if self._shot is None else self._shot.picture

    def show(self, pod: PodView | None) -> None:
        """Show another pod's terminal, or update the one that is shown."""
        if (None if pod is None else pod.key) != (self.pod and self.pod.key):
            self._begin_anew()
        self.pod = pod

    def appear(self, shown: bool) -> None:
        """Take the place of the output, or give it back."""
        self.display = shown
        if shown:
            self._report_seen()
        else:
            # Nothing is drawn meanwhile: what is on it would be old when it appears again.
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._shot, self.follows, self._sees_it = None, True, False
        self._strips = {}
        self.refresh()

    def on_screen_pane_shot_taken(self, message: ShotTaken) -> None:
        message.stop()
        shot = self.shots.take()
        if shot is None or self.pod is None or shot.pod != self.pod.key:
            return
        if isinstance(shot, NoScreen):
            self.post_message(self.CannotDraw(shot.why))
            return
        before, self._shot = self._shot, shot
        if before is not None and before.run != shot.run:
            before = None
        self._place_frame(anew=before is None)
        self._repaint_changed(before)
        self.post_message(self.Changed(self))
        self._report_seen()

    def _report_seen(self) -> None:
        """Report what was seen: the screen view shows the newest output."""
        if self.pod is None or self._shot is None or not self.display:
            return
        key = self.pod.key
        sees_it = self.app.app_focus
        if sees_it:
            self._ask(Seen(key, self._shot.total))
        elif self._sees_it:
            self._ask(Away(key))
        self._sees_it = sees_it

    # drawing

    @property
    def _room(self) -> Room:
        return Room(*self.size)

    def _place_frame(self, *, anew: bool = False) -> None:
        picture = self.picture
        if picture is None:
            return
        before = self._frame
        if self.follows:
            self._frame = following(picture, self._room, None if anew else before)
        else:
            self._frame = within(picture, self._room, before)
        if self._frame != before:
            self.refresh()

    def _repaint_changed(self, before: Shot | None) -> None:
        """Paint the rows that differ; pictures in between may have been overtaken."""
        now = self.picture
        old = None if before is None else before.picture
        if old is None or now is None or (old.columns, old.rows) != (now.columns, now.rows):
            self.refresh()
            return
        top, width = self._frame.top, self.size.width
        rows = range(top, min(top + self.size.height, now.rows))
        changed = {row for row in rows if old.lines[row] != now.lines[row]}
        if old.cursor != now.cursor:
            changed |= {old.cursor.y, now.cursor.y} & set(rows)
        if changed:
            self.refresh(*(Region(0, row - top, width, 1) for row in changed))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        picture = self.picture
        if picture is None or self._is_blank(picture):
            return paint(self._empty_line(y), width, self.role_style)
        row = y + self._frame.top
        if row >= picture.rows:
            return Strip.blank(width, self.rich_style)
        strip = self._row_strip(row, picture.lines[row])
        if picture.cursor.visible and picture.cursor.y == row:
            strip = _with_cursor(strip, min(picture.cursor.x, picture.columns - 1))
        shown = strip.crop(self._frame.left, self._frame.left + width)
        return shown.adjust_cell_length(width, self.rich_style)

    def _is_blank(self, picture: ScreenPicture) -> bool:
        return self._shot is not None and not self._shot.total and not any(picture.lines)

    def _empty_line(self, y: int) -> Line:
        if y or self.pod is None:
            return ()
        words = " drawing …" if self._shot is None else " no output yet"
        return (own(words, "muted"),)

    def _row_strip(self, row: int, line: ScreenLine) -> Strip:
        known = self._strips.get(row)
        if known is not None and known[0] is line:
            return known[1]
        base = self.rich_style
        segments: list[Segment] = []
        columns = 0
        for text, style, cells in line:
            # The emulator's word on how wide a text is holds: the columns behind it depend on it.
            fitting = text if cell_len(text) == cells else set_cell_size(text, cells)
            segments.append(Segment(fitting, base + rich_style(style)))
            columns += cells
        picture = self.picture
        blank = max((picture.columns if picture else 0) - columns, 0)
        if blank:
            segments.append(Segment(" " * blank, base))
        strip = Strip(segments, columns + blank)
        self._strips[row] = (line, strip)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips = {}

    def on_resize(self) -> None:
        # A frame that was placed while there was little room would go on hiding what fits now.
        self._place_frame(anew=True)
        self.refresh()
        self.post_message(self.Changed(self))

    # moving

    def action_pan(self, columns: int, rows: int) -> None:
        """Show another part of the screen, and stay there."""
        picture = self.picture
        if picture is None:
            return
        left, top = self._frame
        frame = within(picture, self._room, Frame(left + columns, top + rows))
        if frame != self._frame:
            self._frame, self.follows = frame, False
            self.refresh()
            self.post_message(self.Changed(self))

    def action_pan_to_start(self) -> None:
        """Show the upper left."""
        self.action_pan(-self._frame.left, -self._frame.top)

    def action_follow_cursor(self) -> None:
        """Keep the cursor in sight again."""
        self.follows = True
        self._place_frame(anew=True)
        self.refresh()
        self.post_message(self.Changed(self))

    def toggle_follow(self) -> None:
        """Keep the cursor in sight, or stay with the part that is shown."""
        if self.follows:
            self.follows = False
            self.post_message(self.Changed(self))
        else:
            self.action_follow_cursor()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_pan(0, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_pan(0, -WHEEL_ROWS)

    # words for the title

    def state_line(self) -> Line:
        """Return what the title says on its right: the terminal's size, and which part is shown."""
        picture = self.picture
        if picture is None or self.pod is None:
            return ()
        part = part_words(picture, self._room, self._frame)
        held = "held · " if part and not self.follows else ""
        size = f"{'last screen · ' * is_over(self.pod)}{picture.columns}x{picture.rows}"
        words = (f"{size}, showing {part}", f"{size} {part.removeprefix('the ')}") if part else ()
        # The name of the pod is on the same line, and says more.
        room = self.size.width - NAME_ROOM - len(held)
        shown = next((each for each in words if len(each) <= room), size)
        note = (safe(f" · {picture.note}", "unknown", LONGEST_NOTE),) if picture.note else ()
        return (own(held, "accent"), own(shown, "muted"), *note)


def _with_cursor(strip: Strip, x: int) -> Strip:
    cells = 1
    wide = strip.crop(x, x + 2).text
    if wide and cell_len(wide[0]) == len("ab"):
        cells = len("ab")
    # The other way round than the cell itself: a cursor on reversed text is to be seen, too.
    under = Strip(
        [
            Segment(text, (style or PLAIN) + (UPRIGHT if style and style.reverse else CURSOR))
            for text, style, _ in strip.crop(x, x + cells)
        ],
        cells,
    )
    return Strip.join([strip.crop(0, x), under, strip.crop(x + cells)])


@lru_cache(CACHED_STYLES)
def rich_style(style: Style) -> RichStyle:
    """Return a style of the emulator as what a strip is made of."""
    return RichStyle(
        color=_colour(style.foreground),
        bgcolor=_colour(style.background),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


def _colour(colour: Colour) -> Color | None:
    if colour is None:
        return None
    return Color.from_rgb(*colour) if isinstance(colour, tuple) else Color.from_ansi(colour)
