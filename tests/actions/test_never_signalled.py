"""Who gets no signal from anything that ends leftovers, and what happens when that is not known."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from podtui.core.actions.ending import Ended, end_leftovers
from podtui.core.control import ControlPlane
from podtui.core.errors import PodtuiError, Refused, UnknownState
from podtui.core.model.records import DescendantRecord, IdentityRecord, RunRecord, StatusRecord
from podtui.core.processes.protected import protected_processes
from podtui.core.store.codec import encode_json
from podtui.core.system.host import real_system
from podtui.kernel import identity
from podtui.kernel.identity import ProcessGone
from tests.support.handmade import a_dead_process, hold_lock, record_of, write_pod
from tests.support.orphaning import (
    DEAF,
    Fault,
    Handles,
    RecordingSignals,
    RefusingProc,
    as_identity,
    handles,
    lose_supervisor,
    plane_with,
    wait_until_recorded,
)
from tests.support.yard import Yard, until

SAYS_SO = "#!/bin/sh\ntouch $D/$$\n"
ME = "$D/me"
CLEARED = "env -i D=$D PATH=$PATH"


@pytest.fixture
def held() -> Iterator[Handles]:
    with handles() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Yard]:
    """A store on this very machine: the command line acts on it too."""
    made = Yard(tmp_path, machine_id=real_system().machine_id)
    yield made
    made.end_everything()


def end(plane: ControlPlane, name: str = "pod") -> Ended:
    view = plane.look_at(name)
    return end_leftovers(plane.store, name, view.id, view.run, grace_s=0.1)


def place_of(yard: Yard) -> Path:
    place = yard.root / "pids"
    place.mkdir(exist_ok=True)
    a_program(place / "me", "exec sleep 600")
    return place


def a_program(path: Path, then: str) -> str:
    """Make a script that says that it is there, and goes on as told; return its path."""
    path.write_text(f"{SAYS_SO}{then}\n")
    path.chmod(0o755)
    return str(path)


def a_lost_pod(yard: Yard, held: Handles, script: str = f"exec {ME}", count: int = 1) -> list[int]:
    """Spawn a pod, kill its supervisor, and return who said that it is there."""
    place = place_of(yard)
    yard.shell("pod", DEAF + script, env={"D": str(place)})
    pids = held.hold_named(place, count)
    held.hold(yard.child_of("pod").pid)
    lose_supervisor(yard, "pod")
    return pids


def bystander(held: Handles, **environment: str) -> int:
    """Start a process that is no pod's, with some environment."""
    process = subprocess.Popen(["sleep", "600"], env={"PATH": "/usr/bin:/bin", **environment})
    # Whoever is waited for by nobody is a zombie in the end, which is as good as gone here.
    process.returncode = 0
    return held.hold(process.pid)


def record_descendants(yard: Yard, seen: list[DescendantRecord], name: str = "pod") -> None:
    """Write whom a run's supervisor is to have seen."""
    status = StatusRecord(run=1, at=yard.system.clock.now(), descendants=seen)
    yard.plane.store.paths.pod(name).run(1).status.write_bytes(encode_json(status))


def seen_of(pid: int, *, ticks: int = 0, inode: int = 0) -> DescendantRecord:
    """Return the record of a process, with facts that are off by so much."""
    who = as_identity(pid)
    own = None if who.inode is None else who.inode + inode
    return DescendantRecord(pid=pid, start_ticks=who.start_ticks + ticks, name="x", pidfd_inode=own)


# identities


def test_a_thousand_forged_identities_get_no_signal(yard: Yard, held: Handles) -> None:
    """The number alone, or any one fact that does not agree, is nobody's proof."""
    innocent = [bystander(held) for _ in range(5)]
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())
    off = [(1, 0), (-1, 0), (0, 1), (0, -1), (7, 7)]
    signals = RecordingSignals()
    plane = plane_with(yard, signals=signals)
    told: list[str] = []
    for ticks, inode in off:
        # As many as one record may hold; the rest in the next one.
        forged = [seen_of(innocent[number % 5], ticks=ticks, inode=inode) for number in range(200)]
        record_descendants(yard, forged)
        ended = end(plane)
        assert (ended.reaped, ended.survivors) == ((), ())
        told += ended.skipped
    assert signals.sent == []
    assert all(held.is_living(pid) for pid in innocent)
    assert all("another process" in each for each in told)
    assert len(told) == len(off) * len(innocent)


