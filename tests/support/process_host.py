"""A second kind of run host: an engine inside the test that runs commands without a supervisor.

It stands for a container engine. It knows which runs it has, records how each ended, can be out of
reach, can be silent, and can crash and forget everything.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from podtui.core.errors import Refused, TimedOut
from podtui.core.hosts.interface.base import REACH_TIMEOUT_S, Launch, Role, RunSilent, Stream
from podtui.core.hosts.interface.facts import Pong, RunFacts, RunKey, RunProbe
from podtui.core.hosts.interface.probing import Probing, never_began, waited_for_s
from podtui.core.model.leftovers import Ended, Survey
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.model.verdicts import Answer, Probe
from podtui.core.processes.leftovers import ProcessScan, survey_run
from podtui.core.processes.past_runs import PastRun
from podtui.core.processes.sample import TreeSample, identity_of
from podtui.core.processes.terminate import end_run
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store
from podtui.kernel.processes import ProcessGone, identify
from tests.support.record_builders import record_of

KIND = "process"
LONGEST_WAIT_S = 20.0


class Engine:
    """Holds the processes of all runs of this kind.

    Attributes:
        is_reachable: False = it does not say what it runs.
        is_silent: True = it says so, and the runs do not answer.
    """

    def __init__(self) -> None:
        self.is_reachable = True
        self.is_silent = False
        self.lock = threading.Lock()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.asked_by: dict[str, str] = {}
        self._has_crashed = False
        self._waiters: dict[str, threading.Thread] = {}

    def take(self, store: Store, name: str, run: RunRecord, key: str) -> None:
        """Wait for the end of a run from a thread of its own, and record it."""
        waiter = threading.Thread(target=self._record_end, args=(store, name, run, key))
        self._waiters[key] = waiter
        waiter.start()

    def _record_end(self, store: Store, name: str, run: RunRecord, key: str) -> None:
        process = self.running[key]
        code = process.wait()
        assert process.stdin is not None
        process.stdin.close()
        with self.lock:
            if not self._has_crashed:
                record = ExitRecord(
                    pod_id=run.pod_id,
                    run=run.run,
                    ended_at=store.system.clock.now(),
                    exit_code=code if code >= 0 else None,
                    signal=-code if code < 0 else None,
                    asked_by=self.asked_by.get(key),
                )
                store.system.fs.replace(
                    store.paths.pod(name).run(run.run).exit, encode_json(record)
                )
            # After the record, as a supervisor lets its lock go after it.
            del self.running[key]

    def crash(self) -> None:
        """Lose every run: their commands are killed, and nobody records how they ended."""
        with self.lock:
            self._has_crashed = True
            for process in self.running.values():
                process.kill()
        self.wait_for_all()
        self._has_crashed = False

    def wait_for_all(self) -> None:
        """Wait until no run is left."""
        for waiter in list(self._waiters.values()):
            waiter.join(LONGEST_WAIT_S)

    def wait_for(self, key: str, timeout_s: float) -> bool:
        """Wait for the end of one run; whether it has ended."""
        self._waiters[key].join(timeout_s)
        return not self._waiters[key].is_alive()


class ProcessHost:
    """Runs pods as plain processes of an engine."""

    kind = KIND

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def start(self, pod: PodRecord, run: RunRecord, environment: Mapping[str, str]) -> Launch:
        key, files = _key(run), self._store.paths.pod(pod.name).run(run.run)
        with self._engine.lock:
            if isinstance(self._store.exit_record(pod.name, run.run, run.pod_id), ExitRecord):
                return Launch(started=False, confirmed=True, error="the run is over")
            try:
                with files.output.open("ab") as output:
                    process = subprocess.Popen(
                        run.argv,
                        cwd=run.cwd,
                        env=dict(environment),
                        stdin=subprocess.PIPE,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
            except OSError as error:
                return Launch(started=False, confirmed=True, error=f"the engine says: {error}")
            self._engine.running[key] = process
            started = msgspec.structs.replace(
                run,
                handle={"engine_id": key},
                child=record_of(identify(process.pid)),
                started_at=self._store.system.clock.now(),
            )
            self._store.system.fs.replace(files.record, encode_json(started))
        self._engine.take(self._store, pod.name, run, key)
        return Launch(started=True, confirmed=True)

    def prevent(self, name: str, run: RunRecord, why: str) -> bool:
        files = self._store.paths.pod(name).run(run.run)
        with self._engine.lock:
            ended = self._store.exit_record(name, run.run, run.pod_id)
            if isinstance(ended, ExitRecord):
                return ended.start_error is not None
            now = self._store.run_record(name, run.run)
            if not isinstance(now, RunRecord) or now.handle:
                return False
            self._store.system.fs.replace(files.exit, never_began(self._store, run, why))
        return True

    def probe(
        self, name: str, run: RunRecord, pod_id: str | None, *, patient: bool = True
    ) -> RunProbe:
        probing = Probing(self._store, name, run.run)
        ended = self._store.exit_record(name, run.run, pod_id or run.pod_id)
        if isinstance(ended, ExitRecord):
            return probing.result(RunFacts(exit_record=probing.exit(ended)), run, ended)
        machine, boot = probing.machine(run), probing.boot(run)
        here = machine is Answer.YES and boot is Answer.YES
        owner = Answer.UNKNOWN
        if here and run.child is not None:
            owner = probing.process(Probe.CHILD, run.child)
        facts = RunFacts(
            started=Answer.YES if run.handle else Answer.NO,
            claimed=self._claimed(probing, run),
            owner=owner,
            same_boot=boot,
            same_machine=machine,
            deadline_passed=here
            and waited_for_s(self._store.system, run) > run.starting_deadline_s,
        )
        probe = probing.finished(facts, run, pod_id)
        return msgspec.structs.replace(probe, owner_name="process", claim_name="engine's entry")

    def _claimed(self, probing: Probing, run: RunRecord) -> Answer:
        if not self._engine.is_reachable:
            return probing.note(Probe.LOCK, Answer.UNKNOWN, "the engine is out of reach")
        has_it = _key(run) in self._engine.running
        words = "the engine runs it" if has_it else "the engine does not run it"
        return probing.note(Probe.LOCK, Answer.YES if has_it else Answer.NO, words)

    def ask(self, runs: Sequence[RunRecord], *, timeout_s: float) -> Mapping[RunKey, Pong]:
        answer = Answer.NO if self._engine.is_silent else Answer.YES
        return {(run.pod_id, run.run): Pong(answer, "as the engine says") for run in runs}

    def death_handle(self, run: RunRecord) -> int | None:
        if run.child is None:
            return None
        handle = self._store.system.proc.open_recorded(identity_of(run.child))
        if handle is None:
            raise ProcessGone(str(run.child.pid))
        return handle

    def sample(self, run: RunRecord) -> TreeSample | None:
        system = self._store.system
        if run.child is None:
            return None
        try:
            command = system.proc.stat(run.child.pid)
            processes = (command, *system.proc.descendants(run.child.pid))
        except ProcessGone:
            return None
        return TreeSample(system.clock.boottime(), processes)

    def stop(self, name: str, run: RunRecord, *, grace_s: float, by: str) -> str:
        process = self._process(name, run)
        self._engine.asked_by[_key(run)] = by
        process.terminate()
        if not self._engine.wait_for(_key(run), grace_s):
            process.kill()
        if not self._engine.wait_for(_key(run), LONGEST_WAIT_S):
            raise TimedOut(f"{name!r} was asked to end and has not ended yet", pod=name)
        return "its process is gone"

    def reach(
        self,
        name: str,
        run: RunRecord,
        *,
        role: Role,
        columns: int = 0,
        rows: int = 0,
        timeout_s: float = REACH_TIMEOUT_S,
    ) -> Stream:
        if role != "control":
            raise Refused(f"{name!r} has no terminal: it runs as a plain process", pod=name)
        return StandardInput(name, self._process(name, run))

    def _process(self, name: str, run: RunRecord) -> subprocess.Popen[bytes]:
        process = self._engine.running.get(_key(run))
        if process is None:
            raise RunSilent(f"the engine does not run {name!r}", pod=name)
        return process

    def leftovers(self, past: PastRun, *, scan: ProcessScan) -> Survey:
        return survey_run(self._store, past, scan=scan, refuse_unless_over=self._refuse_unless_over)

    def end(self, past: PastRun, *, grace_s: float, scan: ProcessScan | None = None) -> Ended:
        return end_run(
            self._store,
            past,
            grace_s=grace_s,
            refuse_unless_over=self._refuse_unless_over,
            scan=scan,
        )

    def _refuse_unless_over(self, _store: Store, past: PastRun) -> None:
        if past.exit is not None:
            return
        if not self._engine.is_reachable:
            raise past.undetermined("the engine is out of reach")
        if _key(past.record) in self._engine.running:
            raise Refused(f"{past.words} is not over: the engine runs it", pod=past.pod)


class StandardInput:
    """The only stream of a plain process: its standard input."""

    welcome: Mapping[str, object] = {}

    def __init__(self, pod: str, process: subprocess.Popen[bytes]) -> None:
        self.pod = pod
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the process alone: others may write to it later."""

    def fileno(self) -> int:
        assert self._process.stdin is not None
        return self._process.stdin.fileno()

    def stop_waiting(self) -> None:
        """Do nothing: there is nothing to receive."""

    def receive_now(self) -> list[tuple[int, bytes]] | None:
        return None

    def send_now(self, data: bytes | memoryview) -> int:
        assert self._process.stdin is not None
        return self._process.stdin.write(data)

    def send_text(self, text: str, *, enter: bool) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n" * enter)
        self._process.stdin.flush()


def _key(run: RunRecord) -> str:
    return f"{run.pod_id}.{run.run}"
