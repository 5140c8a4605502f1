"""Who gets no signal from anything that ends leftovers, and what happens when that is not known."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.model.records import DescendantRecord, IdentityRecord
from podtui.kernel import processes
from tests.support.lost_pods import (
    CLEARED,
    ME,
    a_lost_pod,
    a_program,
    bystander,
    end,
    place_of,
    record_descendants,
    seen_of,
)
from tests.support.orphans import (
    DEAF,
    Handles,
    RecordingSignals,
    RefusingProc,
    as_identity,
    lose_supervisor,
    plane_with,
    wait_until_recorded,
)
from tests.support.record_builders import a_dead_process, hold_lock, record_of, write_pod
from tests.support.store_fixture import Yard, until

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
    signals = RecordingSignals(harmless=True)
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
    signals = RecordingSignals(harmless=True)
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
    inners += [each.pid for each in processes.descendants_of(inners[0])]
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
    assert processes.read_stat(stray).parent == here.supervisor_of("above").pid
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


def test_supervisors_of_every_store_are_protected_with_nobody_asking_whose(
    yard: Yard, held: Handles, tmp_path: Path
) -> None:
    """A record that names another store's supervisor, every fact agreeing, does not end it."""
    (tmp_path / "elsewhere").mkdir()
    other = Yard(tmp_path / "elsewhere")
    try:
        other.spawn("theirs")
        supervisor = other.supervisor_of("theirs")
        held.hold(other.child_of("theirs").pid)
        write_pod(
            yard.plane, "pod", supervisor=a_dead_process(), child=a_dead_process(), waited_s=10**6
        )
        record_descendants(yard, [seen_of(supervisor.pid)])
        signals = RecordingSignals(harmless=True)
        ended = end(plane_with(yard, signals=signals))
        assert signals.sent == []
        assert "it is the supervisor of the run in" in " ".join(ended.skipped)
    finally:
        other.end_everything()


def test_who_only_calls_itself_a_supervisor_is_none(yard: Yard, held: Handles) -> None:
    """Arguments can be forged; the record of the run they name says who its supervisor was."""
    place = place_of(yard)
    run = yard.plane.store.paths.pod("pod").run(1).root
    forged = f"{place}/podtui/supervisor/__main__.py {run}"
    program = a_program(place / "forger", "while :; do sleep 0.05; done")
    pids = a_lost_pod(yard, held, f"{program} {forged} & exec {ME}", 2)
    end(plane_with(yard))
    assert not any(held.is_living(pid) for pid in pids)


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


# what proves nothing, and what does


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