@pytest.mark.parametrize("number", [-1, 0, 1])
def test_numbers_that_are_nobodys_are_never_signalled(yard: Yard, number: int) -> None:
    """A record that names all processes, one's group or the first process names no target."""
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process())
    first = as_identity(1).start_ticks
    record_descendants(yard, [DescendantRecord(pid=number, start_ticks=first, name="x")])
    signals = RecordingSignals()
    end(plane_with(yard, signals=signals))
    assert signals.sent == []


def test_the_child_on_record_whose_number_is_anothers_now_is_left_alone(
    yard: Yard, held: Handles
) -> None:
    """Another start than the recorded one is another process, and all below it is not ours."""
    other = bystander(held)
    recorded = record_of(as_identity(other))
    forged = replace(recorded, start_ticks=recorded.start_ticks - 1, pidfd_inode=None)
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=forged)
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert signals.sent == []
    assert held.is_living(other)
    assert [str(other) in each for each in ended.skipped] == [True]


def test_a_process_older_than_the_run_is_none_of_it(yard: Yard, held: Handles) -> None:
    """Even if its identity is right: a record that names it has been tampered with."""
    elder = bystander(held)
    started = as_identity(elder).start_ticks / yard.system.proc.ticks_per_second
    write_pod(
        yard.plane,
        "pod",
        supervisor=a_dead_process(),
        child=record_of(as_identity(elder)),
        reserved_boottime_s=started + 60,
        starting_deadline_s=-120.0,
    )
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert signals.sent == []
    assert "started before the run" in ended.skipped[0]


def test_podtui_itself_and_what_it_runs_below_are_never_signalled(yard: Yard) -> None:
    """A record that names podtui, its shell or its terminal's program ends none of them."""
    chain = [os.getpid(), os.getppid()]
    write_pod(
        yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
    )
    record_descendants(yard, [seen_of(pid) for pid in chain])
    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals))
    assert signals.sent == []
    told = " ".join(ended.skipped)
    assert "it is podtui itself" in told
    assert "podtui runs below it" in told


# whose processes they are


def test_a_marked_process_that_podtui_runs_below_survives_its_own_reap(
    here: Yard, held: Handles
) -> None:
    """A leftover that reaps its own run ends the others, and not itself."""
    yard = here
    place = place_of(yard)
    go, done = yard.root / "go", yard.root / "done"
    reap = f"PYTHONPATH={os.getcwd()} {sys.executable} -m podtui reap pod --yes --grace 1s"
    wait = f"while [ ! -e {go} ]; do sleep 0.02; done"
    script = f"{DEAF} {ME} & {wait}; {reap} >{done}.out 2>&1; touch {done}; exec {ME}"
    yard.shell("pod", script, env={"D": str(place)}, pass_env=("PODTUI_CONFIG",))
    (other,) = held.hold_named(place, 1)
    command = held.hold(yard.child_of("pod").pid)
    lose_supervisor(yard, "pod")
    go.touch()
    until(done.exists, seconds=20)
    assert not held.is_living(other), Path(f"{done}.out").read_text()
    assert held.is_living(command)


def test_another_pods_processes_below_a_leftover_survive_with_all_below_them(
    here: Yard, held: Handles
) -> None:
    """A pod spawned by the lost one goes on, marks or none, while its parent's rest is ended."""
    yard = here
    place = place_of(yard)
    inner = a_program(place / "inner", f"{CLEARED} {ME} & wait")
    spawn = f"{sys.executable} -m podtui spawn inner --env D=$D -- {inner}"
    env = {"D": str(place), "PYTHONPATH": os.getcwd()}
    yard.shell("pod", f"{DEAF} {spawn} && exec {ME}", env=env)
    held.hold_named(place, 3)
    command = held.hold(yard.child_of("pod").pid)
    inners = [held.hold(yard.child_of("inner").pid)]
    inners += [each.pid for each in identity.descendants_of(inners[0])]
    assert len(inners) == 2
    lose_supervisor(yard, "pod")
    ended = end(plane_with(yard))
    assert not held.is_living(command)
    assert all(held.is_living(pid) for pid in inners)
    assert ended.survivors == ()
    assert yard.view("inner").verdict.value == "alive"


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ("PODTUI_POD_ID=01ANOTHERPOD", "belongs to pod 01ANOTHERPOD"),
        ("PODTUI_RUN=2", "belongs to run 2 of this pod"),
        ("PODTUI_HOME=/tmp/another-store", "of another store"),
    ],
)
def test_what_bears_another_mark_survives_with_all_below_it(
    yard: Yard, held: Handles, marks: str, reason: str
) -> None:
    """Below a leftover, a process of another pod, another run or another store is not ended."""
    script = f"{marks} {a_program(place_of(yard) / 'other', f'{CLEARED} {ME} & wait')} & exec {ME}"
    pids = a_lost_pod(yard, held, script, 3)
    command = yard.child_of("pod").pid
    ended = end(plane_with(yard))
    assert not held.is_living(command)
    assert all(held.is_living(pid) for pid in pids if pid != command)
    assert reason in " ".join(ended.skipped)


