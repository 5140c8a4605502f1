"""A pod whose run is of a kind of host that only a newer podtui knows: nothing is told or done."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from podtui.core.control.local import LocalPlane
from podtui.core.errors import PodtuiError, UnknownState
from podtui.core.hosts.registry import ask_runs, host_of, wait_until_gone
from podtui.core.model.plans import Report
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.model.requests import Prune, Reap, ReapOrphans, Restore, Send, Stop
from podtui.core.model.verdicts import Answer, Verdict
from podtui.core.processes.leftovers import ProcessScan
from podtui.core.processes.past_runs import past_run
from podtui.core.store.codec import encode_json
from tests.support.orphans import RecordingSignals, plane_with
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard

KIND = "container"
WHY = "it runs on a host of kind 'container', which this podtui does not know"


def newer(yard: Yard, name: str = "pod", **fields: object) -> PodRecord:
    """Write a pod as a newer podtui would, which would be lost if a supervisor had run it."""
    return write_pod(
        yard.plane,
        name,
        host=KIND,
        handle={"container_id": "4f1c"},
        supervisor=a_dead_process(),
        **fields,  # type: ignore[arg-type]
    )


def test_its_verdict_is_unknown_with_a_sentence_and_others_are_not_affected(yard: Yard) -> None:
    """The row says why nothing can be told; the observer stays healthy and judges other pods."""
    for name in ("one", "two", "three"):
        newer(yard, name)
    yard.spawn("ours")

    picture = yard.plane.snapshot()

    assert picture.health.ok
    views = {view.name: view for view in picture.pods}
    assert views.pop("ours").verdict is Verdict.ALIVE
    assert {view.verdict for view in views.values()} == {Verdict.UNKNOWN}
    assert all(WHY in view.message for view in views.values())


def test_not_even_an_exit_record_is_believed(yard: Yard) -> None:
    """What an exit record of that kind means is not known, so it proves no death."""
    write_exit(yard.plane, newer(yard))

    view = yard.view("pod")

    assert (view.verdict, WHY in view.message) == (Verdict.UNKNOWN, True)


VERBS: list[Callable[[LocalPlane], Report]] = [
    lambda plane: plane.carry_out(Stop(("pod",))),
    lambda plane: plane.carry_out(Send("pod", "x")),
    lambda plane: plane.carry_out(Restore(("pod",))),
    lambda plane: plane.carry_out(Reap(("pod",))),
    lambda plane: plane.carry_out(Prune(("pod",))),
]


@pytest.mark.parametrize("verb", VERBS, ids=["stop", "send", "restore", "reap", "prune"])
@pytest.mark.parametrize("has_ended", [False, True])
def test_every_verb_refuses_it(
    yard: Yard, verb: Callable[[LocalPlane], Report], has_ended: bool
) -> None:
    """Could not tell: no signal, no new run, no move to the trash."""
    pod = newer(yard)
    if has_ended:
        write_exit(yard.plane, pod)

    with pytest.raises(UnknownState, match=KIND):
        verb(yard.plane)

    assert yard.plane.store.run_numbers("pod") == [1]


def test_no_terminal_is_put_on_it(yard: Yard) -> None:
    """Attaching says why it cannot be done."""
    newer(yard)

    with pytest.raises(UnknownState, match=KIND):
        yard.plane.attach("pod", read_only=True, columns=80, rows=24)


def test_an_unreadable_pod_with_such_a_run_is_not_pruned_either(yard: Yard) -> None:
    """With its own record damaged the run's record still says that it may live elsewhere."""
    newer(yard)
    yard.plane.store.paths.pod("pod").record.write_text("damaged")

    with pytest.raises(PodtuiError, match="only a newer podtui knows"):
        yard.plane.carry_out(Prune(("pod",), unreadable=True))

    assert yard.plane.store.pod_names() == ["pod"]


def test_a_search_for_orphans_signals_nothing_of_it(yard: Yard) -> None:
    """A search of the whole store names it as skipped and goes on with the others."""
    newer(yard)
    signals = RecordingSignals()

    report = plane_with(yard, signals=signals).carry_out(ReapOrphans())

    assert any(KIND in each for each in report.skipped)
    assert signals.sent == []


def test_its_host_answers_everything_with_could_not_tell(yard: Yard) -> None:
    """Each method of the interface answers or refuses, and none fails in any other way."""
    pod = newer(yard)
    store, run = yard.plane.store, yard.run_record("pod")
    host = host_of(store, run)
    past = past_run(store, store.paths.pod("pod"), pod="pod", pod_id=pod.id, run=1)

    answers = ask_runs(store, [run], timeout_s=0.1)

    assert host.kind == KIND
    assert [each.answer for each in answers.values()] == [Answer.UNKNOWN]
    assert not host.start(pod, run, {}).started
    assert not host.prevent("pod", run, "")
    assert host.death_handle(run) is None
    assert not wait_until_gone(store, run, 0)
    assert host.sample(run) is None
    for refused in (
        lambda: host.stop("pod", run, grace_s=0.0, by="test"),
        lambda: host.reach("pod", run, role="control"),
        lambda: host.leftovers(past, scan=ProcessScan(store)),
        lambda: host.end(past, grace_s=0.0),
    ):
        with pytest.raises(UnknownState, match=KIND):
            refused()


def test_its_record_is_written_back_as_it_was(yard: Yard) -> None:
    """Kind and handle are plain text in the record and survive reading and writing."""
    newer(yard)
    path = yard.plane.store.paths.pod("pod").run(1).record

    run = yard.run_record("pod")

    assert (run.host, run.handle) == (KIND, {"container_id": "4f1c"})
    assert msgspec.json.decode(path.read_bytes(), type=RunRecord) == run
    assert path.read_bytes() == encode_json(run)
