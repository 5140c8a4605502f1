"""Finding a pod by its name in the command palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from podtui.core.model.appearance import APPEARANCE, status_word
from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line
from podtui.tui.rows import pod_key

LONGEST_NAME = 80
MOST_DISCOVERED = 20


class PodCommands(Provider):
    """One entry for each pod: select it."""

    def _pods(self) -> tuple[PodView, ...]:
        return getattr(self.app.screen_stack[0], "pods", ())

    def _select(self, pod: PodView) -> Callable[[], None]:
        select = getattr(self.app.screen_stack[0], "select_pod")  # noqa: B009 - any main screen
        return partial(select, pod_key(pod))

    async def discover(self) -> Hits:
        for pod in self._pods()[:MOST_DISCOVERED]:
            name = _label(pod)
            yield DiscoveryHit(Content(name), self._select(pod), text=name, help=_help(pod))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for pod in self._pods():
            name = _label(pod)
            score = matcher.match(name)
            if score > 0:
                shown = matcher.highlight(name)
                yield Hit(score, shown, self._select(pod), text=name, help=_help(pod))


def _label(pod: PodView) -> str:
    return f"pod {safe_line(pod.name, LONGEST_NAME)}"


def _help(pod: PodView) -> str:
    return safe_line(f"{APPEARANCE[pod.status].glyph} {status_word(pod)}", LONGEST_NAME)
