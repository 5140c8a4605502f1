"""A reader that is killed anywhere skips nothing, and is not given again what it committed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.log_readers import WrittenPod

LINES = [f"line {number}\n" for number in range(60)]
PIECE = 3
POINTS = (
    "before write",
    "half written",
    "after write",
    "lock held",
    "record half written",
    "record written",
    "record renamed",
    "after commit",
)
ROOT = Path(__file__).resolve().parents[2]

READER = r"""
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from podtui.core.output import reading as output
from podtui.core.system.fs import Fs
from podtui.kernel import files
from tests.support.log_readers import WrittenPod

root, point, number = sys.argv[2], sys.argv[3], int(sys.argv[4])
count = 0

def reached(name):
    if name == point and count == number:
        os.write(2, b"!")
        sys.stdin.read()

class SteppedFs(Fs):
    def replace(self, path, data, *, sync=True):
        reached("lock held")
        temporary = f"{path}.{os.getpid()}{files.TEMPORARY_SUFFIX}"
        with open(temporary, "wb") as file:
            file.write(data[:10])
            file.flush()
            reached("record half written")
            file.write(data[10:])
            file.flush()
            reached("record written")
        os.rename(temporary, path)
        reached("record renamed")

class Pod(WrittenPod):
    def __init__(self):
        Path(root, "fake").mkdir(exist_ok=True)
        super().__init__(Path(root, "fake", str(os.getpid())), SteppedFs())
        from podtui.core.paths import PodPaths
        self.paths = PodPaths(Path(root, "pods", "writer"))

output.WINDOW = 64
pod = Pod()
reading = pod.reading()
for piece in reading.pieces():
    count += 1
    data = piece.data.encode()
    reached("before write")
    os.write(1, data[:5])
    reached("half written")
    os.write(1, data[5:])
    reached("after write")
    reading.commit(piece)
    reached("after commit")
"""


@contextmanager
def killed_reader(root: Path, point: str, number: int) -> Iterator[str]:
    """Read in a real process, kill it when it gets to a point, and yield what it had written."""
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(ROOT), str(root), point, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with reader:
        assert reader.stderr
        assert reader.stdout
        assert reader.stderr.read(1) == b"!"
        reader.kill()
        yield reader.stdout.read().decode()


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_reader_skips_nothing_and_repeats_one_piece_at_most(
    pod: WrittenPod, tmp_path: Path, point: str
) -> None:
    """Killed for real at every step around the third piece, the next read completes the output."""
    pod.run(1, "".join(LINES[:30]).encode())
    pod.run(2, "".join(LINES[30:]).encode())
    whole = pod.text(peek=True)
    with killed_reader(tmp_path, point, PIECE) as seen:
        assert whole.startswith(seen)
        cursor = pod.cursor()
        rest = pod.text()
    assert whole.endswith(rest)
    repeated = len(seen) + len(rest) - len(whole)
    committed = point in {"record renamed", "after commit"}
    assert cursor is not None
    assert 0 <= repeated <= 64
    assert repeated == 0 if committed or point == "before write" else repeated > 0
    assert pod.pieces() == []


def test_a_reader_killed_before_its_first_move_begins_again(
    pod: WrittenPod, tmp_path: Path
) -> None:
    """Killed before the first cursor was ever written, a reader is a new one."""
    pod.run(1, "".join(LINES).encode())
    with killed_reader(tmp_path, "record written", 1) as seen:
        assert seen
    assert pod.cursor() is None
    assert pod.text() == "".join(LINES)
