"""The main screen: the tree, the output of the selected pod, and why it has its status."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.dom import DOMNode
from textual.getters import query_one
from textual.message import Message
from textual.widget import Widget

from podtui.core.control.plane import Plane
from podtui.core.errors import PodtuiError
from podtui.core.model.appearance import URGENCY
from podtui.core.model.requests import Relend
from podtui.core.model.snapshot import PodView, Snapshot
from podtui.core.model.verdicts import Status, Verdict
from podtui.core.output.activity import ActivitySampler
from podtui.core.output.follower import Asked, OutputReader, is_over
from podtui.core.text.safe import safe_line
from podtui.tui.bars.empty import EmptyStore
from podtui.tui.bars.header_bar import HeaderBar
from podtui.tui.bars.input_bar import InputBar
from podtui.tui.bars.key_bar import KeyBar
from podtui.tui.bars.notice_bar import Notice, NoticeBar
from podtui.tui.bars.pane_title import PaneTitle
from podtui.tui.commands.commands import KeyContext, bindings_of
from podtui.tui.commands.keymap import ELSEWHERE, ScreenSettings
from podtui.tui.controllers.action_runner import ActingScreen, Attach
from podtui.tui.controllers.pod_actions import PodActionsScreen
from podtui.tui.dialogs.help import HelpScreen
from podtui.tui.feeds.clock import Clock
from podtui.tui.feeds.feed import SnapshotFeed
from podtui.tui.feeds.live_thread import LiveThread
from podtui.tui.feeds.mailbox import Mailbox, post
from podtui.tui.panes.tree.columns import ACTIVITY_CELLS, column_titles, columns_for
from podtui.tui.panes.tree.tree import PodTree, TreeData
from podtui.tui.panes.why.lines import is_reachable, why_title
from podtui.tui.panes.why.pane import WhyPane
from podtui.tui.widgets.spans import Line, own

if TYPE_CHECKING:
    from podtui.core.model.requests import Spawn

TICK_S = 1.0
LIVE_ONLY = frozenset({"pod.attach", "pod.send", "pod.stop", "pod.observe"})
NEEDS_ME = 6
"""Statuses more urgent than this rank are what "needs me" goes to; see `appearance.URGENCY`."""
DEAD_ONLY = frozenset({"pod.restore", "pod.reap", "pod.prune"})
POD_ONLY = (
    LIVE_ONLY
    | DEAD_ONLY
    | {
        "tree.mark",
        "output.follow",
        "output.wrap",
        "output.view",
        "output.search",
        "pods.filter",
        "view.why",
    }
)


class MainScreen(PodActionsScreen):
    """Takes snapshots, shows them, and turns keys into actions."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("screen")
    # Textual declares both as instance variables, so they cannot be marked as of the class.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - see above
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - see above
    ENABLE_COMMAND_PALETTE = True

    why = query_one("#why", WhyPane)
    input_bar = query_one("#input", InputBar)
    keys = query_one("#keys", KeyBar)

    class Sampled(Message):
        """New activity is in the mailbox."""

    @dataclass
    class NoPicture(Message):
        """The store cannot be watched now; it will be tried again."""

        error: PodtuiError

    def __init__(
        self, plane: Plane, clock: Clock, attach: Attach, setup: ScreenSettings | None = None
    ) -> None:
        self.setup = setup or ScreenSettings()
        super().__init__(plane, attach, clock, self.setup.keymap)
        self.greeting: Notice | None = None
        self._snapshot: Snapshot | None = None
        self._arrived_at = self._clock.boottime()
        self._why_open: bool | None = None
        self._select_when_there: str | None = None
        self._is_beginning = True
        self._feed = SnapshotFeed(self, self._clock)
        self._samples: Mailbox[Mapping[str, Sequence[int]]] = Mailbox(
            lambda: post(self, self.Sampled())
        )
        self._live = LiveThread(
            plane, self._feed.put, lambda error: post(self, self.NoPicture(error))
        )
        self._sampler = ActivitySampler(plane.output, self._samples.put, cells=ACTIVITY_CELLS)
        self._reader = OutputReader(
            plane.output,
            clock.monotonic,
            self.output.pages.put,
            self.terminal.shots.put,
            self.tell_trouble,
            remembers=not plane.read_only,
        )

    def ask_reader(self, what: Asked) -> None:
        """Say what to read, or what was seen."""
        self._reader.ask(what)

    def compose(self) -> ComposeResult:
        yield HeaderBar(self.elapsed, self._local_time, id="header")
        yield EmptyStore(str(self.plane.store_path), self.keymap, id="empty")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield PaneTitle(id="tree-title")
                yield PodTree(self.elapsed, id="tree")
            with Vertical(id="right"):
                yield PaneTitle(id="output-title")
                yield self.output
                yield self.terminal
                yield PaneTitle(id="why-title")
                yield WhyPane(
                    self.elapsed,
                    self.keymap,
                    self.plane.loans_of,
                    lambda address: self.plane.plan(Relend((address,))),
                    id="why",
                )
        yield NoticeBar(id="notices")
        matches = (self.keymap.shown(f"output.{which}-match") for which in ("next", "previous"))
        yield InputBar(" ".join(matches), id="input")
        commands = [each for each in self.keymap.commands if each.place not in ELSEWHERE]
        yield KeyBar(commands, id="keys")

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.query_one("#tree-title", PaneTitle).flush = True
        self.terminal.display = False
        self.notices.display = False
        if self.greeting is not None:
            self.tell(self.greeting)
        self.pod_tree.focus()
        self._reader.start()
        self._sampler.start()
        self._live.start()
        self.set_interval(TICK_S, self._tick)

    async def on_unmount(self) -> None:
        threads = (self._live, self._reader, self._sampler, self.diagnostics_feed)
        for thread in threads:
            thread.stop()
        # Joined off the loop and for a bounded time each: a disk that hangs must not keep the
        # operator's terminal.
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))

    @property
    def pods(self) -> tuple[PodView, ...]:
        """Every pod of the last snapshot."""
        return self._snapshot.pods if self._snapshot else ()

    # time

    def elapsed(self) -> float:
        """Seconds since the snapshot on screen was taken over, sleep included."""
        return max(self._clock.boottime() - self._arrived_at, 0.0)

    def _tick(self) -> None:
        self.header.tick()
        self.pod_tree.repaint_changed()
        self.why.tick()
        self.tick_told()

    # snapshots

    def on_snapshot_feed_arrived(self, message: SnapshotFeed.Arrived) -> None:
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
            # After the first rows: what happened before can wait for those.
            self.diagnostics_feed.start()

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._arrived_at = self._clock.boottime()
        with self.app.batch_update():
            empty = not snapshot.pods
            self.query_one("#empty").display = empty
            self.query_one("#body").display = not empty
            self.header.show(snapshot)
            self.notices.show(snapshot)
            self.pod_tree.show(TreeData(snapshot.pods, snapshot.at))
            self._begin_at_lost(snapshot)
            self._select_wanted()
            if self._under_way:
                self.show_doing()
            if self.output.pod is None or self.pod_tree.selected is None:
                self._show_pod(self.pod_tree.selected)
            self._title_tree()

    def _begin_at_lost(self, snapshot: Snapshot) -> None:
        """At a start, select the first lost pod: it is what somebody comes for, two keys away.

        Only until the operator moves, and only in the first whole picture: later the selection is
        nobody's but the operator's.
        """
        if not self._is_beginning or not snapshot.pods:
            return
        lost = next((pod for pod in snapshot.pods if pod.status is Status.LOST), None)
        self._is_beginning = not snapshot.whole and lost is None and not self.pod_tree.was_moved
        if lost is not None and not self.pod_tree.was_moved:
            self.pod_tree.select(lost.key)

    def _select_wanted(self) -> None:
        wanted = self._select_when_there
        if wanted is not None and self.pod_tree.select(wanted):
            self._select_when_there = None

    def on_pod_tree_selected(self, message: PodTree.Selected) -> None:
        message.stop()
        self._show_pod(self.pod_tree.selected)

    def _show_pod(self, pod: PodView | None) -> None:
        self.output.show(pod)
        self.terminal.show(pod)
        at = self._snapshot.at if self._snapshot else self._clock.now()
        self.why.show(pod, at)
        self.query_one("#why-title", PaneTitle).left = why_title(pod)
        self.title_output()
        self._show_idle_keys()

    def _show_idle_keys(self) -> None:
        tree = self.pod_tree
        self.keys.hide(
            idle_keys(tree.selected, any_pods=bool(self.pods), any_marked=bool(tree.marked))
        )

    def on_pod_tree_visible_changed(self, message: PodTree.VisibleChanged) -> None:
        message.stop()
        pods = self.pod_tree.visible_pods()
        self._live.want_samples(frozenset(pod.name for pod in pods))
        self._sampler.want([pod for pod in pods if not is_over(pod)])
        self._title_tree()

    def on_main_screen_sampled(self, message: Sampled) -> None:
        message.stop()
        sample = self._samples.take()
        if sample is not None:
            self.pod_tree.show_activity(sample)

    # titles

    def _title_tree(self) -> None:
        title = self.query_one("#tree-title", PaneTitle)
        left: Line = (own("pods", "title"),)
        marked, hidden = len(self.pod_tree.marked), self.pod_tree.hidden_marks
        if marked:
            unseen = f" ({hidden} hidden)" if hidden else ""
            left = (*left, own(f" · {marked} marked{unseen}", "accent"))
        if self.pod_tree.wanted:
            rows = self.pod_tree.rows
            words = safe_line(self.pod_tree.wanted, 40)
            left = (*left, own(f" · {words} · {rows.found} of {len(rows.pods)}", "accent"))
        title.left = left
        title.right = column_titles(columns_for(self.pod_tree.scrollable_content_region.width))

    def on_descendant_focus(self) -> None:
        self._mark_focus()

    def on_descendant_blur(self) -> None:
        self._mark_focus()

    def _mark_focus(self) -> None:
        pairs: tuple[tuple[str, Widget], ...] = (
            ("#tree-title", self.pod_tree),
            ("#output-title", self.shown_output),
        )
        for title, pane in pairs:
            self.query_one(title, PaneTitle).focused = self.focused is pane

    # layout

    def on_resize(self) -> None:
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        roomy = self.has_class("-wide") and self.has_class("-tall")
        is_open = roomy if self._why_open is None else self._why_open
        self.set_class(not is_open, "-why-folded")
        self.why.fold(not is_open)
        self._title_tree()

    # actions on the selected pod

    def look_again(self) -> None:
        self._live.refresh()

    def select_when_there(self, key: str) -> None:
        self._select_when_there = key
        self._select_wanted()

    def marks_changed(self) -> None:
        self._title_tree()
        self._show_idle_keys()

    def on_acting_screen_not_sent(self, message: ActingScreen.NotSent) -> None:
        message.stop()
        self.input_bar.keep_draft(message.target, message.text)

    def on_main_screen_no_picture(self, message: NoPicture) -> None:
        message.stop()
        self.notices.stand(Notice.of_error(message.error))

    def action_attach(self, read_only: bool = False) -> None:
        """Put the terminal on the selected pod."""
        pod = self.reachable("attach to")
        if pod is not None:
            self.attach_to(pod, read_only=read_only)

    def action_send(self) -> None:
        """Open the line for a message to the selected pod."""
        pod = self.reachable("send to")
        if pod is not None:
            self.input_bar.ask("send", pod=pod)

    def action_spawn(self) -> None:
        """Open the form for a new pod."""
        # Loaded here only: the form needs the whole core, the first paint does not.
        from podtui.tui.dialogs.spawn import SpawnForm  # noqa: PLC0415

        pod = self.pod_tree.selected
        parent = pod.name if pod is not None and pod.id else None
        form = SpawnForm(
            self.plane.plan,
            parent=parent,
            directory=".",
            stall_after_s=self.setup.stall_after_s,
        )
        self.app.push_screen(
            form, lambda request: None if request is None else self._spawn(request)
        )

    def _spawn(self, request: Spawn) -> None:
        self.tell(Notice.of_words(f"starting {safe_line(request.name, 80)} …"))
        self.spawn_pod(request)

    def action_next_urgent(self) -> None:
        """Select the next pod that needs the operator, around the end."""
        pods = self.pods
        here = self.pod_tree.selected
        keys = [pod.key for pod in pods]
        start = keys.index(here.key) + 1 if here is not None else 0
        for pod in (*pods[start:], *pods[:start]):
            if URGENCY[pod.status] < NEEDS_ME:
                self.pod_tree.select(pod.key)
                return
        self.tell(Notice.of_words("no pod needs you"))

    def select_pod(self, key: str) -> None:
        """Select a pod, whatever screen, filter or fold hides it."""
        self.back_to_pods()
        if self.pod_tree.wanted:
            self.pod_tree.filter("")
        self.pod_tree.select(key)
        self._focus_home()

    # the line to type in

    def action_filter(self) -> None:
        """Open the line for the filter."""
        self._zoom(False)
        self.input_bar.ask("filter", text=self.pod_tree.wanted)

    def action_search(self) -> None:
        """Open the line for a search in the output."""
        self.output.show_as_text()
        pattern = self.output.pattern
        self.input_bar.ask("search", text=pattern.words if pattern else "")

    def on_input_bar_typed(self, message: InputBar.Typed) -> None:
        message.stop()
        if message.purpose == "filter":
            self._filter(message.text)

    def on_input_bar_cancelled(self, message: InputBar.Cancelled) -> None:
        message.stop()
        if message.purpose == "search":
            self.output.search("")
            self.shown_output.focus()
            return
        if message.purpose == "filter":
            self._filter("")
        self._focus_home()

    def on_input_bar_submitted(self, message: InputBar.Submitted) -> None:
        message.stop()
        if message.purpose == "search":
            self.output.focus()
            self.output.search(message.text)
            return
        self._focus_home()
        if message.purpose == "filter":
            self._filter(message.text)
        elif message.target is not None:
            self.send_text(message.target, message.text)

    def _filter(self, wanted: str) -> None:
        self.pod_tree.filter(wanted)
        self._title_tree()

    def action_why(self) -> None:
        """Show all evidence, or one line of it."""
        self._why_open = self.has_class("-why-folded")
        self._lay_out()

    def action_zoom(self) -> None:
        """Give the whole screen to the output, or show the tree again."""
        if self.pods:
            self._zoom(not self.has_class("-zoomed"))
            self._focus_home()

    def _zoom(self, on: bool) -> None:
        self.set_class(on, "-zoomed")

    def _focus_home(self) -> None:
        (self.shown_output if self.has_class("-zoomed") else self.pod_tree).focus()

    # everything else

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.keymap.commands))

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        message.stop()
        command = message.command
        nodes: dict[KeyContext, DOMNode] = {"tree": self.pod_tree, "app": self.app}
        await self.app.run_action(command.action, nodes.get(command.place, self))


def idle_keys(pod: PodView | None, *, any_pods: bool, any_marked: bool) -> frozenset[str]:
    """Return the commands that would do nothing now, or be refused as far as can be seen."""
    if not any_pods:
        return POD_ONLY
    live = frozenset() if pod is not None and is_reachable(pod) else LIVE_ONLY
    if any_marked:
        return live - {"pod.stop"}
    if pod is None or pod.verdict is Verdict.DEAD:
        return live
    # Only what cannot be read and is held by nothing may be taken away without being dead.
    return live | (DEAD_ONLY - {"pod.prune"} if pod.record_error else DEAD_ONLY)
