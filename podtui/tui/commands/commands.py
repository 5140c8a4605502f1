"""The table of commands: keys, words, and the place where each works.

Bindings, footer, help and palette are all made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

KeyContext = Literal["tree", "output", "terminal", "screen", "diagnostics", "trash", "app"]
GROUPS: Mapping[KeyContext, str] = {
    "tree": "pods",
    "output": "output",
    "terminal": "screen view",
    "screen": "everywhere",
    "diagnostics": "diagnostics",
    "trash": "trash",
    "app": "podtui",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: stable; a keymap refers to it.
        keys: comma list, as Textual writes keys.
        shown_keys: how the keys are written for a person.
        word: one or two words for the footer.
        sentence: what it does, for help and palette.
        action: Textual's action of the widget of ``place``; "" for a command that its screen looks
            up by id in its own table.
        footer: 0 is not in the footer; else the smaller, the earlier it stands there.
        weight: where the footer is narrow, the smaller stays longer; 0 counts as ``footer``.
        palette: whether it makes sense in the palette.
        priority: whether it works in dialogs, too, and before what is focused.
    """

    id: str
    place: KeyContext
    keys: str
    shown_keys: str
    word: str
    sentence: str
    action: str = ""
    footer: int = 0
    weight: int = 0
    palette: bool = False
    priority: bool = False

    @property
    def call(self) -> str:
        """The action that Textual runs on the widget or screen of ``place``."""
        return self.action or f"command({self.id!r})"


