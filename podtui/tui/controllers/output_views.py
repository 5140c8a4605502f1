"""Shows output as text, as the terminal looks now, or raw, and says above it which."""

from __future__ import annotations

from podtui.core.text.safe import safe_line
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.panes.output.pane import OutputPane
from podtui.tui.panes.terminal.pane import ScreenPane
from podtui.tui.widgets.spans import Line, own, safe

LONGEST_NAME = 200
LONGEST_TITLE = 60
USUAL = frozenset({"command", "text"})
"""Agent and view of nearly every pod: left out of the title."""


class OutputViews:
    """Puts the lines of output or the terminal on screen; both have the same place."""

    def __init__(
        self, runner: ActionRunner, output: OutputPane, terminal: ScreenPane, title: PaneTitle
    ) -> None:
        self._runner = runner
        self._output = output
        self._terminal = terminal
        self._title = title

    @property
    def is_in_screen_view(self) -> bool:
        """Whether the selected pod's terminal is shown, not its lines."""
        return self._output.view == "screen"

    @property
    def shown(self) -> OutputPane | ScreenPane:
        """The widget that is on screen."""
        return self._terminal if self.is_in_screen_view else self._output

    def update(self) -> None:
        """Show the widget of the view that is chosen, and its title."""
        is_screen = self.is_in_screen_view
        if self._terminal.display is not is_screen:
            had_focus = self._output.has_focus or self._terminal.has_focus
            self._terminal.appear(is_screen)
            self._output.display = not is_screen
            if had_focus:
                self.shown.focus()
        self.show_title()

    def leave_screen_view(self, why: str) -> None:
        """Show the text of a pod whose terminal cannot be drawn."""
        if self._output.pod is None or not self.is_in_screen_view:
            return
        name = safe_line(self._output.pod.name, 80)
        self._output.show_as_text()
        self._runner.say(
            f"the screen of {name} cannot be drawn, this is its text: {why}", is_trouble=True
        )

    def show_title(self) -> None:
        """Show above the output its pod and what is shown of it."""
        title, pod = self._title, self._output.pod
        if pod is None:
            title.left, title.right = (own("output", "title"),), ()
            return
        facts = [f"run {pod.run}"] if pod.run else []
        facts += [safe_line(pod.agent, 30)] * (pod.agent not in USUAL)
        facts += [self._output.view] * (self._output.view not in USUAL)
        facts += ["unwrapped"] * (not self._output.scrolling.wraps and not self.is_in_screen_view)
        about = own("".join(f" · {fact}" for fact in facts), "muted")
        left: Line = (safe(pod.name, "title", LONGEST_NAME), about)
        if self.is_in_screen_view:
            title.left, title.right = (*left, *self._window_title()), self._terminal.state_line()
            return
        if self._output.pattern is not None:
            left = (*left, safe(f" · {self._output.pattern.words}", "accent", 40))
        title.left, title.right = left, self._output.state_line()

    def _window_title(self) -> Line:
        """Return the title that the program gave its window: agents say there what they do."""
        picture = self._terminal.picture
        if picture is None or not picture.title.strip():
            return ()
        return (safe(f" · {picture.title}", "note", LONGEST_TITLE),)

    # commands

    def toggle_follow(self) -> None:
        """Follow the output, or hold it."""
        self.shown.toggle_follow()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        if self.is_in_screen_view:
            key = self._runner.keymap.shown("output.view")
            self._runner.say(f"a terminal's lines do not wrap; {key} shows the text")
        else:
            self._output.toggle_wrap()

    def go_to_unread(self) -> None:
        """Go to the first unread line."""
        if self.is_in_screen_view:
            self._output.show_as_text()
            self._runner.say("the screen view has no unread line; this is the text")
        elif not self._output.to_unread():
            self._runner.say("nothing new here since you last looked")
