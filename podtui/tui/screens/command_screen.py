"""A screen whose keys, footer and palette entries run functions of one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.dom import DOMNode
from textual.screen import Screen, ScreenResultType

from podtui.tui.bars.key_bar import KeyBar
from podtui.tui.commands.commands import Command, KeyContext
from podtui.tui.commands.keymap import Keymap


class CommandScreen(Screen[ScreenResultType], inherit_bindings=False):
    """Runs commands by their ids.

    Attributes:
        commands: by id, every command of this screen whose `Command.action` is "".
    """

    commands: Mapping[str, Callable[[], object]]

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self.keymap = keymap

    def action_command(self, command_id: str) -> None:
        """Run a command of the table."""
        self.commands[command_id]()

    def key_bar(self, *places: KeyContext) -> KeyBar:
        """Return the line of keys for the commands of these places."""
        return KeyBar([each for each in self.keymap.commands if each.place in places], id="keys")

    def node_of(self, place: KeyContext) -> DOMNode:
        """Return the widget or screen that runs the commands of a place."""
        return self.app if place == "app" else self

    async def run_command(self, command: Command) -> None:
        """Run a command as its key would."""
        # Textual looks for an action only in the node it is run on.
        await self.app.run_action(command.call, self.node_of(command.place))

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        message.stop()
        await self.run_command(message.command)
