"""The rules of this house that no linter knows, checked over the source itself."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 600
SHORTEST_SENTENCE_WORDS = 4
SIGNAL_DOOR = "podtui/kernel/signals.py"
STDOUT_OWNER = "podtui/cli/output.py"
SIGNAL_CALLS = {("os", "kill"), ("os", "killpg"), ("signal", "pidfd_send_signal")}
SLEEPS = {("time", "sleep"), ("asyncio", "sleep")}


def sources(*folders: str) -> list[Path]:
    """Return every Python file below some folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def uses(tree: ast.AST, names: set[tuple[str, str]]) -> Iterator[ast.AST]:
    """Yield where ``module.name`` is written, or the name is imported from the module."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in names:
                yield node
            case ast.ImportFrom(module=str(module), names=imported):
                if any((module, each.name) in names for each in imported):
                    yield node
            case _:
                pass


def functions_of_tests(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield what pytest collects: test functions of the module and of its test classes."""
    holders: list[ast.Module | ast.ClassDef] = [tree]
    holders += [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for holder in holders:
        for node in holder.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_"):
                yield node


def is_sentence(docstring: str | None) -> bool:
    first = (docstring or "").split("\n\n")[0].strip()
    return first.endswith((".", "!", "?")) and len(first.split()) >= SHORTEST_SENTENCE_WORDS


def test_every_test_says_in_a_sentence_what_it_shows() -> None:
    """A test's docstring is its claim, so each test has one of at least one whole sentence."""
    silent = [
        f"{place(path, function)} {function.name}"
        for path in sources("tests")
        if path.name.startswith("test_")
        for function in functions_of_tests(parsed(path))
        if not is_sentence(ast.get_docstring(function))
    ]
    assert silent == []


def test_no_test_waits_by_sleeping() -> None:
    """Tests and benches wait on the thing itself; a sleep is either too short or too long."""
    sleeping = [
        place(path, node) for path in sources("tests") for node in uses(parsed(path), SLEEPS)
    ]
    assert sleeping == []


def test_signals_leave_through_one_door() -> None:
    """Nothing but the one module that verifies and uses pidfds can signal a process."""
    elsewhere = [
        place(path, node)
        for path in sources("podtui", "tests")
        if str(path.relative_to(ROOT)) != SIGNAL_DOOR
        for node in uses(parsed(path), SIGNAL_CALLS)
    ]
    assert elsewhere == []


def test_only_the_owner_of_stdout_prints() -> None:
    """Results have one way out, so that nothing can slip between them or into a pipe."""
    printing = [
        place(path, node)
        for path in sources("podtui")
        if str(path.relative_to(ROOT)) != STDOUT_OWNER
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


# length and inheritance

MOST_METHODS = 30
REASON = "long because"
"""Classes that are being rebuilt: each is taken out of these lists when it is done."""


def own_methods(node: ast.ClassDef) -> int:
    return sum(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in node.body)


def classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def too_long(path: Path, tree: ast.Module, lines: int) -> list[str]:
    """Return the module and its classes that are too long and do not say why."""
    found = []
    if lines > LONGEST_MODULE and REASON not in (ast.get_docstring(tree) or "").lower():
        found.append(f"{path}: {lines} lines")
    for node in classes_of(tree):
        methods = own_methods(node)
        if methods > MOST_METHODS and REASON not in (ast.get_docstring(node) or "").lower():
            found.append(f"{path}:{node.name}: {methods} methods")
    return found


def is_protocol(node: ast.ClassDef) -> bool:
    """Whether a class is an interface: one that extends another has no code cut out of it."""
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def slices(trees: Mapping[Path, ast.Module]) -> list[str]:
    """Return the classes whose base is in their folder and has no other subclass anywhere.

    Such a pair is one class that was cut in two.
    """
    home: dict[str, set[Path]] = defaultdict(set)
    subclasses: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path, tree in trees.items():
        for node in classes_of(tree):
            home[node.name].add(path.parent)
            for base in node.bases:
                name = base.value if isinstance(base, ast.Subscript) else base
                if isinstance(name, ast.Name) and not is_protocol(node):
                    subclasses[name.id].append((path, node.name))
    return sorted(
        f"{path}:{name}"
        for base, derived in subclasses.items()
        if len(derived) == 1
        for path, name in derived
        if path.parent in home[base]
    )


def test_no_module_or_class_is_longer_than_a_reader_can_hold() -> None:
    """Over 600 lines, or 30 methods of its own, it says in its docstring why: "long because …"."""
    unexplained = [
        each
        for path in sources("podtui", "tests")
        for each in too_long(
            path.relative_to(ROOT), parsed(path), len(path.read_text("utf-8").splitlines())
        )
    ]
    assert unexplained == []


def test_no_class_is_cut_in_slices() -> None:
    """A base in the same folder has at least two subclasses, or it is a part of its only one."""
    trees = {path.relative_to(ROOT): parsed(path) for path in sources("podtui")}
    assert slices(trees) == []


# words

RETIRED_WORDS = frozenset(
    {"told", "untold", "tell", "tells", "met", "mend", "mends", "mended", "beat", "beats", "bell"}
    | {"settle", "settled", "settles", "news"}
)
"""Words that no name of the code has; docs/glossary.md has those to use instead."""
RETIRED_PHRASES = re.compile(
    r"\b(?:is|are|was|were|be|been)\s+(?:not\s+)?told\b|\buntold\b|\bmend(?:s|ed)?\b|\bnobody's\b"
    r"|\b[Ww]hat is met\b|\b[Ww]hoever\b|\bWho\b[^.]*\bhe\b|\bof nobody\b",
)


def defined_names(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield every name that a module gives to something."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node, name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield node, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node, name
            case _:
                pass


def words_of(name: str) -> set[str]:
    """Return the words of a name in snake case or camel case, in small letters."""
    return {each.lower() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and comments of a file with their lines; a text in code is no prose."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT or token.string.startswith('"""'):
                yield token.start[0], " ".join(token.string.split())


def test_names_have_no_retired_words() -> None:
    """One word for one meaning: a name uses the terms of docs/glossary.md."""
    found = [
        f"{place(path, node)} {name}"
        for path in sources("podtui")
        for node, name in defined_names(parsed(path))
        if words_of(name) & RETIRED_WORDS
    ]
    assert found == []


def test_docstrings_and_comments_have_no_retired_phrases() -> None:
    """A reader who learned English late understands each sentence at once."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {match[0]}"
        for path in sources("podtui")
        for line, text in prose_of(path)
        for match in RETIRED_PHRASES.finditer(text)
    ]
    assert found == []


RIDDLES = (
    *("This is told to him.", "It cannot be told.", "What is left is untold.", "A mended line."),
    *("It is nobody's.", "What is met is opened.", "Whoever looks.", "Who comes late, he waits."),
)


@pytest.mark.parametrize("text", RIDDLES)
def test_a_retired_phrase_is_found(text: str) -> None:
    """Each of the phrases is tried, so that the rule cannot pass by missing them."""
    assert RETIRED_PHRASES.search(text)


def test_the_rules_catch_what_they_are_for() -> None:
    """Each rule is tried on a source that breaks it, so that none passes by looking away."""
    broken = ast.parse(
        "import os\nfrom time import sleep\nimport signal\n"
        "os.killpg(1, 2)\nsignal.pidfd_send_signal(3, 4)\n"
        "def test_this():\n    'Short.'\n"
        "class TestThat:\n    def test_it(self): pass\n"
    )
    assert len(list(uses(broken, SIGNAL_CALLS))) == 2
    assert len(list(uses(broken, SLEEPS))) == 1
    assert [each.name for each in functions_of_tests(broken)] == ["test_this", "test_it"]
    assert not is_sentence("Short.")
    assert not is_sentence("a heading without an end")
    assert is_sentence("A wait ends when the pod does.")
    sliced = ast.parse("class Base: ...\nclass Only(Base): ...\nclass A: ...\nclass B(A): ...\n")
    shared = ast.parse("class C(A): ...")
    trees = {Path("one/x.py"): sliced, Path("two/y.py"): shared}
    assert slices(trees) == ["one/x.py:Only"]
    methods = "".join(f"    def m{number}(self): ...\n" for number in range(31))
    assert len(too_long(Path("x.py"), ast.parse(f"class Long:\n{methods}"), 601)) == 2
    reason = '    """It is long because it is."""\n'
    assert too_long(Path("x.py"), ast.parse(f"class Long:\n{reason}{methods}"), 600) == []
    assert words_of("_tellSizes_ofTheHTTPServer") == {
        "tell",
        "sizes",
        "of",
        "the",
        "http",
        "server",
    }


POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:\{[^}]*\}|[*+?])\+")


def test_no_pattern_has_a_possessive_group() -> None:
    """Early releases of Python 3.11 match one wrongly, or for ever; an atomic group is right."""
    found = [
        place(path, node)
        for path in sources("podtui")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        if POSSESSIVE_GROUP.search(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
    ]
    assert found == []
