"""The diagnostics: each told once, seen by each reader in his own time, shown merged."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from podtui.core.diagnostics.read_state import mark_read
from podtui.core.diagnostics.report import (
    DiagnosticsPicture,
    merged,
    picture_of,
    undone_of,
    words_of,
)
from podtui.core.errors import BadInput, DiskTrouble
from podtui.core.model.diagnostics import KINDS, Diagnostic, DiagnosticKind, Undo
from podtui.core.model.events import Details
from podtui.core.store import diagnostics as diagnostics_module
from podtui.core.store.store import Store
from tests.support.faulty import FaultyFs, on
from tests.support.store_fixture import Yard

NOON = datetime(2026, 5, 4, 12, 3, tzinfo=UTC)
READER = "operator"


def told(
    number: int,
    *,
    kind: DiagnosticKind = DiagnosticKind.LOST,
    pod: str | None = None,
    after_s: float = 0.0,
    summary: str = "lost: its supervisor ended without writing an exit record",
    undo: Undo | None = None,
    actor: str | None = None,
    cause: str = "its supervisor ended without writing an exit record",
) -> Diagnostic:
    """Return the diagnostic of this number, of a pod of its own."""
    name = f"pod-{number}" if pod is None else pod
    return Diagnostic(
        id=f"{number}.ended",
        at=NOON + timedelta(seconds=after_s),
        kind=kind,
        pod=name,
        pod_id=f"id-{name}",
        run=1,
        actor=actor,
        summary=f"{name}: {summary}",
        undo=undo,
        details=Details(words=summary, cause=cause),
    )


def pruned(number: int, actor: str) -> Diagnostic:
    cause = f"by {actor}"
    return told(
        number, kind=DiagnosticKind.PRUNED, actor=actor, summary=f"pruned {cause}", cause=cause
    )


@pytest.fixture
def fs() -> FaultyFs:
    return FaultyFs({})


@pytest.fixture
def store(tmp_path: Path, fs: FaultyFs) -> Store:
    """A store whose disk can be let fail."""
    return Yard(tmp_path, fs=fs).plane.store


def unread(store: Store, reader: str = READER) -> list[int]:
    return [int(each.id.partition(".")[0]) for each in store.diagnostics.unread(reader)]


def write(store: Store, count: int) -> None:
    for number in range(count):
        store.diagnostics.append(told(number))


# what was seen


def test_who_never_looked_has_seen_nothing(store: Store) -> None:
    """Everything is unread at first."""
    write(store, 3)
    assert unread(store) == [0, 1, 2]


def test_what_was_marked_stays_seen_for_this_reader_only(store: Store) -> None:
    """Each reader has a mark of his own, that a new look at the store finds."""
    write(store, 4)
    mark_read(store, READER, ["0.ended", "1.ended"])
    assert unread(store) == [2, 3]
    assert unread(store, "planner") == [0, 1, 2, 3]


def test_the_newest_may_be_seen_before_older_ones(store: Store) -> None:
    """A list shows the newest first: what is further down stays unread."""
    write(store, 5)
    mark_read(store, READER, ["3.ended", "4.ended"])
    assert unread(store) == [0, 1, 2]

    mark_read(store, READER, ["0.ended", "2.ended"])
    assert unread(store) == [1]

    mark_read(store, READER, ["1.ended"])
    assert unread(store) == []
    record = store.diagnostics.seen(READER)
    assert record is not None
    assert (record.diagnostic_id, record.beyond) == ("4.ended", [])


def test_a_mark_never_goes_back(store: Store) -> None:
    """A second screen that has seen less takes nothing away."""
    write(store, 4)
    mark_read(store, READER, ["0.ended", "1.ended", "2.ended"])
    mark_read(store, READER, ["0.ended"])
    assert unread(store) == [3]


def test_a_mark_that_nobody_can_place_tells_again(store: Store) -> None:
    """Told twice is better than not at all."""
    write(store, 2)
    mark_read(store, READER, ["0.ended", "1.ended"])
    for path in store.paths.diagnostics.glob("*.jsonl"):
        path.unlink()
    store.diagnostics.append(told(7))
    assert unread(store) == [7]


def test_a_damaged_mark_tells_again_and_is_kept_until_the_next(store: Store) -> None:
    """A mark that cannot be read costs a second look, no error."""
    write(store, 2)
    path = store.paths.diagnostics_seen(READER)
    path.write_bytes(b"{")
    assert unread(store) == [0, 1]
    mark_read(store, READER, ["0.ended", "1.ended"])
    assert unread(store) == []


def test_of_very_many_seen_before_older_ones_the_oldest_are_told_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark stays a small record, whatever was looked at in which order."""
    monkeypatch.setattr(diagnostics_module, "MOST_BEYOND", 2)
    write(store, 6)
    mark_read(store, READER, [f"{number}.ended" for number in (2, 3, 4, 5)])
    assert unread(store) == [0, 1, 2, 3]


