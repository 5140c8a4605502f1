"""The environment a pod's command is started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podtui.core import paths
from podtui.core.agents.profile import is_session_variable
from podtui.core.model.records import PodRecord
from podtui.core.paths import RUNTIME_VARIABLE, STORE_VARIABLE

POD_VARIABLE = paths.POD_VARIABLE
POD_ID_VARIABLE = paths.POD_ID_VARIABLE
RUN_VARIABLE = "PODTUI_RUN"
PARENT_VARIABLE = "PODTUI_PARENT"

PASSED: frozenset[str] = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "SSH_AUTH_SOCK",
        "VIRTUAL_ENV",
        "COLORTERM",
        RUNTIME_VARIABLE,
    }
)
"""Variables every pod gets; others must be asked for, so that secrets do not leak into pods."""
PASSED_PREFIXES = ("LC_", "XDG_", "SSL_CERT_")
TERMINAL = "xterm-256color"


def pod_environment(
    pod: PodRecord, run: int, *, store: str, actor: Mapping[str, str]
) -> dict[str, str]:
    """Return the complete environment of a pod's command.

    It has the actor's variables that every pod gets, then those asked for by name, then those given
    by value, then podtui's own about the pod. Later ones win.
    """
    asked = frozenset(pod.pass_env)
    inherited = {
        name: value
        for name, value in actor.items()
        if name in asked or (_is_passed(name) and not is_session_variable(name))
    }
    own = {
        POD_VARIABLE: pod.name,
        POD_ID_VARIABLE: pod.id,
        RUN_VARIABLE: str(run),
        PARENT_VARIABLE: pod.parent_name or "",
        STORE_VARIABLE: store,
    }
    return {"TERM": TERMINAL, **inherited, **pod.env, **own}


def missing_variables(names: Sequence[str], actor: Mapping[str, str]) -> list[str]:
    """Return the asked-for variables the actor does not have."""
    return [name for name in names if name not in actor]


def _is_passed(name: str) -> bool:
    return name in PASSED or name.startswith(PASSED_PREFIXES)
