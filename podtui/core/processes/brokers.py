"""Programs the user protects by name from every reaper: brokers, servers many pods share.

They are the list ``protect`` in the settings file. A file that cannot be read tells nothing of
them, and then nobody may be signalled: unlike every other setting this one has no default to go on
with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import msgspec

from podtui.core.errors import UnknownState
from podtui.core.paths import CONFIG_VARIABLE, config_file
from podtui.core.system.fs import Fs
from podtui.kernel.identity import ProcessStat

LARGEST_FILE = 64 * 1024


class _File(msgspec.Struct, frozen=True):
    protect: list[str] = []


def protected_names(fs: Fs, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns of program names that are never signalled.

    Raises:
        UnknownState: the settings cannot be read.
    """
    path = config_file(environment)
    try:
        data = fs.read_linked(path, LARGEST_FILE)
        return tuple(each for each in msgspec.toml.decode(data, type=_File).protect if each)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not environment.get(CONFIG_VARIABLE):
            return ()
        why: Exception = error
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        why = error
    reason = why.strerror if isinstance(why, OSError) else str(why)
    raise UnknownState(
        f"which programs are protected cannot be told: {path}: {reason}",
        next_step=f"mend {path}; docs/config.md describes it",
        kept="no signal was sent",
    ) from why


def protecting_pattern(
    patterns: Sequence[str], process: ProcessStat, arguments: Sequence[str]
) -> str | None:
    """Return the pattern that a process's name, or its program's, matches as a whole."""
    names = {process.name, *(PurePosixPath(each).name for each in arguments[:1])}
    return next((each for each in patterns if any(fnmatchcase(name, each) for name in names)), None)
