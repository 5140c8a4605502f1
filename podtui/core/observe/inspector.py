"""Scans the pods of a store once, as one caller sees them: all rows, one row, one pod closely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from podtui.core.access.access import Access
from podtui.core.access.names import absent_parent, child_labels
from podtui.core.errors import Refused
from podtui.core.model.records import ExitRecord, PodRecord, RunRecord
from podtui.core.model.snapshot import Inspection, PodView, RunView, Snapshot
from podtui.core.model.verdicts import Verdict
from podtui.core.store.codec import RecordProblem
from podtui.core.store.store import Store

if TYPE_CHECKING:
    from podtui.core.processes.figures import TreeFigures


class Inspector:
    """Scans pods; every call is a new scan, and newly found ends go into the journal.

    Attributes:
        access: what the caller may address and see.
        store: where the pods are.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.store: Store = access.store

    def snapshot(self, *, sample: bool = False) -> Snapshot:
        """Look at everything once; newly found ends go into the journal.

        With ``sample``, living pods get CPU (averaged over each process's life) and memory.
        """
        from podtui.core.observe.observer import Observer

        picture = Observer(self.store).look()
        if self.access.may_be_pod:
            picture = self.access.sight.limit(picture)
        if not sample:
            return picture
        pods = tuple(_with_figures(view, self._figures(view)) for view in picture.pods)
        return msgspec.structs.replace(picture, pods=pods)

    def inspect(self, name: str) -> Inspection:
        """Look at one pod closely."""
        from podtui.core.store.loans import loans_of

        own_name = self.access.name_of(name)
        view = self.look_at(own_name)
        record = self.store.pod_record(own_name)
        run = self.store.run_record(own_name, view.run) if view.run else None
        figures = self._figures(view)
        asked = record if isinstance(record, PodRecord) else run
        loans = loans_of(
            self.store.system.fs, self.store.paths.pod(own_name), pod=own_name, pod_id=view.id
        )
        known = asked if isinstance(asked, PodRecord | RunRecord) else None
        return Inspection(
            pod=_with_figures(view, figures),
            runs=self._runs(own_name, view),
            processes=figures.views() if figures else (),
            argv=tuple(known.argv) if known else (),
            cwd=known.cwd if known else "",
            children=child_labels(self.store, own_name, view.id),
            absent_parent=absent_parent(self.store, own_name),
            loans=loans.loans,
            loan_doubts=tuple(each.sentence() for each in loans.doubts),
        )

    def look_at(self, name: str) -> PodView:
        """Look at one pod, by its own name; newly found ends go into the journal."""
        from podtui.core.observe.observer import Observer

        view = Observer(self.store).look_at([name]).find(name)
        # A pod that was pruned while it was read would pass for one whose records are missing.
        gone = self.access.gone(name) if view is None or view.verdict is Verdict.UNKNOWN else None
        if gone is not None:
            raise gone
        if view is None:
            raise Refused(f"{name!r} went away while it was looked at", pod=name)
        return self._with_parent(view)

    def _with_parent(self, view: PodView) -> PodView:
        """Name the parent as it is called now; a look at one pod alone does not know it."""
        record = self.store.pod_record(view.name)
        if isinstance(record, RecordProblem) or record.parent_id is None:
            return view
        parent = self.store.name_of_id(record.parent_id, likely=record.parent_name)
        if parent in {None, view.parent}:
            return view
        return msgspec.structs.replace(view, parent=parent)

    def _figures(self, view: PodView) -> TreeFigures | None:
        """Return what the processes of a live run use, None when that could not be determined."""
        from podtui.core.hosts.registry import host_of
        from podtui.core.processes.figures import tree_figures

        if view.verdict is not Verdict.ALIVE:
            return None
        run = self.store.run_record(view.name, view.run)
        if isinstance(run, RecordProblem):
            return None
        return tree_figures(self.store.system, host_of(self.store, run).sample(run))

    def _runs(self, name: str, view: PodView) -> tuple[RunView, ...]:
        try:
            numbers = self.store.run_numbers(name)
        except OSError:
            # The row itself says that the runs cannot be listed.
            return ()
        return tuple(self._run_view(name, number, view.id or None) for number in numbers)

    def _run_view(self, name: str, number: int, pod_id: str | None) -> RunView:
        run = self.store.run_record(name, number)
        ended = self.store.exit_record(name, number, pod_id)
        stamp = self.store.system.fs.stamp(self.store.paths.pod(name).run(number).output)
        exit_record = ended if isinstance(ended, ExitRecord) else None
        record = run if isinstance(run, RunRecord) else None
        return RunView(
            run=number,
            reserved_at=record.reserved_at if record else None,
            started_at=record.started_at if record else None,
            ended_at=exit_record.ended_at if exit_record else None,
            exit_code=exit_record.exit_code if exit_record else None,
            signal=exit_record.signal if exit_record else None,
            output_bytes=stamp.size if stamp else 0,
            reason=record.reason if record else "",
            record_error=run.sentence() if isinstance(run, RecordProblem) else None,
        )


def _with_figures(view: PodView, figures: TreeFigures | None) -> PodView:
    if figures is None:
        return view
    return msgspec.structs.replace(
        view, cpu_percent=round(figures.cpu_percent(None), 1), rss_bytes=figures.rss_bytes
    )
