"""The thread that samples the output activity of the pods on screen, for their sparklines."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.output.index import activity
from podtui.core.paths import PodPaths
from podtui.core.system.fs import UnsafeFile
from podtui.core.system.system import System

STRETCH_S = 6.0
"""Seconds one block of the sparkline stands for: ten of them are the last minute."""
EVERY_S = 2.0
JOIN_TIMEOUT_S = 2.0


class ActivitySampler:
    """Samples in a thread of its own and hands the result to ``on_sample`` by pod key."""

    def __init__(
        self,
        system: System,
        paths_of: Callable[[str], PodPaths],
        on_sample: Callable[[Mapping[str, Sequence[int]]], None],
        *,
        cells: int,
    ) -> None:
        self._cells = cells
        self._system = system
        self._paths_of = paths_of
        self._on_sample = on_sample
        self._wanted: tuple[PodView, ...] = ()
        self._known: dict[str, tuple[object, tuple[int, ...]]] = {}
        # Asking where a pod's files are lists the whole store, and the answer does not change.
        self._places: dict[str, PodPaths] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="podtui-activity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def want(self, pods: Sequence[PodView]) -> None:
        """Say which pods are on screen; others are sampled at once."""
        before = {(pod.key, pod.run) for pod in self._wanted}
        self._wanted = tuple(pods)
        if {(pod.key, pod.run) for pod in pods} - before:
            self._wake.set()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopping = True
        self._wake.set()

    def join(self) -> None:
        """Wait for the end of the thread, for a bounded time."""
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        shown: dict[str, Sequence[int]] = {}
        while not self._stopping:
            self._wake.clear()
            wanted = self._wanted
            now: dict[str, Sequence[int]] = {pod.key: self._sample(pod) for pod in wanted}
            self._known = {key: self._known[key] for key in now if key in self._known}
            self._places = {key: self._places[key] for key in now if key in self._places}
            if now != shown and not self._stopping:
                self._on_sample(now)
            shown = now
            # Nothing on screen costs nothing: the next want wakes it.
            self._wake.wait(EVERY_S if self._wanted else None)

    def _sample(self, pod: PodView) -> tuple[int, ...]:
        # A sparkline that cannot be read is drawn as silence; the pod's own row says what is wrong.
        with suppress(OSError, UnsafeFile, PodtuiError):
            path = self._place_of(pod).run(pod.run).index
            # Up to the end of a stretch, so that blocks stand still until a new one begins.
            now = math.ceil(self._system.clock.monotonic() / STRETCH_S) * STRETCH_S
            state = (pod.run, pod.output_bytes, self._system.fs.stamp(path), now)
            known = self._known.get(pod.key)
            if known is None or known[0] != state:
                # A silent pod is not read again before its blocks move on.
                known = self._known[pod.key] = (state, self._read(path, pod, now))
            return known[1]
        return ()

    def _place_of(self, pod: PodView) -> PodPaths:
        key = pod.key
        if key not in self._places:
            self._places[key] = self._paths_of(pod.name)
        return self._places[key]

    def _read(self, path: Path, pod: PodView, now: float) -> tuple[int, ...]:
        return tuple(
            activity(
                self._system.fs,
                path,
                buckets=self._cells,
                bucket_s=STRETCH_S,
                now_awake=now,
                output_bytes=pod.output_bytes,
            )
        )
