"""A restore or a spawn that does not come about: what is said, what is kept, what is handed off."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from podtui.core.actions.restore import one
from podtui.core.control.local import LocalPlane
from podtui.core.errors import DiskTrouble, PodtuiError, Refused, TimedOut, UnknownState
from podtui.core.hosts.registry import host_of
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.events import EventKind
from podtui.core.model.records import ExitRecord, HandoffRecord
from podtui.core.model.requests import Restore, Return, Spawn
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.processes.handoff import clear_handoff, hand_off
from podtui.core.system.fs import Fs
from podtui.core.system.proc import Proc
from podtui.kernel import locks
from tests.support.faulty import FaultyFs, on
from tests.support.lose_pods import lose
from tests.support.record_builders import this_process, write_pod
from tests.support.store_fixture import Yard, until
from tests.support.trees import fingerprint


def with_proc(yard: Yard, proc: Proc) -> LocalPlane:
    """Return a plane of a process on a host with these processes."""
    return LocalPlane.open(msgspec.structs.replace(yard.system, proc=proc))


def with_fs(yard: Yard, fs: Fs) -> LocalPlane:
    """Return a plane of a process on this disk."""
    return LocalPlane.open(msgspec.structs.replace(yard.system, fs=fs))


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A lost pod with a living child, and a scope."""
    scope = yard.root / "work"
    scope.mkdir()
    yard.spawn("pod", write=(str(scope),))
    yard.spawn("child", parent="pod")
    lose(yard, "pod")
    yard.plane.snapshot()
    return yard


def untouched(yard: Yard) -> dict[str, str]:
    """Return everything of the family that no restore may touch."""
    paths = yard.plane.store.paths
    kept = {
        f"child/{name}": what
        for name, what in fingerprint(paths.pod("child").root).items()
        if not name.endswith("status.json")
    }
    pod = fingerprint(paths.pod("pod").root)
    for name, what in pod.items():
        if name.startswith(("runs/0001", "cursors", "pod.toml", "children.jsonl")):
            kept[f"pod/{name}"] = what
    return kept


def lent(yard: Yard) -> list[tuple[str, bool]]:
    return [(loan.path, loan.is_out) for loan in yard.plane.loans().loans if loan.pod == "pod"]


def assert_restorable(yard: Yard, *, run: int) -> None:
    """What failed can be tried again, and nothing is left of the attempt."""
    plane = yard.reopened()
    assert plane.store.intents.all() == []
    assert os.listdir(plane.store.paths.staging) == []
    plane.carry_out(Restore(("pod",)))
    view = yard.view("pod")
    assert (view.run, view.verdict) == (run, Verdict.ALIVE)
    assert plane.store.handoffs.all() == []


class NoMoreProcesses(Proc):
    """A host on which nothing can be started."""

    def start_detached(self, *_arguments: object, **_options: object) -> bytes:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


class Mute(Proc):
    """A host on which the supervisor dies before it says anything."""

    def start_detached(self, *_arguments: object, **_options: object) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("proc", "words"),
    [
        (NoMoreProcesses(), "Resource temporarily unavailable"),
        (Mute(), "did not answer, and cannot begin any more"),
    ],
    ids=["no process", "no answer"],
)
def test_a_supervisor_that_does_not_come_leaves_the_pod_as_it_was(
    family: Yard, proc: Proc, words: str
) -> None:
    """The reserved run says why it never began, scopes are as before, and it is tried again."""
    kept, scopes = untouched(family), lent(family)
    with pytest.raises(PodtuiError, match=words) as told:
        with_proc(family, proc).carry_out(Restore(("pod",)), actor="ann")
    assert told.value.kind == "refused"
    assert told.value.kept
    assert "it can be restored again" in told.value.kept
    assert untouched(family) == kept
    assert lent(family) == scopes
    ended = family.plane.store.exit_record("pod", 2, None)
    assert isinstance(ended, ExitRecord)
    assert words.split(",", maxsplit=1)[0] in (ended.start_error or "")
    view = family.view("pod")
    assert (view.status, view.verdict) == (Status.FAILED, Verdict.DEAD)
    (diagnostic,) = [
        each for each in family.plane.diagnostics() if each.kind is DiagnosticKind.RESTORE_FAILED
    ]
    assert words in diagnostic.summary
    assert diagnostic.evidence
    assert diagnostic.undo is not None
    assert diagnostic.undo.command == "podtui restore pod"
    kinds = [each.kind for each in family.plane.events() if each.pod == "pod"]
    assert kinds.count(EventKind.RESTORE_FAILED) == 1
    assert EventKind.RESTORED not in kinds
    assert_restorable(family, run=3)


