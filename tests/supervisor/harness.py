"""A run of the real supervisor, started as the launcher starts it, for tests to drive."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import podtui
from podtui.kernel import frames, processes, signals

ENTRY = Path(podtui.__file__).parent / "supervisor" / "__main__.py"
SEAMS = Path(__file__).parent / "seams"
"""Supervisors with one thing changed, for what cannot be brought about from outside."""
POD_ID = "01JD00000000000000000000AA"
DEADLINE_S = 20.0
PYTHON = sys.executable
Json = dict[str, Any]


def wait_readable(descriptor: int, deadline_s: float = DEADLINE_S) -> None:
    """Wait until a descriptor (pipe, socket, pidfd) is readable."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(deadline_s * 1000):
        raise TimeoutError(f"descriptor {descriptor} did not become readable")


def wait_gone(pid: int) -> None:
    """Wait until a process has ended, reaped or not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        wait_readable(handle)
    finally:
        os.close(handle)


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not exited."""
    try:
        return not processes.read_stat(pid).has_exited
    except processes.ProcessGone:
        return False


def kill(pid: int) -> None:
    """End one process that a test started, through its own handle."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if signals.send(handle, signal.SIGKILL):
            wait_readable(handle)
    finally:
        os.close(handle)


class Connection:
    """A client of a supervisor."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_S)
        try:
            self.socket.connect(f"/proc/self/fd/{handle}/{path.name}")
        except OSError:
            self.socket.close()
            raise
        finally:
            os.close(handle)
        self._unpacker = frames.Unpacker()
        self._frames: list[tuple[int, bytes]] = []
        self.output = b""
        self.sizes: list[Json] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, kind: int, payload: Json | bytes = b"") -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.socket.sendall(frames.pack(kind, data))

    def hello(
        self, role: str = "control", *, columns: int = 0, rows: int = 0, start: int = -1
    ) -> Json:
        size = {"cols": columns, "rows": rows} if columns else {}
        self.send(frames.HELLO, {"protocol": 1, "role": role, "from": start, **size})
        return self.expect(frames.WELCOME)

    def next_frame(self) -> tuple[int, bytes] | None:
        """Return the next frame, or None when the supervisor has closed."""
        while not self._frames:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._frames += self._unpacker.feed(data)
        kind, payload = self._frames.pop(0)
        if kind == frames.OUTPUT:
            self.output += payload
        if kind == frames.SIZE:
            self.sizes.append(json.loads(payload))
        return kind, payload

    def expect(self, wanted: int) -> Json:
        """Return the payload of the next frame of a kind; output and sizes before it are kept."""
        while (frame := self.next_frame()) is not None:
            kind, payload = frame
            if kind == wanted:
                return dict(json.loads(payload)) if kind != frames.OUTPUT else {}
            if kind not in {frames.OUTPUT, frames.SIZE}:
                raise AssertionError(f"frame {kind} came: {payload!r}")
        raise ConnectionError(f"closed before frame {wanted} came")

    def read_until(self, wanted: bytes) -> bytes:
        """Return the output so far, which has the wanted bytes in it."""
        while wanted not in self.output:
            frame = self.next_frame()
            if frame is None:
                raise ConnectionError(f"closed before {wanted!r} came; output: {self.output!r}")
        return self.output

    def read_bytes(self, count: int) -> bytes:
        """Return the output so far, which has at least so many bytes."""
        while len(self.output) < count:
            if self.next_frame() is None:
                raise ConnectionError(f"closed after {len(self.output)} bytes of output")
        return self.output

    def is_closed_by_peer(self) -> bool:
        """Wait for the supervisor to close; everything sent before is passed over."""
        while self.next_frame() is not None:
            pass
        return True

    def ask(self, kind: int, payload: Json | bytes, answer: int) -> Json:
        self.send(kind, payload)
        return self.expect(answer)


