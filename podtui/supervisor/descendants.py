"""Finds the descendants that a supervisor may end, leaving out those of other pods."""

from __future__ import annotations

import os

from podtui.kernel import processes, signals
from podtui.kernel.processes import ProcessGone, ProcessStat
from podtui.supervisor import run_directory
from podtui.supervisor.signalling import SIGCONT, SIGHUP, SIGTERM

ENTRY = "/podtui/supervisor/__main__.py"
NOT_PERMITTED = "this user may not signal it"
POD_VARIABLE = "PODTUI_POD_ID"
Key = tuple[int, int]


def key(found: ProcessStat) -> Key:
    """Return the key that identifies a process within one scan."""
    return (found.pid, found.start_ticks)


class Descendants:
    """One scan of the tree; a hint, never a proof that nothing is there.

    Attributes:
        own: processes of this run, parents before children, those that only wait to be reaped too.
        foreign: processes that are not ours to end, each with the reason; what is below them was
            not looked at.
    """

    def __init__(self) -> None:
        self.own: list[ProcessStat] = []
        self.foreign: list[tuple[ProcessStat, str]] = []

    @property
    def living(self) -> list[ProcessStat]:
        """Own processes that have not exited."""
        return [each for each in self.own if not each.has_exited]


class Tree:
    """Everything below this supervisor, which as a subreaper is above all its run ever starts.

    A supervisor of another pod that was started from inside this one comes to be below us too, and
    so do that pod's processes when it is lost. Neither is ours to end.
    """

    def __init__(self, pod_id: str, run_directory_path: str) -> None:
        self._pod_id = pod_id
        self._own_directory = _node(run_directory_path)
        self._has_seen_inner = False
        self._not_permitted: dict[Key, str] = {}

    def survey(self) -> Descendants:
        """Look at every process below.

        Raises:
            OSError: could not look.
        """
        found = Descendants()
        pending = [os.getpid()]
        seen = set(pending)
        while pending:
            parent = pending.pop()
            for pid in _children_or_none(parent):
                if pid not in seen:
                    seen.add(pid)
                    self._sort_in(found, pid, pending)
        return found

    def _sort_in(self, found: Descendants, pid: int, pending: list[int]) -> None:
        try:
            stat = processes.read_stat(pid)
            reason = self._not_permitted.get(key(stat)) or self.foreign_reason(stat)
        except ProcessGone:
            return
        if reason is None:
            found.own.append(stat)
            pending.append(pid)
            return
        found.foreign.append((stat, reason))
        if key(stat) in self._not_permitted:
            pending.append(pid)

    def foreign_reason(self, stat: ProcessStat) -> str | None:
        """Return why a process below us is not ours to end, or None when it is.

        Raises:
            ProcessGone: it ended meanwhile.
        """
        if stat.has_exited:
            return None
        directory = _supervised_directory(stat.pid)
        if directory is None:
            return self._reason_in_environment(stat)
        if _node(directory) == self._own_directory:
            return None  # our own command, which has not become itself yet
        self._has_seen_inner = True
        return _supervisor_reason(directory, stat)

    def _reason_in_environment(self, stat: ProcessStat) -> str | None:
        try:
            pod_id = processes.read_environ(stat.pid).get(POD_VARIABLE)
        except OSError:
            # A process that hides its environment (ssh-agent, anything setuid) is ours as all
            # below us is, unless another pod was ever seen here, whose orphan it may be.
            return "its environment cannot be read" if self._has_seen_inner else None
        if pod_id is None or pod_id == self._pod_id:
            return None
        return f"it belongs to pod {pod_id}"

    def ask(self, targets: list[ProcessStat]) -> None:
        """Ask processes of a survey to end."""
        known = {each.pid for each in targets} | {os.getpid()}
        for each in targets:
            self._signal_one(each, known, _request_to(each))

    def signal(self, targets: list[ProcessStat], *numbers: int) -> set[Key]:
        """Send signals to processes of a survey; return those that got them.

        Each is looked at again through a pidfd, so that what was another process by then, has
        become another pod's, or left this tree gets nothing.
        """
        known = {each.pid for each in targets} | {os.getpid()}
        return {key(each) for each in targets if self._signal_one(each, known, numbers)}

    def _signal_one(self, target: ProcessStat, known: set[int], numbers: tuple[int, ...]) -> bool:
        try:
            handle = signals.open_target(target.pid)
        except ProcessGone:
            return False
        try:
            now = processes.read_stat(target.pid)
            is_the_same = now.start_ticks == target.start_ticks and now.parent in known
            if not is_the_same or self.foreign_reason(now) is not None:
                return False
            return all(signals.send(handle, number) for number in numbers)
        except ProcessGone:
            return False
        except PermissionError:
            self._not_permitted[key(target)] = NOT_PERMITTED
            return False
        finally:
            os.close(handle)


def _request_to(target: ProcessStat) -> tuple[int, ...]:
    """Return what asks a process to end, and makes a stopped one hear it.

    An interactive shell does nothing on TERM and ends on HUP, as when its terminal is closed. HUP
    goes only to those that ignore TERM or handle HUP: it would end any other in the middle of what
    it does on TERM.
    """
    try:
        ignored, caught = processes.ignored_and_caught(target.pid)
    except (ProcessGone, OSError, ValueError):
        ignored, caught = 0, 0
    hears_hup = ignored >> (SIGTERM - 1) & 1 or caught >> (SIGHUP - 1) & 1
    return (SIGTERM, SIGHUP, SIGCONT) if hears_hup else (SIGTERM, SIGCONT)


def _children_or_none(pid: int) -> list[int]:
    try:
        return processes.children_of(pid)
    except ProcessGone:
        return []


def _supervised_directory(pid: int) -> str | None:
    """Return the run directory in a supervisor's arguments, or None for other programs."""
    try:
        arguments = processes.read_arguments(pid)
    except OSError:
        return None
    for index, argument in enumerate(arguments[:-1]):
        if argument.endswith(ENTRY):
            return arguments[index + 1]
    return None


def _supervisor_reason(directory: str, stat: ProcessStat) -> str | None:
    """Return why what looks like a supervisor is protected; None when its record denies it."""
    try:
        record = run_directory.read_record(f"{directory}/{run_directory.RUN_FILE}")
    except (OSError, ValueError):
        return f"it may be the supervisor of the run in {directory}"
    named = [record.get("supervisor"), record.get("child")]
    if named[0] is None:
        return f"it may be the supervisor that is starting the run in {directory}"
    if any(_is_named_by(each, stat) for each in named):
        return f"it is the supervisor of the run in {directory}"
    return None


def _is_named_by(recorded: object, stat: ProcessStat) -> bool:
    if not isinstance(recorded, dict):
        return False
    try:
        now = processes.identify(stat.pid).as_record()
    except OSError:
        return True  # could not tell: in doubt it is protected
    keys = ("pid", "start_ticks", "boot_id", "pidfd_inode")
    # Compared, not looked up: the record may be forged, and hold what no set can hold.
    return all(recorded.get(each) is None or recorded[each] == now[each] for each in keys)


def _node(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino)
