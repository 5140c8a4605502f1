"""The command ``podtui``: finds the verb, runs it, and turns every error into words and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from podtui import __version__
from podtui.cli.messages import INTERRUPTED, OUTPUT_CLOSED, internal
from podtui.cli.output import STDOUT, StdoutClosed, hold_standard_descriptors
from podtui.cli.session import Session
from podtui.core.errors import BadInput, PodtuiError
from podtui.core.text.safe import safe_line

if TYPE_CHECKING:
    from podtui.core.control.local import LocalPlane

TRACEBACK_VARIABLE = "PODTUI_TRACEBACK"
VERBS: Mapping[str, str] = {
    "spawn": "Start a command as a new pod.",
    "ls": "List the pods.",
    "tree": "Show the pods as a tree.",
    "inspect": "Show everything known of a pod.",
    "read": "Give out what this reader has not seen of a pod's output.",
    "send": "Type a line into a pod's terminal.",
    "attach": "Put this terminal on a live pod.",
    "stop": "Ask a pod to end, and end it.",
    "restore": "Start a new run of pods that are not alive.",
    "prune": "Move dead pods into the trash.",
    "recover": "Bring a pod back from the trash, or show what is in it.",
    "purge": "Delete what has been in the trash for long.",
    "reap": "End what ended runs left running.",
    "return": "Take back scopes of a pod that is dead.",
    "relend": "Lend scopes to a pod again that came back from it.",
    "wait": "Wait until a pod has one of some statuses.",
    "diagnostics": "Show what must not be missed, and the way back.",
    "events": "Show what happened, oldest first.",
    "doctor": "Look for what is wrong with the store.",
    "demo": "Make a store of its own with a tree of real pods, and open it.",
}
"""The verbs and what they do; the module of a verb is loaded when it is run."""

_PLACES: Mapping[str, tuple[str, str]] = {
    "tree": ("ls", "tree_command"),
    "return": ("loans", "return_loans"),
    "relend": ("loans", "relend"),
    "prune": ("trash", "prune"),
    "recover": ("trash", "recover"),
    "purge": ("trash", "purge"),
}
"""Module and function of the verbs that share a module with others."""

_HELP = {"help_option_names": ["-h", "--help"]}


class LazyGroup(click.Group):
    """The verbs, each loaded when it is called for and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        module, function = _PLACES.get(cmd_name, (cmd_name, "command"))
        command: click.Command = getattr(import_module(f"podtui.cli.verbs.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS and not args[0].startswith("-"):
            _unknown_verb(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _unknown_verb(word: str) -> NoReturn:
    # Loaded here only: most words are verbs.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(word, VERBS, n=1)
    raise BadInput(
        f"there is no verb {safe_line(word, 40)!r}",
        next_step=f"podtui {near[0]}" if near else "podtui --help",
    )


def _show_version(context: click.Context, _param: object, wanted: bool) -> None:
    if wanted:
        context.ensure_object(Session).output.line(f"podtui {__version__}")
        context.exit()


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings=_HELP)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def podtui(context: click.Context) -> None:
    """Run, watch and get back a tree of agent pods, where nothing is ever lost silently.

    Without a verb the screen opens.
    """
    session: Session = context.obj
    if context.invoked_subcommand is not None:
        return
    if not (session.output.is_terminal and os.isatty(0)):
        raise BadInput(
            "the screen needs a terminal, and there is none",
            next_step="podtui ls, or podtui --help for the other verbs",
        )
    context.exit(session.open_screen(session.open_plane(True)))


def run(
    arguments: list[str],
    *,
    open_screen: Callable[[LocalPlane], int],
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Run one command line and return its exit code; never raises, whatever happened."""
    hold_standard_descriptors()
    session = Session(environment=environment, open_screen=open_screen)
    try:
        with podtui.make_context("podtui", arguments, obj=session) as context:
            podtui.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (StdoutClosed, BrokenPipeError):
        _forget_stdout()
        return OUTPUT_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the operator gets a sentence, whatever went wrong
        return _complain(session, arguments, error)
    return 0


def _complain(session: Session, arguments: list[str], error: Exception) -> int:
    shown = _as_podtui_error(error)
    if type(shown) is PodtuiError and session.environment.get(TRACEBACK_VARIABLE):
        # Loaded here only: for whoever looks for our mistakes.
        import traceback  # noqa: PLC0415

        traceback.print_exception(error, file=sys.stderr)
    # A usage error comes before the options have been looked at.
    asked = arguments[: arguments.index("--")] if "--" in arguments else arguments
    session.messages.error(shown, as_json=session.as_json or "--json" in asked)
    return shown.exit_code


def _as_podtui_error(error: Exception) -> PodtuiError:
    if isinstance(error, PodtuiError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "podtui"
        return BadInput(error.format_message().rstrip("."), next_step=f"{command} --help")
    if isinstance(error, click.ClickException):
        return BadInput(error.format_message().rstrip("."), next_step="podtui --help")
    return internal(error)


def _forget_stdout() -> None:
    # Python flushes its own stream at exit, and would complain about the pipe that nobody reads.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STDOUT)
    os.close(null)
