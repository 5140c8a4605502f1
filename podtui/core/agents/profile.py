"""Recognises the agent of a command, and the session variables it must not inherit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

PLAIN_COMMAND = "command"
AGENTS: Mapping[str, str] = {
    "claude": "claude",
    "codex": "codex",
    "gemini": "gemini",
    "opencode": "opencode",
    "aider": "aider",
}
"""Program name to agent name."""

DEFAULT_STALL_AFTER_S = 600.0
STALL_AFTER_S: Mapping[str, float] = {
    PLAIN_COMMAND: DEFAULT_STALL_AFTER_S,
    **dict.fromkeys(AGENTS.values(), DEFAULT_STALL_AFTER_S),
}
"""Agent name to the awake seconds without progress after which a pod that chose none is stalled."""

SESSION_PREFIXES: tuple[str, ...] = ("CLAUDE", "CODEX_", "GEMINI_")
"""Variables by which an agent passes its conversation to its tools.

A pod spawned from inside a conversation must not take them for its own: its transcript would be
filed under the parent's.
"""


def agent_of(argv: Sequence[str]) -> str:
    """Return the agent a command starts, or "command" for any other program."""
    return AGENTS.get(PurePath(argv[0]).name, PLAIN_COMMAND) if argv else PLAIN_COMMAND


def stall_after_s(agent: str) -> float:
    """Return the awake seconds without progress after which a pod of this agent is stalled."""
    return STALL_AFTER_S.get(agent, DEFAULT_STALL_AFTER_S)


def is_session_variable(name: str) -> bool:
    """Whether a variable belongs to the conversation of the agent that is running."""
    return name.startswith(SESSION_PREFIXES)
