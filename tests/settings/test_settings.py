"""Settings: one file of the user, a variable above it, and a sentence for what cannot be used."""

from __future__ import annotations

import errno
import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from podtui.core.paths import config_file
from podtui.core.settings.settings import LARGEST_FILE, Loaded, Settings, load_settings
from podtui.core.system.fs import Fs

GOOD = """
theme = "high-contrast"
detach_key = "ctrl-b"
stall_after = "20m"

[keys]
pod.stop = "X"
"pod.attach" = ["enter", "a"]
app.help = "?,f1"
pods.filter = ","
"""


class BadDisk(Fs):
    """Refuses to give a file, with this error."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def read_linked(self, path: Path, limit: int) -> bytes:
        raise OSError(self.number, os.strerror(self.number), str(path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the settings of this test are."""
    directory = tmp_path / "podtui"
    directory.mkdir()
    return directory / "config.toml"


def loaded(file: Path, *, fs: Fs | None = None, **environment: str) -> Loaded:
    """Load the settings of a user whose configuration is where ``file`` is."""
    home = {"XDG_CONFIG_HOME": str(file.parent.parent)}
    return load_settings(fs or Fs(), {**home, **environment})


def complaint(file: Path, *, fs: Fs | None = None, **environment: str) -> str:
    """Return what is said of settings that cannot be used; the defaults must hold."""
    found = loaded(file, fs=fs, **environment)
    assert found.settings == Settings()
    assert found.trouble is not None
    assert found.trouble.next_step
    sentence = found.trouble.sentence()
    assert "the defaults hold" in sentence
    assert sentence.isprintable()
    return sentence


def test_without_a_file_everything_is_as_built_in(file: Path) -> None:
    """Most users set nothing, and nothing is said about it."""
    found = loaded(file)
    assert (found.settings, found.trouble) == (Settings(), None)
    assert found.settings.detach_key == "ctrl-]"


def test_a_good_file_sets_what_it_says(file: Path) -> None:
    """Keys stand with or without quotation marks around the id, alone, in a list or with commas."""
    file.write_text(GOOD)
    found = loaded(file)
    assert found.trouble is None
    assert found.settings == Settings(
        theme="high-contrast",
        detach_key="ctrl-b",
        stall_after_s=1200.0,
        keys={
            "pod.stop": ("X",),
            "pod.attach": ("enter", "a"),
            "app.help": ("?", "f1"),
            "pods.filter": (",",),
        },
    )


@pytest.mark.parametrize(("written", "seconds"), [('"90"', 90.0), ("90", 90.0), ("0.5", 0.5)])
def test_a_duration_may_be_a_number_of_seconds(file: Path, written: str, seconds: float) -> None:
    """What is a duration on the command line is one here."""
    file.write_text(f"stall_after = {written}\n")
    assert loaded(file).settings.stall_after_s == seconds


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b'theme = "a"\nthem = "b"\n', "line 2: ", "there is no setting 'them'"),
        (b"\n\ntheme = 3\n", "line 3: ", "theme must be the name of a theme"),
        (b"stall_after = true\n", "line 1: ", "stall_after must be a duration"),
        (b'stall_after = "soon"\n', "line 1: ", "'soon' is not a duration"),
        (b"stall_after = inf\n", "line 1: ", "'inf' is not a duration"),
        (b"stall_after = 0\n", "line 1: ", "must be longer than nothing"),
        (b"stall_after = -5\n", "line 1: ", "'-5' is not a duration"),
        (b'# mine\ndetach_key = "ctrl-m"\n', "line 2: ", "it is the Enter key"),
        (b"detach_key = []\n", "line 1: ", "detach_key must be a key"),
        (b"keys = 3\n", "line 1: ", "keys must be a table"),
        (b"[keys]\npod.stop = 3\n", "line 2: ", "pod.stop must be a key"),
        (b'[keys]\n"pod.stop" = [3]\n', "line 2: ", "pod.stop must be a key"),
        (b"[keys.pod]\n# mine\nstop = {}\n", "line 3: ", "pod.stop must be a key"),
        (b"theme =\n", "line 1", "it is not TOML"),
        (b'theme = "torn', "at end of document", "it is not TOML"),
        (b'theme = "a"\n# \xff\n', "line 2: ", "it is not UTF-8"),
        (b'theme = "a"\ntheme = "b"\n', "", "it is not TOML"),
        (b"a = " + b"[" * 20_000, "", "it is not TOML"),
        (b"\0\0\0\0", "line 1", "it is not TOML"),
        (b"#" * (LARGEST_FILE + 1), "", f"it is longer than the {LARGEST_FILE} bytes"),
    ],
    ids=itertools.count(),
)
def test_a_bad_file_is_told_with_its_place_and_left_as_it_is(
    file: Path, content: bytes, place: str, reason: str
) -> None:
    """One sentence names the file, the line and the mistake; nothing of the file is used."""
    file.write_bytes(content)
    said = complaint(file)
    assert str(file) in said
    assert place in said
    assert reason in said
    assert file.read_bytes() == content


