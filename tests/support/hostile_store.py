"""A store in which everything that agents may choose is hostile, and what may reach a terminal."""

from __future__ import annotations

import re
import sys

from msgspec.structs import replace

from podtui.core.model.events import Event, EventKind
from podtui.core.store.codec import encode_toml
from tests.support.hostile import HOSTILE_TEXTS
from tests.support.record_builders import a_dead_process, write_exit, write_pod
from tests.support.store_fixture import Yard, until

TITLE = b"\x1b]0;\xe2\x80\xaetitle\x1b\\"
TAKE_SCREEN = b"\x1b[?1049h"
BROKEN = ("\x1b]0;evil\x07", "[@click=app.quit]x", "\u202egnp")
"""Names of directories that are no pods of ours."""
TEXTS = tuple(text for text in HOSTILE_TEXTS if "\0" not in text and "\ud800" not in text)
"""What can be an argument, and stand in a record."""
ALL_AT_ONCE = " [bold red]loud[/] ".join(TEXTS)
_RENAME = "open('/proc/self/comm', 'wb').write(b'\\x1b[2J\\xe2\\x80\\xaex\\x07')"

CONTROLS = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029\u00ad\ufeff"
    "\U000e0000-\U000e01ef]"
)


def fill_with_hostile_pods(yard: Yard) -> None:
    """Make pods that print, are called with, and are told hostile text, and some broken ones.

    ``pod-0`` and ``pod-1`` run in a directory of a hostile name; ``unstarted`` has ended with a
    hostile reason; ``gone`` was lost; the journal has a hostile event.
    """
    spoken = TITLE + TAKE_SCREEN + "\n".join(HOSTILE_TEXTS).encode("utf-8", "replace")
    code = f"import os, signal; {_RENAME}; os.write(1, {spoken!r}); signal.pause()"
    directory = yard.root / ALL_AT_ONCE.replace("/", "")[:60]
    directory.mkdir()
    for number in range(2):
        text = TEXTS[number] + ALL_AT_ONCE
        yard.spawn(
            f"pod-{number}",
            *(sys.executable, "-c", code, *TEXTS),
            cwd=str(directory),
            role=text,
            task=text,
        )
    _write_by_hand(yard, "unstarted", start_error=ALL_AT_ONCE, exit_code=None)
    _write_by_hand(yard, "gone")
    for text in BROKEN:
        broken = yard.plane.store.paths.pods / text
        broken.mkdir(mode=0o700)
        (broken / "pod.toml").write_text(f'name = "{text}" oops')
    event = Event(
        id="hostile",
        at=yard.system.clock.now(),
        kind=EventKind.STALLED,
        pod=ALL_AT_ONCE,
        actor=ALL_AT_ONCE,
        summary=ALL_AT_ONCE,
    )
    yard.plane.store.journal.append_once([event])
    for number in range(2):
        until(lambda name=f"pod-{number}": yard.view(name).output_bytes >= len(spoken))  # type: ignore[misc]


def _write_by_hand(yard: Yard, name: str, **exit_fields: object) -> None:
    pod = write_pod(
        yard.plane, name, supervisor=a_dead_process(), reason=ALL_AT_ONCE, actor=ALL_AT_ONCE
    )
    hostile = replace(
        pod,
        agent=ALL_AT_ONCE,
        role=ALL_AT_ONCE,
        task=ALL_AT_ONCE,
        argv=list(TEXTS),
        cwd=ALL_AT_ONCE,
        parent_id="0" * 26,
        parent_name=ALL_AT_ONCE,
    )
    paths = yard.plane.store.paths.pod(name)
    paths.record.write_bytes(encode_toml(hostile))
    paths.run(1).output.write_bytes("\n".join(TEXTS).encode())
    if exit_fields:
        write_exit(yard.plane, pod, **exit_fields)


def steering(seen: bytes, allowed: re.Pattern[bytes]) -> str:
    """Return what could steer a terminal in what a program wrote to one; "" for nothing."""
    text = allowed.sub(b"", seen).decode("utf-8", "replace")
    found = CONTROLS.search(text)
    return repr(text[max(found.start() - 60, 0) : found.start() + 60]) if found else ""
