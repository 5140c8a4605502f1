"""What the probes of every host share: collecting evidence, and the answers any host needs.

An owner writes the exit record before it gives up its claim. So an exit record that is there
decides, whenever it is read; that there is none is believed only when it was looked for last: a
claim found free is never combined with an exit record that came a moment later.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.hosts.interface.facts import Pong, RunFacts, RunProbe
from podtui.core.model.records import ExitRecord, IdentityRecord, RunRecord
from podtui.core.model.verdicts import Answer, Evidence, Probe
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import ProblemKind, RecordProblem, encode_json
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words
from podtui.core.system.proc import Sighting
from podtui.core.system.system import System


class Probing:
    """Collects the evidence of one probe of a run.

    Attributes:
        evidence: one entry for each question asked so far.
        seen: the recorded processes that were looked for.
        was_refused: the kernel or the disk refused to tell something.
    """

    def __init__(self, store: Store, name: str, run: int) -> None:
        self._store = store
        self._name = name
        self._run = run
        self._at: datetime = store.system.clock.now()
        self.evidence: list[Evidence] = []
        self.seen: dict[Probe, Sighting] = {}
        self.was_refused = False

    def note(self, probe: Probe, answer: Answer, detail: str) -> Answer:
        """Record one observation and return its answer."""
        self.evidence.append(Evidence(probe=probe, answer=answer, detail=detail, at=self._at))
        return answer

    def note_refusal(self, probe: Probe, detail: str) -> Answer:
        """Record that the kernel or the disk refused to tell."""
        self.was_refused = True
        return self.note(probe, Answer.UNKNOWN, detail)

    def machine(self, record: RunRecord) -> Answer:
        """Ask whether this is the machine of the run."""
        own = self._store.system.machine_id
        if record.machine_id == own:
            return self.note(Probe.MACHINE, Answer.YES, "this machine")
        if not own:
            detail = f"this machine has no id to compare with {record.machine_id}"
            return self.note(Probe.MACHINE, Answer.UNKNOWN, detail)
        detail = f"belongs to host {record.machine_id or 'unnamed'}"
        return self.note(Probe.MACHINE, Answer.NO, detail)

    def boot(self, record: RunRecord) -> Answer:
        """Ask whether this is the boot of the run."""
        try:
            own = self._store.system.proc.boot_id()
        except OSError as error:
            return self.note_refusal(Probe.BOOT, f"boot id: {errno_words(error)}")
        if own == record.boot_id:
            return self.note(Probe.BOOT, Answer.YES, "same boot")
        return self.note(Probe.BOOT, Answer.NO, "the host was restarted since")

    def lock(self) -> Answer:
        """Ask whether a process holds the run's lock."""
        path = self._store.paths.pod(self._name).run(self._run).lock
        try:
            held = self._store.system.fs.is_locked(path)
        except FileNotFoundError:
            # The lock is made with the run: a missing file says nothing about its holder.
            return self.note(Probe.LOCK, Answer.UNKNOWN, f"{path} is missing")
        except OSError as error:
            return self.note_refusal(Probe.LOCK, f"{path}: {errno_words(error)}")
        return self.note(Probe.LOCK, Answer.YES if held else Answer.NO, "held" if held else "free")

    def process(self, probe: Probe, record: IdentityRecord) -> Answer:
        """Ask whether a recorded process is there."""
        seen = self._store.system.proc.sight(identity_of(record))
        self.seen[probe] = seen
        self.was_refused |= seen.answer is Answer.UNKNOWN
        return self.note(probe, seen.answer, seen.detail)

    def exit(self, record: ExitRecord | RecordProblem) -> Answer:
        """Record whether the run has an exit record."""
        if not isinstance(record, RecordProblem):
            return self.note(Probe.EXIT_RECORD, Answer.YES, "there is an exit record of this run")
        if record.is_missing:
            return self.note(Probe.EXIT_RECORD, Answer.NO, "none")
        self.was_refused |= record.kind is ProblemKind.NOT_READ
        return self.note(Probe.EXIT_RECORD, Answer.UNKNOWN, record.sentence())

    def result(
        self,
        answers: RunFacts,
        record: RunRecord | RecordProblem,
        ended: ExitRecord | RecordProblem,
        *,
        known_pong: Pong | None = None,
    ) -> RunProbe:
        """Return what was found."""
        return RunProbe(
            self._name,
            self._run,
            answers,
            tuple(self.evidence),
            record,
            ended,
            owner=self.seen.get(Probe.SUPERVISOR),
            command=self.seen.get(Probe.CHILD),
            known_pong=known_pong,
            was_refused=self.was_refused,
        )

    def finished(
        self,
        answers: RunFacts,
        record: RunRecord,
        pod_id: str | None,
        *,
        known_pong: Pong | None = None,
    ) -> RunProbe:
        """Return what was found of a run that had no exit record; look for that once more."""
        if pod_id not in {None, record.pod_id}:
            path = self._store.paths.pod(self._name).run(self._run).record
            detail = f"{path} is of pod {record.pod_id}, not of this one"
            self.note(Probe.RECORD, Answer.UNKNOWN, detail)
            answers = msgspec.structs.replace(answers, started=Answer.UNKNOWN)
        ended = self._store.exit_record(self._name, self._run, pod_id or record.pod_id)
        answers = msgspec.structs.replace(answers, exit_record=self.exit(ended))
        return self.result(answers, record, ended, known_pong=known_pong)


def probe_without_record(
    store: Store, problem: RecordProblem, *, name: str, run: int, pod_id: str | None
) -> RunProbe:
    """Probe a run whose record cannot be read: its lock and its exit record are all there is."""
    probing = Probing(store, name, run)
    probing.note(Probe.RECORD, Answer.UNKNOWN, problem.sentence())
    probing.was_refused |= problem.kind is ProblemKind.NOT_READ
    claimed = probing.lock()
    ended = store.exit_record(name, run, pod_id)
    answers = RunFacts(exit_record=probing.exit(ended), claimed=claimed)
    return probing.result(answers, problem, ended)


def waited_for_s(system: System, record: RunRecord) -> float:
    """Return how long ago a run was reserved, in seconds in which this machine was awake.

    A machine that was asleep during a start has given no host the time to begin the run.
    """
    if record.reserved_awake_s is not None:
        return system.clock.monotonic() - record.reserved_awake_s
    return system.clock.boottime() - record.reserved_boottime_s


def never_began(store: Store, run: RunRecord, why: str) -> bytes:
    """Return the exit record of a run that can never begin any more."""
    now = store.system.clock.now()
    return encode_json(ExitRecord(pod_id=run.pod_id, run=run.run, ended_at=now, start_error=why))
