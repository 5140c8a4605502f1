"""Reports file changes: a watcher of many directories, and a poll of a few files.

`Watcher` uses watchfiles: idle it costs 0.05 % of a core, and it reports a change within 200 ms.
`FileStamps` and `ChangeWaiter` ask for size and time of a few files every 50 ms: that is sooner,
loads no library, and is only affordable for a few files. Both give hints only: a subscriber
reads the files again.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from podtui.core.system.clock import Clock, SystemClock

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

STEP_MS = 100
"""How often the library looks for changes. They are reported when one more step has passed."""
UPDATE_MS = 200
"""How soon another set of directories is noticed; this also keeps a burst of them together."""
CHECK_S = 1.0
"""How often it is checked that the watched directories are still the ones in their places."""
REARM_S = 2.0
REPLACE_REST = 20
"""After the set of directories was replaced, it stays for this many times as long as that took."""
MOST_AT_ONCE = 8192
"""So many different changes in one step: the kernel's queue (16,384 events) may have overflowed,
and watchfiles does not report an overflow."""
CLOSE_S = 2.0
POLL_S = 0.05
QUIET_POLL_S = 0.1
QUIET_AFTER_S = 10.0
"""After so long without a change or a wake-up, files are asked half as often."""
OnChange = Callable[[frozenset[Path]], None]


class WatchFailed(Exception):
    """A watch cannot be set up, or stopped working: limits reached, or a directory was replaced."""


class Subscription:
    """The directories one subscriber wants to hear of; made by `Watcher.subscribe`."""

    def __init__(self, watcher: Watcher, on_change: OnChange) -> None:
        self._watcher = watcher
        self.on_change = on_change
        self.directories: frozenset[str] = frozenset()

    def set(self, directories: Collection[Path]) -> None:
        """Watch exactly these directories from now on; returns at once.

        To watch a file, name its directory: most programs replace a file instead of writing it.
        """
        self.directories = frozenset(map(str, directories))
        self._watcher.update()

    def close(self) -> None:
        """Report nothing more; a report that is under way may still arrive. May be repeated."""
        self._watcher.remove(self)

    @property
    def trouble(self) -> str:
        """Why not every directory is watched, "" when all are, or are about to be."""
        return self._watcher.trouble_of(self.directories)

    @property
    def stands(self) -> bool:
        """Whether every directory is watched now."""
        return self._watcher.covers(self.directories)

    def stands_for(self, directories: Collection[Path]) -> bool:
        """Whether these of its directories are watched now."""
        return self._watcher.covers(frozenset(map(str, directories)))

    def age_s(self) -> float:
        """Return how long ago the watcher last looked for changes, in awake seconds."""
        return self._watcher.age_s()


class Watcher:
    """Watches directories, not what is below them, in one thread for all subscribers.

    ``on_change`` is called from that thread with the paths that changed: files, and entries of a
    watched directory. A directory is itself reported when its watch begins, and again whenever
    changes in it may have been missed: then read all of it. The thread runs while there is a
    subscriber, and sets the watch up again, for ever, after it failed.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._is_stale = False
        self._replace_due = 0.0
        self._armed: dict[str, int] = {}
        self._roots: frozenset[str] = frozenset()
        self._missing: dict[str, str] = {}
        self._trouble = ""
        self._last_tick = self._clock.monotonic()

    # called by subscribers, from any thread

    def subscribe(self, on_change: OnChange, directories: Collection[Path] = ()) -> Subscription:
        """Begin to report changes in some directories."""
        made = Subscription(self, on_change)
        made.directories = frozenset(map(str, directories))
        with self._lock:
            self._subscriptions.append(made)
        self.update()
        return made

    def update(self) -> None:
        """Notice that a subscriber wants other directories; the first one starts the thread."""
        with self._lock:
            if not any(each.directories for each in self._subscriptions):
                return
            self._is_stale = True
            self._closing.clear()
            if self._thread is None:
                self._last_tick = self._clock.monotonic()
                self._thread = threading.Thread(target=self._run, name="podtui-watch", daemon=True)
                self._thread.start()

    def remove(self, *subscriptions: Subscription) -> None:
        """Forget subscribers; after the last one, wait until the thread has ended."""
        with self._lock:
            self._subscriptions = [s for s in self._subscriptions if s not in subscriptions]
            if self._subscriptions:
                return
            self._closing.set()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_S)

    def trouble_of(self, directories: Collection[str]) -> str:
        """Return why some of these directories are not watched, "" when nothing went wrong."""
        if self._trouble:
            return self._trouble
        return next((self._missing[each] for each in directories if each in self._missing), "")

    def covers(self, directories: Collection[str]) -> bool:
        """Whether all these directories are watched."""
        return not self._trouble and all(each in self._armed for each in directories)

    def age_s(self) -> float:
        """Return how long ago the thread last looked for changes."""
        return max(0.0, self._clock.monotonic() - self._last_tick)

    # the thread

    def _run(self) -> None:
        # A daemon thread must not be inside the library when the interpreter is taken apart.
        atexit.register(self._end)
        notify: RustNotify | None = None
        while self._goes_on():
            try:
                notify = self._set_up(notify)
                self._report_until_stale(notify)
            except Exception as error:  # noqa: BLE001 - protects the subscribers: whatever failed,
                # they get a report, since changes may be missed, and the watch is set up again.
                self._trouble = _words(error)
                missed, self._armed = frozenset(self._armed), {}
                if notify is not None:
                    notify.close()
                    notify = None
                self._report(missed)
                self._closing.wait(REARM_S)
        if notify is not None:
            notify.close()
        atexit.unregister(self._end)

    def _end(self) -> None:
        self.remove(*self._subscriptions)

    def _goes_on(self) -> bool:
        """Whether anybody subscribes; when not, the next subscriber gets a thread of its own."""
        with self._lock:
            if self._subscriptions:
                return True
            self._thread, self._armed, self._missing, self._trouble = None, {}, {}, ""
            return False

    def _set_up(self, before: RustNotify | None) -> RustNotify:
        """Watch what is wanted now, in place of what was watched before, without a gap."""
        with self._lock:
            self._is_stale = False
            wanted = frozenset[str]().union(*(each.directories for each in self._subscriptions))
        began = self._clock.monotonic()
        there = {each: inode for each in wanted if (inode := _inode(each))}
        notify = self.open(sorted(there))
        if before is not None:
            last = before.watch(1, 1, 1, None)
            before.close()
            self._report(_paths(last))
        new = there.keys() - self._armed.keys()
        self._armed, self._trouble = there, ""
        self._roots = frozenset(each for each in there if not self._has_watched_parent(each))
        self._missing = {each: f"{each}: no such directory" for each in wanted - there.keys()}
        self._last_tick = self._clock.monotonic()
        self._replace_due = self._last_tick + REPLACE_REST * (self._last_tick - began)
        self._report(new)
        return notify

    def open(self, directories: list[str]) -> RustNotify:
        """Have the library watch these directories; a test replaces this to let it fail."""
        # Loaded here only: no command that looks once pays for it.
        from watchfiles._rust_notify import RustNotify  # noqa: PLC0415

        return RustNotify(directories, False, False, 0, False, True)

    def _report_until_stale(self, notify: RustNotify) -> None:
        """Report changes until other directories are wanted, or nobody is left.

        Raises:
            WatchFailed: a directory was replaced, or too much changed at once.
        """
        check_due = self._clock.monotonic() + CHECK_S
        while True:
            found = notify.watch(STEP_MS, STEP_MS, UPDATE_MS, self._closing)
            if found == "stop":
                # The library forgets what it had found: a late subscriber begins anew.
                self._armed = {}
                return
            paths = _paths(found)
            self._last_tick = now = self._clock.monotonic()
            if len(paths) >= MOST_AT_ONCE:
                raise WatchFailed(f"{len(paths)} changes at once: some may have been missed")
            self._report(paths)
            # A change of a watched directory itself mostly means that it went away.
            self._check(paths & self._armed.keys())
            if now >= check_due:
                check_due = now + CHECK_S
                self._check(self._roots & self._armed.keys())
                self._is_stale |= any(map(_inode, self._missing))
            if self._is_stale and now >= self._replace_due:
                return

    def _has_watched_parent(self, directory: str) -> bool:
        """Whether a directory above reports when this one is renamed with all that is in it."""
        while (above := os.path.dirname(directory)) != directory:
            if above in self._armed:
                return True
            directory = above
        return False

    def _check(self, directories: Collection[str]) -> None:
        """Find out whether directories are still in their places.

        The kernel goes on watching a directory that was moved away, and not what came after it.
        """
        for each in directories:
            if _inode(each) == self._armed[each]:
                continue
            if each in self._roots:
                raise WatchFailed(f"{each} was taken away or replaced")
            # Its pod went away or came back: as soon as it is there again it is a new directory.
            below = f"{each}/"
            self._armed = {
                path: inode
                for path, inode in self._armed.items()
                if path != each and not path.startswith(below)
            }
            self._is_stale = True

    def _report(self, paths: Collection[str]) -> None:
        for each in list(self._subscriptions):
            wanted = each.directories
            own = [path for path in paths if path in wanted or os.path.dirname(path) in wanted]
            if own:
                each.on_change(frozenset(map(Path, own)))


