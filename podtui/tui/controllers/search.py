"""Searches the output of a pod in a thread, and shows the line that was found."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.message import Message
from textual.screen import Screen
from textual.worker import get_current_worker

from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.output.follower import is_over
from podtui.core.output.lines import OutputLine
from podtui.core.output.search import Pattern, search
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.controllers.action_runner import ActionRunner
from podtui.tui.feeds.mailbox import post
from podtui.tui.panes.output.pane import OutputPane


class Search:
    """Searches for the output pane.

    Args:
        host: runs the thread and gets the messages.
    """

    @dataclass
    class Ended(Message):
        """A search ended: with a line, with None when nothing matches, or with an error."""

        pod: str
        pattern: Pattern
        result: OutputLine | Notice | None

    def __init__(self, host: Screen[Any], runner: ActionRunner, pane: OutputPane) -> None:
        self._host = host
        self._runner = runner
        self._pane = pane

    def start(self, asked: OutputPane.SearchAsked) -> None:
        """Search in a thread; a search that is still running is given up."""
        pod = self._pane.pod
        if pod is not None:
            self._runner.say(f"searching for {asked.pattern.words!r} …")
            self._host.run_worker(
                partial(self._search, pod, asked), thread=True, exclusive=True, group="search"
            )

    def _search(self, pod: PodView, asked: OutputPane.SearchAsked) -> None:
        worker = get_current_worker()
        result: OutputLine | Notice | None
        try:
            with closing(self._runner.plane.output(pod.name)) as output:
                result = search(
                    output,
                    asked.pattern,
                    view=asked.pane.view,
                    ended=is_over(pod),
                    beside=asked.beside,
                    forward=asked.forward,
                    given_up=lambda: worker.is_cancelled,
                )
        except PodtuiError as error:
            result = Notice.of_error(error)
        if not worker.is_cancelled:
            post(self._host, self.Ended(pod.key, asked.pattern, result))

    def show(self, message: Ended, notices: NoticeBar) -> None:
        """Show the match, unless another pod or pattern is shown by now."""
        pod, result = self._pane.pod, message.result
        if isinstance(result, Notice):
            self._runner.show_notice(result)
        elif pod is None or (pod.key, self._pane.pattern) != (message.pod, message.pattern):
            return
        elif result is None:
            self._runner.say(f"no match for {message.pattern.words!r}")
        else:
            notices.clear_notice()
            self._pane.found(result)
