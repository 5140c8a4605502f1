"""Every plane there is, each with pods that really run, for suites that all planes must pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from podtui.core.control.plane import Plane
from podtui.core.paths import PodPaths
from podtui.core.store.codec import encode_json
from tests.support.store_fixture import Yard

KINDS: dict[str, Callable[[Yard], Plane]] = {"local": lambda yard: yard.plane}
"""How a plane of each kind is opened over the store that a test has on this machine."""


@dataclass(frozen=True)
class PlaneUnderTest:
    """A plane, and the store behind it, in which a test starts pods and breaks things.

    Attributes:
        plane: what the test speaks to.
        yard: where its pods are.
    """

    plane: Plane
    yard: Yard

    def files(self, name: str) -> PodPaths:
        """Return a pod's files as they are in the store."""
        return self.yard.plane.access.pod_paths(name)

    def printed(self, name: str, text: str) -> None:
        """Run a pod that prints this and ends."""
        self.yard.spawn(name, "/usr/bin/env", "printf", "%s", text)
        self.yard.wait_ended(name)

    def later_run(self, name: str, number: int, data: bytes) -> None:
        """Write a later run of a pod that has ended, as a restore and its supervisor do."""
        run = self.files(name).run(number)
        run.root.mkdir()
        record = msgspec.structs.replace(self.yard.run_record(name), run=number, reason="restore")
        run.record.write_bytes(encode_json(record))
        run.output.write_bytes(data)


@pytest.fixture(params=sorted(KINDS))
def plane_under_test(request: pytest.FixtureRequest, yard: Yard) -> PlaneUnderTest:
    """A plane of each kind in turn."""
    return PlaneUnderTest(KINDS[request.param](yard), yard)
