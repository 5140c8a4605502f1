"""The demo agent: one small program that plays the parts of a tree of agents at work.

Run as ``python -P agent.py [--pace FACTOR] ROLE``; standard library only, so that it starts from
any directory. What it prints is scripted, the same at every run. ``--pace 0`` leaves the pauses
out for tests; what goes on for ever keeps its own slow pace in any case.

Exit codes: 0 when a part is over, 3 for the part that crashes, 2 for a role there is not.
"""

from __future__ import annotations

import io
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

OPERATOR_HANGS_UP = 0
CRASH_EXIT_CODE = 3
LINE_PAUSE_S = 0.7
STEP_PAUSE_S = 0.25
ROUND_PAUSE_S = 6.0
"""The pace of endless output: at most one small group of lines in this time."""
CHILD_READ_PAUSE_S = 60.0
READ_LINES = 4
BAR_CELLS = 24

GREEN, YELLOW, BLUE, DIM, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[2m", "\x1b[0m"

PACKAGE_PARENT = Path(__file__).resolve().parents[2]

PLANNER_OPENING = (
    "Task: move the importer to the new record format.",
    "",
    "Reading docs/format.md and the three modules that write records.",
    "The work falls into three parts that do not touch each other's files:",
    "  1. the importer itself          coder",
    "  2. a second look at the edges   reviewer",
    "  3. the test suite, as it is now tests",
    "",
)
PLANNER_CHILDREN = (
    ("coder", "coder", "move the importer to the new record format", ()),
    (
        "reviewer",
        "reviewer",
        "look for records the new format cannot hold",
        ("--stall-after", "20s"),
    ),
    ("tests", "tester", "run the suite before anything changes", ()),
)
CODER_FILES = (
    ("importer/reader.py", 41, 18),
    ("importer/fields.py", 12, 30),
    ("importer/writer.py", 64, 22),
    ("importer/errors.py", 7, 0),
    ("tests/test_reader.py", 38, 5),
)
CODER_ROUNDS = (
    ("write the new format", "wrote", "162 lines added, 75 removed"),
    ("give every field its type", "typed", "the types agree"),
    ("take out what is used once", "simplified", "the tests pass: 126"),
    ("read it again as a stranger", "reread", "two comments repaired"),
)
REVIEWER_LINES = (
    "Reading the old records: 1,204 files, the oldest of 2019.",
    "Dates without a time zone: 17 files. The new format asks for one.",
    "Two fields share a name and differ in case: `Total` and `total`.",
    "Comparing both readers on the 17 files, one at a time.",
)
TESTER_MODULES = (
    ("tests/test_errors.py", 14),
    ("tests/test_fields.py", 31),
    ("tests/test_reader.py", 22),
    ("tests/test_roundtrip.py", 40),
    ("tests/test_writer.py", 19),
)
ASKER_OPENING = (
    "Release 2.4.0",
    "  changelog     written, 11 entries",
    "  version       2.3.2 → 2.4.0",
    "  tag           v2.4.0, not yet made",
    "",
)
ASKER_QUESTIONS = (
    ("Proceed with the tag? [y/N] ", "Tag v2.4.0 made."),
    ("Send the announcement now? [y/N] ", "Announcement sent to 3 lists."),
    ("Close the 11 issues of this release? [y/N] ", "11 issues closed."),
)
CRASHER_LINES = (
    "Building the package for release 2.4.0",
    "  collecting   218 files",
    "  compiling    importer/_speed.c",
)
CRASHER_TRACEBACK = """\
Traceback (most recent call last):
  File "build/package.py", line 88, in <module>
    main(sys.argv[1:])
  File "build/package.py", line 71, in main
    manifest = read_manifest(arguments.manifest)
  File "build/manifest.py", line 23, in read_manifest
    return Manifest.parse(path.read_text())
  File "build/manifest.py", line 40, in parse
    raise ManifestError(f"line {number}: no value after '='")
build.manifest.ManifestError: line 12: no value after '='
"""
FORKER_LINES = (
    "Indexing the documentation for search.",
    "  412 pages, 2.1 MB of text",
    "The search server goes on in the background.",
)
VICTIM_LINES = (
    "Looking for users of the old format outside this repository.",
    "  reports/monthly.py reads `Total`",
    "  reports/export.py reads dates without a zone",
)


class Voice:
    """Writes to the terminal the way an agent streams: a line, a short pause."""

    def __init__(self, pace: float) -> None:
        self.pace = pace

    def write(self, text: str) -> None:
        """Write at once, unbuffered; a closed terminal ends the part quietly."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            # Standard output is pointed away so that the interpreter's own last flush is silent.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(OPERATOR_HANGS_UP) from None

    def pause(self, seconds: float) -> None:
        time.sleep(seconds * self.pace)

    def stream(self, lines: Iterable[str], pause_s: float = LINE_PAUSE_S) -> None:
        """Write lines one by one."""
        for line in lines:
            self.write(f"{line}\n")
            self.pause(pause_s if line else 0.0)


def planner(voice: Voice) -> int:
    """Plan, spawn three children through podtui itself, and read from them now and then."""
    voice.stream(PLANNER_OPENING, STEP_PAUSE_S)
    for name, role, task, options in PLANNER_CHILDREN:
        voice.write(f"$ podtui spawn {name} --role {role}\n")
        command = [
            sys.executable,
            "-P",
            str(Path(__file__).resolve()),
            "--pace",
            str(voice.pace),
            role,
        ]
        podtui(voice, "spawn", name, "--role", role, "--task", task, "--cwd", os.getcwd(),
               *options, "--", *command)  # fmt: skip
    voice.write("\nAll three are at work. I read from them as they go.\n")
    while True:
        time.sleep(CHILD_READ_PAUSE_S)
        voice.write("\n$ podtui read coder\n")
        podtui(voice, "read", "coder", newest=READ_LINES)


def podtui(voice: Voice, *arguments: str, newest: int | None = None) -> None:
    """Run a podtui command as any pod would, and repeat what it says or its newest lines."""
    # From the directory the package is in, so that this works from a checkout as well.
    done = subprocess.run(
        [sys.executable, "-m", "podtui", *arguments],
        cwd=PACKAGE_PARENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    lines = done.stdout.splitlines()
    if newest is not None and len(lines) > newest:
        voice.write(f"  … {len(lines) - newest} lines …\n")
        lines = lines[-newest:]
    voice.write("".join(f"{line}\n" for line in [*lines, *done.stderr.splitlines()]))


def coder(voice: Voice) -> int:
    """Work through files with colours and a progress bar, then over them again, for ever."""
    for number, (aim, verb, outcome) in enumerate(itertools.cycle(CODER_ROUNDS)):
        voice.write(f"\n{BLUE}{aim}{PLAIN}\n")
        for path, added, removed in CODER_FILES:
            draw_bar(voice, path)
            share = number % len(CODER_ROUNDS) + 1
            marks = f"{GREEN}+{added // share}{PLAIN} {YELLOW}-{removed // share}{PLAIN}"
            voice.write(f"\r\x1b[K  {verb} {path}  {marks}\n")
            voice.pause(LINE_PAUSE_S)
        voice.write(f"{DIM}  {outcome}{PLAIN}\n")
        time.sleep(ROUND_PAUSE_S)
    return 0


def draw_bar(voice: Voice, path: str) -> None:
    """Draw a progress bar over itself, as agents do."""
    for done in range(0, BAR_CELLS + 1, 4):
        bar = "█" * done + "░" * (BAR_CELLS - done)
        voice.write(f"\r  {bar} {path}")
        voice.pause(STEP_PAUSE_S)


def reviewer(voice: Voice) -> int:
    """Work for a moment, then fall silent without ending: what a hung agent looks like."""
    voice.stream(REVIEWER_LINES)
    while True:
        signal.pause()


def tester(voice: Voice) -> int:
    """Run a suite that passes, and end."""
    total = sum(count for _, count in TESTER_MODULES)
    done = 0
    voice.write(f"collected {total} items\n\n")
    for module, count in TESTER_MODULES:
        voice.write(f"{module} ")
        for _ in range(count):
            voice.write(f"{GREEN}.{PLAIN}")
            voice.pause(STEP_PAUSE_S / 2)
        done += count
        voice.write(f"  [{done * 100 // total:3d}%]\n")
    voice.write(f"\n{GREEN}{total} passed{PLAIN}\n")
    return 0


def asker(voice: Voice) -> int:
    """Ask before each step and wait at the terminal for the answer."""
    voice.stream(ASKER_OPENING, STEP_PAUSE_S)
    for question, outcome in ASKER_QUESTIONS:
        voice.write(question)
        # A plain read of the terminal, since that is what podtui can see a process wait in.
        answer = os.read(sys.stdin.fileno(), 4096)
        if not answer:
            voice.write("\nNobody answers; nothing was released.\n")
            return 0
        agreed = answer.strip().lower() in {b"y", b"yes"}
        voice.write(f"{outcome if agreed else 'Left as it is.'}\n\n")
    voice.write("Release 2.4.0 is done.\n")
    return 0


def crasher(voice: Voice) -> int:
    """Build for a moment and fail with a traceback."""
    voice.stream(CRASHER_LINES)
    voice.write(CRASHER_TRACEBACK)
    return CRASH_EXIT_CODE


def forker(voice: Voice) -> int:
    """Leave a daemon behind that has a session of its own, and go on working."""
    voice.stream(FORKER_LINES)
    voice.write(f"  search server is process {daemonise()}, ready\n")
    page = 0
    while True:
        time.sleep(ROUND_PAUSE_S)
        page = page % 412 + 1
        voice.write(f"  page {page:3d} of 412 checked, its links answer\n")


def daemonise() -> int:
    """Start a daemon by the book (fork, setsid, fork) and return its pid."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        daemon = os.fork()
        if daemon:
            os.write(writer, str(daemon).encode())
            os._exit(0)
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        os.closerange(3, 256)
        while True:
            signal.pause()
    os.close(writer)
    os.waitpid(middle, 0)
    pid = int(os.read(reader, 32))
    os.close(reader)
    return pid


def victim(voice: Voice) -> int:
    """Work on quietly, until the demo kills it together with its supervisor."""
    voice.stream(VICTIM_LINES, STEP_PAUSE_S)
    while True:
        signal.pause()


ROLES: dict[str, Callable[[Voice], int]] = {
    "planner": planner,
    "coder": coder,
    "reviewer": reviewer,
    "tester": tester,
    "asker": asker,
    "crasher": crasher,
    "forker": forker,
    "victim": victim,
}


def main(arguments: list[str]) -> int:
    """Play one role and return the exit code."""
    pace = 1.0
    if arguments[:1] == ["--pace"]:
        pace, arguments = float(arguments[1]), arguments[2:]
    if len(arguments) != 1 or arguments[0] not in ROLES:
        sys.stderr.write(f"usage: agent.py [--pace FACTOR] {{{','.join(ROLES)}}}\n")
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The script has letters that the locale of a bare environment cannot write.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        return ROLES[arguments[0]](Voice(pace))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
