"""The thread that samples the output activity of the pods on screen, for their sparklines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from podtui.core.errors import PodtuiError
from podtui.core.model.snapshot import PodView
from podtui.core.output.source import PodOutput

STRETCH_S = 6.0
"""Seconds one block of the sparkline stands for: ten of them are the last minute."""
EVERY_S = 2.0
JOIN_TIMEOUT_S = 2.0


class ActivitySampler:
    """Samples in a thread of its own and hands the result to ``on_sample`` by pod key.

    Args:
        output_of: opens the output of a pod by its name.
        cells: blocks of a sparkline.
    """

    def __init__(
        self,
        output_of: Callable[[str], PodOutput],
        on_sample: Callable[[Mapping[str, Sequence[int]]], None],
        *,
        cells: int,
    ) -> None:
        self._cells = cells
        self._output_of = output_of
        self._on_sample = on_sample
        self._wanted: tuple[PodView, ...] = ()
        # Opening an output lists the whole store, so each is opened once.
        self._outputs: dict[str, PodOutput] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="podtui-activity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def want(self, pods: Sequence[PodView]) -> None:
        """Name the pods that are on screen; those that are new there are sampled at once."""
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
            self._outputs = {key: self._outputs[key] for key in now if key in self._outputs}
            if now != shown and not self._stopping:
                self._on_sample(now)
            shown = now
            # Nothing on screen costs nothing: the next want wakes it.
            self._wake.wait(EVERY_S if self._wanted else None)

    def _sample(self, pod: PodView) -> tuple[int, ...]:
        # A sparkline that cannot be read is drawn as silence; the pod's own row says what is wrong.
        with suppress(PodtuiError):
            if pod.key not in self._outputs:
                self._outputs[pod.key] = self._output_of(pod.name)
            return self._outputs[pod.key].activity(
                pod.run, cells=self._cells, cell_s=STRETCH_S, output_bytes=pod.output_bytes
            )
        return ()