def test_what_is_recorded_as_another_living_pods_is_not_ended(yard: Yard, held: Handles) -> None:
    """Two records name one process without a mark: the pod that lives is believed."""
    process = bystander(held)
    write_pod(
        yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
    )
    record_descendants(yard, [seen_of(process)])
    write_pod(
        yard.plane, "other", supervisor=record_of(as_identity(os.getpid())), child=a_dead_process()
    )
    lock = hold_lock(yard.plane, "other")
    record_descendants(yard, [seen_of(process)], "other")
    try:
        signals = RecordingSignals()
        ended = end(plane_with(yard, signals=signals))
    finally:
        os.close(lock)
    assert signals.sent == []
    assert "recorded as of run 1 of pod 'other'" in " ".join(ended.skipped)


def test_a_record_of_a_run_that_is_over_protects_nobody(yard: Yard, held: Handles) -> None:
    """What two lost pods both claim is ended for the one that is reaped."""
    process = bystander(held)
    for name in ("pod", "other"):
        write_pod(
            yard.plane, name, supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
        )
        record_descendants(yard, [seen_of(process)], name)
    end(plane_with(yard))
    assert not held.is_living(process)


def test_an_orphan_that_came_below_the_parents_supervisor_is_still_its_own_pods(
    here: Yard, held: Handles
) -> None:
    """The supervisor of the pod above counts it as its own meanwhile, and is not asked."""
    place = place_of(here)
    talking = "while :; do echo .; sleep 0.1; done"
    inner = a_program(place / "inner", f"{DEAF} ( setsid {CLEARED} {ME} & ); {talking}")
    spawn = f"{sys.executable} -m podtui spawn pod --env D=$D -- {inner}"
    env = {"D": str(place), "PYTHONPATH": os.getcwd()}
    here.shell("above", f"{spawn}; {talking}", env=env)
    pids = held.hold_named(place, 2)
    command = here.child_of("pod").pid
    (stray,) = set(pids) - {command}
    wait_until_recorded(here, "pod", [stray])
    lose_supervisor(here, "pod")
    assert identity.read_stat(stray).parent == here.supervisor_of("above").pid
    wait_until_recorded(here, "above", [stray])
    end(plane_with(here))
    assert not held.is_living(stray)
    assert not held.is_living(command)
    assert here.view("above").verdict.value == "alive"


def test_a_process_of_another_user_gets_no_signal(yard: Yard, held: Handles) -> None:
    """Not even from root, which could."""
    (pid,) = a_lost_pod(yard, held)

    class Others(RefusingProc):
        def owner_of(self, asked: int) -> int:
            return 4711 if asked == pid else super().owner_of(asked)

    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals, proc=Others()))
    assert signals.sent == []
    assert "of another user (4711)" in " ".join(ended.skipped)


def test_who_becomes_another_pods_before_its_signal_gets_none(yard: Yard, held: Handles) -> None:
    """It is looked at again at the moment of the signal, not only when it was found."""
    (pid,) = a_lost_pod(yard, held)

    class Changing(RefusingProc):
        looks = 0

        def environment_of(self, asked: int) -> dict[str, str]:
            found = super().environment_of(asked)
            if asked == pid:
                self.looks += 1
                if self.looks > 1:
                    found["PODTUI_POD_ID"] = "01ANOTHERPOD"
            return found

    signals = RecordingSignals()
    ended = end(plane_with(yard, signals=signals, proc=Changing()))
    assert signals.sent == []
    assert "belongs to pod 01ANOTHERPOD" in " ".join(ended.skipped)


