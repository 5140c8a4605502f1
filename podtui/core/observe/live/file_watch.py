"""Turns changes of files into hints about pods.

A whole store is watched by the watcher of the system: the directory of pods, the journal, and the
directories of pods that may be alive. A finished pod is not watched, however many there are: who
changes one writes an event, and the event names it. What neither reports is found by the rescan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from pathlib import Path

from podtui.core.model.snapshot import Detector, DetectorState
from podtui.core.observe.live.hints import Hints, hints_in
from podtui.core.store.logs import LogPosition
from podtui.core.store.store import Store
from podtui.core.system.watch import POLL_S, FileStamps, Subscription

LATE_S = 3.0
SETTING_UP = "the watch is being set up"
Place = tuple[str, int]
"""A pod and its latest run."""
NO_HINTS = Hints(frozenset(), frozenset())


class FileWatch:
    """Hints about all pods of a store, from the watcher.

    Args:
        take: called with hints from the watcher's thread.
        refresh: called when changes may have been missed: everything has to be read again.
    """

    poll_s = inf

    def __init__(
        self, store: Store, take: Callable[[Hints], None], refresh: Callable[[], None]
    ) -> None:
        self._store = store
        self._take = take
        self._refresh = refresh
        self._fixed = (store.paths.pods, store.paths.journal)
        self._places: frozenset[Place] = frozenset()
        self._read_to: LogPosition | None = None
        self._subscription: Subscription | None = None
        self._is_closed = False

    def start(self) -> None:
        """Begin to watch; `refresh` is called as soon as the watch stands."""
        self._read_to = self._store.journal.end()
        self._subscription = self._store.system.watcher.subscribe(self._on_change, self._fixed)
        if self._is_closed:
            self._subscription.close()

    def close(self) -> None:
        """Watch nothing any more."""
        self._is_closed = True
        if self._subscription is not None:
            self._subscription.close()

    def follow(self, places: Iterable[Place]) -> None:
        """Watch the directories of these pods and runs, and of no others."""
        wanted = frozenset(places)
        if self._subscription is None or wanted == self._places:
            return
        self._places = wanted
        directories = set(self._fixed)
        for name, run in wanted:
            paths = self._store.paths.pod(name)
            directories |= {paths.root, paths.run(run).root} if run else {paths.root}
        self._subscription.set(directories)

    def poll(self) -> Hints:
        """Return no hints: the watcher gives them by itself."""
        return NO_HINTS

    def detector(self) -> Detector:
        """Return how well the watch works."""
        watch = self._subscription
        if watch is None:
            return Detector(name="files", state=DetectorState.OK, age_s=0.0, detail=SETTING_UP)
        trouble, age = watch.trouble, watch.age_s()
        state = DetectorState.LATE if age > LATE_S else DetectorState.OK
        detail = trouble or ("" if watch.stands_for(self._fixed) else SETTING_UP)
        return Detector(
            name="files",
            state=DetectorState.OFF if trouble else state,
            age_s=age,
            detail=detail,
        )

    def _on_change(self, paths: frozenset[Path]) -> None:
        pods, journal = self._fixed
        hints = hints_in(pods, paths)
        if any(journal in (path, path.parent) for path in paths):
            hints = Hints(hints.changed | self._named_in_journal(), hints.more_output)
        self._take(hints)
        if pods in paths:
            self._refresh()

    def _named_in_journal(self) -> frozenset[str]:
        """Return the pods that events written since the last call are about."""
        read = self._store.journal.read(self._read_to)
        self._read_to = read.position
        return frozenset(event.pod for event in read.entries if event.pod)


class FilePoll:
    """Hints about a few pods, by asking for the stamps of their files; loads no library."""

    poll_s = POLL_S

    def __init__(self, store: Store, names: Iterable[str]) -> None:
        self._store = store
        self._names = sorted(names)
        self._files: dict[Place, tuple[FileStamps, FileStamps]] = {}
        self.follow(())

    def start(self) -> None:
        """Do nothing: every look begins with a poll."""

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def follow(self, places: Iterable[Place]) -> None:
        """Poll the files of these runs."""
        runs = dict.fromkeys(self._names, 1) | {name: run for name, run in places if run}
        if self._files.keys() != runs.items():
            self._files = {place: self._stamps(*place) for place in runs.items()}

    def _stamps(self, name: str, run: int) -> tuple[FileStamps, FileStamps]:
        pod = self._store.paths.pod(name)
        files = pod.run(run)
        records = FileStamps(pod.record, pod.runs, files.record, files.exit, files.lock)
        return records, FileStamps(files.output)

    def poll(self) -> Hints:
        """Return which pods have changed since the last call."""
        changed: set[str] = set()
        more_output: set[str] = set()
        for (name, _), (records, output) in self._files.items():
            if records.have_changed():
                changed.add(name)
            if output.have_changed():
                more_output.add(name)
        return Hints(frozenset(changed), frozenset(more_output - changed))

    def detector(self) -> Detector:
        """Return that polling works: it is done by the looking thread itself."""
        return Detector(name="files", state=DetectorState.OK, age_s=0.0)
