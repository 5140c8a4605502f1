"""Every command of the screen once: its key, its words, where it works. Bindings, footer, help and
palette are all made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Place = Literal["tree", "output", "terminal", "screen", "app"]
GROUPS: Mapping[Place, str] = {
    "tree": "pods",
    "output": "output",
    "terminal": "screen view",
    "screen": "everywhere",
    "app": "podtui",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: stable; what a keymap refers to.
        keys: comma list, as Textual writes keys.
        shown_keys: how the keys are written for a person.
        action: Textual's action, run on the widget of ``place``.
        word: one or two words for the footer.
        sentence: what it does, for help and palette.
        footer: 0 is not in the footer; else the smaller, the earlier it stands there.
        palette: whether it makes sense in the palette.
        priority: whether it works in dialogs, too, and before what is focused.
    """

    id: str
    place: Place
    keys: str
    shown_keys: str
    action: str
    word: str
    sentence: str
    footer: int = 0
    palette: bool = False
    priority: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("tree.up", "tree", "up,k", "↑ k", "move(-1)", "up", "Select the pod above"),
    Command("tree.down", "tree", "down,j", "↓ j", "move(1)", "down", "Select the pod below"),
    Command("tree.page-up", "tree", "pageup", "pgup", "page(-1)", "page up", "Go up by a screen"),
    Command(
        "tree.page-down", "tree", "pagedown", "pgdn", "page(1)", "page down", "Go down by a screen"
    ),
    Command("tree.first", "tree", "home,g", "home g", "first", "first", "Select the first pod"),
    Command("tree.last", "tree", "end,G", "end G", "last", "last", "Select the last pod"),
    Command("tree.fold", "tree", "left,h", "← h", "fold", "fold", "Fold, or go to the parent"),
    Command(
        "tree.unfold", "tree", "right,l", "→ l", "unfold", "unfold", "Unfold, or go to the child"
    ),
    Command(
        "tree.toggle", "tree", "space", "space", "toggle_fold", "fold", "Fold or unfold this pod"
    ),
    Command(
        "tree.fold-all",
        "tree",
        "minus",
        "-",
        "fold_all(True)",
        "fold all",
        "Fold every pod that has children",
        palette=True,
    ),
    Command(
        "tree.unfold-all",
        "tree",
        "plus,equals_sign",
        "+",
        "fold_all(False)",
        "unfold all",
        "Unfold every pod",
        palette=True,
    ),
    Command("output.up", "output", "up,k", "↑ k", "scroll_rows(-1)", "up", "Scroll up"),
    Command("output.down", "output", "down,j", "↓ j", "scroll_rows(1)", "down", "Scroll down"),
    Command(
        "output.page-up", "output", "pageup,b", "pgup b", "page(-1)", "page up", "Scroll a page up"
    ),
    Command(
        "output.page-down",
        "output",
        "pagedown,space",
        "pgdn space",
        "page(1)",
        "page down",
        "Scroll a page down",
    ),
    Command(
        "output.start", "output", "home,g", "home g", "to_start", "start", "Go to the first line"
    ),
    Command(
        "output.end", "output", "end,G", "end G", "to_end", "end", "Go to the newest and follow"
    ),
    Command("output.left", "output", "left,h", "← h", "scroll_columns(-8)", "left", "Scroll left"),
    Command(
        "output.right", "output", "right,l", "→ l", "scroll_columns(8)", "right", "Scroll right"
    ),
    Command("output.next-match", "output", "n", "n", "next_match", "next", "Go to the next match"),
    Command(
        "output.previous-match",
        "output",
        "N",
        "N",
        "previous_match",
        "previous",
        "Go to the match before",
    ),
    Command(
        "output.clear-search",
        "output",
        "escape",
        "esc",
        "clear_search",
        "clear search",
        "End the search",
    ),
    Command("terminal.up", "terminal", "up,k", "↑ k", "pan(0, -1)", "up", "Show what is above"),
    Command(
        "terminal.down", "terminal", "down,j", "↓ j", "pan(0, 1)", "down", "Show what is below"
    ),
    Command(
        "terminal.left",
        "terminal",
        "left,h",
        "← h",
        "pan(-8, 0)",
        "left",
        "Show what is further left",
    ),
    Command(
        "terminal.right",
        "terminal",
        "right,l",
        "→ l",
        "pan(8, 0)",
        "right",
        "Show what is further right",
    ),
    Command(
        "terminal.start",
        "terminal",
        "home,g",
        "home g",
        "pan_to_start",
        "start",
        "Show the upper left of the terminal",
    ),
    Command(
        "terminal.end",
        "terminal",
        "end,G",
        "end G",
        "follow_cursor",
        "cursor",
        "Show the cursor, and stay with it",
    ),
    Command(
        "pod.attach",
        "screen",
        "enter",
        "enter",
        "attach",
        "attach",
        "Put your terminal on the pod's live run",
        footer=1,
        palette=True,
    ),
    Command(
        "pod.observe",
        "screen",
        "o",
        "o",
        "attach(True)",
        "observe",
        "Watch the pod's terminal without typing into it",
        palette=True,
    ),
    Command(
        "pod.send",
        "screen",
        "s",
        "s",
        "send",
        "send",
        "Send a line to the pod",
        footer=2,
        palette=True,
    ),
    Command(
        "pod.stop",
        "screen",
        "x",
        "x",
        "stop",
        "stop",
        "Show the plan to stop the pod, then ask",
        footer=3,
        palette=True,
    ),
    Command(
        "pod.spawn",
        "screen",
        "n",
        "n",
        "spawn",
        "spawn",
        "Start a new pod",
        footer=4,
        palette=True,
    ),
    Command(
        "output.follow",
        "screen",
        "f",
        "f",
        "follow",
        "follow",
        "Follow the output, or hold it where it is",
        footer=5,
        palette=True,
    ),
    Command(
        "output.wrap",
        "screen",
        "w",
        "w",
        "wrap",
        "wrap",
        "Wrap long lines, or cut them at the edge",
        footer=7,
        palette=True,
    ),
    Command(
        "output.view",
        "screen",
        "v",
        "v",
        "next_view",
        "view",
        "Switch between text, screen and raw view",
        footer=8,
        palette=True,
    ),
    Command(
        "output.unread",
        "screen",
        "u",
        "u",
        "to_unread",
        "unread",
        "Go to the first line you have not seen",
        palette=True,
    ),
    Command(
        "output.search",
        "screen",
        "ctrl+f",
        "ctrl+f",
        "search",
        "search",
        "Search in the output",
        footer=9,
        palette=True,
    ),
    Command(
        "pods.filter",
        "screen",
        "slash",
        "/",
        "filter",
        "filter",
        "Show only pods with these words in name, role, task or status",
        footer=6,
        palette=True,
    ),
    Command(
        "view.why",
        "screen",
        "i",
        "i",
        "why",
        "why",
        "Show all evidence behind the status, or one line",
        footer=10,
        palette=True,
    ),
    Command(
        "view.urgent",
        "screen",
        "exclamation_mark",
        "!",
        "next_urgent",
        "needs me",
        "Select the next pod that needs you",
        palette=True,
    ),
    Command(
        "focus.next", "screen", "tab", "tab", "app.focus_next", "next pane", "Go to the next pane"
    ),
    Command(
        "focus.previous",
        "screen",
        "shift+tab",
        "shift+tab",
        "app.focus_previous",
        "previous pane",
        "Go to the pane before",
    ),
    Command(
        "app.palette",
        "app",
        "ctrl+p",
        "ctrl+p",
        "command_palette",
        "palette",
        "Find a command or a pod by its name",
        footer=12,
    ),
    Command(
        "app.help",
        "screen",
        "question_mark,f1",
        "?",
        "help",
        "help",
        "Show all keys and what the shapes mean",
        footer=11,
        palette=True,
    ),
    Command(
        "app.theme",
        "screen",
        "ctrl+t",
        "ctrl+t",
        "app.change_theme",
        "theme",
        "Choose the colours",
        palette=True,
    ),
    Command(
        "app.quit",
        "app",
        "q",
        "q",
        "quit",
        "quit",
        "Close the screen; the pods go on running",
        footer=1,
        palette=True,
    ),
    Command(
        "app.quit-anywhere",
        "app",
        "ctrl+q",
        "ctrl+q",
        "quit",
        "quit",
        "Close the screen from anywhere, out of a dialog, too",
        priority=True,
    ),
    Command(
        "app.interrupt",
        "app",
        "ctrl+c",
        "ctrl+c",
        "say_how_to_quit",
        "how to quit",
        "Say how to quit",
    ),
)


def bindings_of(place: Place) -> list[BindingType]:
    """Return the bindings of one place."""
    return [
        Binding(
            command.keys,
            command.action,
            command.word,
            show=command.footer > 0,
            key_display=command.shown_keys,
            tooltip=command.sentence,
            priority=command.priority,
            id=command.id,
        )
        for command in COMMANDS
        if command.place == place
    ]
