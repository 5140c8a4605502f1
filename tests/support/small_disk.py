"""A disk of a few pages, for what happens when it is full; needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[Path]:
    """Mount a tmpfs with these options ("size=1m,nr_inodes=60"); skips loudly where it cannot."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("needs root: a real full disk was NOT tried")
    place.mkdir()
    told = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        pytest.skip(
            f"a tmpfs cannot be mounted here, a real full disk was NOT tried: {told.stderr}"
        )
    try:
        yield place
    finally:
        # Lazily, since a supervisor that a test has just ended may still be on its way out.
        subprocess.run(["umount", "-l", str(place)], check=True)


def remounted(place: Path, options: str) -> None:
    """Change the options of a mounted disk ("ro", "size=8m")."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


class Ballast:
    """Fills a disk up to the last page, and gives the room back."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "ballast"

    def fill(self, *, but_pages: int = 0) -> None:
        """Leave exactly ``but_pages`` free pages."""
        self._file.unlink(missing_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            facts = os.fstatvfs(descriptor)
            wanted = facts.f_bavail * facts.f_frsize - but_pages * PAGE
            if wanted > 0:
                os.posix_fallocate(descriptor, 0, wanted)
        finally:
            os.close(descriptor)

    def let_go(self) -> None:
        self._file.unlink(missing_ok=True)
