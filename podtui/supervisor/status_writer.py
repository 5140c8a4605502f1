"""``status.json``: what the supervisor saw last, written only when something happened."""

from __future__ import annotations

import os
import time

from podtui.kernel import signals, times
from podtui.kernel.processes import ProcessGone, ProcessStat, pidfd_inode
from podtui.supervisor.descendants import Key, Tree, key
from podtui.supervisor.errors import describe
from podtui.supervisor.event_loop import EventLoop
from podtui.supervisor.log import log
from podtui.supervisor.output_file import OutputFile
from podtui.supervisor.pty import Terminal
from podtui.supervisor.run_directory import RunDirectory, now_text

APART_S = 1.0
_FIRST_AFTER_S = 0.2
SCANS_APART_S = 2.0
_SCAN_COST_FACTOR = 100
"""A look at the tree that took t is not repeated for 100 t: at most one percent of a core."""
MOST_DESCENDANTS = 500


class StatusWriter:
    """Writes the status record at most once a second, and never while nothing happens."""

    def __init__(
        self,
        loop: EventLoop,
        directory: RunDirectory,
        run: int,
        *,
        output: OutputFile,
        terminal: Terminal,
        tree: Tree,
    ) -> None:
        self._loop = loop
        self._directory = directory
        self._run = run
        self._output = output
        self._terminal = terminal
        self._tree = tree
        self._next_write = 0.0
        self._next_scan = 0.0
        self._inodes: dict[Key, int | None] = {}
        self._descendants: list[dict[str, object]] = []
        self._has_failed = False

    def begin(self) -> None:
        """Write the first record shortly after the start, when the command has had its moment."""
        self._loop.after("status", _FIRST_AFTER_S, self._write)

    def note_activity(self) -> None:
        """Write soon: output came, or a process ended."""
        if not self._loop.has_timer("status"):
            delay = max(self._next_write - time.monotonic(), 0.0)
            self._loop.after("status", delay, self._write)

    def stop(self) -> None:
        """Write no more: the exit record says it all."""
        self._loop.cancel("status")

    def _write(self) -> None:
        now = time.monotonic()
        scan_is_due = now >= self._next_scan
        if scan_is_due:
            self._scan(now)
        last = self._output.last_at_ns
        facts: dict[str, object] = {
            "run": self._run,
            "at": now_text(),
            "output_bytes": self._output.length,
            "last_output_at": None if last is None else times.rfc3339(last),
            "disk_error": self._output.disk_error,
            "sizes": self._terminal.sizes,
            "descendants": self._descendants,
        }
        try:
            self._directory.write_status(facts)
            self._has_failed = False
        except OSError as error:
            # A convenience for readers: the run goes on without it. Logged once per episode.
            if not self._has_failed:
                log(f"status.json was not written: {describe(error)}")
            self._has_failed = True
        self._next_write = time.monotonic() + APART_S
        if not scan_is_due:
            self._loop.after("status", max(self._next_scan - now, APART_S), self._write)

    def _scan(self, now: float) -> None:
        try:
            found = self._tree.survey().living[:MOST_DESCENDANTS]
        except OSError as error:
            log(f"could not look at the process tree: {describe(error)}")
        else:
            self._inodes = {key(each): self.inode_of(each) for each in found}
            self._descendants = [
                {
                    "pid": each.pid,
                    "start_ticks": each.start_ticks,
                    "name": each.name,
                    "pidfd_inode": self._inodes[key(each)],
                }
                for each in found
            ]
        cost = time.monotonic() - now
        self._next_scan = now + max(SCANS_APART_S, cost * _SCAN_COST_FACTOR)

    def inode_of(self, found: ProcessStat) -> int | None:
        """Return the pidfd inode of a process below, None where it cannot be had."""
        if key(found) in self._inodes:
            return self._inodes[key(found)]
        try:
            handle = signals.open_target(found.pid)
        except (OSError, ProcessGone):
            return None
        try:
            return pidfd_inode(handle)
        finally:
            os.close(handle)
