"""Builds the command that resumes an agent's own conversation, and no other.

Only an id that stands in the pod's command counts. Whatever means "the latest conversation" is
taken out of a command: by the time of a restore that may be another pod's. What is known of each
agent's options is a table, so that a new one is a row and not a branch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto

import msgspec

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
OPENCODE_ID = re.compile(r"ses_[0-9A-Za-z]+\Z")
ANY = re.compile(r"[^-]")
"""Any text is taken for an id: the option is used for nothing but a pinned id."""


class Means(Enum):
    """Meaning of an agent's option for its conversation."""

    PINS = auto()
    """Begins a conversation under the id that follows."""
    RESUMES = auto()
    """Goes on with the conversation whose id follows; anything else that follows picks one."""
    LATEST = auto()
    """Goes on with whichever conversation is the latest."""
    FORKS = auto()
    """Goes on with a copy, under an id that is not known yet."""


class Option(msgspec.Struct, frozen=True):
    """One option, in the spellings it has.

    Attributes:
        id_form: what an id looks like that may follow.
    """

    means: Means
    spellings: tuple[str, ...]
    id_form: re.Pattern[str] = ANY


class Agent(msgspec.Struct, frozen=True):
    """The options of an agent that are about conversations.

    Attributes:
        resume_option: given with an id it goes on with that conversation.
        resume_word: the subcommand that does the same, "" when there is none.
        own_history: the option that names a history file of the pod's own, "" for none.
        from_history: what makes the agent go on from it.
    """

    options: tuple[Option, ...] = ()
    resume_option: str = ""
    resume_word: str = ""
    own_history: str = ""
    from_history: str = ""


AGENTS: Mapping[str, Agent] = {
    "claude": Agent(
        (
            Option(Means.PINS, ("--session-id",)),
            Option(Means.RESUMES, ("--resume", "-r"), UUID),
            Option(Means.LATEST, ("--continue", "-c")),
            Option(Means.FORKS, ("--fork-session",)),
        ),
        resume_option="--resume",
    ),
    "codex": Agent((Option(Means.LATEST, ("--last",)),), resume_word="resume"),
    "gemini": Agent(
        (
            Option(Means.PINS, ("--session-id",)),
            Option(Means.RESUMES, ("--resume", "-r"), UUID),
        ),
        resume_option="--resume",
    ),
    "opencode": Agent(
        (
            Option(Means.RESUMES, ("--session", "-s"), OPENCODE_ID),
            Option(Means.LATEST, ("--continue", "-c")),
            Option(Means.FORKS, ("--fork",)),
        ),
        resume_option="--session",
    ),
    "aider": Agent(own_history="--chat-history-file", from_history="--restore-chat-history"),
}
"""By the names of `podtui.core.agents.profile`."""


class Resumed(msgspec.Struct, frozen=True):
    """The start of a new run of a pod.

    Attributes:
        argv: its command.
        conversation: what it goes on with, "" when it begins anew.
        warning: what is lost with that, "" when nothing is.
    """

    argv: tuple[str, ...]
    conversation: str = ""
    warning: str = ""


class _Found(msgspec.Struct):
    """The conversation options found in a command, and the command without them."""

    rest: list[str]
    pinned: str = ""
    resumed: str = ""
    latest: bool = False
    forks: bool = False


def resumed(agent: str, argv: Sequence[str], *, has_begun: bool) -> Resumed:
    """Return how to start a pod again that runs an agent.

    ``has_begun``: whether the command of any earlier run did begin; if none did, there is no
    conversation yet, and a pinned id is still to be used for the first time.
    """
    known = AGENTS.get(agent)
    if known is None or not has_begun:
        return Resumed(tuple(argv))
    if known.own_history:
        return _from_history(known, argv)
    found = _by_word(known, argv) if known.resume_word else _by_options(known, argv)
    conversation = _id_of(found)
    if not conversation:
        begins = tuple(found.rest) if found.latest else tuple(argv)
        return Resumed(begins, warning=_loss(found))
    if known.resume_word or found.resumed == conversation:
        return Resumed(tuple(argv), conversation)
    program, *others = found.rest
    return Resumed((program, known.resume_option, conversation, *others), conversation)


def _id_of(found: _Found) -> str:
    """Return the id of the pod's own conversation, "" when it is not known."""
    if found.pinned:
        return found.pinned
    # A fork names only its origin, and that is another conversation.
    return "" if found.forks or found.latest else found.resumed


def _loss(found: _Found) -> str:
    warning = "started again from the beginning: its conversation id is not known"
    if found.latest:
        return f"{warning}, and the latest conversation may be another's by now"
    return warning


def _from_history(known: Agent, argv: Sequence[str]) -> Resumed:
    """Go on from a history file, if the command names one of its own."""
    for index, word in enumerate(argv):
        option, _, value = word.partition("=")
        if option == known.own_history:
            path = value or (argv[index + 1] if index + 1 < len(argv) else "")
            again = () if known.from_history in argv else (known.from_history,)
            return Resumed((argv[0], *again, *argv[1:]), path)
    return Resumed(tuple(argv), warning=_loss(_Found([])))


def _by_word(known: Agent, argv: Sequence[str]) -> _Found:
    """Look for a subcommand that resumes, and the id behind it."""
    latest = {spelling for option in known.options for spelling in option.spellings}
    words = list(argv)
    if known.resume_word not in words:
        return _Found(words)
    index = words.index(known.resume_word)
    behind = words[index + 1 :]
    if any(word in latest for word in behind):
        rest = words[:index] + [word for word in behind if word not in latest]
        return _Found(rest, latest=True)
    named = next((word for word in behind if UUID.match(word)), "")
    # Without an id it asks which conversation is meant, as it did the first time.
    return _Found(words, resumed=named)


def _by_options(known: Agent, argv: Sequence[str]) -> _Found:
    """Take everything out of a command that is about conversations."""
    by_spelling = {spelling: option for option in known.options for spelling in option.spellings}
    found = _Found([])
    words = iter(range(len(argv)))
    for index in words:
        word = argv[index]
        if word == "--":
            found.rest += argv[index:]
            break
        spelling, sign, value = word.partition("=")
        option = by_spelling.get(spelling)
        if option is None:
            found.rest.append(word)
            continue
        follows = argv[index + 1] if index + 1 < len(argv) else ""
        given = value if sign else follows
        takes_next = not sign and _takes(option, follows)
        _note(found, option, given if sign or takes_next else "", word)
        if takes_next:
            next(words)
    return found


def _takes(option: Option, follows: str) -> bool:
    """Whether the next word of a command belongs to this option."""
    if option.means in {Means.LATEST, Means.FORKS} or not follows:
        return False
    return ANY.match(follows) is not None


def _note(found: _Found, option: Option, given: str, word: str) -> None:
    is_id = bool(given) and option.id_form.match(given) is not None
    if option.means is Means.PINS and is_id:
        found.pinned = given
    elif option.means is Means.RESUMES and is_id:
        found.resumed = given
    elif option.means is Means.FORKS:
        found.forks = True
    elif option.means in {Means.LATEST, Means.RESUMES}:
        found.latest = True
    else:
        found.rest.append(word)
