"""Which descendants of a supervisor belong to its run, and which to another pod."""

from __future__ import annotations

import os

from podtui.kernel import processes, signals
from podtui.kernel.processes import ProcessGone, ProcessStat
from podtui.kernel.termination import NOT_PERMITTED, request_to_end, supervised_directory
from podtui.supervisor import run_directory

POD_VARIABLE = "PODTUI_POD_ID"
Key = tuple[int, int]


def key(found: ProcessStat) -> Key:
    """Return what distinguishes a process from all others within one scan."""
    return (found.pid, found.start_ticks)


class Descendants:
    """The tree at one moment; a hint, never a proof that nothing is there.

    Attributes:
        own: processes of this run, parents before children, including zombies.
        foreign: processes of others, each with the reason; their descendants were not read.
    """

    def __init__(self) -> None:
        self.own: list[ProcessStat] = []
        self.foreign: list[tuple[ProcessStat, str]] = []

    @property
    def living(self) -> list[ProcessStat]:
        """Own processes that have not exited."""
        return [each for each in self.own if not each.has_exited]


class Tree:
    """All descendants of this supervisor, which as a subreaper is an ancestor of its whole run.

    A supervisor of another pod that was started inside this one becomes our descendant too, and so
    do that pod's processes when it is lost. Both belong to that pod and are never ended here.
    """

    def __init__(self, pod_id: str, run_directory_path: str) -> None:
        self._pod_id = pod_id
        self._own_directory = _node(run_directory_path)
        self._has_seen_inner = False
        self._not_permitted: dict[Key, str] = {}

    def survey(self) -> Descendants:
        """Read all descendants.

        Raises:
            OSError: they could not be read.
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
        """Return why a descendant does not belong to this run, or None when it does.

        Raises:
            ProcessGone: it ended meanwhile.
        """
        if stat.has_exited:
            return None
        directory = _supervised_directory(stat.pid)
        if directory is None:
            return self._reason_in_environment(stat)
        if _node(directory) == self._own_directory:
            return None  # our own command, between fork and exec
        self._has_seen_inner = True
        return _supervisor_reason(directory, stat)

    def _reason_in_environment(self, stat: ProcessStat) -> str | None:
        try:
            pod_id = processes.read_environ(stat.pid).get(POD_VARIABLE)
        except OSError:
            # A process that hides its environment (ssh-agent, setuid programs) counts as ours,
            # unless another pod was ever seen here: then it may be an orphan of that pod.
            return "its environment cannot be read" if self._has_seen_inner else None
        if pod_id is None or pod_id == self._pod_id:
            return None
        return f"it belongs to pod {pod_id}"

    def ask(self, targets: list[ProcessStat]) -> None:
        """Ask processes of a scan to end."""
        known = {each.pid for each in targets} | {os.getpid()}
        for each in targets:
            self._signal_one(each, known, request_to_end(each.pid))

    def signal(self, targets: list[ProcessStat], *numbers: int) -> set[Key]:
        """Send signals to processes of a scan; return those that got them.

        Each is read again through a pidfd: one that is another process by now, belongs to another
        pod, or has left this tree gets nothing.
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
    return supervised_directory(arguments)


def _supervisor_reason(directory: str, stat: ProcessStat) -> str | None:
    """Return why an apparent supervisor is protected; None when the run's record denies it."""
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
    # Compared one by one: a forged record may hold values that cannot be hashed.
    return all(recorded.get(each) is None or recorded[each] == now[each] for each in keys)


def _node(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino)
