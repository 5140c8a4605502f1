"""Every kind of error, end to end: exit code, sentence, object, and nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.core.actions.framework.locks import action_lock
from podtui.core.errors import EXIT_CODES
from podtui.core.system.fs import Fs
from tests.cli.conftest import Answer, Podtui
from tests.support.store_fixture import Yard

Bare = Callable[..., Podtui]


def assert_error(answer: Answer, kind: str, *words: str) -> None:
    """Check one error object: its kind, its exit code, and what its words must name."""
    error = answer.error
    assert error["kind"] == kind, error
    assert answer.code == EXIT_CODES[kind]
    assert error["next"]
    for each in words:
        assert each in f"{error['message']} {error['next']}", error


# one of every kind


def test_bad_input_an_illegal_name(podtui: Podtui) -> None:
    """A name that would leave its directory is refused, never repaired."""
    for name in ("../evil", "a/b", "", ".hidden", "x" * 65, "[@click=app.quit]x[/]", "a\nb"):
        answer = podtui("spawn", name, "--json", "--", "true")
        assert_error(answer, "bad_input", "1 to 64 letters")
    assert podtui("ls", "--json").document == {"pods": []}


def test_not_found_an_unknown_name(yard: Yard, podtui: Podtui) -> None:
    """Every verb that names a pod answers the same for one that is not there."""
    yard.spawn("p")
    for arguments in (
        ("inspect", "q"),
        ("read", "q"),
        ("send", "q", "text"),
        ("stop", "q", "--yes"),
        ("wait", "q", "--until", "ended"),
    ):
        assert_error(podtui(*arguments, "--json"), "not_found", "'q'", "podtui ls")


def test_exists_a_name_in_use(yard: Yard, podtui: Podtui) -> None:
    """A second pod of a name is refused, also one that differs by case only."""
    yard.spawn("Pod")
    before = yard.view("Pod").id
    for name in ("Pod", "pOD"):
        assert_error(podtui("spawn", name, "--json", "--", "true"), "exists", "Pod")
    assert yard.view("Pod").id == before


def test_refused_a_pod_that_is_not_running(yard: Yard, podtui: Podtui) -> None:
    """Nothing can be typed into a pod that has ended, and it cannot be stopped again."""
    yard.shell("p", "exit 0")
    yard.wait_ended("p")
    for arguments in (("send", "p", "x"), ("stop", "p", "--yes")):
        assert_error(podtui(*arguments, "--json"), "refused", "not running", "exited 0")
    assert_error(podtui("wait", "p", "--until", "live", "--json"), "refused", "exited 0")


def test_busy_another_action_has_the_pod(yard: Yard, podtui: Podtui) -> None:
    """Two actors on one pod: the other is told who has it and since when."""
    yard.shell("p", "read -r line")
    paths = yard.plane.access.pod_paths("p")
    with action_lock(yard.system, paths, pod="p", action="stop", actor="someone"):
        answer = podtui("send", "p", "x", "--json")
    assert_error(answer, "busy", "stop of someone", str(os.getpid()))
    assert podtui("read", "p").out == ""


def test_unknown_state_a_run_of_another_machine(tmp_path: Path, podtui: Podtui) -> None:
    """A store that came from elsewhere is shown, and nothing is done to its runs."""
    yard = Yard(tmp_path, machine_id="another-machine")
    yard.spawn("far")
    for arguments in (("stop", "far", "--yes"), ("send", "far", "x")):
        answer = podtui(*arguments, "--json")
        assert_error(answer, "unknown_state", "belongs to host")
    (pod,) = podtui("ls", "--json").document["pods"]
    assert (pod["status"], pod["verdict"]) == ("unknown", "unknown")
    assert podtui("stop", "far", "--dry-run", "--json").code == EXIT_CODES["unknown_state"]


def test_unreadable_a_torn_cursor(yard: Yard, podtui: Podtui) -> None:
    """A reader whose position cannot be read is told so; nothing starts over by itself."""
    yard.shell("p", "echo hello")
    yard.wait_ended("p")
    assert podtui("read", "p").out == "hello\n"
    cursor = yard.plane.access.pod_paths("p").cursor("operator")
    cursor.write_text('{"reader": "oper')
    answer = podtui("read", "p", "--json")
    assert_error(answer, "unreadable", "operator.json")
    assert answer.stdout == b""
    assert cursor.read_text() == '{"reader": "oper'
    assert podtui("read", "p", "--as", "other").out == "hello\n"


def test_timeout_a_wait_that_ends(yard: Yard, podtui: Podtui) -> None:
    """The error says what the pod is instead, and the pod goes on."""
    yard.spawn("p")
    answer = podtui("wait", "p", "--until", "ended", "--timeout", "0", "--json")
    assert_error(answer, "timeout", "working")
    assert yard.view("p").status.value == "working"


def test_no_store_nothing_there(bare_podtui: Bare, tmp_path: Path) -> None:
    """Looking never makes a store; the error says how one is made."""
    podtui = bare_podtui()
    for verb in (("ls",), ("tree",), ("events",), ("doctor",), ("inspect", "p"), ("read", "p")):
        assert_error(podtui(*verb, "--json"), "no_store", "podtui spawn")
    assert not (tmp_path / "store").exists()


def test_disk_nothing_more_fits(bare_podtui: Bare, tmp_path: Path) -> None:
    """A disk that takes nothing stops a spawn before anything runs."""
    podtui = bare_podtui()
    limited = "ulimit -f 0; exec " + sys.executable + ' -m podtui "$@"'
    assert podtui("spawn", "first", "--", "true").code == 0
    answer = podtui.shell(limited, "spawn", "p", "--json", "--", "touch", str(tmp_path / "ran"))
    assert_error(answer, "disk")
    assert not (tmp_path / "ran").exists()


def test_every_kind_has_a_code_of_its_own() -> None:
    """Codes are distinct, and none collides with success, problems found, or a signal."""
    codes = list(EXIT_CODES.values())
    assert len(set(codes)) == len(codes)
    assert all(1 < code < 64 for code in codes)


# what a person reads


def test_an_error_is_one_sentence_and_what_to_do_next(yard: Yard, podtui: Podtui) -> None:
    """Without --json there are two lines on standard error and nothing on standard output."""
    yard.spawn("p")
    answer = podtui("inspect", "nosuch")
    assert answer.out == ""
    first, second = answer.err.splitlines()
    assert first.startswith("podtui: there is no pod 'nosuch'")
    assert second.startswith("  next: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nosuchverb",), "no verb"),
        (("lss",), "podtui ls"),
        (("spawn",), "NAME"),
        (("spawn", "p"), "no command"),
        (("spawn", "p", "--"), "no command"),
        (("spawn", "p", "true"), "after --"),
        (("spawn", "p", "--size", "80", "--", "true"), "COLSxROWS"),
        (("spawn", "p", "--size", "0x0", "--", "true"), "COLSxROWS"),
        (("spawn", "p", "--size", "99999999999999999999x1", "--", "true"), "COLSxROWS"),
        (("spawn", "p", "--env", "NOVALUE", "--", "true"), "NAME=VALUE"),
        (("spawn", "p", "--stall-after", "soon", "--", "true"), "duration"),
        (("spawn", "p", "--leftovers", "maybe", "--", "true"), "leftovers"),
        (("spawn", "p", "--nosuch", "--", "true"), "--nosuch"),
        (("spawn", "p", "--parent", "nobody", "--", "true"), "'nobody'"),
        (("spawn", "p", "--cwd", "/nosuch", "--", "true"), "/nosuch"),
        (("spawn", "p", "--cwd", "/etc/passwd", "--", "true"), "/etc/passwd"),
        (("spawn", "p", "--", "nosuchcommand"), "nosuchcommand"),
        (("spawn", "p", "--", "/etc/passwd"), "/etc/passwd"),
        (("wait", "p"), "--until"),
        (("wait", "p", "--until", "asleep"), "asleep"),
        (("wait", "p", "--until", ""), "status"),
        (("read", "p", "--as", "a/b"), "reader name"),
        (("read", "p", "--view", "film"), "view"),
        (("attach", "p", "--detach-key", "ctrl-m"), "Enter"),
        (("send", "p"), "TEXT"),
        (("stop", "p", "--grace", "-3"), "duration"),
        (("ls", "--nosuch"), "--nosuch"),
        (("inspect", "a", "b"), "argument"),
        ((), "terminal"),
    ],
)
def test_wrong_usage_is_bad_input_in_the_same_shape(
    podtui: Podtui, arguments: tuple[str, ...], words: str
) -> None:
    """Click's errors and ours look alike: one sentence, what to do next, exit code 2."""
    answer = podtui(*arguments)
    assert answer.code in {2, 3}, answer.err
    lines = answer.err.splitlines()
    assert lines[0].startswith("podtui: ")
    assert lines[1].startswith("  next: ")
    assert len(lines) == 2
    assert words in answer.err
    if arguments:
        as_object = podtui(arguments[0], "--json", *arguments[1:])
        assert as_object.error["kind"] in {"bad_input", "not_found"}


