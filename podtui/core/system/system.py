"""All access of the core to the outside, in one value that a test can replace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from podtui.core.system.clock import Clock, SystemClock
from podtui.core.system.figures import Figures
from podtui.core.system.fs import Fs
from podtui.core.system.proc import Proc
from podtui.core.system.signalling import Signals
from podtui.core.system.watch import Watcher

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


class System(msgspec.Struct, frozen=True):
    """The disk, the processes, the clock, signals, file changes, figures and the environment.

    Attributes:
        watcher: the one file watcher of this process; its thread runs while somebody subscribes.
        machine_id: identifies this machine; "" when it has no id.
    """

    fs: Fs = msgspec.field(default_factory=Fs)
    proc: Proc = msgspec.field(default_factory=Proc)
    clock: Clock = msgspec.field(default_factory=SystemClock)
    signals: Signals = msgspec.field(default_factory=Signals)
    figures: Figures = msgspec.field(default_factory=Figures)
    watcher: Watcher = msgspec.field(default_factory=Watcher)
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    machine_id: str = ""


def real_system() -> System:
    """Return the system of this process."""
    return System(environment=dict(os.environ), machine_id=_machine_id())


def _machine_id() -> str:
    for path in MACHINE_ID_FILES:
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            # No id is an answer too: a store then counts as this machine's.
            continue
        if text:
            return text
    return ""
