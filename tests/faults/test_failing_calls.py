"""System calls of the shipped command that fail for real: EIO, EDQUOT, ESTALE, EFBIG (F21-F25)."""

from __future__ import annotations

import json
import shutil

import pytest

from podtui.core.model.verdicts import Status, Verdict
from tests.actions.spawn.test_spawn_killed import spawn_by_command
from tests.support.record_builders import write_exit, write_pod
from tests.support.store_fixture import Yard

STRACE = shutil.which("strace")
PRLIMIT = shutil.which("prlimit")
FAILING = [
    *(("fsync", "EIO", number) for number in (1, 2, 3, 5, 8)),
    *(("fdatasync", "EIO", number) for number in (1, 2)),
    *(("rename", error, 1) for error in ("EIO", "EDQUOT", "ESTALE")),
    *(("mkdir", "EDQUOT", number) for number in (1, 2, 3)),
    ("fsync", "EINTR", 2),
]


@pytest.fixture
def family(yard: Yard) -> Yard:
    """A store with an ended parent."""
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    yard.plane.snapshot()
    return yard


def assert_told_and_whole(yard: Yard, code: int, said: str, complaint: str) -> None:
    """A command that failed told one error in words, and the store goes on."""
    assert "Traceback" not in said + complaint
    if code:
        error = json.loads(said or complaint)["error"]
        assert error["message"]
        assert error["next"]
    plane = yard.reopened()
    picture = plane.snapshot()
    assert picture.health.ok
    assert plane.store.intents.all() == []
    assert plane.store.journal.read().problems == ()
    view = picture.find("child")
    if code and view is not None:
        assert view.verdict in {Verdict.DEAD, Verdict.UNKNOWN}
    if code and view is None:
        again = spawn_by_command(yard)
        assert again.returncode == 0, again.stderr
        assert yard.reopened().snapshot().find("child") is not None


@pytest.mark.parametrize(
    ("call", "error", "number"), FAILING, ids=[f"{c}-{e}-{n}" for c, e, n in FAILING]
)
def test_a_spawn_whose_call_fails_is_told_and_nothing_is_torn(
    family: Yard, call: str, error: str, number: int
) -> None:
    """Whichever call fails: an error in words, a store that is whole, and a name that is free."""
    if STRACE is None:
        pytest.skip("F23: strace is not installed: no call of the kernel was let fail")
    inject = f"inject={call}:error={error}:when={number}"
    told = spawn_by_command(
        family, STRACE, "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject
    )
    # Python tries an interrupted call again, as podtui does its own.
    assert (told.returncode == 0) is (error == "EINTR")
    assert_told_and_whole(family, told.returncode, told.stdout, told.stderr)


@pytest.mark.parametrize("limit", [0, 10, 100, 200])
def test_a_spawn_that_may_not_write_so_much_is_told_and_starts_nothing(
    family: Yard, limit: int
) -> None:
    """A file may have so many bytes only: the write that crosses it is short, the next refused."""
    if PRLIMIT is None:
        pytest.skip("F21: prlimit is not installed: no write was cut short")
    told = spawn_by_command(family, PRLIMIT, f"--fsize={limit}")
    assert told.returncode != 0
    view = family.reopened().snapshot().find("child")
    assert view is None or view.status is Status.FAILED
    assert_told_and_whole(family, told.returncode, told.stdout, told.stderr)
