"""Looking at one run: every probe once, each with its answer and its time.

A supervisor writes the exit record before it lets its lock go. So an exit record that is there
decides, whenever it is read; that there is none is only believed when it was looked for last: a
lock found free is never seen together with an exit record that came meanwhile.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from podtui.core.hosts.facts import RunFacts
from podtui.core.hosts.pty.ping import Pong
from podtui.core.model.records import ExitRecord, IdentityRecord, RunRecord
from podtui.core.model.verdicts import Answer, Evidence, Probe
from podtui.core.processes.sample import identity_of
from podtui.core.store.codec import ProblemKind, RecordProblem
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words
from podtui.core.system.proc import Sighting
from podtui.core.system.system import System

SETTLE_MS = 50
"""How long a supervisor that let its lock go is given to be gone: both happen in its exit."""


class RunLook(msgspec.Struct, frozen=True):
    """One look at one run: the answers, in words too, and the records they came from."""

    name: str
    run: int
    answers: RunFacts
    evidence: tuple[Evidence, ...]
    record: RunRecord | RecordProblem
    exit: ExitRecord | RecordProblem
    supervisor: Sighting | None = None
    child: Sighting | None = None
    was_refused: bool = False
    """Whether the kernel or the disk refused to tell something."""


class RunProbe:
    """Collects the evidence of one look."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._at: datetime = system.clock.now()
        self.evidence: list[Evidence] = []
        self.seen: dict[Probe, Sighting] = {}
        self.was_refused = False

    def note(self, probe: Probe, answer: Answer, detail: str) -> Answer:
        """Write one observation down and return its answer."""
        self.evidence.append(Evidence(probe=probe, answer=answer, detail=detail, at=self._at))
        return answer

    def note_refusal(self, probe: Probe, detail: str) -> Answer:
        """Write down that the kernel or the disk refused to tell."""
        self.was_refused = True
        return self.note(probe, Answer.UNKNOWN, detail)


def probe_run(
    store: Store, name: str, run: int, pod_id: str | None, *, settle_ms: int = SETTLE_MS
) -> RunLook:
    """Ask every probe but the socket about one run.

    Of a run that has ended by its own exit record only the lock is asked besides.
    """
    look = RunProbe(store.system)
    record = store.run_record(name, run)
    if isinstance(record, RecordProblem):
        return _look_without_record(store, look, record, name=name, run=run, pod_id=pod_id)
    ended = store.exit_record(name, run, pod_id or record.pod_id)
    if isinstance(ended, ExitRecord):
        answers = RunFacts(exit_record=_exit_answer(look, ended))
        if record.machine_id == store.system.machine_id:
            answers = msgspec.structs.replace(answers, lock=_lock_answer(store, look, name, run))
        return RunLook(name, run, answers, tuple(look.evidence), record, ended)
    answers = _answers(store, look, name, record, settle_ms)
    if pod_id not in {None, record.pod_id}:
        path = store.paths.pod(name).run(run).record
        detail = f"{path} is of pod {record.pod_id}, not of this one"
        look.note(Probe.RECORD, Answer.UNKNOWN, detail)
        answers = msgspec.structs.replace(answers, started=Answer.UNKNOWN)
    ended = store.exit_record(name, run, pod_id or record.pod_id)
    answers = msgspec.structs.replace(answers, exit_record=_exit_answer(look, ended))
    return RunLook(
        name,
        run,
        answers,
        tuple(look.evidence),
        record,
        ended,
        supervisor=look.seen.get(Probe.SUPERVISOR),
        child=look.seen.get(Probe.CHILD),
        was_refused=look.was_refused,
    )


def _look_without_record(
    store: Store, look: RunProbe, problem: RecordProblem, *, name: str, run: int, pod_id: str | None
) -> RunLook:
    """Without the run's record only its lock and its exit record can be asked about."""
    look.note(Probe.RECORD, Answer.UNKNOWN, problem.sentence())
    look.was_refused |= problem.kind is ProblemKind.NOT_READ
    lock = _lock_answer(store, look, name, run)
    exit_record = store.exit_record(name, run, pod_id)
    answers = RunFacts(exit_record=_exit_answer(look, exit_record), lock=lock)
    return RunLook(
        name,
        run,
        answers,
        tuple(look.evidence),
        problem,
        exit_record,
        was_refused=look.was_refused,
    )


