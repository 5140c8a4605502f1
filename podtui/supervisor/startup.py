"""From the starter's request to a command that runs, or to one sentence about why it does not."""

from __future__ import annotations

import os
import sys
import time

from podtui.kernel import json_text, prctl
from podtui.kernel.processes import SUPERVISOR_NAME, Identity, ProcessGone, identify
from podtui.supervisor import signalling
from podtui.supervisor.address import Address
from podtui.supervisor.child import BlockedChild, close_all_but
from podtui.supervisor.errors import CannotStart, describe
from podtui.supervisor.event_loop import EventLoop
from podtui.supervisor.host import Host
from podtui.supervisor.log import log
from podtui.supervisor.output_file import OutputFile
from podtui.supervisor.pty import Terminal
from podtui.supervisor.run_directory import RunDirectory
from podtui.supervisor.run_spec import Specification, read_specification

_OWN_FAULT = 70
_SPECIFICATION_PIPE, _READY_PIPE, _LOG = 0, 1, 2


class ReadyLine:
    """The one line the starter waits for."""

    def __init__(self) -> None:
        self._is_said = False
        self.identities: dict[str, object] = {}

    def say(self, failure: CannotStart | None) -> None:
        """Report the result to the starter and close its pipes."""
        if self._is_said:
            return
        self._is_said = True
        answer: dict[str, object] = {"ok": True, **self.identities}
        if failure is not None:
            answer = {"ok": False, "error": str(failure), "kind": failure.kind}
        try:
            os.write(_READY_PIPE, json_text.encode(answer) + b"\n")
        except OSError:
            pass  # The starter has died: the run goes on, and its records report the start.
        finally:
            _let_go_of_pipes()


def _let_go_of_pipes() -> None:
    nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, _SPECIFICATION_PIPE)
    os.dup2(nothing, _READY_PIPE)
    os.close(nothing)


def host_run(arguments: list[str], inherited_umask: int) -> int:
    """Host the run in the directory named by the only argument; return the exit code."""
    ready = ReadyLine()
    try:
        # Descriptors that the starter left open would stay open for the whole life of the run.
        close_all_but({_SPECIFICATION_PIPE, _READY_PIPE, _LOG})
        wake_up = signalling.open_wake_up_pipe()
        specification = read_specification(_SPECIFICATION_PIPE, inherited_umask)
        directory = _directory(arguments)
        lock = directory.take_lock()
        _host(specification, directory, lock, wake_up, ready)
    except CannotStart as failure:
        ready.say(failure)
        return 1
    except Exception as bug:  # noqa: BLE001 - for the starter, which must not wait for a deadline
        sys.excepthook(*sys.exc_info())  # the log first: the starter reads it after the report
        ready.say(CannotStart("internal", f"the supervisor itself failed: {bug!r}; see its log"))
        return _OWN_FAULT
    return 0


def _directory(arguments: list[str]) -> RunDirectory:
    if len(arguments) != 1 or not os.path.isabs(arguments[0]):
        raise CannotStart("bad_input", "a supervisor takes one run directory, as an absolute path")
    return RunDirectory(arguments[0])


def _host(
    specification: Specification,
    directory: RunDirectory,
    lock: int,
    wake_up: int,
    ready: ReadyLine,
) -> None:
    try:
        host, child, identities = _prepare(specification, directory, lock, ready)
    except CannotStart as failure:
        _record_failure(specification, directory, failure)
        raise
    ready.identities = identities
    host.run(child, wake_up)


def _prepare(
    specification: Specification, directory: RunDirectory, lock: int, ready: ReadyLine
) -> tuple[Host, BlockedChild, dict[str, object]]:
    """Open everything and fork the command, blocked; return when both identities are on record."""
    _refuse_late_start(specification)
    prctl.become_subreaper()
    prctl.forbid_tracing()
    prctl.set_name(SUPERVISOR_NAME)
    output = _open_output(directory)
    terminal = Terminal(specification.columns, specification.rows)
    address = Address(specification.socket_directories, specification.socket_name)
    host = Host(
        specification=specification,
        directory=directory,
        loop=EventLoop(),
        output=output,
        terminal=terminal,
        address=address,
        started=ready.say,
    )
    host.listen()
    try:
        child = BlockedChild(specification, terminal.slave, lock)
        try:
            identities = _record_identities(specification, directory, child)
        except CannotStart:
            child.send_away()
            raise
    except CannotStart:
        address.remove()
        raise
    return host, child, identities


def _refuse_late_start(specification: Specification) -> None:
    """Refuse to start after the deadline: the run counts as never started by then, for good."""
    deadline = specification.starts_before_boottime_s
    if deadline is not None and time.clock_gettime(time.CLOCK_BOOTTIME) > deadline:
        raise CannotStart(
            "timeout",
            "its supervisor came after the time in which a reserved run must start; "
            "the command was not started",
        )


def _open_output(directory: RunDirectory) -> OutputFile:
    try:
        return OutputFile(directory.path("output"), directory.path("index"))
    except OSError as error:
        raise CannotStart(
            "disk",
            f"the output file of {directory.root} cannot be opened: {describe(error)}; "
            "the command was not started",
        ) from error


def _record_identities(
    specification: Specification, directory: RunDirectory, child: BlockedChild
) -> dict[str, object]:
    try:
        supervisor: Identity = identify(os.getpid())
        command = identify(child.pid, child.pidfd)
        directory.write_started(specification, supervisor, command)
    except ProcessGone as error:
        raise CannotStart("refused", "the command's process was ended before it began") from error
    except OSError as error:
        raise CannotStart(
            "disk",
            f"the identities of {directory.root} could not be recorded: {describe(error)}; "
            "the command was not started",
        ) from error
    return {"supervisor": supervisor.as_record(), "child": command.as_record()}


def _record_failure(
    specification: Specification, directory: RunDirectory, failure: CannotStart
) -> None:
    """Record that this run never began; readers then need not wait for its deadline."""
    facts: dict[str, object] = {
        "exit_code": failure.exit_code,
        "signal": None,
        "start_error": str(failure),
        "asked_by": None,
        "output_bytes": 0,
        "ended_leftovers": [],
        "kept_leftovers": [],
        "survivors": [],
        "proof": "",
    }
    try:
        directory.write_exit(specification, facts)
    except OSError as error:
        # The ready line still says it; without the record the run is judged by its lock.
        log(f"the failed start is not on record: {describe(error)}")