class Run:
    """A run directory, and the supervisor that is started on it."""

    def __init__(self, root: Path, argv: list[str], number: int = 1, pod_id: str = POD_ID) -> None:
        self.directory = root / f"{number:04d}"
        self.directory.mkdir(mode=0o700, parents=True)
        self.sockets = root / "sockets"
        self.socket_name = f"{pod_id}.{number}.sock"
        self.entry: Path = ENTRY
        self.ready: Json = {}
        self.record: Json = {
            "format": 1,
            "pod_id": pod_id,
            "run": number,
            "reserved_at": "2026-11-20T10:00:00.000000Z",
            "reserved_boottime_s": time.clock_gettime(time.CLOCK_BOOTTIME),
            "starting_deadline_s": 30.0,
            "boot_id": processes.boot_id(),
            "machine_id": "test",
            "argv": argv,
            "cwd": str(root),
            "reason": "spawn",
            "actor": "test",
            "columns": 80,
            "rows": 24,
        }
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PODTUI_POD_ID": pod_id}
        self.specification: Json = {
            "socket_dirs": [str(self.sockets)],
            "socket_name": self.socket_name,
            "leftovers": "end",
            "leftovers_grace_s": 2.0,
        }
        for name in ("lock", "output", "index"):
            (self.directory / name).touch(mode=0o600)

    @property
    def socket_path(self) -> Path:
        return self.sockets / self.socket_name

    @property
    def pid(self) -> int:
        return int(self.ready["supervisor"]["pid"])

    @property
    def child(self) -> int:
        return int(self.ready["child"]["pid"])

    def launch(self, **options: Any) -> Json:
        """Start the supervisor and return its ready line; {} when it said nothing."""
        (self.directory / "run.json").write_text(json.dumps(self.record))
        request = {"run_record": self.record, "env": self.environment, **self.specification}
        with (self.directory / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                [PYTHON, "-I", "-S", "-E", str(self.entry), str(self.directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **options,
            )
        line, _ = process.communicate(json.dumps(request).encode(), timeout=DEADLINE_S)
        return dict(json.loads(line)) if line else {}

    def start(self, **options: Any) -> Run:
        """Start the supervisor and let the command run."""
        ready = self.launch(**options)
        if not ready.get("ok"):
            raise AssertionError(f"not started: {ready}\n{self.log()}")
        self.ready = ready
        return self

    def log(self) -> str:
        return (self.directory / "supervisor.log").read_text()

    def connect(
        self, role: str = "control", *, columns: int = 0, rows: int = 0, start: int = -1
    ) -> Connection:
        connection = Connection(self.socket_path)
        try:
            connection.hello(role, columns=columns, rows=rows, start=start)
        except OSError:
            connection.close()
            raise
        return connection

    def stop(self, grace_s: float = 5.0, by: str = "test") -> None:
        with self.connect() as connection:
            connection.ask(frames.STOP, {"grace_s": grace_s, "by": by}, frames.DONE)

    def wait_end(self) -> Json:
        """Wait until the supervisor is gone and return its exit record."""
        wait_gone(self.pid)
        return self.exit_record()

    def exit_record(self) -> Json:
        return dict(json.loads((self.directory / "exit.json").read_text()))

    def run_record(self) -> Json:
        return dict(json.loads((self.directory / "run.json").read_text()))

    def status_record(self) -> Json:
        """Return the status record, or {} while there is none yet."""
        path = self.directory / "status.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def output(self) -> bytes:
        return (self.directory / "output").read_bytes()

    def say_until(self, wanted: bytes) -> bytes:
        """Wait, as a viewer, until the output has the wanted bytes."""
        with self.connect("observe", start=0) as viewer:
            return viewer.read_until(wanted)

    def clean_up(self) -> None:
        """End the supervisor and everything below it."""
        if not self.ready or not is_alive(self.pid):
            return
        below = [each.pid for each in processes.descendants_of(self.pid)]
        kill(self.pid)
        for pid in below:
            kill(pid)


def python(code: str) -> list[str]:
    """Return a command that runs a piece of Python."""
    return [PYTHON, "-I", "-S", "-c", code]


def retry_until(condition: Any, deadline_s: float = DEADLINE_S) -> None:
    """Ask again until it holds; for facts the kernel has no event for."""
    end = time.monotonic() + deadline_s
    pause = select.poll()
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition did not come to hold")
        pause.poll(5)
