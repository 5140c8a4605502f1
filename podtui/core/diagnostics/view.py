"""Reads all diagnostics, once or again and again in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing

from podtui.core.access.access import Access
from podtui.core.diagnostics.report import DiagnosticsPicture, picture_of
from podtui.core.model.diagnostics import Diagnostic
from podtui.core.model.records import SeenRecord
from podtui.core.store.diagnostics import unread_of
from podtui.core.store.logs import LogPosition

REST_S = 0.1
"""How long to wait after a call, so that many losses in a row make few calls."""
EVERY_S = 1.0
"""How often they are read without a hint, since hints may be missed."""
CLOSE_S = 5.0


def look_at_diagnostics(access: Access, reader: str) -> DiagnosticsPicture:
    """Read all diagnostics once."""
    read = access.store.diagnostics.read()
    seen = access.store.diagnostics.seen(reader)
    return _picture(access, read.entries, seen, tuple(each.sentence() for each in read.problems))


class DiagnosticsView:
    """Keeps reading the diagnostics until it is closed.

    Args:
        on_picture: called from the reading thread with all diagnostics: at first, and again after
            any process has written one or marked one as read for this reader.
    """

    def __init__(
        self, access: Access, on_picture: Callable[[DiagnosticsPicture], None], *, reader: str
    ) -> None:
        self._access = access
        self._store = access.store
        self._on_picture = on_picture
        self._reader = reader
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._position: LogPosition | None = None
        self._entries: list[Diagnostic] = []
        self._seen: SeenRecord | None = None
        self._lasting: dict[str, None] = {}
        self._problems: tuple[str, ...] = ()
        self._trouble = ""
        self._is_due = True
        self._thread = threading.Thread(target=self._run, name="podtui-diagnostics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; one that waits for a hanging disk is left behind, and changes nothing."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        watcher, directory = self._store.system.watcher, self._store.paths.diagnostics
        with closing(watcher.subscribe(lambda _: self._woken.set(), [directory])):
            while not self._stopping.is_set():
                # Cleared before reading, so that what is written meanwhile is read next time.
                self._woken.clear()
                if self._look():
                    self._stopping.wait(REST_S)
                self._woken.wait(EVERY_S)

    def _look(self) -> bool:
        """Report what is new; returns whether anything was new.

        The broad except protects the operator: after one failure of the screen, or one unexpected
        record, later diagnostics must still be shown.
        """
        try:
            self._read()
            if not self._is_due:
                return False
            self._is_due = False
            self._on_picture(self._made())
            self._trouble = ""
        except Exception as error:  # noqa: BLE001 - see above
            self._is_due = True
            self._trouble = f"the diagnostics cannot be shown: {type(error).__name__}: {error}"
        return True

    def _read(self) -> None:
        log = self._store.diagnostics
        read = log.read(self._position)
        self._position = read.position
        self._entries += read.entries
        # A bad line is before the position from now on, and is not read again, so it is kept here.
        # A torn line or an unreadable directory is reported by each read while it lasts.
        lasting = [each for each in read.problems if not each.torn and each.path != log.directory]
        self._lasting.update((each.sentence(), None) for each in lasting)
        problems = tuple(dict.fromkeys((*self._lasting, *(p.sentence() for p in read.problems))))
        seen = log.seen(self._reader)
        self._is_due |= bool(read.entries) or (seen, problems) != (self._seen, self._problems)
        self._seen, self._problems = seen, problems

    def _made(self) -> DiagnosticsPicture:
        trouble = (self._trouble,) if self._trouble else ()
        return _picture(self._access, self._entries, self._seen, (*self._problems, *trouble))


def _picture(
    access: Access,
    entries: Sequence[Diagnostic],
    seen: SeenRecord | None,
    problems: tuple[str, ...],
) -> DiagnosticsPicture:
    visible = access.sight.visible(entries)
    unread = frozenset(each.id for each in unread_of(entries, seen))
    return picture_of(visible, unread=unread & {each.id for each in visible}, problems=problems)
