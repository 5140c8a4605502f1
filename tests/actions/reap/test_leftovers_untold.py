"""When it cannot be told who is left over, or who must not be signalled, nobody is."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from podtui.core.errors import PodtuiError, Refused, UnknownState
from podtui.core.hosts.registry import end_leftovers
from podtui.core.model.records import RunRecord
from podtui.core.processes.protected import protected_processes
from podtui.core.store.codec import encode_json
from podtui.kernel.processes import ProcessGone
from tests.support.lost_pods import (
    ME,
    a_lost_pod,
    bystander,
    end,
)
from tests.support.orphans import (
    Fault,
    Handles,
    RecordingSignals,
    RefusingProc,
    plane_with,
)
from tests.support.record_builders import a_dead_process, write_pod
from tests.support.store_fixture import Yard, until

PROBES = (
    "stat",
    "all_processes",
    "owner_of",
    "environment_of",
    "arguments_of",
    "open_pidfd",
    "boot_id",
)
ERRNOS = (errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENOMEM)


def test_settings_that_cannot_be_read_protect_everybody(tmp_path: Path, held: Handles) -> None:
    """Which programs are protected stands in them, so nobody is signalled."""
    settings = tmp_path / "config.toml"
    settings.write_text("protect = [\n")
    yard = Yard(tmp_path, environment={"PODTUI_CONFIG": str(settings)})
    try:
        (pid,) = a_lost_pod(yard, held)
        signals = RecordingSignals()
        plane = plane_with(yard, signals=signals)
        with pytest.raises(UnknownState, match="which programs are protected"):
            end(plane)
        assert signals.sent == []
        assert held.is_living(pid)
    finally:
        yard.end_everything()


def about(*pids: int, error: Exception) -> Fault:
    """Return a fault about these processes only."""
    return lambda pid: error if pid in pids else None


def refusal(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("probe", "number"),
    [
        (probe, number)
        for probe in PROBES
        for number in ERRNOS
        # A process may hide its environment; any other refusal to show it is a failure to look.
        if not (probe == "environment_of" and number in {errno.EACCES, errno.EPERM})
    ],
)
def test_what_the_kernel_does_not_tell_costs_no_signal(
    yard: Yard, held: Handles, probe: str, number: int
) -> None:
    """Whatever cannot be looked at, nobody is signalled, and nobody is told to be gone."""
    write_pod(
        yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
    )
    pod_id = yard.view("pod").id
    here = str(yard.plane.store_path)
    pid = bystander(held, PODTUI_POD_ID=pod_id, PODTUI_RUN="1", PODTUI_HOME=here)
    signals = RecordingSignals()
    fault = (lambda _: refusal(number)) if probe in {"all_processes", "boot_id"} else None
    proc = RefusingProc(**{probe: fault or about(pid, error=refusal(number))})
    plane = plane_with(yard, signals=signals, proc=proc)
    with pytest.raises(UnknownState) as told:
        end_leftovers(plane.store, "pod", pod_id, 1, grace_s=0.1)
    assert signals.sent == []
    assert held.is_living(pid)
    assert told.value.kept


def test_a_process_that_hides_its_mark_is_no_target_and_is_counted(
    yard: Yard, held: Handles
) -> None:
    """What is said of nobody being left says also who could not be asked."""
    write_pod(
        yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
    )
    pod_id = yard.view("pod").id
    here = str(yard.plane.store_path)
    pid = bystander(held, PODTUI_POD_ID=pod_id, PODTUI_RUN="1", PODTUI_HOME=here)
    signals = RecordingSignals()
    proc = RefusingProc(environment_of=about(pid, error=refusal(errno.EACCES)))
    ended = end(plane_with(yard, signals=signals, proc=proc))
    assert signals.sent == []
    assert "do not show their marks" in ended.proof


@pytest.mark.parametrize(
    "error", [refusal(errno.EACCES), refusal(errno.EIO), ProcessGone("hidden")], ids=str
)
def test_an_ancestor_that_cannot_be_read_protects_everybody(
    yard: Yard, held: Handles, error: Exception
) -> None:
    """Who is above podtui is not known then, and could be anybody."""
    (pid,) = a_lost_pod(yard, held)
    signals = RecordingSignals()
    plane = plane_with(yard, signals=signals)
    plane.store.system = replace(
        plane.store.system, proc=RefusingProc(stat=about(os.getppid(), error=error))
    )
    with pytest.raises(UnknownState, match="which processes must not be signalled"):
        end(plane)
    with pytest.raises(UnknownState, match="which processes must not be signalled"):
        protected_processes(plane.store)
    assert signals.sent == []
    assert held.is_living(pid)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"format": 1}'], ids=repr)
def test_a_torn_record_of_another_pods_run_protects_everybody(
    yard: Yard, held: Handles, content: bytes
) -> None:
    """Its processes cannot be told from leftovers, so none is ended, and the record is named."""
    (pid,) = a_lost_pod(yard, held)
    write_pod(yard.plane, "torn", supervisor=a_dead_process(), child=a_dead_process())
    record = yard.plane.store.paths.pod("torn").run(1).record
    record.write_bytes(content)
    signals = RecordingSignals()
    with pytest.raises(UnknownState, match=r"the processes of .torn. are not known") as told:
        end(plane_with(yard, signals=signals))
    assert str(record) in told.value.message
    assert signals.sent == []
    assert held.is_living(pid)
    assert record.read_bytes() == content


def test_a_torn_record_keeps_nobody_from_being_told_that_nothing_is_left(yard: Yard) -> None:
    """With nobody to signal, it need not be known whom not to signal."""
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())
    write_pod(yard.plane, "torn", supervisor=a_dead_process(), child=a_dead_process())
    yard.plane.store.paths.pod("torn").run(1).record.write_bytes(b"{")
    assert "nothing matched" in end(plane_with(yard)).proof


@pytest.mark.parametrize("name", ["run.json", "exit.json"])
def test_a_torn_record_of_its_own_is_no_reason_to_guess(
    yard: Yard, held: Handles, name: str
) -> None:
    """Without its records it cannot be told that a run is over."""
    (pid,) = a_lost_pod(yard, held)
    (yard.plane.store.paths.pod("pod").run(1).root / name).write_bytes(b"{")
    signals = RecordingSignals()
    plane = plane_with(yard, signals=signals)
    with pytest.raises(UnknownState, match=name):
        end_leftovers(plane.store, "pod", "", 1, grace_s=0)
    assert signals.sent == []
    assert held.is_living(pid)


def test_a_run_that_is_not_over_is_refused(yard: Yard) -> None:
    """Its supervisor ends what is below it; a held lock is the sign."""
    yard.spawn("pod")
    signals = RecordingSignals()
    plane = plane_with(yard, signals=signals)
    with pytest.raises(Refused, match="is not over: its lock is held"):
        end_leftovers(plane.store, "pod", yard.view("pod").id, 1, grace_s=0)
    assert signals.sent == []


def test_a_run_of_another_machine_is_nobodys_here(yard: Yard, held: Handles) -> None:
    """A store that was copied names processes of another host by numbers that are others' here."""
    (pid,) = a_lost_pod(yard, held)
    record = yard.plane.store.paths.pod("pod").run(1).record
    run = msgspec.json.decode(record.read_bytes(), type=RunRecord)
    record.write_bytes(encode_json(replace(run, machine_id="another")))
    signals = RecordingSignals()
    plane = plane_with(yard, signals=signals)
    with pytest.raises(UnknownState, match="belongs to host another"):
        end_leftovers(plane.store, "pod", run.pod_id, 1, grace_s=0)
    assert signals.sent == []
    assert held.is_living(pid)


