"""The run's ``supervisor.log``: for people, and never a reason for a run to fail."""

from __future__ import annotations

import os

from podtui.supervisor.run_directory import now_text

_DESCRIPTOR = 2


def log(sentence: str) -> None:
    """Write one line with its time; what the disk does not take is lost.

    The log is on the same disk as the output, so that it fails exactly when there is most to say;
    an error from here would end the run it is about.
    """
    try:
        os.write(_DESCRIPTOR, f"{now_text()} {sentence}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        return
