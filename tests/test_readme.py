"""What the README tells a new user is what the code and the CI do."""

from __future__ import annotations

import os
import re
from pathlib import Path

from podtui.core.errors import EXIT_CODES, PodtuiError
from podtui.core.model.appearance import APPEARANCE

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def shell_commands() -> list[str]:
    """Return the README's fenced commands in order."""
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)]


def table_rows(first_head: str) -> list[list[str]]:
    """Return the cells of the table whose first head is ``first_head``."""
    lines = README.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first_head} |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_the_second_command_is_the_one_ci_runs() -> None:
    """CI calls the README's second command letter for letter, so that it cannot rot."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    (line,) = re.findall(r"^TEST_COMMAND=\"(.*)\"$", script, re.MULTILINE)
    assert shell_commands()[1] == line


def test_ci_can_be_started_as_it_is() -> None:
    """The CI scripts are executable in the repository, and not only after a chmod."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert os.access(ROOT / ".ci" / "quick", os.X_OK)


def test_no_test_is_run_a_second_time() -> None:
    """A rerun would hide a race: neither CI nor the settings of pytest ask for one."""
    for name in (".ci/run", ".ci/quick", "pyproject.toml"):
        assert "rerun" not in (ROOT / name).read_text("utf-8")


def test_the_first_command_installs_and_starts_the_demo() -> None:
    """The first command a newcomer copies is one line that ends in the running demo."""
    first = shell_commands()[0]
    assert "\n" not in first
    assert first.endswith("podtui demo")


def test_the_exit_codes_are_those_of_the_code() -> None:
    """Each error kind stands in the README with the exit code it really has."""
    told = {kind: int(code) for code, kind, _ in table_rows("code") if kind}
    assert told == EXIT_CODES | {PodtuiError.kind: PodtuiError.exit_code}


def test_the_statuses_are_those_of_the_code() -> None:
    """Each status stands in the README with the shape it is drawn with, and none is missing."""
    told = {status: glyph for glyph, status, _ in table_rows("shape")}
    assert told == {status.value: look.glyph for status, look in APPEARANCE.items()}


def test_every_page_the_readme_points_to_is_there() -> None:
    """No link of the README leads nowhere."""
    links = set(re.findall(r"\]\(([^)]+)\)", README))
    missing = [link for link in sorted(links) if not (ROOT / link).is_file()]
    assert missing == []
