"""What speaks against a spawn, each with its kind and next step; asked before anything is done."""

from __future__ import annotations

import difflib
import json
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from podtui.core import errors
from podtui.core.access.access import Access
from podtui.core.actions.spawn.records import directory_of, pod_record, run_record
from podtui.core.actions.spawn.scopes import scope_refusals, sight_refusals
from podtui.core.model.names import checked_name
from podtui.core.model.plans import Refusal
from podtui.core.model.requests import OPERATOR, Spawn
from podtui.core.store.children import children_of
from podtui.core.store.codec import RecordProblem, encode_toml
from podtui.core.store.store import Store
from podtui.core.system.fs import RECORD_LIMIT
from podtui.core.text.safe import safe_line

FREE_FLOOR_BYTES = 16 * 1024 * 1024
"""With less free disk no new pod is started, so that the running ones can go on writing."""
LARGEST_SIZE = 1000
LEFTOVERS = ("end", "keep")
SHOWN_PATH = 300
"""Characters of a path or an argument that a message shows."""
ROOM_IN_RECORD = 4096
"""Bytes of a record kept free for what is added later: two identities, the parent, times."""


def refusals_of(access: Access, request: Spawn) -> tuple[Refusal, ...]:
    """Return every reason why this pod may not be spawned now.

    Raises:
        OSError: the store could not be asked.
    """
    store = access.store
    name, text = _name_refusal(store, request), _text_refusal(_texts(request))
    checks = (
        name,
        text,
        _command_refusal(store, request),
        _directory_refusal(request),
        _parent_refusal(access, request),
        _value_refusal(request),
        None if name or text else _size_refusal(store, request),
        _disk_refusal(store),
    )
    # A path with a NUL in it cannot be asked about.
    lent = () if text else (*scope_refusals(store, request), *sight_refusals(access, request))
    return (*(refusal for refusal in checks if refusal), *lent)


def refusals_of_start(store: Store, request: Spawn) -> tuple[Refusal, ...]:
    """Return why this command could not begin now, whatever pod it is of."""
    checks = (
        _command_refusal(store, request),
        _directory_refusal(request),
        _disk_refusal(store),
    )
    return tuple(refusal for refusal in checks if refusal)


def _bad_input(message: str, next_step: str) -> Refusal:
    return Refusal(kind=errors.BadInput.kind, message=message, next=next_step)


def _name_refusal(store: Store, request: Spawn) -> Refusal | None:
    try:
        checked_name(request.name)
    except errors.BadInput as error:
        return Refusal.of(error)
    taken = taken_as(store, request.name)
    if taken is None:
        return None
    return Refusal(
        kind=errors.Exists.kind,
        message=f"there is a pod {taken!r} already",
        next=f"podtui inspect {taken}, or spawn it as {free_name(store, request.name)}",
    )


def _texts(request: Spawn) -> Iterable[tuple[str, str]]:
    """Yield everything that is written into a record, with what it is."""
    yield from (("the command", part) for part in request.argv)
    yield from (("its environment", part) for pair in request.env.items() for part in pair)
    yield from (("a variable's name", name) for name in request.pass_env)
    yield from (("a scope", path) for path in (*request.read, *request.write))
    yield from (("the name of a pod it sees", name) for name in request.sees)
    yield "its role", request.role or ""
    yield "its task", request.task or ""
    yield "the working directory", directory_of(request) or request.cwd or ""


def _text_refusal(texts: Iterable[tuple[str, str]]) -> Refusal | None:
    for what, text in texts:
        if "\0" in text:
            return _bad_input(f"{what} holds a NUL character", "leave it out")
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = text[:SHOWN_PATH]
            message = f"{what} holds bytes that are not UTF-8, and records are UTF-8: {shown!a}"
            return _bad_input(message, "give it by another name, or start a script that has it")
    return None


def _command_refusal(store: Store, request: Spawn) -> Refusal | None:
    if not request.argv or not request.argv[0]:
        next_step = f"podtui spawn {request.name} -- COMMAND [ARGUMENT …]"
        return _bad_input("there is no command to run", next_step)
    program = request.argv[0]
    path = request.env.get("PATH") or store.system.environment.get("PATH") or os.defpath
    place = Path(directory_of(request) or "/", program)
    found = (
        store.system.fs.is_executable(place) if "/" in program else shutil.which(program, path=path)
    )
    if found:
        return None
    where = "" if "/" in program else f" in PATH ({safe_line(path, SHOWN_PATH)})"
    shown = safe_line(str(place) if "/" in program else program, SHOWN_PATH)
    message = f"the command {shown!r} is not an executable file{where}"
    return _bad_input(message, "give its full path")


