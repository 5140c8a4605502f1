"""The entries of the command palette: the commands of the screen, and every pod by name.

Textual's own provider and `Matcher.highlight` treat names as markup: a pod called
"[@click=app.quit]x" would lose its name and become a link. Here every name is plain text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from podtui.core.model.appearance import APPEARANCE, status_word
from podtui.core.model.snapshot import PodView
from podtui.core.text.safe import safe_line

LONGEST_NAME = 80
MOST_DISCOVERED = 20


def highlighted(matcher: Matcher, name: str) -> Content:
    """Return a name as plain text, with the matching characters marked."""
    shown = Content(name)
    for offset in matcher.fuzzy_search.match(matcher.query, name)[1]:
        if not name[offset].isspace():
            shown = shown.stylize(matcher.match_style, offset, offset + 1)
    return shown


class ScreenCommands(Provider):
    """One entry for each command of the screen that makes sense here."""

    async def discover(self) -> Hits:
        for name, sentence, run, _ in sorted(self.app.get_system_commands(self.screen)):
            yield DiscoveryHit(Content(name), run, text=name, help=sentence)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, sentence, run, _ in self.app.get_system_commands(self.screen):
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, highlighted(matcher, name), run, text=name, help=sentence)


class PodCommands(Provider):
    """One entry for each pod: select it."""

    def _pods(self) -> tuple[PodView, ...]:
        return getattr(self.app.screen_stack[0], "pods", ())

    def _select(self, pod: PodView) -> Callable[[], None]:
        select = getattr(self.app.screen_stack[0], "select_pod")  # noqa: B009 - any main screen
        return partial(select, pod.key)

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
                shown = highlighted(matcher, name)
                yield Hit(score, shown, self._select(pod), text=name, help=_help(pod))


def _label(pod: PodView) -> str:
    return f"pod {safe_line(pod.name, LONGEST_NAME)}"


def _help(pod: PodView) -> str:
    return safe_line(f"{APPEARANCE[pod.status].glyph} {status_word(pod)}", LONGEST_NAME)
