"""The place where a new run is built, before it is renamed into its pod."""

from __future__ import annotations

from podtui.core.model.records import RunRecord
from podtui.core.paths import RunPaths
from podtui.core.store.codec import encode_json
from podtui.core.store.store import Store


def staged_run(store: Store, pod_id: str, run: int) -> RunPaths:
    """Return the files of a run that is being built; the caller holds the pod's action lock."""
    return RunPaths(store.paths.staging / f"{pod_id}.{run}")


def build_run(store: Store, pod: str, run: RunRecord) -> None:
    """Reserve a run: it is in its pod whole and synced when this returns, or not at all.

    Raises:
        OSError: it is not in place.
    """
    fs = store.system.fs
    staged = staged_run(store, run.pod_id, run.run)
    # What a restore that was broken off has left there is not built upon.
    clear_staged(store, run.pod_id, run.run)
    fs.make_directory(staged.root)
    fs.create(staged.record, encode_json(run))
    for empty in (staged.lock, staged.output, staged.index):
        fs.create(empty)
    fs.sync_directory(staged.root)
    fs.rename(staged.root, store.paths.pod(pod).run(run.run).root)


def clear_staged(store: Store, pod_id: str, run: int) -> None:
    """Take away a run that was not built to its end: nothing ever began in it.

    Raises:
        OSError: it is still there.
    """
    fs, root = store.system.fs, staged_run(store, pod_id, run).root
    try:
        names = fs.names_in(root)
    except FileNotFoundError:
        return
    for name in names:
        fs.remove(root / name)
    fs.remove_directory(root)
