"""Runs the tests, but for the files whose tests have passed with everything that they read as it is now.

usage: unchanged.py PYTEST-ARGUMENTS...

What a test file reads is found without running it, and rather too much than too little:

- itself, and every module of ours that it imports, at whatever depth, also in functions, by a name in quotes, and in
  the programs in quotes that it runs in processes;
- where it reaches the command line, at home or in a process, those commands that it or a helper has in quotes;
- the whole package where it goes through modules or puts their names together;
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
CLI, TABLE = PACKAGE / "cli.py", "ELSEWHERE"
GO_ANYWHERE = {"pkgutil", "runpy"}
PASSED = KEPT / "tests.json"
# What the tests use of the folders that tools fill: the rest of them changes with every run.
BUILT = [ROOT / "build/dev/pd/ddsp-rt", ROOT / "build/dev/engine/libddsp_rt.a"]
GENERATED = {"build": BUILT, "out": [], "dist": [], ".venv": [], ".git": []}


class Said:
    """What a piece of a module says, found in one walk: dotted `imports` (a name, and whether all packages on the way
    to it are meant as well), `texts` in quotes, `begun` ones that go on with a value, and names after dots."""

    def __init__(self, piece: ast.AST, package: list[str]) -> None:
        self.imports: set[tuple[str, bool]] = set()
        self.texts: list[str] = []
        self.begun: list[str] = []
        self.after_dots: set[str] = set()
        for node in ast.walk(piece):
            if isinstance(node, ast.Import):
                self.imports |= {(alias.name, True) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                # The last part may be no module but something in it.
                self.imports |= {(name, False) for name in (base, *(f"{base}.{alias.name}" for alias in node.names))}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                self.begun += [part.value for part in node.values if isinstance(part, ast.Constant)]
            elif isinstance(node, ast.Attribute):
                self.after_dots.add(node.attr)

    def words(self) -> Iterator[str]:
        return (text for text in self.texts if len(text) < 200)

    def in_quotes(self) -> set[tuple[str, bool]]:
        """What may be the name of a module."""
        return {(word, False) for word in self.words() if re.fullmatch(r"\w[\w.]*", word)}

    def handed_on(self) -> set[tuple[str, bool]]:
        """Modules in the programs and commands in quotes, which processes of their own run."""
        found = set()
        for text in self.texts:
            if "ddsp" in text:
                found |= {(name, True) for name in re.findall(r"\bddsp_rt[.\w]*\w|\bddsp_rt\b", text)}
                for module, names in re.findall(r"from (ddsp_rt[.\w]*) import \(?([\w, ]+)", text):
                    found |= {(f"{module}.{name}", True) for name in re.findall(r"\w+", names)}
                if re.search(r"\bddsp-rt\b|^ddsp_rt$|-m ddsp_rt\b", text):
                    found.add(("ddsp_rt.__main__", True))
        return found


Named = tuple[Path, bool]  # a module's file, and whether it is meant itself or only lies on the way to another


@functools.cache
def module_files(name: str, sources: tuple[Path, ...], all_meant: bool) -> tuple[Named, ...]:
    """Files of a module of ours and of the packages it lies in, by its dotted name; none for others'."""
    found: list[Path] = []
    for source in sources:
        place = source
        for part in name.split("."):
            place /= part
            found += [file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()]
            if not place.is_dir():
                break
    return tuple((file, all_meant or file == found[-1]) for file in found)


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


def pieces(path: Path, meant_itself: bool, functions: frozenset[str] | None = None) -> Iterator[ast.AST]:
    """What of a module counts: all of it; or what lies outside of functions, with the names of some, what is in these.
    For one on the way to a module in it, what its functions and type checkers import is left to who names it itself.
    The command line's table of commands never counts: `called` says which of them do."""
    for node in parsed(path).body:
        function = isinstance(node, ast.FunctionDef)
        if function and (not meant_itself or (functions is not None and node.name not in functions)):
            continue
        if not meant_itself and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if path == CLI and is_table(node):
            continue
        yield node


@functools.cache
def reads(
    path: Path, meant_itself: bool = True, functions: frozenset[str] | None = None
) -> tuple[frozenset[Named], frozenset[Path]]:
    """What a module reads: modules of ours that it imports itself, and files and folders besides."""
    product = path.is_relative_to(PACKAGE)
    source = next(source for source in SOURCES if path.is_relative_to(source))
    package = list(path.relative_to(source).parent.parts)
    modules: set[Named] = set()
    others: set[Path] = set()
    for node in pieces(path, meant_itself, functions):
        said = Said(node, package)
        names = said.imports | said.in_quotes()
        if not product or "executable" in said.after_dots:
            names |= said.handed_on()
        for name, all_meant in names:
            modules.update(module_files(name, tuple(SOURCES[:1] if product else SOURCES), all_meant))
        if not product:  # which reads nothing of the checkout
            anywhere = {name for name, _ in names} & GO_ANYWHERE or any(
                text.endswith("ddsp_rt.") for text in said.begun
            )
            others |= {PACKAGE} if anywhere else set()
            others.update(found for word in said.words() for found in meant(word, path.parent))
    if path.parent not in SOURCES and not product:  # a program in a folder of its own
        others.update(path.parent.glob("*.py"))
    return frozenset((file, itself) for file, itself in modules if file != path), frozenset(others)


def is_table(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == TABLE


@functools.cache
def commands() -> dict[str, str]:
    """Modules by the commands that the command line imports them for."""
    (table,) = filter(is_table, parsed(CLI).body)
    return {command: module for command, (module, *_) in ast.literal_eval(table.value).items()}


@functools.cache
def called(path: Path) -> frozenset[Named]:
    """Modules of the commands that a module may give the command line: of those it has in quotes, but in docstrings
    and between brackets after a name, or of all where it goes by the table."""
    tree, text = parsed(path), path.read_text(encoding="utf-8")
    if path.is_relative_to(PACKAGE) and "executable" not in Said(tree, []).after_dots:
        return frozenset()
    left_out = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    left_out |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in left_out)
    said = {word for node in texts if isinstance(node.value, str) for word in node.value.split()}
    wanted = commands() if TABLE in text else said & commands().keys()
    return frozenset(named for command in wanted for named in module_files(commands()[command], (SOURCES[0],), False))


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
    by_fixtures, others = reads(CONFTEST, functions=fixtures(path.read_text(encoding="utf-8")))
    todo, seen = {(path, True), *by_fixtures}, {(CONFTEST, True)}
    found = {*others, *(folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS))}
    while todo:
        module, meant_itself = todo.pop()
        seen.add((module, meant_itself))
        more, others = reads(module, meant_itself)
        todo |= more - seen
        found |= others
        if not todo and (CLI, True) in seen:
            todo = {named for file, _ in seen if file != CONFTEST for named in called(file)} - seen
    return {file for file, _ in seen} | found


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