def make_socket(path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # The path of a test may be longer than an address may be.
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)
        listener.close()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "it is a FIFO"),
        (Path.mkdir, "it is a directory"),
        (make_socket, "it is a socket or a device"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
        (lambda path: path.symlink_to("nothing"), "it is a link to nothing"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
    ids=["fifo", "directory", "socket", "device", "dangling", "loop"],
)
def test_what_is_no_file_is_told_and_never_waited_for(
    file: Path, make: Callable[[Path], object], reason: str
) -> None:
    """A FIFO without a writer would hold whoever opens it for ever."""
    make(file)
    assert reason in complaint(file)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read_is_told(file: Path, number: int) -> None:
    """A file without permission, or a disk that fails, is not a missing file."""
    file.write_text(GOOD)
    assert os.strerror(number) in complaint(file, fs=BadDisk(number))


def test_a_link_is_followed(file: Path) -> None:
    """Who keeps settings in a repository links to them."""
    kept = file.parent / "kept.toml"
    kept.write_text('theme = "mine"\n')
    file.symlink_to(kept)
    assert loaded(file).settings.theme == "mine"


def test_a_file_may_be_named(file: Path) -> None:
    """The variable stands above the usual place, and a file named and missing is told."""
    file.write_text('theme = "usual"\n')
    other = file.parent / "other.toml"
    assert "there is no such file" in complaint(file, PODTUI_CONFIG=str(other))
    other.write_text('theme = "other"\n')
    assert loaded(file, PODTUI_CONFIG=str(other)).settings.theme == "other"


def test_the_usual_place_is_below_the_home_directory(tmp_path: Path) -> None:
    """An injected home is used, never the one of whoever runs the program."""
    assert config_file({"HOME": str(tmp_path)}) == tmp_path / ".config/podtui/config.toml"
    relative = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "not/absolute"}
    assert config_file(relative) == tmp_path / ".config/podtui/config.toml"
    assert config_file({}).name == "config.toml"


def test_the_variable_of_the_detach_key_stands_above_the_file(file: Path) -> None:
    """What holds for one shell is stronger than what holds always."""
    file.write_text('detach_key = "ctrl-b"\n')
    assert loaded(file, PODTUI_DETACH_KEY="f9").settings.detach_key == "f9"


def test_a_bad_variable_costs_itself_only(file: Path) -> None:
    """The key of the file holds, and the sentence names the variable."""
    file.write_text('detach_key = "ctrl-b"\n')
    found = loaded(file, PODTUI_DETACH_KEY="\x1b]0;x\x07")
    assert found.settings.detach_key == "ctrl-b"
    assert found.trouble is not None
    assert "PODTUI_DETACH_KEY" in found.trouble.sentence()
    assert found.trouble.sentence().isprintable()


def test_two_troubles_are_told_in_one_sentence(file: Path) -> None:
    """Neither hides the other."""
    file.write_text("theme = 3\n")
    said = complaint(file, PODTUI_DETACH_KEY="ctrl-m")
    assert "theme must be" in said
    assert "PODTUI_DETACH_KEY" in said


def test_hostile_settings_are_told_as_text(file: Path) -> None:
    """A file that somebody else has written cannot steer the terminal through its mistakes."""
    for content in ('"\\u001b]0;x\\u0007" = 1\n', 'stall_after = "\\u001b[2J\\u202e"\n'):
        file.write_text(content)
        complaint(file)
