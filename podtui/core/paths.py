"""The only owner of file names: where everything of a store is, and how its parts are called.

docs/store.md describes what is in each file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import msgspec

STORE_VARIABLE = "PODTUI_HOME"
RUNTIME_VARIABLE = "PODTUI_RUNTIME_DIR"
POD_VARIABLE = "PODTUI_POD"
POD_ID_VARIABLE = "PODTUI_POD_ID"
CONFIG_VARIABLE = "PODTUI_CONFIG"
APPLICATION = "podtui"

STORE_FILE = "store.toml"
POD_FILE = "pod.toml"
CHILDREN_FILE = "children.jsonl"
LOANS_FILE = "loans.jsonl"
TRASH_FILE = "trashed.json"
RUN_FILE = "run.json"
LOCK_FILE = "lock"
OUTPUT_FILE = "output"
INDEX_FILE = "index"
STATUS_FILE = "status.json"
EXIT_FILE = "exit.json"
SUPERVISOR_LOG = "supervisor.log"
ENDED_MARKER = "ended.json"
STALLED_MARKER = "stalled.json"
RUN_DIGITS = 4


def default_store(environment: Mapping[str, str]) -> Path:
    """Return the store's directory: ``$PODTUI_HOME``, else the user's state directory."""
    chosen = environment.get(STORE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    state = environment.get("XDG_STATE_HOME")
    if state and Path(state).is_absolute():
        return Path(state) / APPLICATION
    # Loaded here only: it costs a fifth of a command's start, and most callers name a store.
    import platformdirs  # noqa: PLC0415

    return Path(platformdirs.user_state_dir(APPLICATION, appauthor=False))


def config_directory(environment: Mapping[str, str]) -> Path:
    """Return where the user's settings and themes are."""
    chosen = environment.get("XDG_CONFIG_HOME")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen) / APPLICATION
    home = environment.get("HOME")
    if home and Path(home).is_absolute():
        return Path(home) / ".config" / APPLICATION
    # Loaded here only: as above.
    import platformdirs  # noqa: PLC0415

    return Path(platformdirs.user_config_dir(APPLICATION, appauthor=False))


