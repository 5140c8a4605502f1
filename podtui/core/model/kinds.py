"""How each kind of diagnostic looks: shape, word and role of colour, the same behind every door."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from podtui.core.model.appearance import Role
from podtui.core.model.diagnostics import DiagnosticKind


class KindLook(NamedTuple):
    """One kind: a one-cell shape, a word, the role of its colour, what is said of many pods."""

    glyph: str
    word: str
    role: Role
    of_many: str


KINDS: Mapping[DiagnosticKind, KindLook] = MappingProxyType(
    {
        DiagnosticKind.LOST: KindLook("⊘", "lost", "lost", "were lost"),
        DiagnosticKind.NEVER_STARTED: KindLook("⊘", "never started", "lost", "never started"),
        DiagnosticKind.RESTORED: KindLook("✓", "restored", "working", "were restored"),
        DiagnosticKind.RESTORE_FAILED: KindLook(
            "✗", "not restored", "failed", "could not be restored"
        ),
        DiagnosticKind.BRAKED: KindLook("▲", "braked", "stalled", "were not restored any more"),
        DiagnosticKind.REAPED: KindLook("✓", "reaped", "quiet", "had leftovers reaped"),
        DiagnosticKind.SURVIVORS: KindLook("▲", "survivors", "failed", "have survivors"),
        DiagnosticKind.PRUNED: KindLook("▽", "pruned", "quiet", "were pruned"),
        DiagnosticKind.RECOVERED: KindLook("△", "recovered", "working", "were recovered"),
        DiagnosticKind.PURGED: KindLook("✗", "purged", "quiet", "were purged"),
        DiagnosticKind.LOAN_RETURNED: KindLook("◁", "returned", "quiet", "had scopes returned"),
        DiagnosticKind.LOAN_LENT: KindLook("▷", "lent", "quiet", "had scopes lent again"),
        DiagnosticKind.HANDOFF: KindLook("▲", "handoff", "stalled", "were handed to the reaper"),
        DiagnosticKind.INTERRUPTED: KindLook(
            "▲", "interrupted", "stalled", "had an action broken off"
        ),
    }
)
