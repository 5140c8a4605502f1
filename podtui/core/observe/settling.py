"""What tells that nothing about an ended run has changed: the stamps of the files it rests on."""

from __future__ import annotations

from podtui.core.observe.memory import FilesStamp
from podtui.core.paths import EXIT_FILE, POD_FILE, RUN_FILE, run_name
from podtui.core.system.fs import Fs


def files_stamp(fs: Fs, pods: str, name: str, run: int) -> FilesStamp | None:
    """Return the stamps of a pod's record, runs, run and exit record; None = could not tell."""
    # Texts, not paths: thousands are asked about every few seconds.
    root = f"{pods}/{name}"
    files = f"{root}/runs/{run_name(run)}"
    places = (f"{root}/{POD_FILE}", f"{root}/runs", f"{files}/{RUN_FILE}", f"{files}/{EXIT_FILE}")
    try:
        return tuple(fs.stamp(path) for path in places)
    except OSError:
        # It is looked at, and the look says why.
        return None