def test_a_command_that_cannot_begin_is_told_with_its_last_words(yard: Yard) -> None:
    """What the supervisor says of it reaches whoever restores; the old output stays."""
    program = yard.root / "tool"
    program.write_text("#!/bin/sh\necho once; exec sleep 600\n")
    program.chmod(0o755)
    yard.spawn("pod", str(program))
    lose(yard, "pod")
    program.write_text("#!/no/such/interpreter\n")
    with pytest.raises(PodtuiError, match=r"cannot run .*tool: No such file"):
        yard.plane.carry_out(Restore(("pod",)))
    assert yard.view("pod").status is Status.FAILED
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    assert_restorable(yard, run=3)


def test_last_words_of_supervisor_and_command_are_in_the_answer(yard: Yard) -> None:
    """The tail of its log and of its output, as text that cannot steer a terminal."""
    yard.spawn("pod")
    lose(yard, "pod")

    class Talkative(Proc):
        def start_detached(self, arguments: list[str], **_options: object) -> bytes:  # type: ignore[override]
            run = Path(arguments[-1])
            (run / "supervisor.log").write_text("first\nsecond: no memory\n")
            (run / "output").write_bytes(b"\x1b[2JConversation not found\r\n")
            return b'{"ok": false, "error": "it gave up", "kind": "refused"}\n'

    with pytest.raises(Refused) as told:
        with_proc(yard, Talkative()).carry_out(Restore(("pod",)))
    assert "it gave up" in told.value.message
    assert "last words of its supervisor: first / second: no memory" in told.value.message
    assert "last words of its command: Conversation not found" in told.value.message
    assert "\x1b" not in told.value.message