# A table is read by its columns: no formatter.
# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("tree.up", "tree", "up,k", "↑ k", "up", "Select the pod above", action="move(-1)"),
    Command("tree.down", "tree", "down,j", "↓ j", "down", "Select the pod below", action="move(1)"),
    Command("tree.page-up", "tree", "pageup", "pgup", "page up",
            "Go up by a screen", action="page(-1)"),
    Command("tree.page-down", "tree", "pagedown", "pgdn", "page down",
            "Go down by a screen", action="page(1)"),
    Command("tree.first", "tree", "home,g", "home g", "first",
            "Select the first pod", action="first"),
    Command("tree.last", "tree", "end,G", "end G", "last", "Select the last pod", action="last"),
    Command("tree.fold", "tree", "left,h", "← h", "fold",
            "Fold, or go to the parent", action="fold"),
    Command("tree.unfold", "tree", "right,l", "→ l", "unfold",
            "Unfold, or go to the child", action="unfold"),
    Command("tree.mark", "tree", "space", "space", "mark",
            "Mark this pod or unmark it; actions are for all that are marked",
            action="mark", footer=2, weight=8, palette=True),
    Command("tree.mark-subtree", "tree", "m", "m", "mark subtree",
            "Mark this pod and all below it, or take their marks away",
            action="mark_subtree", palette=True),
    Command("tree.clear-marks", "tree", "escape", "esc", "clear marks",
            "Take all marks away", action="clear_marks", palette=True),
    Command("tree.fold-all", "tree", "minus", "-", "fold all",
            "Fold every pod that has children", action="fold_all(True)", palette=True),
    Command("tree.unfold-all", "tree", "plus,equals_sign", "+", "unfold all",
            "Unfold every pod", action="fold_all(False)", palette=True),

    Command("output.up", "output", "up,k", "↑ k", "up", "Scroll up", action="scroll_rows(-1)"),
    Command("output.down", "output", "down,j", "↓ j", "down",
            "Scroll down", action="scroll_rows(1)"),
    Command("output.page-up", "output", "pageup,b", "pgup b", "page up",
            "Scroll a page up", action="page(-1)"),
    Command("output.page-down", "output", "pagedown,space", "pgdn space", "page down",
            "Scroll a page down", action="page(1)"),
    Command("output.start", "output", "home,g", "home g", "start",
            "Go to the first line", action="to_start"),
    Command("output.end", "output", "end,G", "end G", "end",
            "Go to the newest and follow", action="to_end"),
    Command("output.left", "output", "left,h", "← h", "left",
            "Scroll left", action="scroll_columns(-8)"),
    Command("output.right", "output", "right,l", "→ l", "right",
            "Scroll right", action="scroll_columns(8)"),
    Command("output.next-match", "output", "n", "n", "next",
            "Go to the next match", action="next_match(True)"),
    Command("output.previous-match", "output", "N", "N", "previous",
            "Go to the match before", action="next_match(False)"),
    Command("output.clear-search", "output", "escape", "esc", "clear search",
            "End the search", action="clear_search"),

    Command("terminal.up", "terminal", "up,k", "↑ k", "up", "Show more above", action="pan(0, -1)"),
    Command("terminal.down", "terminal", "down,j", "↓ j", "down",
            "Show more below", action="pan(0, 1)"),
    Command("terminal.left", "terminal", "left,h", "← h", "left",
            "Show more on the left", action="pan(-8, 0)"),
    Command("terminal.right", "terminal", "right,l", "→ l", "right",
            "Show more on the right", action="pan(8, 0)"),
    Command("terminal.start", "terminal", "home,g", "home g", "start",
            "Show the upper left of the terminal", action="pan_to_start"),
    Command("terminal.end", "terminal", "end,G", "end G", "cursor",
            "Show the cursor, and stay with it", action="follow_cursor"),

    Command("diagnostics.up", "diagnostics", "up,k", "↑ k", "up", "Go a line up"),
    Command("diagnostics.down", "diagnostics", "down,j", "↓ j", "down", "Go a line down"),
    Command("diagnostics.page-up", "diagnostics", "pageup", "pgup", "page up", "Go a page up"),
    Command("diagnostics.page-down", "diagnostics", "pagedown", "pgdn", "page down",
            "Go a page down"),
    Command("diagnostics.first", "diagnostics", "home,g", "home g", "first", "Go to the newest"),
    Command("diagnostics.last", "diagnostics", "end,G", "end G", "last", "Go to the oldest"),
    Command("diagnostics.unfold", "diagnostics", "enter,space", "enter", "unfold",
            "Show the evidence, or each of many; again to fold it", footer=1),
    Command("diagnostics.undo", "diagnostics", "U", "U", "undo",
            "Show the plan that undoes it, then ask", footer=2),
    Command("diagnostics.filter", "diagnostics", "slash", "/", "filter",
            "Show only those with these words", footer=3),
    Command("diagnostics.help", "diagnostics", "question_mark,f1", "?", "help",
            "Show all keys", footer=5),
    Command("diagnostics.back", "diagnostics", "escape,q,D", "esc", "back",
            "End the filter, then go back to the pods", footer=4),

    Command("trash.up", "trash", "up", "↑", "up", "Go a pod up", priority=True),
    Command("trash.down", "trash", "down", "↓", "down", "Go a pod down", priority=True),
    Command("trash.page-up", "trash", "pageup", "pgup", "page up", "Go a page up", priority=True),
    Command("trash.page-down", "trash", "pagedown", "pgdn", "page down",
            "Go a page down", priority=True),
    Command("trash.recover", "trash", "enter", "enter", "recover",
            "Show the plan that brings the pod back, then ask", footer=1, priority=True),
    Command("trash.back", "trash", "escape", "esc", "back",
            "End the filter, then go back to the pods", footer=2, priority=True),

    Command("pod.attach", "screen", "enter", "enter", "attach",
            "Put your terminal on the pod's live run", footer=1, weight=1, palette=True),
    Command("pod.observe", "screen", "o", "o", "observe",
            "Watch the pod's terminal without typing into it", palette=True),
    Command("pod.spawn", "screen", "n", "n", "spawn",
            "Start a new pod", footer=3, weight=6, palette=True),
    Command("pod.send", "screen", "s", "s", "send",
            "Send a line to the pod", footer=4, weight=3, palette=True),
    Command("pod.stop", "screen", "x", "x", "stop",
            "Show the plan to stop the pod, then ask", footer=5, weight=4, palette=True),
    Command("pod.restore", "screen", "R", "R", "restore",
            "Show the plan to start a new run of a dead pod, then ask",
            footer=6, weight=2, palette=True),
    Command("pod.reap", "screen", "X", "X", "reap",
            "Show the plan to end what a dead run left running, then ask",
            footer=7, weight=7, palette=True),
    Command("pod.prune", "screen", "P", "P", "prune",
            "Show the plan to move dead pods into the trash, then ask",
            footer=8, weight=5, palette=True),
    Command("pod.recover", "screen", "U", "U", "recover",
            "Undo what the line above the keys says, else show the trash",
            footer=9, weight=10, palette=True),
    Command("pods.restore-lost", "screen", "L", "L", "restore all lost",
            "Show the plan to restore every lost pod, then ask", palette=True),
    Command("pods.reap-orphans", "screen", "O", "O", "reap all orphans",
            "Show the plan to end all that dead runs left running, then ask", palette=True),
    Command("view.trash", "screen", "T", "T", "trash",
            "Show what was pruned, to bring it back", palette=True),
    Command("view.report", "screen", "r", "r", "report",
            "Show again what the last action did", palette=True),
    Command("output.follow", "screen", "f", "f", "follow",
            "Follow the output, or hold it where it is", footer=12, palette=True),
    Command("output.wrap", "screen", "w", "w", "wrap",
            "Wrap long lines, or cut them at the edge", footer=13, palette=True),
    Command("output.view", "screen", "v", "v", "view",
            "Switch between text, screen and raw view", footer=14, palette=True),
    Command("output.unread", "screen", "u", "u", "unread",
            "Go to the first line you have not seen", palette=True),
    Command("output.search", "screen", "ctrl+f", "ctrl+f", "search",
            "Search in the output", footer=15, palette=True),
    Command("pods.filter", "screen", "slash", "/", "filter",
            "Show only pods with these words in name, role, task or status",
            footer=11, weight=11, palette=True),
    Command("view.why", "screen", "i", "i", "why",
            "Show all evidence behind the status, or one line", footer=16, palette=True),
    Command("view.zoom", "screen", "z", "z", "zoom",
            "Give the whole screen to the output, or show the tree again", palette=True),
    Command("view.urgent", "screen", "exclamation_mark", "!", "needs me",
            "Select the next pod that needs you", palette=True),
    Command("view.diagnostics", "screen", "D", "D", "diagnostics",
            "Show what was lost or done, and how to undo it", footer=10, weight=9, palette=True),
    Command("focus.next", "screen", "tab", "tab", "next pane",
            "Go to the next pane", action="app.focus_next"),
    Command("focus.previous", "screen", "shift+tab", "shift+tab", "previous pane",
            "Go to the pane before", action="app.focus_previous"),

    Command("app.palette", "app", "ctrl+p", "ctrl+p", "palette",
            "Find a command or a pod by its name", action="command_palette", footer=17),

    Command("app.help", "screen", "question_mark,f1", "?", "help",
            "Show all keys and what the shapes mean", footer=11, palette=True),
    Command("app.theme", "screen", "ctrl+t", "ctrl+t", "theme",
            "Choose the colours", action="app.change_theme", palette=True),

    Command("app.repaint", "app", "ctrl+l", "ctrl+l", "repaint",
            "Paint the whole screen again", action="app.repaint", palette=True),
    Command("app.quit", "app", "q", "q", "quit",
            "Close the screen; the pods go on running", action="quit", footer=1, palette=True),
    Command("app.quit-anywhere", "app", "ctrl+q", "ctrl+q", "quit",
            "Close the screen from anywhere, out of a dialog, too", action="quit", priority=True),
    Command("app.interrupt", "app", "ctrl+c", "ctrl+c", "how to quit",
            "Say how to quit", action="say_how_to_quit"),
)
# fmt: on


def bindings_of(place: KeyContext) -> list[BindingType]:
    """Return the bindings of the commands of one place."""
    return [
        Binding(
            command.keys,
            command.call,
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
