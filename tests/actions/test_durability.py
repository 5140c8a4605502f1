"""Power loss: what is acknowledged was synced, and no name is given before its content is safe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Send, Spawn, Stop
from podtui.core.system.fs import Fs
from podtui.core.system.proc import Proc
from podtui.core.system.system import System
from podtui.kernel import files
from tests.support.power import PowerWatch
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard

REQUEST = Spawn(name="child", argv=("sleep", "600"), parent="parent")


class AtTheStart(Proc):
    """Notes what a power loss could take at the moment a supervisor is started."""

    def __init__(self, watch: PowerWatch) -> None:
        super().__init__()
        self.watch = watch
        self.unsynced: list[str] = ["never asked"]

    def start_detached(self, *arguments: Any, **options: Any) -> bytes:
        self.unsynced = self.watch.unsynced()
        return super().start_detached(*arguments, **options)


def spawned_under_watch(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, fs: Fs | None = None
) -> tuple[AtTheStart, PowerWatch]:
    write_exit(yard.plane, write_pod(yard.plane, "parent"))
    watch = PowerWatch(yard.plane.store_path, monkeypatch)
    proc = AtTheStart(watch)
    plane = LocalPlane.open(replace(yard.system, fs=fs or Fs(), proc=proc))
    plane.carry_out(REQUEST)
    return proc, watch


def test_a_spawn_is_on_the_disk_before_anything_starts(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reservation, ledger and intent survive a power loss at the moment of the start, and after."""
    proc, watch = spawned_under_watch(yard, monkeypatch)
    assert proc.unsynced == []
    assert watch.misordered == []
    assert watch.unsynced() == []


def test_a_new_store_is_on_the_disk_when_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every directory of it, and its record last."""
    watch = PowerWatch(tmp_path, monkeypatch)
    LocalPlane.open(System(), root=tmp_path / "a" / "store", create=True)
    assert (watch.unsynced(), watch.misordered) == ([], [])


def test_a_stop_and_a_send_are_on_the_disk_when_they_return(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their events are not lost once they are reported; only a convenience is not synced."""
    yard.spawn("pod", "cat")
    watch = PowerWatch(yard.plane.store_path, monkeypatch)
    yard.plane.carry_out(Send("pod", "hello"))
    assert watch.unsynced() == []
    yard.plane.carry_out(Stop(("pod",), grace_s=0))
    assert [Path(each).name for each in watch.unsynced()] in ([], ["ended.json"])


def test_a_death_is_on_the_disk_before_its_marker(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note that an end is in the journal never comes before the journal's line."""
    write_pod(yard.plane, "lost", supervisor=a_dead_process())
    watch = PowerWatch(yard.plane.store_path, monkeypatch)
    unsynced: list[list[str]] = []
    real = files.replace_whole

    def followed(path: str, data: bytes, *, sync: bool = True) -> None:
        unsynced.append(watch.unsynced())
        real(path, data, sync=sync)

    monkeypatch.setattr(files, "replace_whole", followed)
    yard.plane.snapshot()
    assert unsynced == [[]]


# What each of these forgets must be seen by the watch above: else it proves nothing.


class ForgetsFiles(Fs):
    def create(self, path: Path, data: bytes = b"") -> None:
        path.touch(mode=0o600, exist_ok=False)
        descriptor = self.open_append(path)
        try:
            files.write_all(descriptor, data)
        finally:
            self.close(descriptor)


class ForgetsDirectories(Fs):
    def sync_directory(self, path: Path) -> None:
        pass


class ForgetsWhatItRenamed(Fs):
    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)


class ForgetsNewDirectories(Fs):
    def make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)


class ForgetsLines(Fs):
    def append_line(self, path: Path, line: bytes) -> None:
        descriptor = self.open_append(path)
        try:
            self.write_line(descriptor, line + b"\n")
        finally:
            self.close(descriptor)


@pytest.mark.parametrize(
    "forgetful",
    [ForgetsFiles, ForgetsDirectories, ForgetsWhatItRenamed, ForgetsNewDirectories, ForgetsLines],
)
def test_the_watch_sees_each_sync_that_is_forgotten(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, forgetful: Callable[[], Fs]
) -> None:
    """Leaving out any one kind of sync is found at the start or in the order of renames."""
    proc, watch = spawned_under_watch(yard, monkeypatch, forgetful())
    assert proc.unsynced or watch.misordered


def test_the_watch_sees_a_record_renamed_before_its_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replaced record without its own sync may be empty after a power loss."""
    record = tmp_path / "run.json"
    record.write_bytes(b"old")
    watch = PowerWatch(tmp_path, monkeypatch)
    files.replace_whole(str(record), b"new", sync=False)
    assert watch.misordered
    assert record.read_bytes() == b"new"
