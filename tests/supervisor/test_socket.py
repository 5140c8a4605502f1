"""The socket: private, reachable at any length of path, and back when it was removed."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import stat
from pathlib import Path

from podtui.kernel import frames
from tests.supervisor.conftest import NewRun
from tests.supervisor.harness import Run, retry_until


def answers(run: Run) -> bool:
    try:
        with run.connect() as control:
            return bool(control.ask(frames.PING, b"", frames.PONG))
    except (FileNotFoundError, ConnectionRefusedError):
        return False


def test_socket_and_directory_are_the_owners_alone(new_run: NewRun) -> None:
    """0600 in 0700 from the first moment, whatever the starter's umask was."""
    run = new_run("sleep", "1000").start(umask=0)
    socket_mode = run.socket_path.lstat().st_mode
    assert stat.S_ISSOCK(socket_mode)
    assert stat.S_IMODE(socket_mode) == 0o600
    assert stat.S_IMODE(run.sockets.stat().st_mode) == 0o700
    for name in ("run.json", "status.json", "output", "index", "lock"):
        retry_until((run.directory / name).exists)
        assert stat.S_IMODE((run.directory / name).stat().st_mode) == 0o600


def test_the_socket_is_gone_when_the_run_is_over(new_run: NewRun) -> None:
    """A name that leads nowhere would be taken for a supervisor that refuses."""
    run = new_run("true").start()
    run.wait_end()
    assert not run.socket_path.exists()


def test_a_path_longer_than_a_socket_address_works(new_run: NewRun, tmp_path: Path) -> None:
    """The kernel's 107 bytes do not bound where a store may be."""
    run = new_run("sleep", "1000")
    run.sockets = tmp_path / ("d" * 120) / ("e" * 120)
    run.specification["socket_dirs"] = [str(run.sockets)]
    run.start()
    assert answers(run)
    run.socket_path.unlink()
    retry_until(lambda: answers(run))


def test_a_removed_socket_is_bound_again(new_run: NewRun) -> None:
    """A cleaner of temporary files does not cut a run off, as often as it comes."""
    run = new_run("sleep", "1000").start()
    for _ in range(3):
        run.socket_path.unlink()
        retry_until(lambda: answers(run))


def test_clients_stay_connected_while_the_socket_is_bound_again(new_run: NewRun) -> None:
    """An attached operator does not notice it."""
    run = new_run("sleep", "1000").start()
    with run.connect() as before:
        run.socket_path.unlink()
        retry_until(lambda: answers(run))
        assert before.ask(frames.PING, b"", frames.PONG)["state"] == "running"


def test_a_removed_directory_is_made_again(new_run: NewRun) -> None:
    """The user's runtime directory may be taken away at a logout and come back."""
    run = new_run("sleep", "1000").start()
    shutil.rmtree(run.sockets)
    retry_until(lambda: answers(run))
    assert stat.S_IMODE(run.sockets.stat().st_mode) == 0o700


def test_a_directory_that_was_moved_away_is_made_again(new_run: NewRun) -> None:
    """What counts is whether the path leads to us, not whether our socket exists somewhere."""
    run = new_run("sleep", "1000").start()
    run.sockets.rename(run.sockets.with_name("elsewhere"))
    retry_until(lambda: answers(run))


def test_the_next_directory_is_used_when_the_first_cannot_be(
    new_run: NewRun, tmp_path: Path
) -> None:
    """A file in its place, or a directory others may use, is passed over, at the start too."""
    run = new_run("sleep", "1000")
    blocked, shared = tmp_path / "blocked", tmp_path / "shared"
    blocked.write_text("in the way")
    shared.mkdir()
    shared.chmod(0o770)
    link = tmp_path / "link"
    run.sockets.mkdir(mode=0o700)
    link.symlink_to(run.sockets)
    run.specification["socket_dirs"] = [
        *(str(blocked), str(shared), str(link)),
        str(run.sockets),
    ]
    run.start()
    assert answers(run)
    assert os.listdir(shared) == []
    assert blocked.read_text() == "in the way"


def test_a_run_moves_to_the_next_directory_when_its_own_is_taken_away(
    new_run: NewRun, tmp_path: Path
) -> None:
    """After a logout the socket is where the store itself is."""
    run = new_run("sleep", "1000")
    second = tmp_path / "second"
    run.specification["socket_dirs"].append(str(second))
    run.start()
    seen = run.sockets.with_name("unsafe")
    seen.mkdir()
    seen.chmod(0o755)
    exchange(run.sockets, seen)
    run.sockets = second
    retry_until(lambda: answers(run))


def exchange(one: Path, other: Path) -> None:
    """Let two names change places in one step."""
    libc = ctypes.CDLL(None, use_errno=True)
    here, exchanging = -100, 2
    if libc.renameat2(here, bytes(one), here, bytes(other), exchanging) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def test_a_stale_socket_of_its_own_name_is_replaced(new_run: NewRun) -> None:
    """A killed supervisor of an earlier boot leaves its name behind."""
    run = new_run("sleep", "1000")
    run.sockets.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        handle = os.open(run.sockets, os.O_PATH)
        stale.bind(f"/proc/self/fd/{handle}/{run.socket_name}")
        os.close(handle)
    run.start()
    assert answers(run)


def test_something_else_of_that_name_is_not_touched(new_run: NewRun, tmp_path: Path) -> None:
    """A file that is no socket is somebody's; the next directory is used."""
    run = new_run("sleep", "1000")
    run.sockets.mkdir(mode=0o700)
    run.socket_path.write_text("somebody's")
    in_the_way, run.sockets = run.socket_path, tmp_path / "next"
    run.specification["socket_dirs"].append(str(run.sockets))
    run.start()
    assert answers(run)
    assert in_the_way.read_text() == "somebody's"