def test_survivors_of_the_old_run_keep_a_new_one_from_being_begun(
    family: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers are worse than none: who survives is named, and no number is reserved."""
    ended = msgspec.defstruct(
        "Ended", [("reaped", tuple), ("skipped", tuple), ("survivors", tuple), ("proof", str)]
    )
    left = ended((), (), ("sleep 4711, in uninterruptible sleep",), "")
    monkeypatch.setattr(one, "end_leftovers", lambda *_, **__: left)
    with pytest.raises(Refused, match="of run 1 there still runs sleep 4711") as told:
        family.plane.carry_out(Restore(("pod",)))
    assert told.value.next_step == "podtui reap pod"
    assert family.view("pod").run == 1
    monkeypatch.undo()
    assert_restorable(family, run=2)


def test_a_protected_set_that_cannot_be_told_keeps_everything_as_it_is(
    family: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Could not tell is refused before anything is begun."""

    def untold(*_: object, **__: object) -> object:
        raise UnknownState("who is protected cannot be told", next_step="podtui doctor")

    monkeypatch.setattr(one, "end_leftovers", untold)
    kept = untouched(family)
    with pytest.raises(UnknownState, match="who is protected"):
        family.plane.carry_out(Restore(("pod",)))
    assert untouched(family) == kept
    monkeypatch.undo()
    assert_restorable(family, run=2)


class TakenUp(Proc):
    """A host on which the supervisor takes its lock and then stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = -1

    def start_detached(self, arguments: list[str], **_options: object) -> bytes:  # type: ignore[override]
        self.lock = os.open(Path(arguments[-1]) / "lock", os.O_RDWR | os.O_CLOEXEC)
        assert locks.try_lock(self.lock)
        return b""


@pytest.fixture
def taken_up() -> Iterator[TakenUp]:
    """Processes of which one holds a run's lock until the test is over, at the latest."""
    proc = TakenUp()
    yield proc
    if proc.lock >= 0:
        os.close(proc.lock)


def test_a_start_that_may_still_come_is_handed_off(family: Yard, taken_up: TakenUp) -> None:
    """Nobody knows whether it starts: a handoff says so, and the next start finds out."""
    with pytest.raises(TimedOut, match="whether 'pod' was restored is not known") as told:
        with_proc(family, taken_up).carry_out(Restore(("pod",)), actor="ann")
    assert "handoff" in (told.value.kept or "")
    (handoff,) = family.plane.store.handoffs.all()
    assert isinstance(handoff, HandoffRecord)
    assert (handoff.pod, handoff.run, handoff.actor) == ("pod", 2, "ann")
    assert family.view("pod").status is Status.STARTING
    # As long as it may come nothing is decided, however often somebody looks.
    plane = family.reopened()
    assert len(plane.store.intents.all()) == len(plane.store.handoffs.all()) == 1
    assert lent(family)[0][1]
    os.close(taken_up.lock)
    taken_up.lock = -1
    plane = family.reopened()
    assert plane.store.intents.all() == plane.store.handoffs.all() == []
    assert family.view("pod").status is Status.FAILED
    assert_restorable(family, run=3)


class LostAnswer(Proc):
    """A host on which a supervisor starts well and its answer is lost."""

    def start_detached(self, *arguments: object, **options: object) -> bytes:
        super().start_detached(*arguments, **options)  # type: ignore[arg-type]
        return b""


def test_a_start_whose_answer_was_lost_is_a_start(family: Yard) -> None:
    """The run's own records and its lock say that it runs: no handoff is left."""
    report = with_proc(family, LostAnswer()).carry_out(Restore(("pod",)))
    assert report.failed == ()
    assert family.view("pod").verdict is Verdict.ALIVE
    assert family.plane.store.handoffs.all() == []
    plane = with_proc(family, LostAnswer())
    assert plane.carry_out(Spawn(name="other", argv=("sleep", "600"))).view is not None
    assert family.plane.store.handoffs.all() == []


def dying(yard: Yard, name: str, run: int) -> Proc:
    """Return processes of which a supervisor starts well, and is killed before it can say so."""

    class Dying(Proc):
        def start_detached(self, *arguments: object, **options: object) -> bytes:
            super().start_detached(*arguments, **options)  # type: ignore[arg-type]
            yard.kill(yard.supervisor_of(name, run))
            return b""

    return Dying()


def test_a_run_that_began_and_was_lost_is_handed_off_with_who_it_was(family: Yard) -> None:
    """Its command may still run: its identity is in the handoff, and its scopes stay with it."""
    with pytest.raises(Refused, match="took the run up and was lost"):
        with_proc(family, dying(family, "pod", 2)).carry_out(Restore(("pod",)))
    (handoff,) = family.plane.store.handoffs.all()
    assert isinstance(handoff, HandoffRecord)
    assert handoff.supervisor == family.supervisor_of("pod", 2)
    assert handoff.child == family.child_of("pod", 2)
    assert family.view("pod").status is Status.LOST
    assert lent(family)[0][1]
    assert_restorable(family, run=3)


def test_a_spawn_that_began_and_was_lost_is_handed_off(yard: Yard) -> None:
    """The same for a first run; the error says that it cannot be told."""
    plane = with_proc(yard, dying(yard, "pod", 1))
    with pytest.raises(UnknownState, match="cannot be told"):
        plane.carry_out(Spawn(name="pod", argv=("sleep", "600")))
    (handoff,) = yard.plane.store.handoffs.all()
    assert isinstance(handoff, HandoffRecord)
    assert handoff.child == yard.child_of("pod")


def test_a_spawn_that_failed_before_its_start_hands_nothing_off(yard: Yard) -> None:
    """Without a process there is nothing for the reaper."""
    plane = with_proc(yard, NoMoreProcesses())
    with pytest.raises(PodtuiError):
        plane.carry_out(Spawn(name="pod", argv=("sleep", "600")))
    assert yard.plane.store.handoffs.all() == []


def test_a_handoff_that_cannot_be_written_leaves_earlier_ones(yard: Yard) -> None:
    """The earlier one of the same run stays, word for word, and a remark tells the failure."""
    write_pod(yard.plane, "pod")
    run = yard.run_record("pod")
    assert hand_off(yard.plane.store, run, pod="pod", reason="first") == ()
    before = fingerprint(yard.plane.store.paths.handoffs)
    full = with_fs(yard, FaultyFs({"replace": (errno.ENOSPC, on(f"{run.pod_id}.1.json"))}))
    (remark,) = hand_off(full.store, run, pod="pod", reason="second")
    assert "No space left" in remark
    assert fingerprint(yard.plane.store.paths.handoffs) == before
    clear_handoff(yard.plane.store, run.pod_id, 1)
    assert yard.plane.store.handoffs.all() == []


def test_a_handoff_never_names_who_is_protected(yard: Yard) -> None:
    """A record that names podtui itself does not make it a target."""
    write_pod(yard.plane, "pod", supervisor=this_process(), child=this_process())
    hand_off(yard.plane.store, yard.run_record("pod"), pod="pod", reason="test")
    (handoff,) = yard.plane.store.handoffs.all()
    assert isinstance(handoff, HandoffRecord)
    assert (handoff.supervisor, handoff.child) == (None, None)


FAULTS = [
    ("locked", "action.lock"),
    ("locked", "lock"),
    ("make_directory", "ID.2"),
    ("create", "run.json"),
    ("create", "output"),
    ("create", "index"),
    ("open_append", "supervisor.log"),
]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=os.strerror)
@pytest.mark.parametrize(("call", "name"), FAULTS)
def test_a_disk_that_refuses_a_step_costs_nothing(
    family: Yard, call: str, name: str, number: int
) -> None:
    """Whichever step it is: one sentence, nothing lost, and restored when the disk is well."""
    kept, scopes = untouched(family), lent(family)
    name = name.replace("ID", family.view("pod").id)
    plane = with_fs(family, FaultyFs({call: (number, on(name))}))
    with pytest.raises(DiskTrouble, match=os.strerror(number)):
        plane.carry_out(Restore(("pod",)))
    assert untouched(family) == kept
    view = family.view("pod")
    assert view.verdict is Verdict.DEAD
    assert lent(family) == scopes
    assert_restorable(family, run=view.run + 1)


