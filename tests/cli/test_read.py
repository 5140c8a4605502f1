"""Reading from the command line: what a reader gets, once, and what is said beside it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from podtui.core.model.requests import Send
from tests.cli.conftest import Answer, Podtui
from tests.support.store_fixture import Yard, until

KEYS = ["pod", "run", "text", "from", "to", "gap_bytes", "status", "message"]
PRINTS_MUCH = "import sys; [print('line', n, 'x' * 60) for n in range(60000)]"


def ended(yard: Yard, script: str, name: str = "p") -> None:
    """Spawn a pod that runs a script to its end."""
    yard.shell(name, script)
    yard.wait_ended(name)


def raw(yard: Yard, name: str = "p") -> bytes:
    return yard.plane.access.pod_paths(name).run(1).output.read_bytes()


def as_object(answer: Answer) -> dict[str, Any]:
    content = answer.document
    assert sorted(content) == sorted(KEYS)
    return content


def test_a_reader_gets_everything_once(yard: Yard, podtui: Podtui) -> None:
    """The text is on standard output alone; what is said of the pod is on standard error."""
    yard.shell("p", "echo one; read -r line; echo two; exit 3")
    podtui("wait", "p", "--until", "live")
    following = podtui.start("read", "p", "--follow")
    assert following.stdout is not None
    assert following.stdout.readline() == b"one\n"
    yard.plane.carry_out(Send("p", "go"))
    rest, remarks = following.communicate(timeout=20)
    assert rest == b"go\ntwo\n"
    assert remarks == b"exited 3\n"
    again = podtui("read", "p")
    assert (again.out, again.err) == ("", "exited 3, nothing new\n")


def test_a_silent_live_pod_says_how_long_it_has_been_silent(yard: Yard, podtui: Podtui) -> None:
    """Nothing new is not the same as nothing known."""
    yard.shell("p", "echo hello; exec sleep 600")
    with_output = podtui.start("read", "p", "--follow")
    assert with_output.stdout is not None
    assert with_output.stdout.readline() == b"hello\n"
    with_output.kill()
    with_output.communicate()
    podtui("read", "p")
    told = podtui("read", "p")
    assert told.out == ""
    assert told.err.startswith("running, no new output for ")


def test_readers_do_not_disturb_each_other(yard: Yard, podtui: Podtui) -> None:
    """Each has its own cursor; the pod that calls is its own reader."""
    ended(yard, "echo hello")
    assert podtui("read", "p").out == "hello\n"
    assert podtui("read", "p", "--as", "second").out == "hello\n"
    inside = {"PODTUI_POD": "boss"}
    assert podtui("read", "p", environment=inside).out == "hello\n"
    assert podtui("read", "p", environment=inside).out == ""
    assert podtui("read", "p", "--as", "operator").out == ""


def test_peeking_moves_nothing_and_from_start_gives_all_again(yard: Yard, podtui: Podtui) -> None:
    """--peek can be repeated; --from-start begins anew, whatever was read."""
    ended(yard, "echo hello")
    assert podtui("read", "p", "--peek").out == "hello\n"
    assert podtui("read", "p").out == "hello\n"
    assert podtui("read", "p", "--from-start", "--peek").out == "hello\n"
    assert podtui("read", "p", "--from-start").out == "hello\n"
    assert podtui("read", "p").out == ""


def test_the_object_has_the_documented_keys(yard: Yard, podtui: Podtui) -> None:
    """Text, positions over all runs, the gap, and what the pod is doing."""
    ended(yard, "printf 'h\\303\\251llo \\033[31mred\\033[0m\\n'")
    content = as_object(podtui("read", "p", "--json"))
    size = len(raw(yard))
    assert content == {
        "pod": "p",
        "run": 1,
        "text": "h\u00e9llo red\n",
        "from": 0,
        "to": size,
        "gap_bytes": 0,
        "status": "exited",
        "message": "exited 0",
    }
    nothing = as_object(podtui("read", "p", "--json"))
    assert (nothing["text"], nothing["from"], nothing["to"]) == ("", size, size)
    assert nothing["message"] == "exited 0, nothing new"


def test_following_gives_one_object_per_line_and_a_last_one(yard: Yard, podtui: Podtui) -> None:
    """The pieces join without gap or overlap, and the last object tells how it ended."""
    yard.shell("p", "echo one; read -r line; echo two")
    following = podtui.start("read", "p", "--follow", "--json")
    assert following.stdout is not None
    objects = [json.loads(following.stdout.readline())]
    yard.plane.carry_out(Send("p", "go"))
    rest, _ = following.communicate(timeout=20)
    objects += [json.loads(line) for line in rest.splitlines()]
    assert all(sorted(each) == sorted(["version", *KEYS]) for each in objects)
    assert "".join(each["text"] for each in objects) == "one\ngo\ntwo\n"
    assert all(one["to"] == other["from"] for one, other in itertools.pairwise(objects))
    assert objects[-1]["status"] == "exited"


def test_raw_bytes_are_the_bytes_that_were_printed(yard: Yard, podtui: Podtui) -> None:
    """Escape sequences, broken UTF-8 and NUL arrive as they are; in an object as base64."""
    ended(yard, "printf '\\033[31m\\377\\000\\303\\251\\n'")
    assert podtui("read", "p", "--view", "raw", "--peek").stdout == raw(yard)
    content = podtui("read", "p", "--view", "raw", "--json").document
    assert content.pop("data_base64") == base64.b64encode(raw(yard)).decode()
    assert sorted(content) == sorted(KEYS)
    assert content["text"] == ""


def test_text_can_steer_nobodys_terminal(yard: Yard, podtui: Podtui) -> None:
    """The text view holds no control character but line ends and tabs."""
    ended(yard, "printf '\\033]52;c;aGk=\\007\\233\\302\\2331m\\b\\r\\177\\033[2Jx\\ty\\n'")
    out = podtui("read", "p").out
    assert all(letter.isprintable() or letter in "\n\t" for letter in out)
    assert "x\ty" in out


def test_much_output_arrives_whole_in_every_form(yard: Yard, podtui: Podtui) -> None:
    """Several megabytes, as text, as bytes and in one object, byte for byte."""
    yard.spawn("p", sys.executable, "-c", PRINTS_MUCH)
    yard.wait_ended("p")
    printed = raw(yard)
    text = printed.replace(b"\r\n", b"\n").decode()
    assert len(printed) > 4_000_000
    assert podtui("read", "p", "--peek").out == text
    assert podtui("read", "p", "--peek", "--view", "raw").stdout == printed
    assert as_object(podtui("read", "p", "--peek", "--json"))["text"] == text
    content = podtui("read", "p", "--view", "raw", "--json").document
    assert base64.b64decode(content["data_base64"]) == printed


def test_a_reader_that_goes_away_leaves_the_cursor_before_what_it_did_not_take(
    yard: Yard, podtui: Podtui
) -> None:
    """EPIPE ends the command quietly, and the next reading goes on without a hole."""
    yard.spawn("p", sys.executable, "-c", PRINTS_MUCH)
    yard.wait_ended("p")
    text = raw(yard).replace(b"\r\n", b"\n")
    reading = podtui.start("read", "p")
    assert reading.stdout is not None
    taken = reading.stdout.read(1000)
    reading.stdout.close()
    assert reading.stderr is not None
    assert reading.stderr.read() == b""
    reading.stderr.close()
    assert reading.wait(timeout=20) == 141
    assert text.startswith(taken)
    # The first piece did not fit into the pipe, so that nothing of it counts as read.
    assert podtui("read", "p").stdout == text


@pytest.mark.parametrize("form", [(), ("--json",), ("--view", "raw")])
def test_output_that_cannot_be_written_moves_no_cursor(
    yard: Yard, podtui: Podtui, form: tuple[str, ...]
) -> None:
    """A full disk behind standard output is an error of the kind disk; nothing is skipped."""
    ended(yard, "echo hello")
    with open("/dev/full", "wb") as full:
        answer = podtui(
            "read", "p", *form, stdout=full, capture_output=False, stderr=subprocess.PIPE
        )
    assert answer.code == 11
    assert "standard output cannot be written" in answer.err
    assert podtui("read", "p").out == "hello\n"


def test_a_closed_standard_output_is_not_taken_for_a_record(yard: Yard, podtui: Podtui) -> None:
    """With >&- the next opened file would get number 1; the result must not land in it."""
    ended(yard, "echo hello")
    before = yard.plane.access.pod_paths("p").record.read_bytes()
    answer = podtui.shell(f'exec "{sys.executable}" -m podtui "$@" >&-', "read", "p")
    assert answer.code == 11
    assert yard.plane.access.pod_paths("p").record.read_bytes() == before
    assert podtui("read", "p").out == "hello\n"


def test_a_non_blocking_pipe_gets_everything(yard: Yard, podtui: Podtui) -> None:
    """Node and others leave their pipes non-blocking: a full one is waited for, not failed on."""
    yard.spawn("p", sys.executable, "-c", PRINTS_MUCH)
    yard.wait_ended("p")
    reader, writer = os.pipe2(os.O_NONBLOCK)
    os.set_blocking(reader, True)
    reading = podtui.start("read", "p", stdout=writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        assert pipe.read() == raw(yard).replace(b"\r\n", b"\n")
    reading.communicate(timeout=20)
    assert reading.returncode == 0


def test_a_bad_reader_name_reads_nothing(yard: Yard, podtui: Podtui) -> None:
    """A reader is a file name: it is checked like a pod's."""
    ended(yard, "echo hello")
    answer = podtui("read", "p", "--as", "../operator", "--json")
    assert answer.error["kind"] == "bad_input"
    assert answer.stdout == b""


@pytest.mark.parametrize("view", ["text", "raw"])
def test_on_a_terminal_what_is_said_of_the_pod_stands_on_a_line_of_its_own(
    yard: Yard, podtui: Podtui, view: str
) -> None:
    """Behind a prompt without a line's end it would look as if the pod had said it."""
    yard.shell("p", "printf 'Proceed? '; exec sleep 600")
    until(lambda: yard.view("p").output_bytes == len("Proceed? "))
    with podtui.in_terminal("read", "p", "--view", view) as terminal:
        assert terminal.ending() == 0
        first, second, _ = terminal.seen.split(b"\r\n")
        assert first == b"Proceed? "
        assert second.startswith(b"running")
    assert podtui("read", "p", "--view", view, "--from-start").stdout == b"Proceed? "


def test_on_a_terminal_output_that_ends_its_line_gets_no_empty_one(
    yard: Yard, podtui: Podtui
) -> None:
    """Only what is missing is added."""
    yard.shell("p", "echo done")
    yard.wait_ended("p")
    with podtui.in_terminal("read", "p") as terminal:
        assert terminal.ending() == 0
        assert terminal.seen == b"done\r\nexited 0\r\n"
