"""The pages of the documentation name only files that exist, and link only to pages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = {page.relative_to(ROOT).as_posix(): page for page in (ROOT / "docs").glob("*.md")}
PAGES["README.md"] = ROOT / "README.md"
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(podtui|tests|docs|themes|snapshots)/[\w./-]*")
_MODULE = re.compile(r"[\w/]*\w\.py")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: str) -> str:
    """Return a page without its fenced examples."""
    return _FENCE.sub("", PAGES[page].read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


def leads_somewhere(link: str, page: Path) -> bool:
    """Return whether a link of a page leads to a file, and to a heading of it if it names one."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.is_file() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_path_a_page_names_exists(page: str) -> None:
    """A page that names a file or folder that was moved or removed misleads its reader."""
    named = [code for code in _CODE.findall(prose(page)) if _PATH.fullmatch(code)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_module_a_page_names_exists(page: str) -> None:
    """A module that is named by its file name, or by the end of its path, is in the tree."""
    modules = [
        f"/{path.relative_to(ROOT).as_posix()}"
        for folder in ("podtui", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    codes = (code.partition("::")[0] for code in _CODE.findall(prose(page)))
    named = {code for code in codes if _MODULE.fullmatch(code)}
    missing = [name for name in named if not any(each.endswith(f"/{name}") for each in modules)]
    assert sorted(missing) == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_relative_link_leads_to_a_page(page: str) -> None:
    """Every link to a file of the repository leads to that file, and to a heading that it has."""
    links = [link for link in _LINK.findall(prose(page)) if "://" not in link]
    assert [link for link in links if not leads_somewhere(link, PAGES[page])] == []
