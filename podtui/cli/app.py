"""The command ``podtui``: finds the verb, runs it, turns every error into a sentence and a code."""

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
    "inspect": "Show everything known about a pod.",
    "read": "Print the output of a pod that this reader has not read yet.",
    "send": "Type a line into a pod's terminal.",
    "attach": "Connect this terminal to a live pod.",
    "stop": "Ask a pod to end; kill what does not end.",
    "restore": "Start a new run of pods that are not alive.",
    "prune": "Move dead pods into the trash.",
    "recover": "Bring a pod back from the trash, or list the trash.",
    "purge": "Delete old pods from the trash for good.",
    "reap": "End processes that ended runs left running.",
    "return": "Take scopes back from a dead pod.",
    "relend": "Lend returned scopes to a pod again.",
    "wait": "Wait until a pod has a given status.",
    "diagnostics": "Show losses and actions on pods, and how to undo them.",
    "events": "Show the events in the journal, oldest first.",
    "doctor": "Check the store for problems.",
    "demo": "Create a separate store with a tree of real pods, and open it.",
}
"""What each verb does; the module of a verb is loaded when the verb is run."""

_SHARED_MODULES: Mapping[str, tuple[str, str]] = {
    "tree": ("ls", "tree_command"),
    "return": ("loans", "return_loans"),
    "relend": ("loans", "relend"),
    "prune": ("trash", "prune"),
    "recover": ("trash", "recover"),
    "purge": ("trash", "purge"),
}
"""Module and function of each verb whose module also holds another verb."""

_HELP = {"help_option_names": ["-h", "--help"]}


class LazyGroup(click.Group):
    """The group of verbs; the module of a verb is loaded only when that verb is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        module, function = _SHARED_MODULES.get(cmd_name, (cmd_name, "command"))
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
    # Loaded here only: most calls name a verb that exists.
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
    help="Show the version and exit.",
)
@click.pass_context
def podtui(context: click.Context) -> None:
    """Run, watch and restore a tree of agent pods, where nothing is ever lost silently.

    Without a verb, podtui opens the screen.
    """
    session: Session = context.obj
    if context.invoked_subcommand is not None:
        return
    if not (session.output.is_terminal and os.isatty(0)):
        raise BadInput(
            "the screen needs a terminal on standard input and standard output",
            next_step="podtui ls, or podtui --help for the other verbs",
        )
    context.exit(session.open_screen(session.open_plane(True)))


def run(
    arguments: list[str],
    *,
    open_screen: Callable[[LocalPlane], int],
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Run one command line and return its exit code; every exception becomes an exit code."""
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
    except Exception as error:  # noqa: BLE001 - the operator gets a sentence, not a traceback
        return _report_error(session, arguments, error)
    return 0


def _report_error(session: Session, arguments: list[str], error: Exception) -> int:
    shown = _as_podtui_error(error)
    if type(shown) is PodtuiError and session.environment.get(TRACEBACK_VARIABLE):
        # Loaded here only: for somebody who debugs podtui.
        import traceback  # noqa: PLC0415

        traceback.print_exception(error, file=sys.stderr)
    # A usage error is raised before `--json` was parsed, so that it is searched for here.
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
    # Python flushes its own stream at exit, and would report the pipe that nobody reads.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STDOUT)
    os.close(null)
