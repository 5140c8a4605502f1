"""Figures of processes and of the host: what cannot be read is left out, and nothing fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from podtui.core.system.figures import Figures


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until it is let go."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate(b"\n")


def test_a_process_has_its_name_memory_and_cpu_time(child: subprocess.Popen[bytes]) -> None:
    """The figures of a process are those of the kernel."""
    (seen,) = Figures().of_processes([child.pid])

    assert seen.pid == child.pid
    assert seen.name == psutil.Process(child.pid).name()
    assert seen.rss_bytes > 0
    assert seen.cpu_seconds >= 0
    assert seen.key == (child.pid, seen.started_at)


def test_a_process_that_is_gone_is_left_out() -> None:
    """It ended between being found and being asked about: that is no error, and no death."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    seen = Figures().of_processes([gone.pid, os.getpid()])

    assert [each.pid for each in seen] == [os.getpid()]


def test_a_process_that_may_not_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With hidden processes there are no figures, and nothing else changes."""

    def refuse(pid: int) -> None:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", refuse)

    assert Figures().of_processes([os.getpid()]) == ()


def test_the_process_table_has_who_started_whom(child: subprocess.Popen[bytes]) -> None:
    """Each process is there with its parent, its user and its arguments."""
    found = {each.pid: each for each in Figures().process_table()}
    seen = found[child.pid]

    assert os.getpid() in found
    assert seen.parent == os.getpid()
    assert seen.uid == os.getuid()
    assert seen.arguments == (sys.executable, "-c", "input()")
    assert seen.started_at is not None


def test_the_host_has_memory_cores_and_load() -> None:
    """What the doctor shows of the machine."""
    host = Figures().host()

    assert host is not None
    assert 0 < host.memory_free_bytes <= host.memory_bytes
    assert host.cores >= 1
    assert host.load >= 0


def test_a_host_that_does_not_tell_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc/meminfo there are no figures, and the doctor goes on."""

    def refuse() -> None:
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)

    assert Figures().host() is None


def test_the_free_disk_is_what_this_user_may_write(tmp_path: Path) -> None:
    """Space that is kept for the administrator does not count."""
    facts = os.statvfs(tmp_path)

    free = Figures().free_bytes(tmp_path)

    assert 0 <= free <= facts.f_bfree * facts.f_frsize


def test_a_place_that_is_not_there_has_no_free_disk(tmp_path: Path) -> None:
    """That it could not be determined is an error of its own, and not "nothing is free"."""
    with pytest.raises(FileNotFoundError):
        Figures().free_bytes(tmp_path / "nowhere")
