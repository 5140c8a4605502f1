"""What every kind of run host must do: the same tests for each, through the plane and alone."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import pytest

from podtui.core.actions.restore.finish import build_run
from podtui.core.errors import PodtuiError, Refused, UnknownState
from podtui.core.hosts.registry import ask_runs, host_of, probe_run, wait_until_gone
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.model.requests import Prune, Reap, Recover, Restore, Send, Stop
from podtui.core.model.snapshot import PodView
from podtui.core.model.verdicts import Answer, Status, Verdict
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.processes.past_runs import PastRun, past_run
from podtui.kernel.processes import ProcessGone
from tests.hosts.conftest import Hosted
from tests.support.store_fixture import until, wait_gone


def latest(hosted: Hosted, name: str) -> RunRecord:
    return hosted.yard.run_record(name, hosted.yard.view(name).run)


def output_of(hosted: Hosted, name: str, run: int = 1) -> str:
    return hosted.yard.plane.store.paths.pod(name).run(run).output.read_text()


def ended(hosted: Hosted, name: str) -> PodView:
    """Wait until a pod is dead, and return its row."""
    until(lambda: hosted.yard.view(name).verdict is Verdict.DEAD)
    return hosted.yard.view(name)


def past_of(hosted: Hosted, name: str) -> PastRun:
    store, view = hosted.yard.plane.store, hosted.yard.view(name)
    return past_run(store, store.paths.pod(name), pod=name, pod_id=view.id, run=view.run)


# a life


def test_a_spawned_command_runs_and_its_row_is_alive(hosted: Hosted) -> None:
    """The record names the kind of host, the command prints, and the verdict is ALIVE."""
    hosted.yard.shell("pod", "echo here; exec sleep 600")
    until(lambda: "here" in output_of(hosted, "pod"))

    view = hosted.yard.view("pod")

    assert (view.verdict, view.status) == (Verdict.ALIVE, Status.WORKING)
    assert latest(hosted, "pod").host == hosted.kind
    assert latest(hosted, "pod").started_at is not None


@pytest.mark.parametrize(("code", "status"), [(0, Status.EXITED), (3, Status.FAILED)])
def test_a_command_that_ends_is_recorded_with_its_exit_code(
    hosted: Hosted, code: int, status: Status
) -> None:
    """The end has an exit record, which says DEAD on any look after it."""
    hosted.yard.shell("pod", f"exit {code}")

    view = ended(hosted, "pod")

    assert (view.status, view.exit_code) == (status, code)
    assert isinstance(hosted.yard.plane.store.exit_record("pod", 1, view.id), ExitRecord)


def test_a_command_that_cannot_be_started_leaves_a_run_that_never_began(
    hosted: Hosted, tmp_path: Path
) -> None:
    """A failed start is reported at once and is DEAD before its deadline is over."""
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o700)

    with pytest.raises(PodtuiError):
        hosted.yard.spawn("pod", str(program))

    assert hosted.yard.view("pod").verdict is Verdict.DEAD


def test_a_run_whose_owner_is_lost_is_dead_on_two_facts(hosted: Hosted) -> None:
    """Without an exit record a run is called lost when claim and owner are both gone."""
    hosted.yard.spawn("pod")
    hosted.lose("pod")

    view = hosted.yard.view("pod")
    facts = probe_run(hosted.yard.plane.store, "pod", 1, view.id).answers

    assert (view.verdict, view.status) == (Verdict.DEAD, Status.LOST)
    assert (facts.exit_record, facts.claimed, facts.owner) == (Answer.NO, Answer.NO, Answer.NO)


def test_a_claim_that_cannot_be_read_is_unknown_and_nothing_acts_on_it(hosted: Hosted) -> None:
    """Could not tell refuses every verb that could harm, and the command goes on."""
    hosted.yard.spawn("pod")
    hosted.blind("pod")
    plane = hosted.yard.plane

    assert hosted.yard.view("pod").verdict is Verdict.UNKNOWN
    with pytest.raises(UnknownState):
        plane.carry_out(Stop(("pod",)))
    for request in (Restore(("pod",)), Reap(("pod",)), Prune(("pod",))):
        with pytest.raises(UnknownState):
            plane.carry_out(request)
    child = hosted.yard.child_of("pod")
    assert not hosted.yard.system.proc.stat(child.pid).has_exited


def test_a_silent_owner_is_unresponsive_and_not_dead(hosted: Hosted) -> None:
    """An owner that does not answer changes the status and never the verdict."""
    hosted.yard.spawn("pod")
    hosted.silence("pod")

    view = hosted.yard.view("pod")

    assert (view.verdict, view.status) == (Verdict.ALIVE, Status.UNRESPONSIVE)


# verbs


def test_a_stop_ends_the_run_and_says_who_asked(hosted: Hosted) -> None:
    """After a stop the run is over, by its own exit record, and its processes are gone."""
    hosted.yard.spawn("pod")
    child = hosted.yard.child_of("pod")

    view = hosted.yard.plane.carry_out(Stop(("pod",), grace_s=5.0)).view

    assert view is not None
    assert (view.verdict, view.asked_by) == (Verdict.DEAD, "operator")
    wait_gone(child)


def test_a_line_that_is_sent_reaches_the_command(hosted: Hosted) -> None:
    """Send types into the run, whatever stands for its terminal."""
    hosted.yard.shell("pod", "read line; echo heard $line; exec sleep 600")

    hosted.yard.plane.carry_out(Send("pod", "me"))

    until(lambda: "heard me" in output_of(hosted, "pod"))


def test_a_lost_pod_is_restored_on_the_same_kind_of_host(hosted: Hosted) -> None:
    """A restore reserves the next run, of the kind the pod had, and it runs."""
    hosted.yard.spawn("pod")
    hosted.lose("pod")

    report = hosted.yard.plane.carry_out(Restore(("pod",)))

    view = hosted.yard.view("pod")
    assert not report.failed
    assert (view.verdict, view.run) == (Verdict.ALIVE, 2)
    assert hosted.yard.run_record("pod", 2).host == hosted.kind


def test_a_restore_first_ends_what_the_old_run_left(hosted: Hosted) -> None:
    """Two runs of one pod never write at once: leftovers are ended before the new one begins."""
    hosted.yard.shell("pod", "trap '' HUP; sleep 600 & echo started; exec sleep 600")
    until(lambda: "started" in output_of(hosted, "pod"))
    hosted.lose("pod")

    report = hosted.yard.plane.carry_out(Restore(("pod",)))

    assert any("sleep" in each for each in report.done)
    assert hosted.yard.view("pod").verdict is Verdict.ALIVE


def test_leftovers_of_a_lost_run_are_found_and_reaped(hosted: Hosted) -> None:
    """A reap plans and ends every process that the run left, and proves that none remains."""
    hosted.yard.shell("pod", "trap '' HUP; sleep 600 & echo started; exec sleep 600")
    until(lambda: "started" in output_of(hosted, "pod"))
    hosted.lose("pod")
    store, past = hosted.yard.plane.store, past_of(hosted, "pod")
    host = host_of(store, past.record)
    left = host.leftovers(past, scan=ProcessScan(store)).targets

    report = hosted.yard.plane.carry_out(Reap(("pod",), grace_s=1.0))

    assert [each.name for each in left] == ["sleep"]
    assert any("sleep" in each for each in report.done)
    assert host.leftovers(past, scan=ProcessScan(store)).targets == ()


def test_leftovers_of_a_living_run_are_refused(hosted: Hosted) -> None:
    """Neither a survey nor an ending touches a run that is not over."""
    hosted.yard.spawn("pod")
    past = past_of(hosted, "pod")
    store = hosted.yard.plane.store
    host = host_of(store, past.record)

    with pytest.raises(Refused):
        host.leftovers(past, scan=ProcessScan(store))
    with pytest.raises(Refused):
        host.end(past, grace_s=0.0)

    assert hosted.yard.view("pod").verdict is Verdict.ALIVE


def test_a_dead_pod_is_pruned_and_recovered(hosted: Hosted) -> None:
    """What is proven dead and left nothing goes to the trash and comes back, on any host."""
    hosted.yard.shell("pod", "exit 0")
    ended(hosted, "pod")

    hosted.yard.plane.carry_out(Prune(("pod",)))
    hosted.yard.plane.carry_out(Recover(("pod",)))

    assert hosted.yard.view("pod").status is Status.EXITED


def test_a_healthy_pod_is_no_case_for_the_doctor(hosted: Hosted) -> None:
    """Nothing that belongs to one kind of host is missed in a run of another."""
    hosted.yard.spawn("pod")

    assert hosted.yard.plane.doctor() == ()


def test_the_processes_of_a_live_run_are_listed(hosted: Hosted) -> None:
    """Inspect and the plan of a stop name the command, wherever it runs."""
    hosted.yard.spawn("pod", "sleep", "600")

    until(lambda: any(e.name == "sleep" for e in hosted.yard.plane.inspect("pod").processes))


# the interface alone


def test_the_death_handle_becomes_readable_when_the_owner_ends(hosted: Hosted) -> None:
    """Whoever waits on the handle is woken by the end, and there is no handle after it."""
    hosted.yard.spawn("pod")
    store, run = hosted.yard.plane.store, latest(hosted, "pod")
    handle = host_of(store, run).death_handle(run)
    assert handle is not None
    proc = hosted.yard.system.proc
    try:
        before = proc.has_ended(handle, 0)
        hosted.lose("pod")
        assert (before, proc.has_ended(handle, 10_000)) == (False, True)
    finally:
        proc.close(handle)
    with pytest.raises(ProcessGone):
        host_of(store, run).death_handle(run)
    assert wait_until_gone(store, run, 0)


def test_owners_are_asked_by_their_runs(hosted: Hosted) -> None:
    """Every run that is asked has exactly one answer."""
    hosted.yard.spawn("one")
    hosted.yard.spawn("two")
    runs = [latest(hosted, "one"), latest(hosted, "two")]

    answers = ask_runs(hosted.yard.plane.store, runs, timeout_s=5.0)

    assert set(answers) == {(each.pod_id, each.run) for each in runs}
    assert {each.answer for each in answers.values()} == {Answer.YES}


def reserve_next(hosted: Hosted, name: str) -> tuple[PodRecord, RunRecord]:
    """Reserve the next run of a dead pod as a restore does, and start nothing."""
    store = hosted.yard.plane.store
    pod = store.pod_record(name)
    assert isinstance(pod, PodRecord)
    run = msgspec.structs.replace(
        hosted.yard.run_record(name),
        run=2,
        supervisor=None,
        child=None,
        started_at=None,
        handle={},
        reserved_at=store.system.clock.now(),
        reserved_boottime_s=store.system.clock.boottime(),
        reserved_awake_s=store.system.clock.monotonic(),
    )
    build_run(store, name, run)
    return pod, run


def test_a_reserved_run_waits_and_can_be_prevented_for_ever(hosted: Hosted) -> None:
    """A run that was prevented is DEAD at once, and a host that comes late does not begin it."""
    hosted.yard.shell("pod", "exit 0")
    ended(hosted, "pod")
    pod, run = reserve_next(hosted, "pod")
    store = hosted.yard.plane.store
    host = host_of(store, run)

    before = hosted.yard.view("pod")
    prevented = host.prevent("pod", run, "for this test")
    launch = host.start(pod, run, hosted.yard.environment)

    assert (before.verdict, before.status) == (Verdict.UNKNOWN, Status.STARTING)
    assert prevented
    assert not launch.started
    record = store.exit_record("pod", 2, pod.id)
    assert isinstance(record, ExitRecord)
    assert record.start_error == "for this test"
    assert hosted.yard.view("pod").verdict is Verdict.DEAD


def test_a_run_that_has_begun_cannot_be_prevented(hosted: Hosted) -> None:
    """Prevent changes nothing about a run that lives."""
    hosted.yard.spawn("pod")
    run = latest(hosted, "pod")

    assert not host_of(hosted.yard.plane.store, run).prevent("pod", run, "too late")
    assert hosted.yard.view("pod").verdict is Verdict.ALIVE


def test_a_run_of_another_machine_is_unknown_and_never_looked_for(hosted: Hosted) -> None:
    """A record with another machine's id says nothing here, whatever runs under its numbers."""
    hosted.yard.spawn("pod")
    store, run = hosted.yard.plane.store, latest(hosted, "pod")
    elsewhere = msgspec.structs.replace(run, machine_id="another")

    probe = host_of(store, elsewhere).probe("pod", elsewhere, None)

    assert probe.answers.same_machine is Answer.NO
    assert probe.answers.owner is Answer.UNKNOWN


def test_a_watched_death_reaches_the_live_view(hosted: Hosted) -> None:
    """The screen is told of a lost run without anybody asking."""
    hosted.yard.spawn("pod")
    hosted.lose("pod")

    view = hosted.yard.plane.wait("pod", until=frozenset({Status.LOST}), timeout_s=20.0)

    assert view.status is Status.LOST


def test_a_command_killed_by_a_signal_is_failed_with_that_signal(hosted: Hosted) -> None:
    """The exit record says which signal ended the command."""
    hosted.yard.spawn("pod")
    hosted.yard.signal(hosted.yard.child_of("pod"), signal.SIGKILL)

    view = ended(hosted, "pod")

    assert (view.status, view.signal) == (Status.FAILED, signal.SIGKILL)