def test_a_look_that_fails_in_the_middle_is_not_taken_for_nobody(yard: Yard, held: Handles) -> None:
    """Who was stopped goes on, what was done so far is told, and that the rest is not known."""
    script = f"trap '' TERM; {ME} & exec {ME}"
    pids = a_lost_pod(yard, held, script, 2)

    class Failing(RefusingProc):
        left = 2

        def all_processes(self) -> list:  # type: ignore[type-arg]
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return super().all_processes()

    plane = plane_with(yard)
    plane.store.system = replace(plane.store.system, proc=Failing())
    with pytest.raises(PodtuiError, match="is left is not known") as told:
        end_leftovers(plane.store, "pod", yard.view("pod").id, 1, grace_s=0.01)
    assert told.value.kept
    assert "asked to end" in told.value.kept
    for pid in pids:
        assert held.is_living(pid)
        until(lambda pid=pid: yard.system.proc.stat(pid).state != "T")  # type: ignore[misc]


def test_who_was_stopped_goes_on_when_podtui_is_interrupted(yard: Yard, held: Handles) -> None:
    """Ctrl-C between stopping and killing leaves nobody stopped for ever."""
    (pid,) = a_lost_pod(yard, held, f"trap '' TERM; exec {ME}")

    class Interrupted(RecordingSignals):
        def send(self, handle: int, number: int) -> bool:
            if number == signal.SIGKILL:
                raise KeyboardInterrupt
            return super().send(handle, number)

    signals = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        end(plane_with(yard, signals=signals))
    assert signals.to(pid)[-2:] == [signal.SIGSTOP, signal.SIGCONT]
    until(lambda: yard.system.proc.stat(pid).state != "T")
    assert held.is_living(pid)
