"""How each agent goes on with its own conversation, and never with another's."""

from __future__ import annotations

import shlex

import pytest

from podtui.core.agents.profile import agent_of
from podtui.core.agents.resume import Resumed, resumed

ID = "6f1d2c3b-1111-4a2b-9c3d-0123456789ab"
OTHER = "7a7a7a7a-2222-4b4b-8c8c-ba9876543210"


def again(command: str, *, has_begun: bool = True) -> Resumed:
    """Return how the pod of a command is started again."""
    argv = shlex.split(command)
    return resumed(agent_of(argv), argv, has_begun=has_begun)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f"claude --session-id {ID}", f"claude --resume {ID}"),
        (f"claude --session-id={ID} -p 'mend it'", f"claude --resume {ID} -p 'mend it'"),
        (
            f"/opt/bin/claude --verbose --session-id {ID}",
            f"/opt/bin/claude --resume {ID} --verbose",
        ),
        (f"claude --resume {ID} --model opus", f"claude --resume {ID} --model opus"),
        (f"claude -r {ID}", f"claude -r {ID}"),
        (
            f"claude --resume {OTHER} --fork-session --session-id {ID} go",
            f"claude --resume {ID} go",
        ),
        (f"claude --session-id {ID} -- -c", f"claude --resume {ID} -- -c"),
        (f"codex resume {ID}", f"codex resume {ID}"),
        (f"codex exec resume {ID} 'go on'", f"codex exec resume {ID} 'go on'"),
        (f"gemini --session-id {ID} -y", f"gemini --resume {ID} -y"),
        (f"gemini -r {ID}", f"gemini -r {ID}"),
        ("opencode -s ses_4f2Kq", "opencode -s ses_4f2Kq"),
        ("opencode run --session=ses_4f2Kq x", "opencode run --session=ses_4f2Kq x"),
    ],
)
def test_a_conversation_whose_id_stands_in_the_command_is_resumed(
    command: str, expected: str
) -> None:
    """The id that was pinned at the spawn is the one that is resumed."""
    answer = again(command)
    assert shlex.join(answer.argv) == expected
    assert answer.conversation in {ID, "ses_4f2Kq"}
    assert answer.warning == ""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("claude -c", "claude"),
        ("claude --continue -p go", "claude -p go"),
        ("claude --resume", "claude"),
        ("claude --resume parser -p go", "claude -p go"),
        ("codex resume --last", "codex"),
        ("codex exec resume --last go", "codex exec go"),
        ("gemini -r latest", "gemini"),
        ("gemini --resume 3 -y", "gemini -y"),
        ("gemini --resume=latest", "gemini"),
        ("opencode -c", "opencode"),
        ("opencode run --continue x", "opencode run x"),
    ],
)
def test_the_latest_conversation_is_never_taken_for_the_own_one(
    command: str, expected: str
) -> None:
    """What means "the last one" is taken out, and it is said that it begins anew."""
    answer = again(command)
    assert shlex.join(answer.argv) == expected
    assert answer.conversation == ""
    assert "its conversation id is not known" in answer.warning
    assert "may be another's by now" in answer.warning


@pytest.mark.parametrize(
    "command",
    [
        "claude -p 'mend it'",
        f"claude --resume {OTHER} --fork-session",
        "codex exec 'mend it'",
        "codex resume",
        "gemini -y",
        "opencode",
        f"opencode -s ses_{'a' * 8} --fork",
        "aider --model x",
    ],
)
def test_without_an_id_an_agent_begins_anew_and_it_is_said(command: str) -> None:
    """The command is run as it was, with a warning."""
    answer = again(command)
    assert answer.argv == tuple(shlex.split(command))
    assert answer.conversation == ""
    assert answer.warning == ("started again from the beginning: its conversation id is not known")


@pytest.mark.parametrize("command", ["sleep 600", "sh -c 'claude -c'", "make -c test"])
def test_a_plain_command_is_simply_run_again(command: str) -> None:
    """It has no conversation, so there is nothing to warn of."""
    assert again(command) == Resumed(tuple(shlex.split(command)))


@pytest.mark.parametrize(
    "command", [f"claude --session-id {ID}", "claude -c", "codex resume --last"]
)
def test_a_pod_that_never_began_is_started_as_it_was_asked_for(command: str) -> None:
    """There is no conversation yet: a pinned id is still to be used for the first time."""
    assert again(command, has_begun=False) == Resumed(tuple(shlex.split(command)))


@pytest.mark.parametrize("spelling", ["--chat-history-file own.md", "--chat-history-file=own.md"])
def test_aider_goes_on_from_a_history_file_of_its_own(spelling: str) -> None:
    """Only a file that is named: the one in the directory is everybody's."""
    answer = again(f"aider {spelling}")
    assert shlex.join(answer.argv) == f"aider --restore-chat-history {spelling}"
    assert answer.conversation == "own.md"
    assert again(shlex.join(answer.argv)).argv == answer.argv


def test_an_option_without_its_id_is_left_to_the_agent_to_complain_about() -> None:
    """What is wrong with a command is not made right by us."""
    assert again("claude --session-id").argv == ("claude", "--session-id")
    assert again("claude --session-id --verbose").argv == ("claude", "--session-id", "--verbose")
