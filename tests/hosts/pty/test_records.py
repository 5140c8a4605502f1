"""Records of runs under supervisors: of the version before this one, and through a start."""

from __future__ import annotations

import json

from podtui.core.model.records import PTY_HOST
from podtui.core.model.verdicts import Verdict
from tests.support.record_builders import hold_lock, this_process, write_pod
from tests.support.store_fixture import Yard


def test_a_record_without_a_kind_of_host_is_of_a_supervisor(yard: Yard) -> None:
    """A store of the version before reads as it did: those runs were all under supervisors."""
    write_pod(yard.plane, "old", supervisor=this_process())
    path = yard.plane.store.paths.pod("old").run(1).record
    content = json.loads(path.read_bytes())
    del content["host"], content["handle"]
    path.write_text(json.dumps(content))
    with open(hold_lock(yard.plane, "old"), "rb"):
        view = yard.view("old")

    run = yard.run_record("old")

    assert (run.host, run.handle) == (PTY_HOST, {})
    assert view.verdict is Verdict.ALIVE


def test_the_kind_of_host_survives_the_supervisor_that_rewrites_the_record(yard: Yard) -> None:
    """What the actor reserved is still there when the supervisor has added its processes."""
    yard.spawn("pod")

    content = json.loads(yard.plane.store.paths.pod("pod").run(1).record.read_bytes())

    assert content["supervisor"] is not None
    assert (content["host"], content["handle"]) == (PTY_HOST, {})
