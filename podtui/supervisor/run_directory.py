"""The files of one run that the supervisor writes; docs/store.md shows an example of each."""

from __future__ import annotations

import os
import time

from podtui.kernel import json_text, times
from podtui.kernel.files import replace_whole
from podtui.kernel.locks import try_lock
from podtui.kernel.processes import Identity
from podtui.supervisor.errors import CannotStart, describe
from podtui.supervisor.run_spec import Specification

FORMAT_VERSION = 1
RUN_FILE = "run.json"
LARGEST_RECORD = 1024 * 1024


def now_text() -> str:
    """Return the present moment as records write it."""
    return times.rfc3339(time.time_ns())


def read_record(path: str) -> dict[str, object]:
    """Return the object in a record file; never waits on a FIFO, never follows a last symlink.

    Raises:
        OSError: it could not be read.
        ValueError: it is not a JSON object, or too long to be one of ours.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    try:
        data = b""
        while part := os.read(descriptor, 65536):
            data += part
            if len(data) > LARGEST_RECORD:
                raise ValueError(f"{path} is longer than any record")
    finally:
        os.close(descriptor)
    return json_text.decode_object(data)


class RunDirectory:
    """The directory of this run, and what is written into it."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def is_there(self) -> bool:
        """Whether the directory is still there."""
        return os.path.isdir(self.root)

    def take_lock(self) -> int:
        """Take the run's lock for life and return its descriptor.

        Raises:
            CannotStart: another supervisor has it, or this run has had one.
        """
        path = self.path("lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            if not try_lock(descriptor):
                raise CannotStart(
                    "busy",
                    f"{path} is held: this run has a living supervisor; nothing was started",
                    is_of_this_run=False,
                )
            self._refuse_second_start()
        except (OSError, ValueError) as error:
            # EACCES on the lock, an unreadable run.json: nothing may be written over either.
            words = describe(error) if isinstance(error, OSError) else str(error)
            raise CannotStart(
                "disk", f"{self.root} cannot be used: {words}", is_of_this_run=False
            ) from error
        return descriptor

    def _refuse_second_start(self) -> None:
        had_one = read_record(self.path(RUN_FILE)).get("supervisor") is not None
        if had_one or os.path.lexists(self.path("exit.json")):
            raise CannotStart(
                "refused",
                f"the run in {self.root} was started before; a run is started once. "
                "Its records were left as they are",
                is_of_this_run=False,
            )

    def write_started(
        self, specification: Specification, supervisor: Identity, child: Identity
    ) -> None:
        """Record the identities of the supervisor and of the command, synced.

        Raises:
            OSError: it is not recorded.
        """
        record = dict(specification.run_record)
        record["supervisor"] = supervisor.as_record()
        record["child"] = child.as_record()
        record["started_at"] = now_text()
        replace_whole(self.path(RUN_FILE), json_text.encode(record))

    def write_exit(self, specification: Specification, facts: dict[str, object]) -> None:
        """Write the exit record, synced.

        Raises:
            OSError: it is not written.
        """
        record = {
            "format": FORMAT_VERSION,
            "pod_id": specification.pod_id,
            "run": specification.run,
            "ended_at": now_text(),
            **facts,
        }
        replace_whole(self.path("exit.json"), json_text.encode(record))

    def write_status(self, facts: dict[str, object]) -> None:
        """Write the status record: whole for every reader, and not synced.

        Raises:
            OSError: it is as it was.
        """
        record = {"format": FORMAT_VERSION, **facts}
        replace_whole(self.path("status.json"), json_text.encode(record), sync=False)
