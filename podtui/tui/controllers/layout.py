"""Which panes are on screen, which one has the focus, and what the input line is for."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widget import Widget

from podtui.tui.bars.input_bar import InputBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.controllers.output_views import OutputViews
from podtui.tui.controllers.pod_actions import PodActions
from podtui.tui.controllers.tree_guide import TreeGuide
from podtui.tui.panes.output.pane import OutputPane
from podtui.tui.panes.tree.tree import PodTree
from podtui.tui.panes.why.pane import WhyPane

ZOOMED = "-zoomed"


class PaneLayout:
    """Folds the why pane and gives the output the whole screen."""

    def __init__(
        self, screen: Screen[Any], tree: PodTree, views: OutputViews, why: WhyPane
    ) -> None:
        self._screen = screen
        self._tree = tree
        self._views = views
        self._why = why
        self._why_open: bool | None = None

    def arrange(self) -> None:
        """Fold the why pane where there is no room, unless the operator chose."""
        roomy = self._screen.has_class("-wide") and self._screen.has_class("-tall")
        is_open = roomy if self._why_open is None else self._why_open
        self._screen.set_class(not is_open, "-why-folded")
        self._why.fold(not is_open)

    def toggle_why(self) -> None:
        """Show all evidence, or one line of it."""
        self._why_open = self._screen.has_class("-why-folded")
        self.arrange()

    def toggle_zoom(self) -> None:
        """Give the whole screen to the output, or show the tree again."""
        if self._tree.state.pods:
            self._screen.toggle_class(ZOOMED)
            self.focus_home()

    def show_tree(self) -> None:
        """Show the tree, however much room the output had."""
        self._screen.remove_class(ZOOMED)

    def focus_home(self) -> None:
        """Focus the tree, or the output where it has the whole screen."""
        (self._views.shown if self._screen.has_class(ZOOMED) else self._tree).focus()

    def focus_output(self) -> None:
        """Focus the output, as lines or as a terminal."""
        self._views.shown.focus()

    def mark_focus(self, tree_title: PaneTitle, output_title: PaneTitle) -> None:
        """Show in the titles which pane has the focus."""
        focused: Widget | None = self._screen.focused
        tree_title.focused = focused is self._tree
        output_title.focused = focused is self._views.shown


class InputLine:
    """Opens the line to type in, and does what it was opened for."""

    def __init__(
        self,
        bar: InputBar,
        runner: ActionRunner,
        actions: PodActions,
        guide: TreeGuide,
        *,
        output: OutputPane,
        panes: PaneLayout,
    ) -> None:
        self._bar = bar
        self._runner = runner
        self._actions = actions
        self._guide = guide
        self._output = output
        self._panes = panes

    def open_send(self) -> None:
        """Open the line for a message to the selected pod."""
        pod = self._actions.reachable("send to")
        if pod is not None:
            self._bar.ask("send", pod=pod)

    def open_filter(self) -> None:
        """Open the line for the filter of the tree."""
        self._panes.show_tree()
        self._bar.ask("filter", text=self._guide.wanted)

    def open_search(self) -> None:
        """Open the line for a search in the output."""
        self._output.show_as_text()
        pattern = self._output.pattern
        self._bar.ask("search", text=pattern.words if pattern else "")

    def take(self, message: InputBar.Typed | InputBar.Cancelled | InputBar.Submitted) -> None:
        """Do what the line was opened for."""
        closed = not isinstance(message, InputBar.Typed)
        text = "" if isinstance(message, InputBar.Cancelled) else message.text
        if closed and message.purpose == "search":
            self._panes.focus_output()
            self._output.search(text)
            return
        if closed:
            self._panes.focus_home()
        if message.purpose == "filter":
            self._guide.filter(text)
        elif isinstance(message, InputBar.Submitted) and message.target is not None:
            self._runner.send(message.target, text)
