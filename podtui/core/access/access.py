"""Resolves names and ids for one caller: to a pod, or to an error that says why not."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from podtui.core.errors import DiskTrouble, NotFound
from podtui.core.model.records import PodRecord
from podtui.core.paths import POD_ID_VARIABLE, PodPaths
from podtui.core.store.store import Store

if TYPE_CHECKING:
    from podtui.core.access.visibility import Sight


class Access:
    """Resolves names for one caller; the caller is known by the environment of the system."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def may_be_pod(self) -> bool:
        """Whether the caller may be a pod: only then is `sight` worth asking."""
        return POD_ID_VARIABLE in self.store.system.environment

    @cached_property
    def sight(self) -> Sight:
        """What the caller may see; an operator's screen calls `see_all` instead."""
        # Loaded here only: the operator sees everything.
        from podtui.core.access.visibility import sight_of  # noqa: PLC0415

        return sight_of(self.store, self.store.system.environment)

    def see_all(self) -> None:
        """See what the operator sees, even when a pod started this process."""
        from podtui.core.access.visibility import Sight  # noqa: PLC0415 - as above

        self.sight = Sight(self.store)

    def name_of(self, name_or_id: str) -> str:
        """Return the name of the pod that has this name or id.

        Raises:
            NotFound: there is none; of one that was pruned it says when, by whom, and the way back.
            NotVisible: there is one, and the pod that asks may not see it.
            DiskTrouble: the pods cannot be listed; that is no answer about this one.
        """
        store = self.store
        try:
            names = store.pod_names()
        except OSError as error:
            raise DiskTrouble(
                f"whether there is a pod {name_or_id!r} could not be determined:"
                f" {store.paths.pods} cannot be listed: {error.strerror}",
                pod=name_or_id,
                next_step="podtui doctor",
                kept="nothing was changed",
            ) from error
        if name_or_id in names:
            return self._if_seen(name_or_id)
        for name in names:
            record = store.pod_record(name)
            if isinstance(record, PodRecord) and record.id == name_or_id:
                return self._if_seen(name)
        # Loaded here only: nearly always the pod is there.
        from podtui.core.access.missing import not_found  # noqa: PLC0415

        raise not_found(store, name_or_id)

    def _if_seen(self, name: str) -> str:
        # Every verb of every door comes by here; the operator does not pay for the rule.
        if self.may_be_pod:
            self.sight.refuse(name)
        return name

    def gone(self, name: str) -> NotFound | None:
        """Return the error for a pod that went away after its name was resolved.

        None means that something is in its place, or that this could not be determined: what was
        read of the pod then stands.
        """
        try:
            if self.store.system.fs.stamp(self.store.paths.pod(name).root) is not None:
                return None
        except OSError:
            return None
        from podtui.core.access.missing import not_found  # noqa: PLC0415 - seldom needed

        return not_found(self.store, name)

    def pod_paths(self, name_or_id: str) -> PodPaths:
        """Return the files of a pod; errors as `name_of`."""
        return self.store.paths.pod(self.name_of(name_or_id))