def test_with_a_part_out_of_sight_no_mark_says_that_all_was_seen(store: Store) -> None:
    """What cannot be read now is told when it can be read again."""
    write(store, 2)
    whole = store.paths.diagnostics / "000001.jsonl"
    aside = store.paths.quarantine / "aside"
    whole.rename(aside)
    whole.mkdir()
    (store.paths.diagnostics / "000002.jsonl").touch(mode=0o600)
    store.diagnostics.append(told(9))
    mark_read(store, READER, ["9.ended"])
    assert unread(store) == []

    whole.rmdir()
    aside.rename(whole)
    assert unread(store) == [0, 1]


def test_a_reader_whose_name_is_a_path_is_refused(store: Store) -> None:
    """A name from the environment reaches no other file."""
    write(store, 1)
    with pytest.raises(BadInput, match="reader name"):
        mark_read(store, "../../x", ["0.ended"])


def test_a_full_disk_marks_nothing_and_says_so(store: Store, fs: FaultyFs) -> None:
    """What could not be noted is told again."""
    write(store, 2)
    fs.faults["replace"] = (errno.ENOSPC, on("seen-operator.json"))
    with pytest.raises(DiskTrouble, match="could not be marked"):
        mark_read(store, READER, ["0.ended"])
    assert unread(store) == [0, 1]


# merging


def sentences(diagnostics: list[Diagnostic]) -> list[str]:
    return [entry.sentence for entry in merged(diagnostics)]


def test_two_hundred_losses_at_once_are_one_entry() -> None:
    """One line with number, time, reason and some names; all members are in it."""
    losses = [told(number, after_s=number / 100) for number in range(200)]
    entries = merged(losses)

    assert len(entries) == 1
    assert entries[0].members == tuple(losses)
    at = NOON.astimezone().strftime("%H:%M")
    assert entries[0].sentence == (
        f"200 pods were lost at {at} (its supervisor ended without writing an exit record):"
        " pod-0, pod-1, pod-10, pod-100, pod-101 and 195 more"
    )
    assert (entries[0].label, entries[0].id) == ("200 pods", "0.ended")


def test_what_comes_in_a_row_goes_on_as_one_entry_but_not_for_ever() -> None:
    """Each within two seconds of the one before, all within a minute."""
    row = [told(number, after_s=number * 1.5) for number in range(60)]
    assert [len(entry.members) for entry in merged(row)] == [19, 41]
    apart = [told(number, after_s=number * 2.5) for number in range(3)]
    assert len(merged(apart)) == 3


def test_lines_of_an_earlier_version_are_shown_as_they_are_and_joined_without_a_cause() -> None:
    """They have no details, and nothing is read out of their sentences."""
    old = [msgspec.structs.replace(told(number), details=msgspec.UNSET) for number in range(2)]
    (entry,) = merged(old)
    assert entry.sentence.endswith(": pod-0, pod-1")
    assert "(" not in entry.sentence
    assert words_of(old[0]) == old[0].summary
    assert words_of(told(0)) == "lost: its supervisor ended without writing an exit record"


