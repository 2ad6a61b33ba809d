"""Checks the names in the C++ code by clang-tidy (.clang-tidy says how they are spelt).

usage: names.py COMPILE_COMMANDS...

A file is not looked at again when it passed before with the same text, in itself and in all that it includes of ours,
compiled in the same way: what passed is kept, as digests, in build/lint/names.json.

Nearly all the time goes into what files include. So files are looked at together, as one text that includes it once; a
name that another of them has too is told apart by a number, spelt as the name is. Whose names are complained of is
looked at once more by itself; where a text does not compile, be it that its files do not go together, each half of it.
"""

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nanobind
from passed import KEPT, ROOT, digest

PASSED = KEPT / "names.json"
OURS = ["engine", "pd", "plugin", "src"]
INCLUDED_FROM = ["engine", "engine/tests", "pd/src", "plugin/source", "src/ddsp_rt"]
RULE = "[readability-identifier-naming"
BEGINS = "// The text of "
LARGEST = 40  # files in a batch, so that all cores have some to the end

Flags = tuple[str, ...]


@functools.cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def includes(path: Path) -> dict[str, Path | None]:
    """What `path` includes itself: the lines, with the file of ours that each means."""
    found: dict[str, Path | None] = {}
    for line, name in re.findall(r'^(#include [<"]([^>"]+)[>"])', text(path), re.MULTILINE):
        folders = [path.parent, *(ROOT / folder for folder in INCLUDED_FROM)] if '"' in line else []
        files = ((folder / name).resolve() for folder in folders)
        found[line] = next((file for file in files if file.is_file() and file != path), None)
    return found


@functools.cache
def included(path: Path) -> frozenset[Path]:
    """Every file of ours that `path` includes, by itself or through others."""
    direct = {file for file in includes(path).values() if file}
    return frozenset(direct).union(*map(included, direct))


@functools.cache
def words(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text(path)))


@functools.cache
def declared(path: Path) -> frozenset[str]:
    """What a file may declare in a namespace: names at the left margin, but for those that say whose they are."""
    lines = re.findall(r"^(?!namespace |using namespace |extern |static_assert)[A-Za-z].*", text(path), re.MULTILINE)
    firsts = (re.match(r"[^({=;[]*?(?<!::)\b(\w+) *(?:[({=;[]|$)", line) for line in lines)
    constants = (name for line in lines for name in re.findall(r"\bk[A-Z]\w*(?= *[={[])", line))
    return frozenset(constants) | {first[1] for first in firsts if first and not first[1].isupper()}  # but macros


def is_test(path: Path) -> bool:
    return "\nTEST_CASE" in text(path)


def numbered(name: str, number: int) -> str:
    """Another name that is spelt well where this one is, and badly where it is not."""
    return f"{name}B{number}" if re.match("k?[A-Z]", name) else f"{name}_b{number}"


def author(together: str, line: int) -> Path:
    """Whose text a line of a batch's is."""
    return Path([said for said in together.splitlines()[:line] if said.startswith(BEGINS)][-1].removeprefix(BEGINS))


@functools.cache
def own(path: Path) -> frozenset[str]:
    """What a file declares that no header of ours speaks of."""
    return declared(path).difference(*map(words, included(path)))


def with_names_apart(path: Path, batch: list[Path], number: int) -> list[str]:
    """The lines of a file, where a name that another one of the batch or its headers have too gets a number."""
    near = {file for other in batch for file in (other, *included(other)) if file != path}
    apart = {name: numbered(name, number) for name in own(path).intersection(set().union(*map(words, near)))}
    return [
        line
        if line.startswith("#")
        else re.sub(r"(?<!std::)\b[A-Za-z_]\w*", lambda word: apart.get(word[0], word[0]), line)
        for line in text(path).splitlines()
    ]


def as_one(batch: list[Path]) -> str:
    """The texts of a batch one after another, each with names and macros of its own: tests, which nobody else names
    anything of, in namespaces, after all that they include."""
    tests = list(filter(is_test, batch))
    lines = sorted({line for path in tests for line, file in includes(path).items() if not file})
    lines += sorted({f'#include "{file}"' for path in tests for file in includes(path).values() if file})
    for number, path in enumerate(batch):
        lines.append(f"{BEGINS}{path}")
        if path in tests:
            strings = re.compile("#include|TYPE_TO_STRING")  # the latter asks for no namespace
            piece = [line for line in text(path).splitlines() if not strings.match(line)]
            lines += [f"namespace batched_{number} {{", *piece, "}"]
        else:
            files = includes(path)
            piece = with_names_apart(path, batch, number)
            lines += [f'#include "{files[line]}"' if files.get(line) else line for line in piece]
        lines += [f"#undef {name}" for name in re.findall(r"^#define (\w+)", text(path), re.MULTILINE)]
    return "\n".join(lines) + "\n"


