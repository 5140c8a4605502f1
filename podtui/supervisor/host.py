"""Hosts one run, from the release of its command until its end is on record."""

from __future__ import annotations

import os
from _collections_abc import Callable

from podtui.kernel.processes import ProcessStat
from podtui.kernel.termination import NOT_PERMITTED, PROOF_ECHILD
from podtui.supervisor import signalling
from podtui.supervisor.address import Address, AddressKeeper
from podtui.supervisor.child import BlockedChild, failure_in
from podtui.supervisor.clients import Clients, Facts
from podtui.supervisor.descendants import Tree, key
from podtui.supervisor.errors import CannotStart, describe
from podtui.supervisor.event_loop import READABLE, WRITABLE, EventLoop
from podtui.supervisor.input_queue import TypingQueue
from podtui.supervisor.log import log
from podtui.supervisor.output_file import OutputFile
from podtui.supervisor.pty import Terminal
from podtui.supervisor.run_directory import RunDirectory
from podtui.supervisor.run_spec import Specification
from podtui.supervisor.signalling import SIGCHLD, SIGINT, SIGIO, SIGTERM
from podtui.supervisor.status_writer import StatusWriter
from podtui.supervisor.termination import LONGEST_LIST, TreeEnding

SIGNAL_GRACE_S = 5.0
_SHORTEST_RETRY_S, _LONGEST_RETRY_S = 0.25, 2.0
_LARGEST_LAST_READ = 1024 * 1024
Answer = Callable[[CannotStart | None], None]