def _answers(
    store: Store, look: RunProbe, name: str, record: RunRecord, settle_ms: int
) -> RunFacts:
    machine = _machine_answer(store, look, record)
    boot = _boot_answer(store, look, record)
    started = record.supervisor is not None
    look.note(
        Probe.STARTED,
        Answer.YES if started else Answer.NO,
        "the run record names its supervisor" if started else "the run number is only reserved",
    )
    here = machine is Answer.YES and boot is Answer.YES
    # On another machine or boot the numbers mean other processes: they are not even looked at.
    lock = _lock_answer(store, look, name, record.run) if here else Answer.UNKNOWN
    supervisor = Answer.UNKNOWN
    if here and record.supervisor is not None:
        supervisor = _process_answer(store, look, Probe.SUPERVISOR, record.supervisor)
        if lock is Answer.NO and supervisor is Answer.YES:
            supervisor = _settled_answer(store, look, record.supervisor, settle_ms)
    if here and record.child is not None:
        _process_answer(store, look, Probe.CHILD, record.child)
    waited = waited_for_s(store.system, record)
    return RunFacts(
        started=Answer.YES if started else Answer.NO,
        lock=lock,
        supervisor=supervisor,
        boot=boot,
        machine=machine,
        deadline_passed=here and waited > record.starting_deadline_s,
    )


def waited_for_s(system: System, record: RunRecord) -> float:
    """Return for how long a run is reserved, in seconds in which the host was awake.

    A host that slept in the middle of a start has given nobody the time to take the run up.
    """
    if record.reserved_awake_s is not None:
        return system.clock.monotonic() - record.reserved_awake_s
    return system.clock.boottime() - record.reserved_boottime_s


def _machine_answer(store: Store, look: RunProbe, record: RunRecord) -> Answer:
    own = store.system.machine_id
    if record.machine_id == own:
        return look.note(Probe.MACHINE, Answer.YES, "this machine")
    if not own:
        detail = f"this machine has no id to compare with {record.machine_id}"
        return look.note(Probe.MACHINE, Answer.UNKNOWN, detail)
    return look.note(Probe.MACHINE, Answer.NO, f"belongs to host {record.machine_id or 'unnamed'}")


def _boot_answer(store: Store, look: RunProbe, record: RunRecord) -> Answer:
    try:
        own = store.system.proc.boot_id()
    except OSError as error:
        return look.note_refusal(Probe.BOOT, f"boot id: {errno_words(error)}")
    if own == record.boot_id:
        return look.note(Probe.BOOT, Answer.YES, "same boot")
    return look.note(Probe.BOOT, Answer.NO, "the host was restarted since")


def _lock_answer(store: Store, look: RunProbe, name: str, run: int) -> Answer:
    path = store.paths.pod(name).run(run).lock
    try:
        held = store.system.fs.is_locked(path)
    except FileNotFoundError:
        # The lock is made with the run: a missing file says nothing about its holder.
        return look.note(Probe.LOCK, Answer.UNKNOWN, f"{path} is missing")
    except OSError as error:
        return look.note_refusal(Probe.LOCK, f"{path}: {errno_words(error)}")
    return look.note(Probe.LOCK, Answer.YES if held else Answer.NO, "held" if held else "free")


def _process_answer(store: Store, look: RunProbe, probe: Probe, record: IdentityRecord) -> Answer:
    seen = store.system.proc.sight(identity_of(record))
    look.seen[probe] = seen
    look.was_refused |= seen.answer is Answer.UNKNOWN
    return look.note(probe, seen.answer, seen.detail)


def _settled_answer(store: Store, look: RunProbe, record: IdentityRecord, settle_ms: int) -> Answer:
    """Look again at a supervisor that let its lock go and was still there a moment ago."""
    look.evidence.pop()
    try:
        store.system.proc.ends_within(record.pid, settle_ms)
    except OSError as error:
        return look.note_refusal(Probe.SUPERVISOR, errno_words(error))
    return _process_answer(store, look, Probe.SUPERVISOR, record)


def _exit_answer(look: RunProbe, record: ExitRecord | RecordProblem) -> Answer:
    if not isinstance(record, RecordProblem):
        return look.note(Probe.EXIT_RECORD, Answer.YES, "there is an exit record of this run")
    if record.is_missing:
        return look.note(Probe.EXIT_RECORD, Answer.NO, "none")
    look.was_refused |= record.kind is ProblemKind.NOT_READ
    return look.note(Probe.EXIT_RECORD, Answer.UNKNOWN, record.sentence())


def with_socket(look: RunLook, pong: Pong, at: datetime) -> RunLook:
    """Return the look with what the run's socket answered."""
    said = Evidence(probe=Probe.SOCKET, answer=pong.answer, detail=pong.detail, at=at)
    kept = tuple(each for each in look.evidence if each.probe is not Probe.SOCKET)
    return msgspec.structs.replace(
        look,
        answers=msgspec.structs.replace(look.answers, socket=pong.answer),
        evidence=(*kept, said),
    )
