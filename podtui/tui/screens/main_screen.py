"""The main screen: the tree, the output of the selected pod, and why it has its status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.dom import DOMNode
from textual.message import Message

from podtui.core.control.plane import ScreenPlane
from podtui.core.errors import PodtuiError
from podtui.core.model.requests import Relend
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.output.activity import ActivitySampler
from podtui.core.output.follower import Asked, OutputReader, is_over
from podtui.tui.bars.empty import EmptyStore
from podtui.tui.bars.header_bar import HeaderBar
from podtui.tui.bars.input_bar import InputBar
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import bindings_of
from podtui.tui.commands.keymap import ScreenSettings
from podtui.tui.controllers.action_runner import ActionRunner, Attach
from podtui.tui.controllers.diagnostics import DiagnosticsFeed
from podtui.tui.controllers.layout import InputLine, PaneLayout
from podtui.tui.controllers.output_views import OutputViews
from podtui.tui.controllers.pod_actions import PodActions
from podtui.tui.controllers.search import Search
from podtui.tui.controllers.tree_guide import TreeGuide
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.feed import SnapshotFeed
from podtui.tui.feeds.live_thread import LiveThread
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.panes.output.pane import OutputPane
from podtui.tui.panes.terminal.pane import ScreenPane
from podtui.tui.panes.tree.columns import ACTIVITY_CELLS
from podtui.tui.panes.tree.tree import PodTree, TreeData
from podtui.tui.panes.why.lines import why_title
from podtui.tui.panes.why.pane import WhyPane
from podtui.tui.screens.command_screen import CommandScreen
from podtui.tui.screens.openers import Openers

TICK_S = 1.0


class MainScreen(CommandScreen[None]):
    """Owns the widgets, the threads that feed them, and the objects that answer keys.

    Every message is handed to the object it is for.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("screen")
    # Textual declares both as instance variables, so they cannot be marked as of the class.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - see above
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - see above
    ENABLE_COMMAND_PALETTE = True

    class Sampled(Message):
        """New activity is in the mailbox."""

    @dataclass
    class Trouble(Message):
        """A thread failed; ``until_snapshot``: it is tried again, with a snapshot as a sign."""

        error: PodtuiError
        until_snapshot: bool = False

    def __init__(
        self, plane: ScreenPlane, clock: Clock, attach: Attach, setup: ScreenSettings | None = None
    ) -> None:
        self.setup = setup or ScreenSettings()
        super().__init__(self.setup.keymap)
        self._clock = clock
        self.greeting: Notice | None = None
        self._snapshot: Snapshot | None = None
        self._arrived_at = self._clock.boottime()

        def local_time() -> datetime:
            return clock.now().astimezone()

        self.header = HeaderBar(self.elapsed, local_time, id="header")
        self.empty = EmptyStore(str(plane.store_path), self.keymap, id="empty")
        self.tree_title = PaneTitle(id="tree-title")
        self.pod_tree = PodTree(self.elapsed, id="tree")
        self.output_title = PaneTitle(id="output-title")
        self.output = OutputPane(
            self.ask_reader, view_key=self.keymap.shown("output.view"), id="output"
        )
        self.terminal = ScreenPane(self.ask_reader, id="terminal")
        self.why_title = PaneTitle(id="why-title")
        self.why = WhyPane(
            self.elapsed,
            self.keymap,
            plane.loans_of,
            lambda address: plane.plan(Relend((address,))),
            id="why",
        )
        self.notices = NoticeBar(id="notices")
        matches = (self.keymap.shown(f"output.{which}-match") for which in ("next", "previous"))
        self.input_bar = InputBar(" ".join(matches), id="input")
        self.keys = self.key_bar("screen", "tree", "output", "terminal", "app")

        self.runner = ActionRunner(
            self,
            plane,
            self.keymap,
            attach,
            # Late: the openers are made with the runner.
            show_notice=lambda notice: self.openers.show_notice(notice),  # noqa: PLW0108 - see above
            show_running=lambda sentences: self.openers.show_running(sentences),  # noqa: PLW0108 - see above
            on_begin=lambda action: self.pod_tree.unmark(action.pods),
        )
        self.actions = PodActions(self.runner, self.pod_tree)
        self.guide = TreeGuide(self.runner, self.pod_tree, self.tree_title, self.keys)
        self.views = OutputViews(self.runner, self.output, self.terminal, self.output_title)
        self.search = Search(self, self.runner, self.output)
        self.panes = PaneLayout(self, self.pod_tree, self.views, self.why)
        self.input_line = InputLine(
            self.input_bar,
            self.runner,
            self.actions,
            self.guide,
            output=self.output,
            panes=self.panes,
        )
        self.diagnostics = DiagnosticsFeed(
            self,
            self.runner,
            self._clock,
            local_time,
            header=self.header,
            notices=self.notices,
        )
        self.openers = Openers(
            self,
            self.notices,
            self.runner,
            self.actions,
            feed=self.diagnostics,
            setup=self.setup,
        )

        self._feed = SnapshotFeed(self, self._clock)
        self._samples: Mailbox[Mapping[str, Sequence[int]]] = Mailbox(
            lambda: post(self, self.Sampled())
        )
        self._live = LiveThread(
            plane,
            self._feed.put,
            lambda error: post(self, self.Trouble(error, until_snapshot=True)),
        )
        self._sampler = ActivitySampler(plane.output, self._samples.put, cells=ACTIVITY_CELLS)
        self._reader = OutputReader(
            plane.output,
            clock.monotonic,
            self.output.pages.put,
            self.terminal.shots.put,
            lambda error: post(self, self.Trouble(error)),
            remembers=not plane.read_only,
        )
        self.commands = {
            "pod.attach": partial(self.actions.attach, read_only=False),
            "pod.observe": partial(self.actions.attach, read_only=True),
            "pod.spawn": self.openers.open_spawn,
            "pod.send": self.input_line.open_send,
            "pod.stop": self.actions.stop,
            "pod.restore": self.actions.restore,
            "pod.reap": self.actions.reap,
            "pod.prune": self.actions.prune,
            "pod.recover": self.openers.undo_or_open_trash,
            "pods.restore-lost": self.actions.restore_lost,
            "pods.reap-orphans": self.actions.reap_orphans,
            "pods.filter": self.input_line.open_filter,
            "output.follow": self.views.toggle_follow,
            "output.wrap": self.views.toggle_wrap,
            "output.view": self.output.next_view,
            "output.unread": self.views.go_to_unread,
            "output.search": self.input_line.open_search,
            "view.trash": self.openers.open_trash,
            "view.report": self.runner.show_report,
            "view.why": self.panes.toggle_why,
            "view.zoom": self.panes.toggle_zoom,
            "view.urgent": self.guide.select_next_urgent,
            "view.diagnostics": self.openers.open_diagnostics,
            "app.help": self.openers.open_help,
        }

    def ask_reader(self, what: Asked) -> None:
        """Tell the reader's thread what to read, or what was seen."""
        self._reader.ask(what)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.empty
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield self.tree_title
                yield self.pod_tree
            with Vertical(id="right"):
                yield self.output_title
                yield self.output
                yield self.terminal
                yield self.why_title
                yield self.why
        yield self.notices
        yield self.input_bar
        yield self.keys

    def on_mount(self) -> None:
        self.empty.display = self.terminal.display = self.notices.display = False
        self.tree_title.flush = True
        if self.greeting is not None:
            self.notices.show_notice(self.greeting)
        self.pod_tree.focus()
        self._reader.start()
        self._sampler.start()
        self._live.start()
        self.set_interval(TICK_S, self._tick)

    async def on_unmount(self) -> None:
        threads = (self._live, self._reader, self._sampler, self.diagnostics)
        for thread in threads:
            thread.stop()
        # Joined off the loop and for a bounded time each: a disk that hangs must not keep the
        # operator's terminal.
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))

    @property
    def pods(self) -> Sequence[PodView]:
        """Every pod of the newest snapshot."""
        return self.pod_tree.state.pods

    def node_of(self, place: str) -> DOMNode:
        return {"tree": self.pod_tree, "app": self.app}.get(place, self)

    # time

    def elapsed(self) -> float:
        """Seconds since the snapshot on screen was taken over, sleep included."""
        return max(self._clock.boottime() - self._arrived_at, 0.0)

    def _tick(self) -> None:
        self.header.tick()
        self.pod_tree.repaint_changed()
        self.why.tick()
        self.diagnostics.tick()

    # snapshots

    @on(SnapshotFeed.Arrived)
    def _wait_for_snapshot(self, message: SnapshotFeed.Arrived) -> None:
        message.stop()
        wait = self._feed.wait_s()
        if wait > 0:
            self.set_timer(wait, self._take_snapshot)
        else:
            self._take_snapshot()

    def _take_snapshot(self) -> None:
        snapshot = self._feed.take()
        if snapshot is not None:
            self._show(snapshot)
            # Started after the first rows: past events can wait for those.
            self.diagnostics.start()

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._arrived_at = self._clock.boottime()
        with self.app.batch_update():
            self.empty.display = not snapshot.pods
            self.query_one("#body").display = bool(snapshot.pods)
            self.header.show(snapshot)
            self.notices.show(snapshot)
            self.pod_tree.show(TreeData(snapshot.pods, snapshot.at))
            self.guide.take(snapshot)
            self.runner.show_progress()
            if self.output.pod is None or self.pod_tree.selected is None:
                self._show_selected()

    @on(PodTree.Changed)
    def _show_selected(self) -> None:
        pod = self.pod_tree.selected
        self.output.show(pod)
        self.terminal.show(pod)
        self.why.show(pod, self._snapshot.at if self._snapshot else self._clock.now())
        self.why_title.left = why_title(pod)
        self.views.show_title()
        self.guide.show_keys()

    @on(PodTree.VisibleChanged)
    def _sample_visible(self, message: PodTree.VisibleChanged) -> None:
        message.stop()
        pods = self.pod_tree.visible_pods
        self._live.want_samples(frozenset(pod.name for pod in pods))
        self._sampler.want([pod for pod in pods if not is_over(pod)])
        self.guide.show_title()

    @on(Sampled)
    def _show_activity(self, message: Sampled) -> None:
        message.stop()
        sample = self._samples.take()
        if sample is not None:
            self.pod_tree.show_activity(sample)

    @on(Trouble)
    def _show_trouble(self, message: Trouble) -> None:
        message.stop()
        notice = Notice.of_error(message.error)
        (self.notices.show_trouble if message.until_snapshot else self.runner.show_notice)(notice)

    @on(DiagnosticsFeed.Arrived)
    def _take_diagnostics(self, message: DiagnosticsFeed.Arrived) -> None:
        message.stop()
        self.diagnostics.take()
        self.openers.show_diagnostics()

    # messages of the panes

    @on(PodTree.MarksChanged)
    def _take_marks(self, message: PodTree.MarksChanged) -> None:
        message.stop()
        self.guide.take_marks(message)

    @on(OutputPane.Changed)
    @on(ScreenPane.Changed)
    def _update_output(self, message: OutputPane.Changed | ScreenPane.Changed) -> None:
        message.stop()
        self.views.update()

    @on(ScreenPane.CannotDraw)
    def _leave_screen_view(self, message: ScreenPane.CannotDraw) -> None:
        message.stop()
        self.views.leave_screen_view(message.why)

    @on(OutputPane.SearchAsked)
    def _start_search(self, message: OutputPane.SearchAsked) -> None:
        message.stop()
        self.search.start(message)

    @on(Search.Ended)
    def _show_match(self, message: Search.Ended) -> None:
        message.stop()
        self.search.show(message, self.notices)

    @on(InputBar.Typed)
    @on(InputBar.Cancelled)
    @on(InputBar.Submitted)
    def _take_line(self, message: InputBar.Typed | InputBar.Cancelled | InputBar.Submitted) -> None:
        message.stop()
        self.input_line.take(message)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _mark_focus(self) -> None:
        self.panes.mark_focus(self.tree_title, self.output_title)

    def on_resize(self) -> None:
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        self.panes.arrange()
        self.guide.show_title()

    # actions

    @on(ActionRunner.Planned)
    def _show_plan(self, message: ActionRunner.Planned) -> None:
        message.stop()
        self.actions.hint(message)
        self.runner.show_plan(message)

    @on(ActionRunner.Done)
    def _finish_action(self, message: ActionRunner.Done) -> None:
        message.stop()
        self.runner.finish(message)
        self._live.refresh()
        report = message.report
        if report is not None and report.action in {"spawn", "recover"} and report.view is not None:
            self.guide.select_when_there(report.view.key)

    @on(ActionRunner.NotSent)
    def _keep_draft(self, message: ActionRunner.NotSent) -> None:
        message.stop()
        self.input_bar.keep_draft(message.target, message.text)

    def select_pod(self, key: str) -> None:
        """Select a pod, whatever screen, filter or fold hides it."""
        self.openers.leave_diagnostics()
        if self.pod_tree.state.wanted:
            self.guide.filter("")
        self.pod_tree.select(key)
        self.panes.focus_home()
