"""Two actors on one pod: one wins, and the other is told who and why."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from podtui.core.actions.framework import locks
from podtui.core.actions.trash.prune_checks import Checks
from podtui.core.control.local import LocalPlane
from podtui.core.errors import Busy, Exists, NotFound, PodtuiError, Refused
from podtui.core.model.diagnostics import DiagnosticKind
from podtui.core.model.requests import (
    Prune,
    Purge,
    Reap,
    Recover,
    Restore,
    Return,
    Send,
    Spawn,
    Stop,
)
from podtui.core.model.verdicts import Verdict
from podtui.core.system.fs import Fs, Stamp
from tests.support.at_once import at_once
from tests.support.faulty import Killed
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard
from tests.support.trash import a_family, assert_converged, place_of, told_of

Act = Callable[[LocalPlane], object]
SCRIPT = """
import sys
from pathlib import Path
from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Prune, Purge, Recover, Restore, Spawn
from podtui.core.errors import PodtuiError
from podtui.core.system.system import System
environment = {"PATH": "/usr/bin:/bin", "PODTUI_RUNTIME_DIR": sys.argv[3]}
system = System(environment=environment, machine_id="test-machine")
plane = LocalPlane.open(system, root=Path(sys.argv[2]))
import podtui.core.actions.trash.purge
import podtui.core.actions.trash.recover
import podtui.core.actions.restore.restore
acts = {
    "prune": lambda: plane.carry_out(Prune(("pod",)), actor="pruner"),
    "restore": lambda: plane.carry_out(Restore(("pod",)), actor="restorer"),
    "recover": lambda: plane.carry_out(Recover(("pod",)), actor="recoverer"),
    "recover_as": lambda: plane.carry_out(Recover(("pod",), as_name="other"), actor="recoverer"),
    "purge": lambda: plane.carry_out(Purge(older_than_s=0.0), actor="purger"),
    "spawn": lambda: plane.carry_out(Spawn(name="pod", argv=("sleep", "600"))),
}
wanted = sys.argv[4:][int(sys.argv[1]) % (len(sys.argv) - 4)]
# gate
try:
    report = acts[wanted]()
except PodtuiError as error:
    print(wanted, error.kind, "|", error.message)
else:
    print(wanted, "done" if report.done else "nothing", "|", report)
