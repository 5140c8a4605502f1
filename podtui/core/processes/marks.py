"""What a process says of itself: the mark a pod's command is given, or that it is a supervisor.

Marks are in the environment a program was started with. Whatever it starts has them too, unless it
clears them; another pod's supervisor never has one, and its command has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.paths import POD_ID_VARIABLE, RUN_FILE, STORE_VARIABLE
from podtui.core.processes.environment import RUN_VARIABLE
from podtui.core.processes.tree import identity_of
from podtui.core.store.codec import RecordProblem, read_record
from podtui.core.system.host import System
from podtui.kernel.identity import ProcessGone, ProcessStat

SUPERVISOR_ENTRY = "/podtui/supervisor/__main__.py"


class Mark(msgspec.Struct, frozen=True):
    """Which run a process was started in.

    Attributes:
        is_here: whether its store is this one.
        run: 0 when the mark does not tell it.
    """

    pod_id: str
    run: int
    is_here: bool

    def is_of(self, pod_id: str, run: int) -> bool:
        """Whether it is the mark of this run, in this store."""
        return self.is_here and (self.pod_id, self.run) == (pod_id, run)

    def words(self, pod_id: str) -> str:
        """Return whose it is, as it is told to somebody who looks at pod ``pod_id``."""
        if not self.is_here:
            return f"it belongs to pod {self.pod_id} of another store"
        if self.pod_id == pod_id:
            return f"it belongs to run {self.run} of this pod"
        return f"it belongs to pod {self.pod_id}"


class Marks:
    """Reads marks, each process once: for the length of one look.

    Attributes:
        hidden: pids of the processes that do not show their environment.
    """

    def __init__(self, system: System, root: Path) -> None:
        self._system = system
        self._root = str(root)
        self._homes: dict[str, bool] = {self._root: True}
        self._known: dict[tuple[int, int], Mark | None] = {}
        self.hidden: set[int] = set()

    def of(self, process: ProcessStat) -> Mark | None:
        """Return the mark of a process, None when it has none or hides it.

        Raises:
            ProcessGone: it ended meanwhile.
            OSError: could not tell.
        """
        key = (process.pid, process.start_ticks)
        if key not in self._known:
            self._known[key] = self._read(process.pid)
        return self._known[key]

    def _read(self, pid: int) -> Mark | None:
        try:
            environment = self._system.proc.environment_of(pid)
        except PermissionError:
            # It forbids being looked into (ssh-agent, what is setuid): no proof either way.
            self.hidden.add(pid)
            return None
        return self._mark_in(environment)

    def _mark_in(self, environment: Mapping[str, str]) -> Mark | None:
        pod_id = environment.get(POD_ID_VARIABLE)
        if not pod_id:
            return None
        number = environment.get(RUN_VARIABLE, "")
        run = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0  # noqa: PLR2004 - run numbers have six digits at most
        return Mark(pod_id, run, self._is_here(environment.get(STORE_VARIABLE, "")))

    def _is_here(self, home: str) -> bool:
        known = self._homes.get(home)
        if known is None:
            known = self._homes[home] = self._leads_here(home)
        return known

    def _leads_here(self, home: str) -> bool:
        if not home.startswith("/"):
            return False
        fs = self._system.fs
        try:
            return fs.resolved(home) == fs.resolved(self._root)
        except OSError:
            # A place nobody can look at is not this one, which is being looked at.
            return False


def supervisor_reason(system: System, process: ProcessStat) -> str | None:
    """Return why a process is taken for a supervisor, of whatever store; None when it is none.

    Arguments can be forged: a supervisor is named by the record in the directory it was given, or
    is just about to be.

    Raises:
        ProcessGone: it ended meanwhile.
        OSError: could not tell.
    """
    directory = _supervised_directory(system.proc.arguments_of(process.pid))
    if directory is None:
        return None
    record = read_record(system.fs, Path(directory) / RUN_FILE, RunRecord)
    if isinstance(record, RecordProblem):
        return f"it may be the supervisor of the run in {directory}"
    if record.supervisor is None:
        return f"it may be the supervisor that is starting the run in {directory}"
    for each in (record.supervisor, record.child):
        # The command has its supervisor's arguments until it has become itself.
        if each is not None and each.pid == process.pid:
            answer, _ = system.proc.is_there(identity_of(each))
            if answer is not Answer.NO:
                return f"it is the supervisor of the run in {directory}"
    return None


def _supervised_directory(arguments: list[str]) -> str | None:
    for place, argument in enumerate(arguments[:-1]):
        if argument.endswith(SUPERVISOR_ENTRY):
            return arguments[place + 1]
    return None


def is_gone(system: System, process: ProcessStat) -> bool:
    """Whether a process has ended, or its number is another's, since it was looked at."""
    try:
        return system.proc.stat(process.pid).start_ticks != process.start_ticks
    except ProcessGone:
        return True