class FullAfterTheStart(FaultyFs):
    """A disk that becomes full when the command has begun."""

    def open_append(self, path: Path) -> int:
        self.faults["append_line"] = (errno.ENOSPC, lambda *_: True)
        return super().open_append(path)


def test_a_restore_that_only_could_not_be_told_is_one(family: Yard) -> None:
    """The pod runs, with a remark; the next start writes what the disk had refused, once."""
    report = with_fs(family, FullAfterTheStart({})).carry_out(Restore(("pod",)))
    assert any("will be told by the next start" in each for each in report.skipped)
    assert family.view("pod").verdict is Verdict.ALIVE
    for _ in range(2):
        plane = family.reopened()
        assert plane.store.intents.all() == []
        told = [each for each in plane.diagnostics() if each.kind is DiagnosticKind.RESTORED]
        assert len(told) == 1
    assert family.view("pod").run == 2


class FullWhenItFails(FaultyFs):
    """A disk that takes everything up to the start, and nothing from then on."""

    def open_append(self, path: Path) -> int:
        for call in ("append_line", "replace", "locked"):
            self.faults[call] = (errno.ENOSPC, lambda *_: True)
        raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_an_old_intent_takes_nothing_from_a_run_that_came_after_it(family: Yard) -> None:
    """A restore that could not be taken back leaves its scopes lent; the next run keeps them."""
    family.plane.carry_out(Return(("pod",)))
    with pytest.raises(DiskTrouble):
        with_fs(family, FullWhenItFails({})).carry_out(Restore(("pod",)))
    assert len(family.plane.store.intents.all()) == 1
    assert lent(family)[0][1]
    until(lambda: family.view("pod").verdict is Verdict.UNKNOWN)
    run = family.run_record("pod", 2)
    assert host_of(family.plane.store, run).prevent("pod", run, "as its deadline would")
    # The same process tries again, without a new start in between.
    family.plane.carry_out(Restore(("pod",)))
    assert family.view("pod").run == 3
    plane = family.reopened()
    assert plane.store.intents.all() == []
    assert lent(family)[0][1]
    assert family.view("pod").verdict is Verdict.ALIVE