def test_hostile_words_of_the_operator_cannot_steer_the_terminal(podtui: Podtui) -> None:
    """Escape sequences in a name are shown harmlessly in sentences and objects."""
    evil = "\x1b]52;c;aGk=\x07\x1b[2J\u202e"
    for arguments in (("inspect", evil), (evil,), ("spawn", evil, "--", "true")):
        told = podtui(*arguments)
        assert b"\x1b" not in told.stderr
        assert "\u202e" not in told.err
        assert podtui(*arguments[:1], "--json", *arguments[1:]).stderr.isascii()


# the store and its records


def replaced(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what puts something else in a record's place."""

    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


def written(content: bytes) -> Callable[[Path], None]:
    """Return what writes other content into a record."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


RUINS: dict[str, Callable[[Path], None]] = {
    "torn": written(b'format = 1\nname = "to'),
    "oversized": written(b"#" * 70_000),
    "binary": written(b"\xff\xfe\x00"),
    "fifo": replaced(os.mkfifo),
    "directory": replaced(Path.mkdir),
    "link": replaced(lambda path: path.symlink_to("/etc/passwd")),
    "missing": Path.unlink,
}


def test_a_bad_record_costs_its_own_row_only(yard: Yard, podtui: Podtui) -> None:
    """Torn, oversized, a FIFO, a directory, a link: the row says so, the others are as before."""
    yard.spawn("good")
    for name, ruin in RUINS.items():
        yard.shell(name, "exit 0")
        yard.wait_ended(name)
        ruin(yard.plane.access.pod_paths(name).record)
    pods = {pod["name"]: pod for pod in podtui("ls", "--json").document["pods"]}
    assert set(pods) == {"good", *RUINS}
    assert pods["good"]["status"] == "working"
    for name in RUINS:
        assert pods[name]["message"], name
    assert podtui("ls").code == 0
    for name in RUINS:
        assert "pod.toml" in podtui("inspect", name).out + podtui("inspect", name).err, name
        assert podtui("read", name).code == 0
    assert podtui("doctor", "--json").code == 1


def test_a_store_of_a_newer_version_is_shown_and_not_written(yard: Yard, podtui: Podtui) -> None:
    """Looking works, acting is refused with the reason."""
    yard.spawn("p")
    record = yard.plane.store.paths.record
    text = record.read_text().replace("format = 1", "format = 99")
    record.write_text(text)
    assert podtui("ls", "--json").document["pods"][0]["name"] == "p"
    for arguments in (("spawn", "q", "--json", "--", "true"), ("stop", "p", "--yes", "--json")):
        answer = podtui(*arguments)
        assert answer.error["kind"] in {"no_store", "refused"}
        assert "newer" in answer.error["message"]
    assert record.read_text() == text


def test_a_store_others_could_write_is_refused(yard: Yard, podtui: Podtui) -> None:
    """Nothing in it can be believed, so nothing is done before its owner has looked."""
    yard.plane.store_path.chmod(0o777)
    assert_error(podtui("ls", "--json"), "no_store", "chmod 700")
    yard.plane.store_path.chmod(0o700)
    assert podtui("ls").code == 0


def test_a_directory_that_is_no_store_is_left_alone(bare_podtui: Bare, tmp_path: Path) -> None:
    """A directory with other things in it never becomes a store."""
    place = tmp_path / "photos"
    place.mkdir(mode=0o700)
    (place / "cat.jpg").write_text("meow")
    podtui = bare_podtui(PODTUI_HOME=str(place))
    for arguments in (("ls", "--json"), ("spawn", "p", "--json", "--", "true")):
        assert_error(podtui(*arguments), "no_store", str(place))
    assert [path.name for path in place.iterdir()] == ["cat.jpg"]
    not_even = bare_podtui(PODTUI_HOME=str(place / "cat.jpg"))
    assert_error(not_even("spawn", "p", "--json", "--", "true"), "no_store")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a directory away")
def test_a_store_of_another_user_is_refused(yard: Yard, podtui: Podtui) -> None:
    """Records of somebody else are neither believed nor touched."""
    os.chown(yard.plane.store_path, 12345, 12345)
    assert_error(podtui("ls", "--json"), "no_store")
    os.chown(yard.plane.store_path, os.geteuid(), os.getegid())


def test_a_very_long_store_path_works(bare_podtui: Bare, tmp_path: Path) -> None:
    """A socket path has 107 bytes; the store's may have many more."""
    deep = tmp_path / ("d" * 120) / ("e" * 120) / "store"
    yard = Yard(tmp_path, environment={"PODTUI_HOME": str(deep), "PODTUI_RUNTIME_DIR": ""})
    podtui = bare_podtui(PODTUI_HOME=str(deep), PODTUI_RUNTIME_DIR="")
    try:
        assert podtui("spawn", "p", "--", "sh", "-c", "read -r x; echo got $x").code == 0
        assert podtui("send", "p", "hello").code == 0
        assert podtui("wait", "p", "--until", "ended").code == 0
        assert "got hello" in podtui("read", "p").out
    finally:
        yard.end_everything()


# a machine in trouble, in a mount namespace of the test's own

ALONE = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
needs_namespace = pytest.mark.skipif(
    not ALONE, reason="needs `unshare -m`, which only root may do here"
)


@needs_namespace
def test_a_read_only_store_can_be_looked_at(yard: Yard, podtui: Podtui) -> None:
    """What needs no writing works; what does says so and changes nothing."""
    yard.shell("p", "echo hello; exec sleep 600")
    assert podtui("wait", "p", "--until", "live").code == 0
    read_only = (
        'exec unshare -m /bin/sh -c \'mount --bind "$PODTUI_HOME" "$PODTUI_HOME" &&'
        ' mount -o remount,ro,bind "$PODTUI_HOME" && exec "$@"\' '
        f'podtui "{sys.executable}" -m podtui "$@"'
    )
    assert "● working" in podtui.shell(read_only, "ls").out
    assert podtui.shell(read_only, "inspect", "p").code == 0
    assert podtui.shell(read_only, "read", "p", "--peek").out == "hello\n"
    for arguments in (("spawn", "q", "--json", "--", "true"), ("stop", "p", "--yes", "--json")):
        assert_error(podtui.shell(read_only, *arguments), "disk", "Read-only")
    assert [pod["name"] for pod in podtui("ls", "--json").document["pods"]] == ["p"]
    assert yard.view("p").status.value == "working"


@needs_namespace
def test_without_a_terminal_left_a_pod_is_refused_with_the_reason(podtui: Podtui) -> None:
    """The machine has no PTY: the command did not run, and the pod's record says why."""
    podtui("spawn", "first", "--", "true")
    without = (
        "exec unshare -m /bin/sh -c 'mount --bind /dev/null /dev/ptmx && exec \"$@\"' "
        f'podtui "{sys.executable}" -m podtui "$@"'
    )
    answer = podtui.shell(without, "spawn", "p", "--json", "--", "true")
    assert_error(answer, "refused", "no terminal left")
    assert "no terminal left" in podtui("ls").out
    assert podtui("read", "p").out == ""


# supervisors


def test_a_stopped_supervisor_is_never_called_dead(yard: Yard, podtui: Podtui) -> None:
    """With SIGSTOP it holds its lock: alive, unresponsive, and nothing can be done to it."""
    yard.spawn("p")
    supervisor = yard.supervisor_of("p")
    yard.stop_process(supervisor)
    (pod,) = podtui("ls", "--json").document["pods"]
    assert (pod["verdict"], pod["status"]) == ("alive", "unresponsive")
    for arguments in (("send", "p", "x"), ("stop", "p", "--yes")):
        answer = podtui(*arguments, "--json")
        assert answer.error["kind"] in {"refused", "timeout"}
        assert answer.error["next"]
    yard.signal(supervisor, signal.SIGCONT)
    assert podtui("wait", "p", "--until", "working", "--timeout", "20").code == 0


def test_a_killed_supervisor_is_lost_once(yard: Yard, podtui: Podtui) -> None:
    """However often one looks, one death is one event; its output can still be read."""
    yard.shell("p", "echo last words; exec sleep 600")
    supervisor = yard.supervisor_of("p")
    assert podtui("wait", "p", "--until", "live").code == 0
    yard.kill(supervisor)
    for _ in range(3):
        (pod,) = podtui("ls", "--json").document["pods"]
        assert (pod["verdict"], pod["status"]) == ("dead", "lost")
    kinds = [each["kind"] for each in podtui("events", "--json").document["events"]]
    assert kinds.count("lost") == 1
    assert_error(podtui("send", "p", "x", "--json"), "refused")


def test_an_unexpected_mistake_is_one_sentence_with_a_way_to_learn_more(
    yard: Yard, podtui: Podtui, tmp_path: Path
) -> None:
    """No traceback unless it is asked for; kind internal, exit code 70."""
    broken = tmp_path / "broken"
    shutil.copytree(Path(__file__).parents[2] / "podtui", broken / "podtui")
    (broken / "podtui/cli/verbs/ls.py").write_text("raise ZeroDivisionError('by zero')\n")
    environment = {"PYTHONPATH": str(broken)}
    answer = podtui("ls", "--json", environment=environment, cwd=broken)
    assert (answer.code, answer.error["kind"]) == (70, "internal")
    assert "ZeroDivisionError" in answer.error["message"]
    assert "PODTUI_TRACEBACK=1" in answer.error["next"]
    traced = podtui("ls", environment={**environment, "PODTUI_TRACEBACK": "1"}, cwd=broken)
    assert "Traceback" in traced.err
    assert Fs().is_directory(yard.plane.store_path)