# programs that are protected by name


def broker_pod(yard: Yard, held: Handles, name: str) -> list[int]:
    """Lose a pod that runs a program of this name, with a child of its own."""
    directory = yard.root / "bin"
    directory.mkdir()
    shutil.copy("/bin/sh", directory / name)
    served = a_program(place_of(yard) / "served", f"{ME} & wait")
    return a_lost_pod(yard, held, f"{directory / name} {served} & exec {ME}", 3)


@pytest.mark.parametrize("pattern", ["nats-server", "nats-*"])
def test_a_protected_broker_survives_with_its_children(
    tmp_path: Path, held: Handles, pattern: str
) -> None:
    """It was started inside the pod, bears its mark, and serves others as well."""
    settings = tmp_path / "config.toml"
    settings.write_text(f'protect = ["{pattern}"]\n')
    yard = Yard(tmp_path, environment={"PODTUI_CONFIG": str(settings)})
    try:
        pids = broker_pod(yard, held, "nats-server")
        ended = end(plane_with(yard))
        command = yard.child_of("pod").pid
        assert not held.is_living(command)
        assert all(held.is_living(pid) for pid in pids if pid != command)
        assert f"its name is protected ({pattern})" in " ".join(ended.skipped)
    finally:
        yard.end_everything()


def test_a_protected_name_is_not_a_part_of_a_name(tmp_path: Path, held: Handles) -> None:
    """`nats-server` protects neither `nats-server-2` nor whoever has it among its arguments."""
    settings = tmp_path / "config.toml"
    settings.write_text('protect = ["nats-server"]\n')
    yard = Yard(tmp_path, environment={"PODTUI_CONFIG": str(settings)})
    try:
        pids = broker_pod(yard, held, "nats-server-2")
        end(plane_with(yard))
        assert not any(held.is_living(pid) for pid in pids)
    finally:
        yard.end_everything()


# when it cannot be told


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
    "number", [errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENOMEM]
)
@pytest.mark.parametrize(
    "probe",
    [
        "stat",
        "all_processes",
        "owner_of",
        "environment_of",
        "arguments_of",
        "open_pidfd",
        "boot_id",
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
    # A process may hide its environment; any other refusal to show it is a failure to look.
    if probe == "environment_of" and number in {errno.EACCES, errno.EPERM}:
        return
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
    with pytest.raises(UnknownState, match="who must not be signalled"):
        end(plane)
    with pytest.raises(UnknownState, match="who must not be signalled"):
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
    with pytest.raises(UnknownState, match="whose processes") as told:
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


def test_a_recorded_process_without_an_inode_is_told_by_its_start(
    yard: Yard, held: Handles
) -> None:
    """As on kernels that have none."""
    process = bystander(held)
    who = as_identity(process)
    recorded = IdentityRecord(
        pid=process, start_ticks=who.start_ticks, boot_id=who.boot, uid=who.uid
    )
    write_pod(yard.plane, "pod", supervisor=a_dead_process(), child=recorded, waited_s=10**6)
    end(plane_with(yard))
    assert not held.is_living(process)


def test_a_cleared_process_below_nobody_and_on_no_record_is_not_guessed(
    yard: Yard, held: Handles
) -> None:
    """No mark, a session of its own, its parent gone: nothing proves whose it is."""
    script = f"( setsid {CLEARED} {ME} & ); exec {ME}"
    pids = a_lost_pod(yard, held, script, 2)
    command = yard.child_of("pod").pid
    yard.plane.store.paths.pod("pod").run(1).status.unlink(missing_ok=True)
    ended = end(plane_with(yard))
    (stray,) = set(pids) - {command}
    assert held.is_living(stray)
    assert not any(str(stray) in each for each in ended.reaped)


def test_the_recorded_is_waited_for(yard: Yard, held: Handles) -> None:
    """A cleared daemon that is on record is ended, as far as its supervisor had time to see it."""
    script = f"( setsid {CLEARED} {ME} & ); while :; do echo .; sleep 0.1; done"
    place = place_of(yard)
    yard.shell("pod", DEAF + script, env={"D": str(place)})
    (stray,) = held.hold_named(place, 1)
    wait_until_recorded(yard, "pod", [stray])
    lose_supervisor(yard, "pod")
    end(plane_with(yard))
    assert not held.is_living(stray)
