"""Which module carries out which request: the one table of actions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from podtui.core.actions.framework.limits import refuse_bad_actor
from podtui.core.model.requests import OPERATOR, Request, action_of

if TYPE_CHECKING:
    from podtui.core.model.plans import Plan, Report
    from podtui.core.observe.inspector import Inspector

_ACTIONS = "podtui.core.actions."
MODULES: Mapping[str, str] = {
    "spawn": _ACTIONS + "spawn.spawn",
    "send": _ACTIONS + "running.send",
    "stop": _ACTIONS + "running.stop",
    "restore": _ACTIONS + "restore.restore",
    "reap": _ACTIONS + "reap.reap",
    "reap_orphans": _ACTIONS + "reap.orphans",
    "prune": _ACTIONS + "trash.prune",
    "recover": _ACTIONS + "trash.recover",
    "purge": _ACTIONS + "trash.purge",
    "return": _ACTIONS + "loans.loans",
    "relend": _ACTIONS + "loans.loans",
}
"""By the action's name; a module is loaded when its action is asked for, and not before."""


class Action(Protocol):
    """What the module of an action offers."""

    def plan(self, inspector: Inspector, request: Request, /) -> Plan:
        """Return what carrying it out will do; touches nothing."""
        ...

    def carry_out(self, inspector: Inspector, request: Request, /, *, actor: str) -> Report:
        """Do it; the evidence behind the plan is checked again under the pod's lock."""
        ...


def plan(inspector: Inspector, request: Request) -> Plan:
    """Return what carrying out a request will do; touches nothing."""
    return _action(request).plan(inspector, request)


def carry_out(inspector: Inspector, request: Request, *, actor: str = OPERATOR) -> Report:
    """Do what a request asks.

    Raises:
        PodtuiError: it was not done; what was kept is named.
    """
    inspector.store.refuse_if_read_only()
    refuse_bad_actor(actor)
    return _action(request).carry_out(inspector, request, actor=actor)


def _action(request: Request) -> Action:
    # A module is checked against the protocol by the tests of every request, not by the types.
    return cast("Action", import_module(MODULES[action_of(request)]))