def go_together(a: Path, b: Path) -> bool:
    """Whether all that both declare can be told apart."""
    return is_test(a) or is_test(b) or declared(a) & declared(b) <= own(a) | own(b)


def batches(paths: list[Path]) -> list[list[Path]]:
    made: list[list[Path]] = []
    for path in paths:
        for batch in made:
            if len(batch) < LARGEST and all(go_together(path, other) for other in batch):
                batch.append(path)
                break
        else:
            made.append([path])
    return made


def look(batch: list[Path], flags: dict[Path, Flags]) -> dict[Path, str]:
    """What clang-tidy complains of in each file of a batch, compiled with its flags; empty where there is nothing."""
    told = list(dict.fromkeys(flag for path in batch for flag in flags[path]))
    # The Python module was built with headers that pip kept in a folder of its own and removed again.
    told += ["-isystem", nanobind.include_dir()]
    together = as_one(batch)
    KEPT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=KEPT) as folder:  # within the checkout, where clang-tidy finds the rules
        file = batch[0]
        if len(batch) > 1:
            file = Path(folder, "batch.cpp")
            file.write_text(together, encoding="utf-8")
        # Told where the rules lie, it would hold all that is included to them, and take twice as long.
        command = ["clang-tidy", "--quiet", str(file), "--", *told]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if not done.returncode:
        return dict.fromkeys(batch, "")
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    if len(batch) == 1 or not errors:
        return dict.fromkeys(batch, done.stdout + done.stderr)
    if not all(RULE in line for line in errors):
        half = len(batch) // 2
        return look(batch[:half], flags) | look(batch[half:], flags)
    # What a file includes is complained of by its own name, in the middle of a batch as well.
    complaints = dict.fromkeys(batch, "\n".join(line for line in errors if not line.startswith(str(file))))
    for path in {author(together, int(line.split(":")[1])) for line in errors if line.startswith(str(file))}:
        complaints |= look([path], flags)
    return complaints


def flags_of(command: str) -> Flags:
    """Those options of a command that decide what the text of a file means."""
    parts = shlex.split(command.replace(" -isystem ", " -isystem"))
    return tuple(part for part in parts if re.match("-(std=|isystem|[DI]|m(?!tls))", part) and "_EXPORTS" not in part)


def main() -> int:
    compiled: dict[Path, Flags] = {}
    digests: dict[Path, str] = {}
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    rules = [ROOT / ".clang-tidy", Path(__file__)]
    for database in map(Path, sys.argv[1:]):
        for entry in json.loads(database.read_text()):
            path = Path(entry["file"])
            if path.is_file() and path not in compiled and any(path.is_relative_to(ROOT / folder) for folder in OURS):
                compiled[path] = flags_of(entry["command"])
                digests[path] = digest([*rules, path, *sorted(included(path))], version, *compiled[path])
    passed = json.loads(PASSED.read_text()) if PASSED.is_file() else {}
    alike: dict[Flags, list[Path]] = {}
    for path in sorted(compiled):
        if passed.get(str(path)) != digests[path]:
            alike.setdefault(tuple(flag for flag in compiled[path] if flag[1] in "sm"), []).append(path)
    jobs = [batch for paths in alike.values() for batch in batches(paths)]
    complaints: dict[Path, str] = {}
    with ThreadPoolExecutor(int(os.environ.get("JOBS", 0)) or os.cpu_count()) as pool:
        for found in pool.map(lambda batch: look(batch, compiled), jobs):
            complaints |= found
    passed = {str(path): digests[path] for path in compiled if not complaints.get(path)}
    PASSED.parent.mkdir(parents=True, exist_ok=True)
    PASSED.write_text(json.dumps(passed, indent=1))
    shown = {line for text in complaints.values() for line in text.splitlines() if ": error: " in line}
    for line in sorted(shown):
        print(line.replace(f"{ROOT}/", ""))
    return 1 if any(complaints.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
