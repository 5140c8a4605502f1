"""Probing a run under a supervisor: its lock, its recorded processes, its exit record."""

from __future__ import annotations

import msgspec

from podtui.core.hosts.interface.facts import Pong, RunFacts, RunProbe
from podtui.core.hosts.interface.probing import Probing, waited_for_s
from podtui.core.model.records import ExitRecord, IdentityRecord, RunRecord
from podtui.core.model.verdicts import Answer, Probe
from podtui.core.store.store import Store
from podtui.core.system.fs import errno_words

EXIT_WAIT_MS = 50
"""How long a supervisor that released its lock may take to exit: both happen at its end."""
STOPPED = Pong(Answer.NO, "it is stopped (SIGSTOP), and was not asked")


def probe_run(
    store: Store, name: str, record: RunRecord, pod_id: str | None, *, patient: bool
) -> RunProbe:
    """Probe everything of one run except its socket.

    For a run with an exit record, only the lock is probed as well.
    """
    probing = Probing(store, name, record.run)
    ended = store.exit_record(name, record.run, pod_id or record.pod_id)
    if isinstance(ended, ExitRecord):
        answers = RunFacts(exit_record=probing.exit(ended))
        if record.machine_id == store.system.machine_id:
            answers = msgspec.structs.replace(answers, claimed=probing.lock())
        return probing.result(answers, record, ended)
    answers = _answers(store, probing, record, EXIT_WAIT_MS if patient else 0)
    supervisor = probing.seen.get(Probe.SUPERVISOR)
    is_stopped = supervisor is not None and supervisor.is_stopped
    return probing.finished(answers, record, pod_id, known_pong=STOPPED if is_stopped else None)


def _answers(store: Store, probing: Probing, record: RunRecord, wait_ms: int) -> RunFacts:
    machine = probing.machine(record)
    boot = probing.boot(record)
    started = record.supervisor is not None
    probing.note(
        Probe.STARTED,
        Answer.YES if started else Answer.NO,
        "the run record names its supervisor" if started else "the run number is only reserved",
    )
    here = machine is Answer.YES and boot is Answer.YES
    # On another machine or boot the pids belong to other processes, so they are not probed.
    lock = probing.lock() if here else Answer.UNKNOWN
    supervisor = Answer.UNKNOWN
    if here and record.supervisor is not None:
        supervisor = probing.process(Probe.SUPERVISOR, record.supervisor)
        if lock is Answer.NO and supervisor is Answer.YES:
            supervisor = _after_a_moment(store, probing, record.supervisor, wait_ms)
    if here and record.child is not None:
        probing.process(Probe.CHILD, record.child)
    waited = waited_for_s(store.system, record)
    return RunFacts(
        started=Answer.YES if started else Answer.NO,
        claimed=lock,
        owner=supervisor,
        same_boot=boot,
        same_machine=machine,
        deadline_passed=here and waited > record.starting_deadline_s,
    )


def _after_a_moment(store: Store, probing: Probing, record: IdentityRecord, wait_ms: int) -> Answer:
    """Probe again a supervisor that released its lock but was still running just now."""
    probing.evidence.pop()
    try:
        store.system.proc.ends_within(record.pid, wait_ms)
    except OSError as error:
        return probing.note_refusal(Probe.SUPERVISOR, errno_words(error))
    return probing.process(Probe.SUPERVISOR, record)
