"""Probes the progress of live runs, whether they wait for input, and the CPU use of tools."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from podtui.core.hosts.interface.probing import waited_for_s
from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.observe.journal.stalls import judged_before
from podtui.core.observe.memory import PodMemory
from podtui.core.observe.progress.cpu_work import sample_cpu
from podtui.core.observe.progress.new_output import Before, NewOutput, is_in_sight
from podtui.core.observe.progress.progress import (
    ASK_TERMINAL_AFTER_S,
    Progress,
    read_progress,
    stall_limit_s,
)
from podtui.core.observe.progress.stall_rules import is_chattering
from podtui.core.observe.waiting_on import pods_waited_for
from podtui.core.output.index import row_covering
from podtui.core.paths import RunPaths
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words
from podtui.kernel.processes import ProcessGone

TERMINAL_ASKED_AGAIN_S = 15.0
JUDGED_AGAIN_S = 5.0
"""The output of a run with progress is judged at most this often: thresholds are minutes long."""
JUDGED_FROM_SHARE = 0.5
"""A run younger than this share of its threshold cannot stall soon: its output is not judged."""
PAUSE_S = 1.0
"""After so much silence an unfinished line is judged as it is."""
JUDGED_BYTES_PER_SCAN = 1024 * 1024
"""Bytes of output that are judged in one scan of all pods; the rest is judged in the next scan."""
WEIGHED_AGAIN_S = 15.0


class SlowProbes:
    """Keeps the progress, terminal and CPU fields of the pod memories up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._proc = store.system.proc
        self._clock = store.system.clock
        self._bytes_left = 0

    def begin_scan(self) -> None:
        """Begin a scan: what one scan may read is bounded."""
        self._bytes_left = JUDGED_BYTES_PER_SCAN

    def watch(self, memory: PodMemory) -> None:
        """Read how far a pod's output has come."""
        if memory.look is None:
            return
        before = memory.progress
        paths = self._store.paths.pod(memory.name).run(memory.run)
        started = self._started_awake(memory.run_record)
        progress = read_progress(
            self._store.system, paths, started_awake=started, is_over=memory.has_ended
        )
        if progress.trouble and not progress.output_bytes:
            progress = msgspec.structs.replace(progress, output_bytes=before.output_bytes)
        if not memory.has_ended:
            progress = self._with_new_output(memory, paths, progress, started)
        has_moved = progress.output_bytes != before.output_bytes
        memory.progress = msgspec.structs.replace(
            progress, terminal=Answer.UNKNOWN if has_moved else before.terminal
        )
        self.ask_when_due(memory)

    def _with_new_output(
        self, memory: PodMemory, paths: RunPaths, progress: Progress, started: float | None
    ) -> Progress:
        """Judge a run's output when that is due, and add when its last new output came."""
        if progress.trouble:
            return progress
        try:
            if self._is_due(memory, progress, started):
                self._judge(memory, paths, progress)
            return self._with_progress(memory, paths, progress, started)
        except OSError as error:
            return msgspec.structs.replace(
                progress, trouble=f"{paths.output}: {errno_words(error)}"
            )

    def _is_due(self, memory: PodMemory, progress: Progress, started: float | None) -> bool:
        now, limit = self._clock.monotonic(), stall_limit_s(memory.record)
        quiet = progress.quiet_for(now)
        if quiet is None or not progress.output_bytes or self._bytes_left <= 0:
            return False
        if memory.new_output is None:
            is_young = started is not None and now - started < JUDGED_FROM_SHARE * limit
            # A run that is silent for its whole threshold is stalled, whatever it printed before.
            return not is_young and quiet < limit
        stuck = memory.progress.stuck_for(now)
        is_near = stuck is None or stuck >= JUDGED_FROM_SHARE * limit
        return is_near or now - memory.judged_at >= JUDGED_AGAIN_S

    def _judge(self, memory: PodMemory, paths: RunPaths, progress: Progress) -> None:
        now = self._clock.monotonic()
        new_output, before = memory.new_output or NewOutput(), None
        if memory.new_output is None and not is_in_sight(progress.output_bytes):
            before = self._judged_before(memory)
        is_pausing = (progress.quiet_for(now) or 0.0) >= PAUSE_S
        read = new_output.judge(
            self._store.system.fs,
            paths.output,
            progress.output_bytes,
            is_pausing=is_pausing,
            before=before,
        )
        memory.new_output, memory.judged_at = new_output, now
        self._bytes_left -= read

    def _judged_before(self, memory: PodMemory) -> Before | None:
        """Return what another observer has recorded, None when there is no such record."""
        marker = self._store.stalled_marker(memory.name, memory.run)
        if isinstance(marker, RecordProblem) or memory.run_record is None:
            return None
        return judged_before(marker, memory.run_record.pod_id, memory.run)

    def _with_progress(
        self, memory: PodMemory, paths: RunPaths, progress: Progress, started: float | None
    ) -> Progress:
        new_output = memory.new_output
        if new_output is None:
            return progress
        if new_output.end == 0:
            since, wall = started, memory.run_record.reserved_at if memory.run_record else None
        elif memory.progress.progress_offset == new_output.end and memory.progress.progress_since:
            since, wall = memory.progress.progress_since, memory.progress.progress_sure_at
        else:
            row = row_covering(self._store.system.fs, paths.index, new_output.end)
            since = row.awake_s if row else None
            wall = datetime.fromtimestamp(row.wall_s, UTC) if row else None
        return msgspec.structs.replace(
            progress,
            progress_since=since,
            progress_offset=new_output.end,
            progress_sure_at=wall if new_output.is_sure else None,
        )

    def ask_when_due(self, memory: PodMemory) -> None:
        """Probe the CPU use and the terminal of a pod that is quiet or makes no progress."""
        self._weigh_when_due(memory)
        self._ask_terminal_when_due(memory)

    def _weigh_when_due(self, memory: PodMemory) -> None:
        """Sample the CPU use of a run that is about to be called stalled, at intervals."""
        now, limit = self._clock.monotonic(), stall_limit_s(memory.record)
        again_s = min(WEIGHED_AGAIN_S, limit / 2)
        record = memory.live_record
        quiet, stuck = memory.progress.quiet_for(now), memory.progress.stuck_for(now)
        # The first sample is taken early, so that there are two when the threshold is reached.
        if record is None or quiet is None or stuck is None or stuck < limit - again_s:
            memory.weighing = None
            return
        before = memory.weighing
        if before is None or now - before.at >= again_s:
            weighing = sample_cpu(
                self._store,
                record,
                before=before.sample if before else None,
                stuck_s=stuck,
                is_chatter=is_chattering(quiet, stuck, limit),
            )
            processes = weighing.sample.processes if weighing.sample else ()
            peers = pods_waited_for(self._proc, processes)
            memory.weighing = msgspec.structs.replace(weighing, peers=peers)

    def _ask_terminal_when_due(self, memory: PodMemory) -> None:
        """Probe whether a quiet pod waits for its terminal, unless this was done a moment ago."""
        record = memory.live_record
        quiet = memory.progress.quiet_for(self._clock.monotonic())
        if record is None or quiet is None or quiet < ASK_TERMINAL_AFTER_S:
            memory.progress = msgspec.structs.replace(memory.progress, terminal=Answer.UNKNOWN)
            return
        asked_s_ago = self._clock.monotonic() - memory.terminal_asked_at
        # A program may take long until it prompts: the longer it is quiet, the rarer the probe.
        again_s = min(max(ASK_TERMINAL_AFTER_S, quiet / 2), TERMINAL_ASKED_AGAIN_S)
        if asked_s_ago >= again_s:
            memory.terminal_asked_at = self._clock.monotonic()
            answer = self._waits_for_terminal(record)
            memory.progress = msgspec.structs.replace(memory.progress, terminal=answer)

    def _started_awake(self, record: RunRecord | None) -> float | None:
        """Return when a run began, by the awake clock; None when its record does not have it.

        In a record from another boot this clock means nothing, but no run of another boot is live.
        """
        if record is None or record.reserved_awake_s is None:
            return None
        return self._clock.monotonic() - waited_for_s(self._store.system, record)

    def _waits_for_terminal(self, record: RunRecord) -> Answer:
        """Return whether the program in the foreground is blocked reading the terminal."""
        if record.child is None:
            return Answer.UNKNOWN
        try:
            child = self._proc.stat(record.child.pid)
            tree = [child, *self._proc.descendants(child.pid)]
        except (ProcessGone, OSError):
            return Answer.UNKNOWN
        in_front = [each.pid for each in tree if each.group == child.foreground_group]
        answers = {self._proc.blocked_on_terminal(pid) for pid in in_front}
        first = (each for each in (Answer.YES, Answer.UNKNOWN) if each in answers)
        return next(first, Answer.NO)