def test_kinds_and_actors_are_not_mixed_and_newest_comes_first() -> None:
    """What is told in turns is still one entry for each kind."""
    mixed = [
        told(0),
        pruned(1, "operator"),
        told(2),
        pruned(3, "operator"),
        pruned(4, "planner"),
    ]
    entries = merged(mixed)

    assert [len(entry.members) for entry in entries] == [1, 2, 2]
    assert entries[1].sentence.startswith("2 pods were pruned at")
    assert "(by operator): pod-1, pod-3" in entries[1].sentence


def test_several_of_one_pod_stay_apart() -> None:
    """A pod that is lost again and again is told each time."""
    assert len(merged([told(number, pod="same") for number in range(4)])) == 4


def test_a_clock_that_was_set_back_joins_nothing_that_is_far_apart() -> None:
    """The order is the one in which they were written."""
    entries = merged([told(0, after_s=3600), told(1, after_s=0)])
    assert [entry.id for entry in entries] == ["1.ended", "0.ended"]


def test_different_reasons_are_left_out_of_the_sentence() -> None:
    """Only what holds for all is said of all."""
    assert "(" not in sentences([told(0), told(1, cause="the host was restarted")])[0]


def test_every_kind_has_a_shape_and_words() -> None:
    """A new kind is not forgotten here."""
    assert KINDS.keys() == set(DiagnosticKind)
    assert all(len(look.glyph) == 1 and look.word and look.of_many for look in KINDS.values())


# what is undone


@pytest.mark.parametrize(
    ("undo", "later", "why"),
    [
        (Undo("restore", "a"), DiagnosticKind.RESTORED, "restored"),
        (Undo("restore", "a"), DiagnosticKind.RESTORE_FAILED, ""),
        (Undo("restore", "a"), DiagnosticKind.PRUNED, "pruned since"),
        (Undo("recover", "t"), DiagnosticKind.RECOVERED, "recovered"),
        (Undo("recover", "t"), DiagnosticKind.PURGED, "purged"),
        (Undo("prune", "a"), DiagnosticKind.PRUNED, "pruned"),
        (Undo("stop", "a"), DiagnosticKind.LOST, "lost since"),
        (Undo("relend", "loan"), DiagnosticKind.LOAN_RETURNED, ""),
    ],
)
def test_what_came_later_says_whether_an_undo_is_past(
    undo: Undo, later: DiagnosticKind, why: str
) -> None:
    """An undo that has been done is not offered again."""
    first = told(0, pod="a", undo=undo)
    then = told(1, pod="a", kind=later)
    assert undone_of([first, then]).get(first.id, "") == why
    # What came before it, or is of another pod, says nothing.
    assert first.id not in undone_of([then, first])
    assert first.id not in undone_of([first, told(1, pod="b", kind=later)])


def test_a_pod_that_is_back_from_the_trash_can_be_restored_again() -> None:
    """Pruned and recovered is as if nothing had been."""
    loss = told(0, pod="a", undo=Undo("restore", "a"))
    pruned = told(1, pod="a", kind=DiagnosticKind.PRUNED, undo=Undo("recover", "t"))
    back = told(2, pod="a", kind=DiagnosticKind.RECOVERED)
    assert undone_of([loss, pruned, back]) == {pruned.id: "recovered"}


def test_a_scope_that_was_lent_again_is_not_offered_again() -> None:
    """Told by the id of the loan."""
    out = told(0, pod="a", kind=DiagnosticKind.LOAN_RETURNED, undo=Undo("relend", "loan"))
    back = told(1, pod="a", kind=DiagnosticKind.LOAN_LENT, undo=Undo("return", "loan"))
    assert undone_of([out, back]) == {out.id: "lent again"}


def test_a_picture_tells_what_of_an_entry_is_unread_and_can_be_undone() -> None:
    """Of many, each counts."""
    losses = [told(number, undo=Undo("restore", f"pod-{number}")) for number in range(3)]
    restored = told(9, pod="pod-1", kind=DiagnosticKind.RESTORED, after_s=60)
    picture: DiagnosticsPicture = picture_of(
        [*losses, restored], unread=frozenset({"2.ended"}), problems=()
    )
    newest, many = picture.entries

    assert not picture.is_unread(newest)
    assert picture.is_unread(many)
    assert picture.open_undo(many) == (losses[0], losses[2])
