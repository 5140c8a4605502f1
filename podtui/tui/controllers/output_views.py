"""The part of the screen that shows output: as text, as the terminal looks now, or raw."""

from __future__ import annotations

from podtui.core.control.plane import Plane
from podtui.core.text.safe import safe_line
from podtui.tui.bars.notice_bar import Notice
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.keymap import Keymap
from podtui.tui.controllers.action_runner import Attach
from podtui.tui.controllers.search import SearchingScreen
from podtui.tui.feeds.clock import Clock
from podtui.tui.panes.output.pane import OutputPane
from podtui.tui.panes.terminal.pane import ScreenPane
from podtui.tui.widgets.spans import Line, own, safe

LONGEST_NAME = 200
LONGEST_TITLE = 60
UNTOLD = frozenset({"command", "text"})
"""What nearly every pod is: not worth a place in the title."""


class ViewingScreen(SearchingScreen):
    """Owns the widget of the screen view and puts it where the lines of output are."""

    def __init__(self, plane: Plane, attach: Attach, clock: Clock, keymap: Keymap) -> None:
        super().__init__(plane, attach, clock, keymap)
        self.terminal = ScreenPane(self.ask_reader, id="terminal")

    @property
    def is_in_screen_view(self) -> bool:
        """Whether the selected pod's terminal is shown, not its lines."""
        return self.output.view == "screen"

    @property
    def shown_output(self) -> OutputPane | ScreenPane:
        """The one of the two widgets that is on screen."""
        return self.terminal if self.is_in_screen_view else self.output

    def on_output_pane_changed(self, message: OutputPane.Changed) -> None:
        message.stop()
        self._place_view()
        self.title_output()

    def on_screen_pane_changed(self, message: ScreenPane.Changed) -> None:
        message.stop()
        self.title_output()

    def on_screen_pane_cannot_draw(self, message: ScreenPane.CannotDraw) -> None:
        message.stop()
        if self.output.pod is None or not self.is_in_screen_view:
            return
        name = safe_line(self.output.pod.name, 80)
        self.output.show_as_text()
        words = f"the screen of {name} cannot be drawn, this is its text: {message.why}"
        self.tell(Notice.of_words(words, is_trouble=True))

    def _place_view(self) -> None:
        is_screen = self.is_in_screen_view
        if self.terminal.display is is_screen:
            return
        had_focus = self.focused in {self.output, self.terminal}
        self.terminal.appear(is_screen)
        self.output.display = not is_screen
        if had_focus:
            self.shown_output.focus()

    def title_output(self) -> None:
        """Say above the output whose it is and what is shown of it."""
        title = self.query_one("#output-title", PaneTitle)
        pod = self.output.pod
        if pod is None:
            title.left, title.right = (own("output", "title"),), ()
            return
        pattern = self.output.pattern
        facts = [f"run {pod.run}"] if pod.run else []
        facts += [safe_line(pod.agent, 30)] * (pod.agent not in UNTOLD)
        facts += [self.output.view] * (self.output.view not in UNTOLD)
        facts += ["unwrapped"] * (not self.output.scrolling.wraps and not self.is_in_screen_view)
        told = own("".join(f" · {fact}" for fact in facts), "muted")
        left: Line = (safe(pod.name, "title", LONGEST_NAME), told)
        if self.is_in_screen_view:
            title.left, title.right = (*left, *self._window_title()), self.terminal.state_line()
            return
        if pattern is not None:
            left = (*left, safe(f" · {pattern.words}", "accent", 40))
        title.left, title.right = left, self.output.state_line()

    def _window_title(self) -> Line:
        """What the program calls its window: agents say there what they are at."""
        picture = self.terminal.picture
        if picture is None or not picture.title.strip():
            return ()
        return (safe(f" · {picture.title}", "note", LONGEST_TITLE),)

    # actions

    def action_follow(self) -> None:
        """Follow the output, or hold it."""
        if self.is_in_screen_view:
            self.terminal.toggle_follow()
        else:
            self.output.toggle_follow()

    def action_wrap(self) -> None:
        """Wrap long lines, or not."""
        if self.is_in_screen_view:
            key = self.keymap.shown("output.view")
            self.tell(Notice.of_words(f"a terminal's lines do not wrap; {key} shows the text"))
        else:
            self.output.toggle_wrap()

    def action_next_view(self) -> None:
        """Show the output in the next view."""
        self.output.next_view()

    def action_to_unread(self) -> None:
        """Go to the first unseen line."""
        if self.is_in_screen_view:
            self.output.show_as_text()
            self.tell(Notice.of_words("the screen view has no unread line; this is the text"))
        elif not self.output.to_unread():
            self.tell(Notice.of_words("nothing new here since you last looked"))
