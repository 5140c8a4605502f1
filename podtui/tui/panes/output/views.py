"""Which view a pod's output is shown in."""

from __future__ import annotations

from podtui.core.output.lines import VIEWS, View


class ViewChoice:
    """The view the operator has chosen, for all pods but those with one of their own.

    A full-screen program opens in the screen view, since it can hardly be read as text; what is
    chosen for such a pod from then on is chosen for it alone.
    """

    def __init__(self) -> None:
        self._for_all: View = "text"
        self._own: dict[str, View] = {}

    def of(self, pod: str | None) -> View:
        """Return the view of a pod."""
        return self._for_all if pod is None else self._own.get(pod, self._for_all)

    def choose(self, pod: str, view: View) -> None:
        """Take the operator's choice."""
        if pod in self._own:
            self._own[pod] = view
        else:
            self._for_all = view

    def choose_next(self, pod: str) -> None:
        """Go on to the next view."""
        self.choose(pod, VIEWS[(VIEWS.index(self.of(pod)) + 1) % len(VIEWS)])

    def open_screen(self, pod: str) -> bool:
        """Show a pod in the screen view unless another one was chosen; returns whether it is."""
        if pod in self._own or self._for_all != "text":
            return False
        self._own[pod] = "screen"
        return True

    def show_as_text(self, pod: str) -> None:
        """Show this pod alone as text: its screen cannot be drawn, or a search needs lines."""
        self._own[pod] = "text"