def config_file(environment: Mapping[str, str]) -> Path:
    """Return the file of settings: ``$PODTUI_CONFIG``, else the one of the user."""
    chosen = environment.get(CONFIG_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return config_directory(environment) / "config.toml"


def log_segment(directory: Path, number: int) -> Path:
    """Return a numbered part of a log that is kept in a directory: journal or diagnostics."""
    return directory / f"{number:06d}.jsonl"


def log_lock(directory: Path) -> Path:
    """Return the lock under which a log grows."""
    return directory / "lock"


def run_name(number: int) -> str:
    """Return the name of the directory of run ``number`` (1, 2, 3 …)."""
    return f"{number:0{RUN_DIGITS}d}"


# Joining paths is slow, and a look at a pod needs the same ones again and again: what was joined
# is kept, for the pods that were asked about last.
PODS_KEPT = 256


class RunPaths(msgspec.Struct, frozen=True, dict=True):
    """The files of one run of a pod."""

    root: Path

    @cached_property
    def record(self) -> Path:
        return self.root / RUN_FILE

    @cached_property
    def lock(self) -> Path:
        return self.root / LOCK_FILE

    @cached_property
    def output(self) -> Path:
        return self.root / OUTPUT_FILE

    @cached_property
    def index(self) -> Path:
        return self.root / INDEX_FILE

    @cached_property
    def status(self) -> Path:
        return self.root / STATUS_FILE

    @cached_property
    def exit(self) -> Path:
        return self.root / EXIT_FILE

    @cached_property
    def supervisor_log(self) -> Path:
        return self.root / SUPERVISOR_LOG

    @cached_property
    def ended_marker(self) -> Path:
        """Present once the end of this run is in the journal."""
        return self.root / ENDED_MARKER

    @cached_property
    def stalled_marker(self) -> Path:
        """Names the stall of this run that is the latest in the journal."""
        return self.root / STALLED_MARKER


class PodPaths(msgspec.Struct, frozen=True, dict=True):
    """The files of one pod."""

    root: Path

    @cached_property
    def record(self) -> Path:
        return self.root / POD_FILE

    @cached_property
    def children(self) -> Path:
        return self.root / CHILDREN_FILE

    @cached_property
    def loans(self) -> Path:
        """The scope-loan ledger of this pod."""
        return self.root / LOANS_FILE

    @cached_property
    def runs(self) -> Path:
        return self.root / "runs"

    @cached_property
    def cursors(self) -> Path:
        return self.root / "cursors"

    @cached_property
    def action_lock(self) -> Path:
        return self.root / "action.lock"

    def run(self, number: int) -> RunPaths:
        """Return the files of run ``number`` (1, 2, 3 …)."""
        known = self._known_runs.get(number)
        if known is None:
            known = self._known_runs[number] = RunPaths(self.runs / run_name(number))
        return known

    @cached_property
    def _known_runs(self) -> dict[int, RunPaths]:
        return {}

    def cursor(self, reader: str) -> Path:
        """Return the file of one reader's position."""
        return self.cursors / f"{reader}.json"

    def cursor_lock(self, reader: str) -> Path:
        """Return the lock under which a reader's position is moved."""
        return self.cursors / f"{reader}.lock"


class TrashPaths(msgspec.Struct, frozen=True, dict=True):
    """One thing in the trash: what it was, and the pod's directory as it was."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / TRASH_FILE

    @property
    def pod(self) -> PodPaths:
        return PodPaths(self.root / "pod")


class StorePaths(msgspec.Struct, frozen=True, dict=True):
    """The files of one store."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / STORE_FILE

    @property
    def staging(self) -> Path:
        return self.root / "staging"

    @cached_property
    def pods(self) -> Path:
        return self.root / "pods"

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def handoffs(self) -> Path:
        return self.root / "handoffs"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def diagnostics(self) -> Path:
        return self.root / "diagnostics"

    @property
    def intents(self) -> Path:
        """One file for every action that is under way, or was interrupted."""
        return self.root / "intents"

    @property
    def loans_lock(self) -> Path:
        """The lock held while scopes are lent, so that none is lent twice."""
        return self.root / "loans.lock"

    def intent(self, action_id: str) -> Path:
        return self.intents / f"{action_id}.json"

    def intent_lock(self, action_id: str) -> Path:
        """Return the lock held by the process that carries the action out."""
        return self.intents / f"{action_id}.lock"

    def trashed(self, trash_id: str) -> TrashPaths:
        """Return the files of one thing in the trash."""
        return TrashPaths(self.trash / trash_id)

    def handoff(self, pod_id: str, run: int) -> Path:
        return self.handoffs / f"{pod_id}.{run}.json"

    def diagnostics_seen(self, reader: str) -> Path:
        """Return the file that says how far a reader has looked through the diagnostics."""
        return self.diagnostics / f"seen-{reader}.json"

    @property
    def own_runtime(self) -> Path:
        """The directory of sockets when the user has no runtime directory."""
        return self.root / "run"

    @property
    def directories(self) -> tuple[Path, ...]:
        """Every directory a store has from its first day."""
        return (
            self.staging,
            self.pods,
            self.trash,
            self.handoffs,
            self.quarantine,
            self.journal,
            self.diagnostics,
            self.intents,
            self.own_runtime,
        )

    def pod(self, name: str) -> PodPaths:
        known = self._known_pods.get(name)
        if known is None:
            if len(self._known_pods) >= PODS_KEPT:
                self._known_pods.clear()
            known = self._known_pods[name] = PodPaths(self.pods / name)
        return known

    @cached_property
    def _known_pods(self) -> dict[str, PodPaths]:
        return {}


def socket_directories(
    store: StorePaths, environment: Mapping[str, str], store_inode: int
) -> tuple[Path, ...]:
    """Return where a run's socket may be, the preferred place first.

    Sockets of one store are in a directory named after the store directory's inode: two stores,
    even copies of each other, share a runtime directory without meeting, and a store that is
    moved keeps its sockets. The store's own ``run`` directory is always the last, for the day the
    user's runtime directory is taken away under a living supervisor.
    """
    chosen = environment.get(RUNTIME_VARIABLE) or environment.get("XDG_RUNTIME_DIR")
    if not chosen or not Path(chosen).is_absolute():
        return (store.own_runtime,)
    return (Path(chosen) / APPLICATION / f"store-{store_inode:x}", store.own_runtime)


class SocketPlace(msgspec.Struct, frozen=True):
    """The address of a run's supervisor: directories, the preferred one first, and a file name."""

    directories: tuple[Path, ...]
    name: str


def socket_name(pod_id: str, run: int) -> str:
    """Return the file name of a run's socket inside its directory."""
    return f"{pod_id}.{run}.sock"