class Host:
    """Joins terminal, output, clients and process tree of one run.

    It is long because each kind of event of a run has its handler here, and they share its state.

    Args:
        child: the command, still blocked.
        started: called once: with None when the command runs, or with why it does not.
    """

    def __init__(
        self,
        *,
        specification: Specification,
        directory: RunDirectory,
        loop: EventLoop,
        output: OutputFile,
        terminal: Terminal,
        address: Address,
        started: Answer,
    ) -> None:
        self._specification = specification
        self._directory = directory
        self._loop = loop
        self._output = output
        self._terminal = terminal
        self._started = started
        self._tree = Tree(specification.pod_id, directory.root)
        self._status = StatusWriter(
            loop, directory, specification.run, output=output, terminal=terminal, tree=self._tree
        )
        self._typing = TypingQueue(terminal, self._update_terminal_interest, self._note_cut)
        self._clients = Clients(loop, address, terminal, self._typing, self._facts())
        self._address = address
        self._keeper = AddressKeeper(address, loop, self._listen_again)
        self._child: BlockedChild | None = None
        self._child_status: int | None = None
        self._verdict = b""
        self._verdict_is_open = False
        self._start_failure: CannotStart | None = None
        self._asked_by: str | None = None
        self._ending: TreeEnding | None = None
        self._terminal_is_gone = False
        self._proof = ""
        self._kept: list[ProcessStat] = []
        self._retry_s = _SHORTEST_RETRY_S

    def _facts(self) -> Facts:
        return Facts(
            welcome={
                "protocol": 1,
                "pod_id": self._specification.pod_id,
                "run": self._specification.run,
                "pid": os.getpid(),
            },
            pong=lambda: {
                "state": "running" if self._ending is None else "ending",
                "output_bytes": self._output.length,
                "disk_error": self._output.disk_error,
            },
            output_length=lambda: self._output.length,
            read_output=self._output.read,
            stop=self.stop,
            resized=self._status.note_activity,
        )

    def listen(self) -> None:
        """Open the socket; raises CannotStart."""
        self._clients.listen()

    def _note_cut(self, number: int) -> None:
        self._clients.note_cut(number)

    def _listen_again(self) -> None:
        # Once the run's own directory is deleted no client searches for the socket: making its
        # directory again would only bring back a part of a store that was deleted.
        if self._directory.is_there():
            self._clients.listen()

    def run(self, child: BlockedChild, wake_up: int) -> None:
        """Let the command go and host it until its end is recorded."""
        self._child = child
        self._verdict_is_open = True
        self._loop.watch(wake_up, READABLE, lambda _: self._on_signals(wake_up))
        self._loop.watch(child.verdict, READABLE, self._on_verdict)
        self._loop.watch(child.pidfd, READABLE, self._on_child_ended)
        self._loop.watch(self._terminal.master, READABLE, self._on_terminal)
        self._status.begin()
        child.let_go()
        self._loop.run()

    # The command

    def _on_verdict(self, _: int) -> None:
        if self._child is None or not self._verdict_is_open:
            return
        part = os.read(self._child.verdict, 4096)
        self._verdict += part
        if part:
            return
        self._verdict_is_open = False
        self._loop.forget(self._child.verdict)
        os.close(self._child.verdict)
        self._start_failure = failure_in(self._verdict)
        if self._start_failure is None:
            self._started(None)

    def _on_child_ended(self, _: int) -> None:
        if self._child is not None:
            self._loop.forget(self._child.pidfd)
        self._look_for_ends()

    def _on_signals(self, wake_up: int) -> None:
        numbers = signalling.read_numbers(wake_up)
        for number in (SIGTERM, SIGINT):
            if number in numbers:
                self.stop(SIGNAL_GRACE_S, f"signal {signalling.NAMES[number]}")
        if SIGIO in numbers:
            self._keeper.something_left()
        if SIGCHLD in numbers:
            self._status.note_activity()
            self._look_for_ends()

    def _look_for_ends(self) -> None:
        had_ended = self._child_status is not None
        self._reap()
        if self._child_status is not None and not had_ended:
            self._on_command_over()
        if self._ending is not None:
            self._ending.something_ended()

    def _reap(self) -> bool:
        """Reap all children that have exited; True when none is left, which proves the end."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            is_command = self._child is not None and pid == self._child.pid
            # Only the first: later on the number may be given to any process of the tree.
            if is_command and self._child_status is None:
                self._child_status = status

    def _on_command_over(self) -> None:
        while self._verdict_is_open:
            self._on_verdict(0)
        if self._ending is not None:
            return
        if self._specification.keeps_leftovers:
            self._keep_leftovers()
        else:
            self._end_tree(self._specification.leftovers_grace_s)

    def _keep_leftovers(self) -> None:
        try:
            self._kept = self._tree.survey().living[:LONGEST_LIST]
        except OSError as error:
            log(f"the processes left running could not be listed: {describe(error)}")
        self._on_tree_ended(PROOF_ECHILD if self._reap() else "")

    # Ending

    def stop(self, grace_s: float, by: str) -> None:
        """End the run: ask, wait for the grace, kill; a second call can only shorten the grace."""
        if self._ending is not None:
            self._ending.shorten(grace_s)
        elif self._child_status is None:
            self._asked_by = by
            self._end_tree(grace_s)

    def _end_tree(self, grace_s: float) -> None:
        self._ending = TreeEnding(self._loop, self._tree, self._reap, self._on_tree_ended)
        self._ending.begin(grace_s)

    def _on_tree_ended(self, proof: str) -> None:
        self._proof = proof
        self._status.stop()
        self._loop.cancel("disk")
        self._forget_terminal()
        self._drain()

    def _drain(self) -> None:
        """Bring what is left in the terminal to disk, then record the end."""
        # Only leftovers that were kept can write for ever: hence the bound.
        read = 0
        while self._output.write_on() and read < _LARGEST_LAST_READ:
            data, _ = self._terminal.read_available()
            if not data:
                self._record_end()
                return
            read += len(data)
            self._output.add(data)
        if self._output.disk_error is None:
            self._record_end()
        else:
            # Kept in memory and in the terminal for as long as it takes: leaving loses it.
            self._try_again(self._drain)

    def _record_end(self) -> None:
        try:
            self._output.sync()
            self._directory.write_exit(self._specification, self._exit_facts())
        except FileNotFoundError:
            # The run's directory was deleted, so that no reader would find the record.
            log("the end of the run has no place to be recorded: its directory was deleted")
        except OSError as error:
            self._output.disk_error = describe(error)
            log(f"the end of the run is not on record yet: {describe(error)}")
            self._try_again(self._record_end)
            return
        if self._start_failure is not None:
            self._started(self._start_failure)
        exit_code, number = self._exit_code_and_signal()
        self._clients.say_farewell({"exit_code": exit_code, "signal": number}, self._leave)

    def _leave(self) -> None:
        self._address.remove()
        self._loop.stop()

    def _exit_code_and_signal(self) -> tuple[int | None, int | None]:
        if self._start_failure is not None:
            return (self._start_failure.exit_code, None)
        if self._child_status is None:
            return (None, None)
        code = os.waitstatus_to_exitcode(self._child_status)
        return (code, None) if code >= 0 else (None, -code)

    def _exit_facts(self) -> dict[str, object]:
        exit_code, number = self._exit_code_and_signal()
        foreign = self._ending.foreign if self._ending is not None else []
        return {
            "exit_code": exit_code,
            "signal": number,
            "start_error": str(self._start_failure) if self._start_failure else None,
            "asked_by": self._asked_by,
            "output_bytes": self._output.length,
            "ended_leftovers": [_as_left(each) for each in self._ended_leftovers()],
            "kept_leftovers": [self._as_kept(each) for each in self._kept],
            "survivors": [_as_left(each, reason) for each, reason in foreign],
            "proof": self._proof,
        }

    def _as_kept(self, process: ProcessStat) -> dict[str, object]:
        """Return a process that goes on, with facts that identify it when its pid is reused."""
        inode = self._status.inode_of(process)
        return {**_as_left(process), "start_ticks": process.start_ticks, "pidfd_inode": inode}

    def _ended_leftovers(self) -> list[ProcessStat]:
        """Return the processes that outlived the command and were ended.

        After a stop, only those that had to be killed: the others were asked with the command.
        """
        if self._ending is None or self._child is None:
            return []
        asked = {} if self._asked_by is not None else self._ending.asked
        killed = {key(each): each for each in self._ending.killed}
        both = {**asked, **killed}
        return [each for each in both.values() if each.pid != self._child.pid][:LONGEST_LIST]

    # The terminal and the disk

    def _on_terminal(self, event: int) -> None:
        if event & WRITABLE:
            self._typing.type_on()
            self._clients.go_on_with_waiting()
        if event & ~WRITABLE:
            self._take_output()

    def _take_output(self) -> None:
        if self._output.has_unwritten:
            # poll reports a hang-up again and again, and with a full disk it cannot be handled.
            self._forget_terminal()
            return
        data, is_gone = self._terminal.read_available()
        if data:
            self._status.note_activity()
            is_on_disk = self._output.add(data)
            self._clients.show_new_output()
            if not is_on_disk:
                self._wait_for_disk()
        if is_gone:
            self._on_terminal_gone()

    def _on_terminal_gone(self) -> None:
        # With the command alive this is a program that hung up its terminal and may open it again.
        if self._child_status is not None or not self._terminal.reopen_slave():
            self._forget_terminal()

    def _forget_terminal(self) -> None:
        self._loop.forget(self._terminal.master)
        self._terminal_is_gone = True

    def _update_terminal_interest(self) -> None:
        if self._terminal_is_gone:
            return
        reads = 0 if self._output.has_unwritten else READABLE
        writes = WRITABLE if self._typing.waits_for_terminal else 0
        self._loop.change_interest(self._terminal.master, reads | writes)

    def _wait_for_disk(self) -> None:
        """Leave output in the terminal, which blocks the agent, until the disk takes it again."""
        log(f"output is not written: {self._output.disk_error}")
        self._update_terminal_interest()
        self._try_again(self._write_on)

    def _write_on(self) -> None:
        if not self._output.write_on():
            self._try_again(self._write_on)
            return
        self._retry_s = _SHORTEST_RETRY_S
        self._status.note_activity()
        self._clients.show_new_output()
        if self._terminal_is_gone and self._child_status is None:
            self._terminal_is_gone = False
            self._loop.watch(self._terminal.master, READABLE, self._on_terminal)
        self._update_terminal_interest()

    def _try_again(self, action: Callable[[], None]) -> None:
        self._loop.after("disk", self._retry_s, action)
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)


def _as_left(process: ProcessStat, reason: str | None = None) -> dict[str, object]:
    left: dict[str, object] = {"pid": process.pid, "name": process.name}
    if reason is None:
        return left
    return {**left, "reason": reason, "of_another_pod": reason != NOT_PERMITTED}