"""


def together(yard: Yard, *acts: str, count: int = 2) -> list[tuple[str, str, str]]:
    """Let processes act at the same moment; returns what each wanted, its outcome, its words."""
    arguments = (str(yard.plane.store_path), yard.environment["PODTUI_RUNTIME_DIR"], *acts)
    said = at_once(SCRIPT, count=count, arguments=arguments)
    answers = []
    for each in said:
        head, _, words = each.strip().partition(" | ")
        wanted, _, outcome = head.partition(" ")
        answers.append((wanted, outcome, words))
    return answers


def pod_id_of(yard: Yard) -> str:
    return yard.plane.store.pod_record("pod").id  # type: ignore[union-attr]


@pytest.fixture
def family(tmp_path: Path) -> Yard:
    """An ended pod with a parent, a child and a scope."""
    return a_family(tmp_path / "family")


def test_of_many_who_prune_one_pod_one_does(family: Yard) -> None:
    """All others are told by whom it was pruned."""
    pod_id = pod_id_of(family)
    answers = together(family, "prune", count=4)
    assert Counter(outcome for _, outcome, _ in answers) == {"done": 1, "not_found": 3}
    for _, outcome, words in answers:
        if outcome == "not_found":
            assert "was pruned on" in words
            assert "by pruner" in words
    assert len(family.plane.trash()) == 1
    assert told_of(family.plane, DiagnosticKind.PRUNED) == 1
    assert_converged(family, pod_id)


def test_of_many_who_recover_one_pod_one_does(family: Yard) -> None:
    """All others are told that it is back, and who brought it."""
    pod_id = pod_id_of(family)
    family.plane.carry_out(Prune(("pod",)))
    answers = together(family, "recover", "recover_as", count=4)
    assert Counter(outcome for _, outcome, _ in answers) == {"done": 1, "refused": 3}
    for _, outcome, words in answers:
        if outcome == "refused":
            assert "recovered" in words
            assert "by recoverer" in words
    assert told_of(family.plane, DiagnosticKind.RECOVERED) == 1
    place = assert_converged(family, pod_id)
    assert place is not None
    assert place.parent == family.plane.store.paths.pods


def test_a_purge_and_a_recover_do_not_share_a_pod(family: Yard) -> None:
    """It is back whole, or gone for good: never half of it."""
    pod_id = pod_id_of(family)
    family.plane.carry_out(Prune(("pod",)))
    outcomes = {wanted: outcome for wanted, outcome, _ in together(family, "purge", "recover")}
    place = assert_converged(family, pod_id)
    if outcomes["recover"] == "done":
        assert outcomes["purge"] in {"not_found", "nothing"}
        assert place == family.plane.store.paths.pod("pod").root
    else:
        assert outcomes == {"purge": "done", "recover": "not_found"}
        assert place is None


def test_a_recover_and_a_spawn_do_not_share_a_name(family: Yard) -> None:
    """One has the name, and the other is told that it is taken; what lost is where it was."""
    pod_id = pod_id_of(family)
    family.plane.carry_out(Prune(("pod",)))
    outcomes = {wanted: outcome for wanted, outcome, _ in together(family, "recover", "spawn")}
    assert sorted(outcomes.values()) == ["done", "exists"]
    in_place = place_of(family.plane, pod_id) == family.plane.store.paths.pod("pod").root
    assert in_place == (outcomes["recover"] == "done")
    family.end_everything()


def test_a_prune_and_a_restore_do_not_share_a_pod(yard: Yard) -> None:
    """It runs again in its place, or is in the trash and does not run."""
    yard.shell("pod", "exec sleep 600")
    yard.plane.carry_out(Stop(("pod",), grace_s=0))
    answers = {
        wanted: (outcome, words) for wanted, outcome, words in together(yard, "prune", "restore")
    }
    view = yard.reopened().snapshot().find("pod")
    if answers["prune"][0] == "done":
        assert answers["restore"][0] == "not_found", answers
        assert view is None
    else:
        assert answers["restore"][0] == "done", answers
        assert answers["prune"][0] == "refused", answers
        assert view is not None
        assert (view.run, view.verdict) == (2, Verdict.ALIVE)


def test_a_prune_and_a_recover_one_after_the_other(family: Yard) -> None:
    """Whichever comes first: the pod is in one place, whole."""
    pod_id = pod_id_of(family)
    together(family, "prune", "recover", count=4)
    assert assert_converged(family, pod_id) is not None


# one in the middle of the other, in both orders


class Meddling(Fs):
    """The real disk under an actor who is interrupted before or after his rename."""

    def __init__(self, meddle: Callable[[], None], *, after: bool) -> None:
        super().__init__()
        self._meddle = meddle
        self._after = after

    def rename_new(self, source: Path, target: Path) -> None:
        meddle, self._meddle = self._meddle, _nothing
        if not self._after:
            meddle()
        super().rename_new(source, target)
        if self._after:
            meddle()


def _nothing() -> None:
    return


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "ACTION_WAIT_S", 0.02)


def prune(plane: LocalPlane) -> object:
    return plane.carry_out(Prune(("pod",)), actor="second")


def recover(plane: LocalPlane) -> object:
    return plane.carry_out(Recover(("pod",)), actor="second")


def purge(plane: LocalPlane) -> object:
    return plane.carry_out(Purge(older_than_s=0.0), actor="second")


def restore(plane: LocalPlane) -> object:
    return plane.carry_out(Restore(("pod",)), actor="second")


def attach(plane: LocalPlane) -> object:
    return plane.attach("pod", read_only=True, columns=80, rows=24)


def spawn(plane: LocalPlane) -> object:
    return plane.carry_out(Spawn(name="pod", argv=("sleep", "600")))


PAIRS: list[tuple[str, Act, bool, type[PodtuiError], str]] = [
    ("prune", prune, False, Busy, "prune of first"),
    ("prune", prune, True, NotFound, "was pruned on .* by first"),
    ("prune", restore, False, Busy, "prune of first"),
    ("prune", restore, True, NotFound, "was pruned on .* by first"),
    ("prune", recover, False, Refused, "it is in its place"),
    ("prune", recover, True, Busy, "prune of first"),
    ("prune", attach, False, Refused, "not running"),
    ("prune", attach, True, NotFound, "was pruned on .* by first"),
    ("prune", purge, True, Busy, ""),
    ("recover", recover, False, Busy, "recover of first"),
    ("recover", recover, True, Refused, "not in the trash"),
    ("recover", prune, False, NotFound, "was pruned"),
    ("recover", prune, True, Busy, "recover of first"),
    ("recover", restore, True, Busy, "recover of first"),
    ("recover", spawn, True, Exists, "there is a pod 'pod' already"),
    ("purge", recover, False, Busy, "purge of first"),
    ("purge", recover, True, NotFound, "not in the trash"),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "pair",
    PAIRS,
    ids=[f"{a}-{b.__name__}-{'after' if c else 'before'}" for a, b, c, _, _ in PAIRS],
)
def test_who_comes_in_the_middle_is_told_who_is_there(
    family: Yard, pair: tuple[str, Act, bool, type[PodtuiError], str]
) -> None:
    """The second actor changes nothing, and the first comes to his end."""
    first, second, after, kind, words = pair
    if first != "prune":
        family.plane.carry_out(Prune(("pod",)))
    pod_id = next(
        (each.pod_id for each in family.plane.trash()),
        "" if first != "prune" else pod_id_of(family),
    )
    told: list[PodtuiError] = []
    others = family.reopened()

    def meddle() -> None:
        try:
            report = second(others)
        except PodtuiError as error:
            told.append(error)
        else:
            # A purge tells what it leaves alone.
            assert second is purge, report
            assert report.done == ()  # type: ignore[attr-defined]

    plane = LocalPlane.open(replace(family.system, fs=Meddling(meddle, after=after)))
    acts: dict[str, Act] = {
        "prune": lambda it: it.carry_out(Prune(("pod",)), actor="first"),
        "recover": lambda it: it.carry_out(Recover(("pod",)), actor="first"),
        "purge": lambda it: it.carry_out(Purge(older_than_s=0.0), actor="first"),
    }
    acts[first](plane)
    if second is not purge:
        assert [each.kind for each in told] == [kind.kind]
        assert told[0].next_step
        with pytest.raises(kind, match=words):
            raise told[0]
    place = assert_converged(family, pod_id)
    assert (place is None) is (first == "purge")


@pytest.mark.usefixtures("impatient")
def test_a_spawn_just_before_the_rename_keeps_its_name(family: Yard) -> None:
    """The recover was planned while the name was free: the pod stays in the trash, as it was."""
    family.plane.carry_out(Prune(("pod",)))
    (entry,) = family.plane.trash()
    others = family.reopened()
    plane = LocalPlane.open(
        replace(family.system, fs=Meddling(lambda: _spawn(others), after=False))
    )
    with pytest.raises(Exists, match="by now") as told:
        plane.carry_out(Recover(("pod",)))
    assert "--as" in (told.value.next_step or "")
    assert [each.id for each in family.reopened().trash()] == [entry.id]
    assert family.plane.look_at("pod").verdict is Verdict.ALIVE
    family.reopened().carry_out(Recover(("pod",), as_name="other"))
    assert place_of(family.plane, entry.pod_id) == family.plane.store.paths.pod("other").root
    family.end_everything()


def _spawn(plane: LocalPlane) -> None:
    plane.carry_out(Spawn(name="pod", argv=("sleep", "600")))


def test_an_empty_directory_in_its_place_is_not_replaced(family: Yard) -> None:
    """A rename would swallow it without a word; what is there is a row, and stays."""
    family.plane.carry_out(Prune(("pod",)))
    place = family.plane.store.paths.pod("pod").root
    plane = LocalPlane.open(
        replace(family.system, fs=Meddling(lambda: place.mkdir(mode=0o700), after=False))
    )
    with pytest.raises(Exists):
        plane.carry_out(Recover(("pod",)))
    assert list(place.iterdir()) == []
    assert len(family.reopened().trash()) == 1


def test_who_waited_for_a_pod_that_went_away_does_not_act_on_the_next_one(yard: Yard) -> None:
    """The lock of a pruned pod went with it: another pod of the name has its own."""
    write_exit(yard.plane, write_pod(yard.plane, "pod", pod_id="0" * 26))
    store = yard.plane.store
    others = yard.reopened()

    class Slow(Fs):
        """Gets the lock only after the pod was pruned and its name given to another."""

        def is_at(self, descriptor: int, path: Path) -> bool:
            store.paths.pod("pod").root.rename(yard.root / "elsewhere")
            write_exit(others, write_pod(others, "pod", pod_id="1" * 26))
            return super().is_at(descriptor, path)

    plane = LocalPlane.open(replace(yard.system, fs=Slow()))
    with pytest.raises(NotFound, match="moved away"):
        plane.carry_out(Prune(("pod",)))
    assert yard.plane.look_at("pod").id == "1" * 26
    assert yard.plane.trash() == ()


class TakenAway(Fs):
    """A disk on which the pod is pruned by somebody else just before its run is read."""

    def __init__(self, other: LocalPlane) -> None:
        super().__init__()
        self.other: LocalPlane | None = other

    def open_plain(self, path: Path) -> int:
        if path.name == "run.json" and self.other is not None:
            other, self.other = self.other, None
            other.carry_out(Prune(("pod",)))
        return super().open_plain(path)


def test_a_pod_that_is_pruned_in_the_middle_of_a_look_is_told_as_pruned(yard: Yard) -> None:
    """It is not taken for one whose records are missing: the answer has the way back."""
    yard.shell("pod", "true")
    yard.wait_ended("pod")
    fs = TakenAway(yard.reopened())
    plane = LocalPlane.open(replace(yard.system, fs=fs))
    with pytest.raises(NotFound, match="recover with podtui recover pod"):
        plane.look_at("pod")
    assert fs.other is None


class TakenAwayAt(Fs):
    """A disk on which another actor prunes the pod just before one of the reads of its files.

    Attributes:
        left: how many reads there are before that one; negative once the other has acted.
    """

    def __init__(self, pod: Path, other: LocalPlane, reads_before: int) -> None:
        super().__init__()
        self._pod = pod
        self._other = other
        self.left = reads_before

    def _on_read(self, path: Path | str) -> None:
        if not Path(path).is_relative_to(self._pod):
            return
        self.left -= 1
        if self.left == -1:
            try:
                self._other.carry_out(Prune(("pod",)), actor="first")
            except Busy:
                # From here on the lock protects the pod: what follows is shown by other tests.
                raise Killed from None

    def stamp(self, path: Path | str) -> Stamp | None:
        self._on_read(path)
        return super().stamp(path)

    def open_plain(self, path: Path) -> int:
        self._on_read(path)
        return super().open_plain(path)

    def is_directory(self, path: Path) -> bool:
        self._on_read(path)
        return super().is_directory(path)

    def names_in(self, directory: Path) -> list[str]:
        self._on_read(directory)
        return super().names_in(directory)

    def is_locked(self, path: Path) -> bool:
        self._on_read(path)
        return super().is_locked(path)


def reap(plane: LocalPlane) -> object:
    return plane.carry_out(Reap(("pod",)), actor="second")


def give_back(plane: LocalPlane) -> object:
    return plane.carry_out(Return(("pod",)), actor="second")


def stop(plane: LocalPlane) -> object:
    return plane.carry_out(Stop(("pod",)), actor="second")


def send(plane: LocalPlane) -> object:
    return plane.carry_out(Send("pod", "hello"), actor="second")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("act", [restore, reap, prune, give_back, stop, send])
def test_a_pod_that_is_pruned_before_any_read_of_an_action_is_not_found(
    tmp_path: Path, act: Act
) -> None:
    """Whatever was read so far: the answer is never that its state could not be determined.

    A pod that is dead is not stopped and not sent to, and this may be the answer, too.
    """
    answers: list[PodtuiError] = []
    for reads_before in range(1000):
        yard = a_family(tmp_path / str(reads_before))
        root = yard.plane.store.paths.pod("pod").root
        fs = TakenAwayAt(root, yard.reopened(), reads_before)
        plane = LocalPlane.open(replace(yard.system, fs=fs))
        try:
            act(plane)
        except PodtuiError as error:
            if fs.left >= 0:
                # It ended before the read that was meant.
                break
            answers.append(error)
        except Killed:
            break
    allowed = {NotFound.kind, Refused.kind} if act in {stop, send} else {NotFound.kind}
    assert answers
    assert {each.kind for each in answers} <= allowed, answers
    assert all(each.next_step for each in answers)


def test_a_run_reserved_after_the_probe_refuses_a_prune(yard: Yard) -> None:
    """A pod that is just being restored is refused as such, not as one that nothing is known of."""
    yard.shell("pod", "exec sleep 600")
    yard.plane.carry_out(Stop(("pod",), grace_s=0))
    seen, runs = yard.plane.look_at("pod"), yard.plane.store.paths.pod("pod").runs
    shutil.copytree(runs / "0001", runs / "0002")
    (runs / "0002" / "exit.json").unlink()

    refusal = Checks(yard.plane.store, unreadable=False).refusal_of(seen)

    assert refusal is not None
    assert refusal.kind == "refused"
