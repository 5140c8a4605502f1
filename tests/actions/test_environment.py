"""What a pod's command finds in its environment, and what of it is on the disk."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from podtui.core.control.local import LocalPlane
from podtui.core.model.requests import Spawn, Stop
from podtui.core.processes.environment import PASSED, PASSED_PREFIXES
from tests.support.store_fixture import Yard, until

SECRET = "canary-5f3c-value-of-the-secret"  # noqa: S105 - not a real one
SESSION = ("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CODEX_HOME", "GEMINI_CLI", "CODEX_SANDBOX")


def environment_of(yard: Yard, actor: dict[str, str], **asked: object) -> dict[str, str]:
    """Spawn a pod as an actor with this environment, and return what its command was given."""
    system = replace(yard.system, environment={**yard.environment, **actor})
    plane = LocalPlane.open(system)
    script = "env -0 > partly; mv partly environment; exec sleep 600"
    request = Spawn(
        name="pod",
        argv=("/bin/sh", "-c", script),
        cwd=str(yard.root),
        **asked,  # type: ignore[arg-type]
    )
    plane.carry_out(request)
    until((yard.root / "environment").exists)
    pairs = (yard.root / "environment").read_bytes().split(b"\0")
    return dict(pair.decode().split("=", 1) for pair in pairs if pair)


def test_only_the_allowed_variables_are_passed(yard: Yard) -> None:
    """A pod gets what programs need to run, and nothing else of the actor's."""
    given = environment_of(
        yard,
        {"LANG": "C.UTF-8", "LC_TIME": "C", "API_KEY": SECRET, "AWS_SECRET": SECRET, "FOO": "1"},
    )
    own = {name for name in given if name.startswith("PODTUI_")}
    by_the_shell = {"PWD", "SHLVL", "_", "OLDPWD"}
    rest = given.keys() - own - by_the_shell - {"TERM"}
    assert all(name in PASSED or name.startswith(PASSED_PREFIXES) for name in rest)
    assert given["LANG"] == "C.UTF-8"
    assert given["LC_TIME"] == "C"
    assert given["TERM"] == "xterm-256color"
    assert SECRET not in given.values()


def test_the_session_of_an_agent_is_not_inherited(yard: Yard) -> None:
    """A pod spawned from inside a conversation does not take it for its own."""
    given = environment_of(yard, dict.fromkeys(SESSION, "parents"))
    assert not given.keys() & set(SESSION)


def test_what_is_asked_for_is_passed_by_name_and_given_by_value(yard: Yard) -> None:
    """--pass-env takes the actor's value, --env the given one, and --env wins."""
    given = environment_of(
        yard,
        {"TOKEN": SECRET, "BOTH": "actors", "CLAUDE_CONFIG": "wanted"},
        pass_env=("TOKEN", "BOTH", "CLAUDE_CONFIG", "NOT_SET"),
        env={"BOTH": "given", "PATH": "/usr/bin:/bin"},
    )
    assert given["TOKEN"] == SECRET
    assert given["CLAUDE_CONFIG"] == "wanted"
    assert given["BOTH"] == "given"
    assert given["PATH"] == "/usr/bin:/bin"
    assert "NOT_SET" not in given


def test_podtuis_own_variables_say_where_the_command_is(yard: Yard) -> None:
    """Pod, run, parent and store are told, whatever the actor or the request had there."""
    yard.spawn("mother")
    given = environment_of(
        yard,
        {"PODTUI_POD": "liar", "PODTUI_RUN": "9", "PODTUI_POD_ID": "liar"},
        parent="mother",
        env={"PODTUI_PARENT": "liar"},
        pass_env=("PODTUI_RUN",),
    )
    view = yard.view("pod")
    assert given["PODTUI_POD"] == "pod"
    assert given["PODTUI_POD_ID"] == view.id
    assert given["PODTUI_RUN"] == "1"
    assert given["PODTUI_PARENT"] == "mother"
    assert given["PODTUI_HOME"] == str(yard.plane.store_path)
    assert given["PODTUI_RUNTIME_DIR"] == yard.environment["PODTUI_RUNTIME_DIR"]


def files_with(root: Path, text: str) -> list[str]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def test_a_passed_value_never_reaches_the_disk(yard: Yard) -> None:
    """What is passed by name is in no record, ledger, journal, log or status of the store."""
    system = replace(yard.system, environment={**yard.environment, "TOKEN": SECRET})
    plane = LocalPlane.open(system)
    plane.carry_out(Spawn(name="pod", argv=("sleep", "600"), pass_env=("TOKEN",)))
    assert files_with(yard.root, SECRET) == []
    plane.carry_out(Stop(("pod",), grace_s=0))
    plane.snapshot()
    assert files_with(yard.root, SECRET) == []
    assert files_with(yard.plane.store_path, "TOKEN") != []