def _directory_refusal(request: Spawn) -> Refusal | None:
    found = directory_of(request)
    if found is None:
        return _bad_input("the present directory is gone", "give another with --cwd")
    directory = Path(found)
    if directory.is_dir() and os.access(directory, os.X_OK):
        return None
    what = "is not a directory" if directory.exists() else "does not exist"
    if directory.is_dir():
        what = "may not be entered"
    shown = safe_line(found, SHOWN_PATH)
    return _bad_input(f"the working directory {shown} {what}", "give another with --cwd")


def _parent_refusal(access: Access, request: Spawn) -> Refusal | None:
    if request.parent is None:
        return None
    store = access.store
    try:
        name = access.name_of(request.parent)
    except errors.NotVisible as error:
        return Refusal.of(error)
    except errors.NotFound:
        near = difflib.get_close_matches(request.parent, store.pod_names(), n=1)
        hint = f"did you mean {near[0]}?" if near else "podtui ls shows the pods there are"
        message = f"the parent {request.parent!r} does not exist"
        return Refusal(kind=errors.NotFound.kind, message=message, next=hint)
    parent = store.pod_record(name)
    ledger = children_of(store.system.fs, store.paths.pod(name)).problems
    whole_file = [problem for problem in ledger if not problem.line]
    trouble = parent if isinstance(parent, RecordProblem) else next(iter(whole_file), None)
    if trouble is None:
        return None
    return Refusal(
        kind=errors.Unreadable.kind,
        message=f"the parent {request.parent!r} cannot be used: {trouble.sentence()}",
        next="podtui doctor",
    )


def _value_refusal(request: Spawn) -> Refusal | None:
    stall = request.stall_after_s
    problems = (
        (
            not 1 <= request.columns <= LARGEST_SIZE or not 1 <= request.rows <= LARGEST_SIZE,
            f"the size {request.columns}x{request.rows} is not between 1x1 and 1000x1000",
            "give --size COLSxROWS, such as 120x40",
        ),
        (
            stall is not None and not (math.isfinite(stall) and stall > 0),
            "the time after which a pod counts as stalled must be more than 0, and have an end",
            "give --stall-after SECONDS",
        ),
        (
            request.leftovers not in LEFTOVERS,
            f"leftovers can be ended or kept, not {request.leftovers!r}",
            "give --leftovers end or --leftovers keep",
        ),
        (
            any(not name or "=" in name for name in (*request.env, *request.pass_env)),
            "a variable's name is empty or holds an equals sign",
            "give --env NAME=VALUE and --pass-env NAME",
        ),
    )
    for wrong, message, next_step in problems:
        if wrong:
            return _bad_input(message, next_step)
    return None


def _size_refusal(store: Store, request: Spawn) -> Refusal | None:
    """Refuse what could be written and not be read back: a record has a limit."""
    if not request.argv:
        return None
    pod = pod_record(store, request, None)
    run = run_record(store, pod, OPERATOR)
    # The supervisor writes run.json again, in ASCII: a letter may take six bytes there.
    as_ascii = json.dumps(msgspec.to_builtins(run))
    longest = max(len(encode_toml(pod)), len(as_ascii)) + ROOM_IN_RECORD
    if longest <= RECORD_LIMIT:
        return None
    return _bad_input(
        f"the command, its environment, role and task together are too long: a record may have"
        f" {RECORD_LIMIT // 1024} KiB, and this one would have {longest // 1024 + 1}",
        "put what is long into a file and give the file's name",
    )


def _disk_refusal(store: Store) -> Refusal | None:
    try:
        free = store.system.figures.free_bytes(store.paths.root)
    except OSError as error:
        message = f"the disk of {store.paths.root} cannot be asked: {error.strerror}"
        return Refusal(kind=errors.DiskTrouble.kind, message=message, next="podtui doctor")
    if free >= FREE_FLOOR_BYTES:
        return None
    return Refusal(
        kind=errors.DiskTrouble.kind,
        message=(
            f"the disk of {store.paths.root} has {free // 1024} KiB free, and no new pod is started"
            f" below {FREE_FLOOR_BYTES // 1024 // 1024} MiB, so that the running ones can go on"
        ),
        next="free some space, then spawn again",
    )


# which names are taken, and which is free beside one that is


def taken_as(store: Store, name: str) -> str | None:
    """Return the pod that stands in the way of a name, None when nothing does.

    Two names that differ in case only would be one name on some disks and to most people.
    """
    folded = name.casefold()
    return next((each for each in store.pod_names() if each.casefold() == folded), None)


def free_name(store: Store, name: str) -> str:
    """Return the first of name-2, name-3 … that is free."""
    taken = {each.casefold() for each in store.pod_names()}
    number = 2
    while f"{name}-{number}".casefold() in taken:
        number += 1
    return f"{name}-{number}"
