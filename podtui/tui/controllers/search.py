"""Searches a pod's output for the screen, and shows outcomes above the keys."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from textual import work
from textual.getters import query_one
from textual.message import Message
from textual.worker import get_current_worker

from podtui.core.control.plane import Plane
from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.output.follower import Asked, is_over
from podtui.core.output.lines import OutputLine
from podtui.core.output.search import Pattern, search
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.commands.keymap import Keymap
from podtui.tui.controllers.action_runner import ActingScreen, Attach
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.mailbox import post
from podtui.tui.panes.output.pane import OutputPane


class SearchingScreen(ActingScreen):
    """Owns the output pane and searches for it in a thread."""

    notices = query_one("#notices", NoticeBar)

    @dataclass
    class SearchEnded(Message):
        """A search came to its end; ``line`` is None without a match."""

        pod: str
        pattern: Pattern
        line: OutputLine | None

    @dataclass
    class Trouble(Message):
        """A thread has an error that the operator should know."""

        error: PodtuiError

    def __init__(self, plane: Plane, attach: Attach, clock: Clock, keymap: Keymap) -> None:
        super().__init__(plane, attach, keymap)
        self._clock = clock
        self.output = OutputPane(self.ask_reader, view_key=keymap.shown("output.view"), id="output")

    def ask_reader(self, what: Asked) -> None:
        """Say what to read, or what was seen; returns at once. Subclasses say whom."""
        raise NotImplementedError

    def tell(self, outcome: Notice) -> None:
        """Show an outcome above the keys."""
        self.notices.say(outcome)

    def tell_trouble(self, error: PodtuiError) -> None:
        """Show an error above the keys; may be called from any thread."""
        post(self, self.Trouble(error))

    def on_searching_screen_trouble(self, message: Trouble) -> None:
        message.stop()
        self.tell(Notice.of_error(message.error))

    def on_output_pane_search_asked(self, message: OutputPane.SearchAsked) -> None:
        message.stop()
        if self.output.pod is not None:
            self.tell(Notice.of_words(f"searching for {message.pattern.words!r} …"))
            self._search(self.output.pod, message)

    @work(thread=True, exclusive=True, group="search", exit_on_error=True)
    def _search(self, pod: PodView, asked: OutputPane.SearchAsked) -> None:
        worker = get_current_worker()
        try:
            with closing(self.plane.output(pod.name)) as output:
                line = search(
                    output,
                    asked.pattern,
                    view=asked.pane.view,
                    ended=is_over(pod),
                    beside=asked.beside,
                    forward=asked.forward,
                    given_up=lambda: worker.is_cancelled,
                )
        except PodtuiError as error:
            self.post_message(self.Trouble(error))
            return
        if not worker.is_cancelled:
            self.post_message(self.SearchEnded(pod.key, asked.pattern, line))

    def on_searching_screen_search_ended(self, message: SearchEnded) -> None:
        message.stop()
        pod = self.output.pod
        if pod is None or pod.key != message.pod or self.output.pattern != message.pattern:
            return
        if message.line is None:
            self.tell(Notice.of_words(f"no match for {message.pattern.words!r}"))
        else:
            self.notices.forget()
            self.output.found(message.line)
