"""Runs the tests, but for the files whose tests have passed with everything that they read as it is now.

usage: unchanged.py PYTEST-ARGUMENTS...

What a test file reads is found without running it, and rather too much than too little:

- itself, and every module of ours that it imports, at whatever depth, also in functions and by a name in quotes;
- the whole package where it starts processes or goes through modules, since those import what they like;
- what lies at the top of the checkout, or beside it, under a name that it or a helper has in quotes, such as "docs";
- always the compiled engine, the shipped instruments, the examples, the data of the tests, conftest.py, what pip has
  installed, the arguments, and the environment's variables that are ours.

A file counts as passed when each of its tests has run and passed: one that was skipped may want a program that is
installed tomorrow. What has passed is kept as digests in build/lint; `make test` asks for everything anew.
"""

import ast
import functools
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from passed import KEPT, ROOT, digest

TESTS, PACKAGE = ROOT / "tests", ROOT / "src/ddsp_rt"
CONFTEST = TESTS / "conftest.py"
SOURCES = [ROOT / "src", TESTS, ROOT / "benchmarks"]  # where modules are looked for
ALWAYS = [CONFTEST, ROOT / "pyproject.toml", ROOT / "instruments", ROOT / "examples", TESTS / "data"]
ELSEWHERE = {TESTS / "test_embedding.py"}  # tried by `make check-engine`
GO_ANYWHERE = {"subprocess", "multiprocessing", "pkgutil", "runpy"}
PASSED = KEPT / "tests.json"
# What the tests use of the folders that tools fill: the rest of them changes with every run.
BUILT = [ROOT / "build/dev/pd/ddsp-rt", ROOT / "build/dev/engine/libddsp_rt.a"]
GENERATED = {"build": BUILT, "out": [], "dist": [], ".venv": [], ".git": []}


@functools.cache
def module_files(name: str, sources: tuple[Path, ...]) -> tuple[Path, ...]:
    """Files of a module of ours and of the packages it lies in, by its dotted name; none for others'."""
    found: list[Path] = []
    for source in sources:
        place = source
        for part in name.split("."):
            place /= part
            found += [file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()]
            if not place.is_dir():
                break
    return tuple(found)


def words(node: ast.AST) -> Iterator[str]:
    """Texts in quotes."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value) < 200:
            yield inner.value


def attributes(node: ast.AST) -> set[str]:
    return {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


def imported(node: ast.AST, package: list[str]) -> Iterator[str]:
    """Dotted names that may be imported; the last part of one may be no module but something in it."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            yield from (alias.name for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom):
            above = package[: len(package) - inner.level + 1] if inner.level else []
            base = ".".join([*above, *([inner.module] if inner.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in inner.names)
    yield from (word for word in words(node) if re.fullmatch(r"\w[\w.]*", word))


def meant(word: str, beside: Path) -> Iterator[Path]:
    """The files and folders that a path or a pattern may mean, at the top of the checkout or beside a module."""
    first = word.split("/")[0]
    if first in GENERATED:
        yield from GENERATED[first]
    elif first not in {"tests", "src"} and re.fullmatch(r"[\w.*-]+", first) and first.strip("*."):
        for folder in {ROOT, beside}:
            yield from (path for path in folder.glob(first) if path.name not in GENERATED)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def reads(path: Path, functions: frozenset[str] | None = None) -> tuple[frozenset[Path], frozenset[Path]]:
    """What a module reads: modules of ours that it imports itself, and files and folders besides. With the names of
    functions: what lies outside of functions, and what is in these."""
    product = path.is_relative_to(PACKAGE)
    source = next(source for source in SOURCES if path.is_relative_to(source))
    package = list(path.relative_to(source).parent.parts)
    modules: set[Path] = set()
    others: set[Path] = set()
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef) and functions is not None and node.name not in functions:
            continue
        names = set(imported(node, package))
        for name in names:
            modules.update(module_files(name, tuple(SOURCES[:1] if product else SOURCES)))
        if product:  # it reads nothing of the checkout, but may start more of itself
            others |= {PACKAGE} if "multiprocessing" in names or "executable" in attributes(node) else set()
        else:
            others |= {PACKAGE} if names & GO_ANYWHERE else set()
            others.update(found for word in words(node) for found in meant(word, path.parent))
    if path.parent not in SOURCES and not product:  # a program in a folder of its own
        others.update(path.parent.glob("*.py"))
    return frozenset(modules - {path}), frozenset(others)


def fixtures(text: str) -> frozenset[str]:
    """Those functions of conftest.py that a test file may have called: what it names, and what these name."""
    functions = {node.name: ast.unparse(node) for node in parsed(CONFTEST).body if isinstance(node, ast.FunctionDef)}
    named = {name for name in functions if name.startswith("pytest_") or "autouse" in functions[name]}
    text += " ".join(functions[name] for name in named)
    while more := {name for name in functions.keys() - named if re.search(rf"\b{name}\b", text)}:
        named |= more
        text = " ".join(functions[name] for name in more)
    return frozenset(named)


def inputs(path: Path) -> set[Path]:
    """All that a test file reads, but for what every one does."""
    seen: set[Path] = {CONFTEST}
    more, others = reads(CONFTEST, fixtures(path.read_text(encoding="utf-8")))
    todo, found = (
        [path, *more],
        {*others, *(folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS))},
    )
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            more, others = reads(module)
            todo += more
            found |= others
    return seen | found


def environment(arguments: list[str]) -> list[str]:
    """What decides besides the checkout's files, as words."""
    installed = sorted(f"{found.metadata['Name']}=={found.version}" for found in distributions())
    ours = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("DDSP_RT_"))
    return [platform.python_version(), *installed, *arguments, *ours]


def compiled() -> list[Path]:
    """The package's compiled modules, wherever they were installed."""
    engine = find_spec("ddsp_rt._engine")
    return sorted(Path(engine.origin).parent.glob("_*.*")) if engine and engine.origin else []


class Record:
    """A plugin of pytest's: which files' tests have all run and passed, here or in xdist's processes."""

    def __init__(self) -> None:
        self.wanted: dict[str, set[str]] = {}  # tests by their file
        self.passed: set[str] = set()

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        for test in ids:
            self.wanted.setdefault(test.split("::")[0], set()).add(test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)
        elif not report.passed:
            self.passed.discard(report.nodeid)

    def files(self) -> set[str]:
        return {file for file, tests in self.wanted.items() if tests <= self.passed}


def main() -> int:
    arguments = sys.argv[1:]
    data = sorted(file for file in PACKAGE.rglob("*.*") if file.suffix not in {".py", ".pyc", ".cpp", ".h"})
    common = [digest([*ALWAYS, *data, *compiled()]), *environment(arguments)]
    files = sorted(set(TESTS.rglob("test_*.py")) - ELSEWHERE)
    now = {str(file.relative_to(ROOT)): digest(sorted(inputs(file)), *common) for file in files}
    before = json.loads(PASSED.read_text()) if PASSED.is_file() else {}
    todo = [name for name, digested in now.items() if before.get(name) != digested]
    if kept := len(files) - len(todo):
        print(f"{kept} of {len(files)} test files passed before, and nothing that they read has changed")
    if not todo:
        return 0
    record = Record()
    code = pytest.main([*arguments, *todo], plugins=[record])
    passed = record.files()
    PASSED.parent.mkdir(parents=True, exist_ok=True)
    PASSED.write_text(json.dumps({name: now[name] for name in now if name not in todo or name in passed}, indent=1))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
