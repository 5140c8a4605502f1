"""Starting the supervisor of a run that is reserved on disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from podtui import supervisor
from podtui.core.hosts.interface.base import Launch
from podtui.core.model.records import PodRecord, RunRecord
from podtui.core.store.store import Store

LEFTOVERS_GRACE_S = 2.0
SUPERVISOR_PROGRAM = Path(supervisor.__file__).parent / "__main__.py"


def start_supervisor(
    store: Store, pod: PodRecord, run: RunRecord, environment: Mapping[str, str]
) -> Launch:
    """Start the supervisor of ``run`` and wait until its command runs or cannot.

    Raises:
        OSError: the supervisor program could not be started.
    """
    system = store.system
    files = store.paths.pod(pod.name).run(run.run)
    specification = {
        "run_record": msgspec.to_builtins(run),
        "env": dict(environment),
        "umask": system.fs.inherited_umask,
        "socket_dirs": run.socket_directories,
        "socket_name": store.socket_place(run).name,
        "leftovers": pod.leftovers,
        "leftovers_grace_s": LEFTOVERS_GRACE_S,
    }
    log = system.fs.open_append(files.supervisor_log)
    try:
        answer = system.proc.start_detached(
            # Isolated and without site packages: that is small, and no file of the pod's directory
            # or of the operator's environment can replace a module of the standard library.
            [sys.executable, "-I", "-S", "-E", str(SUPERVISOR_PROGRAM), str(files.root)],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            specification=json.dumps(specification).encode(),
            log=log,
            timeout_s=run.starting_deadline_s,
        )
    finally:
        system.fs.close(log)
    return _read_answer(answer)


def _read_answer(answer: bytes) -> Launch:
    try:
        content = json.loads(answer)
    except ValueError:
        return Launch(started=False, confirmed=False, error="its supervisor did not answer")
    if not isinstance(content, dict):
        return Launch(started=False, confirmed=False, error="its supervisor answered nonsense")
    if content.get("ok") is True:
        return Launch(started=True, confirmed=True)
    return Launch(
        started=False,
        confirmed=True,
        error=str(content.get("error", "no reason was given")),
        kind=str(content.get("kind", "refused")),
    )