def _inode(directory: str) -> int:
    """Return the inode of a directory, 0 where there is none."""
    try:
        return os.stat(directory, follow_symlinks=False).st_ino
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _paths(found: set[tuple[int, str]] | str) -> frozenset[str]:
    return frozenset() if isinstance(found, str) else frozenset(path for _, path in found)


def _words(error: Exception) -> str:
    if isinstance(error, WatchFailed):
        return str(error)
    return f"files cannot be watched: {str(error) or type(error).__name__}"


def ticks_on_change(
    watcher: Watcher, directory: Path, stop: threading.Event, *, every_s: float = 1.0
) -> Iterator[None]:
    """Yield at once, after every change in a directory, and every second, until ``stop`` is set."""
    changed = threading.Event()
    with closing(watcher.subscribe(lambda _: changed.set(), [directory])):
        while not stop.is_set():
            changed.clear()
            yield
            left = every_s
            # A thread cannot wait for two events at once, so ``stop`` is checked at this interval.
            while left > 0 and not stop.is_set() and not changed.wait(POLL_S):
                left -= POLL_S


class FileStamps:
    """What a few files and directories looked like; says whether that has changed since.

    A file that comes or goes has changed. A directory changes with its entries, not with what
    they contain.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = tuple(map(str, paths))
        self._seen = self._stamps()

    def have_changed(self) -> bool:
        """Whether anything has changed since the last call."""
        before, self._seen = self._seen, self._stamps()
        return before != self._seen

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        facts = os.stat(path, follow_symlinks=False)
    except OSError:
        # Unreadable or gone: the subscriber that reads the file finds out which.
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


class ChangeWaiter:
    """Waits for changes of a few files, or to be woken; one thread waits, any may wake it.

    Attributes:
        is_watching: whether there are files to wait for.
    """

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._files: FileStamps | None = None
        self._quiet_s = 0.0

    @property
    def is_watching(self) -> bool:
        return self._files is not None

    def watch(self, *files: Path) -> None:
        """Watch these files and no others; changes before this call are not reported."""
        self._files = FileStamps(*files) if files else None

    def wake(self) -> None:
        """End the wait that is under way, or else the next one."""
        self._woken.set()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for at most so long (None = no limit); returns whether a file has changed."""
        left = inf if timeout_s is None else timeout_s
        while not (self._files and self._files.have_changed()):
            poll_s = POLL_S if self._quiet_s < QUIET_AFTER_S else QUIET_POLL_S
            step = min(left, poll_s if self._files else inf)
            if left <= 0:
                return False
            if self._woken.wait(None if step == inf else step):
                self._woken.clear()
                self._quiet_s = 0.0
                return False
            left -= step
            self._quiet_s += step
        self._quiet_s = 0.0
        return True

    def wait_to_be_woken(self, timeout_s: float) -> None:
        """Wait to be woken only; changes are found by the next `wait`."""
        if self._woken.wait(timeout_s):
            self._woken.clear()

    def close(self) -> None:
        """Watch nothing any more."""
        self.watch()
