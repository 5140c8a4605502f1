"""How far the living have come, and whether one waits for its terminal."""

from __future__ import annotations

import msgspec

from podtui.core.model.records import RunRecord
from podtui.core.model.verdicts import Answer
from podtui.core.observe.facts import waited_for_s
from podtui.core.observe.memory import PodMemory
from podtui.core.observe.progress import ASK_TERMINAL_AFTER_S, read_progress
from podtui.core.store.store import Store
from podtui.kernel.identity import ProcessGone

TERMINAL_ASKED_AGAIN_S = 15.0


class Attention:
    """Keeps the progress of pods in their memories."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._proc = store.system.proc
        self._clock = store.system.clock

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
        has_moved = progress.output_bytes != before.output_bytes
        memory.progress = msgspec.structs.replace(
            progress, terminal=Answer.UNKNOWN if has_moved else before.terminal
        )
        self.ask_when_due(memory)

    def ask_when_due(self, memory: PodMemory) -> None:
        """Ask a quiet pod whether it waits for its terminal, unless it was asked a moment ago."""
        record = memory.live_record
        quiet = memory.progress.quiet_for(self._clock.monotonic())
        if record is None or quiet is None or quiet < ASK_TERMINAL_AFTER_S:
            memory.progress = msgspec.structs.replace(memory.progress, terminal=Answer.UNKNOWN)
            return
        asked_s_ago = self._clock.monotonic() - memory.terminal_asked_at
        # A program that starts slowly asks late: the longer it is quiet, the rarer the question.
        again_s = min(max(ASK_TERMINAL_AFTER_S, quiet / 2), TERMINAL_ASKED_AGAIN_S)
        if asked_s_ago >= again_s:
            memory.terminal_asked_at = self._clock.monotonic()
            answer = self._waits_for_terminal(record)
            memory.progress = msgspec.structs.replace(memory.progress, terminal=answer)

    def _started_awake(self, record: RunRecord | None) -> float | None:
        """Return when a run began, by the awake clock; None when its record does not tell.

        The record of a run from another boot says nothing by this clock, and no such run is live.
        """
        if record is None or record.reserved_awake_s is None:
            return None
        return self._clock.monotonic() - waited_for_s(self._store.system, record)

    def _waits_for_terminal(self, record: RunRecord) -> Answer:
        """Tell whether the program in the foreground is blocked reading the terminal."""
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
