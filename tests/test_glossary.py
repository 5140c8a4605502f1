"""The glossary names what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r"`(\w+)`")


def rows() -> list[list[str]]:
    """Return the cells of the tables that have a column of code."""
    lines = (ROOT / "docs/glossary.md").read_text("utf-8").split("## Verbs")[0].splitlines()
    cells = [[each.strip() for each in line.strip("|").split("|")] for line in lines if "|" in line]
    return [row for row in cells if row[0] != "word" and not row[0].startswith("-")]


def defined_by(node: ast.AST) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
        case _:
            return []


def test_every_name_of_code_in_the_glossary_is_defined() -> None:
    """A reader who searches for the name beside a word finds its definition."""
    defined = {
        name
        for path in (ROOT / "podtui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in defined_by(node)
    }
    named = {name for row in rows() for name in CODE.findall(row[2])}
    assert len(named) > 50
    assert named - defined == set()


def test_each_word_is_explained_once() -> None:
    """One word has one meaning, so it has one row."""
    words = [row[0] for row in rows()]
    assert len(words) == len(set(words))
    assert all(meaning for _, meaning, _ in rows())
