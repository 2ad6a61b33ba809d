"""Checks the names in the C++ code by clang-tidy (.clang-tidy says how they are spelt).

usage: names.py COMPILE_COMMANDS...

A file is not looked at again when it passed before with the same text, in itself and in all that it includes of ours,
compiled in the same way: what passed is kept, as digests, in build/lint/names.json.

Nearly all the time goes into what files include. So files that are compiled in the same way are looked at together, in
batches that include it once. Where a batch gives any complaint, be it that its files do not go together, each of them
is looked at alone.
"""

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import nanobind
from passed import KEPT, ROOT, digest

PASSED = KEPT / "names.json"
OURS = ["engine", "pd", "plugin", "src"]
INCLUDED_FROM = ["engine", "engine/tests", "pd/src", "plugin/source", "src/ddsp_rt"]
LARGEST = 16  # files in a batch, so that all cores have some to the end
# What changes the meaning of a file that comes after, or must not stand in a namespace.
LONELY = re.compile(r"^#define|\bTYPE_TO_STRING|\bTEST_CASE_TEMPLATE", re.MULTILINE)

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
    lines = re.findall(r"^(?!namespace |using namespace )[A-Za-z].*", text(path), re.MULTILINE)
    firsts = (re.match(r"[^({=;[]*?(?<!::)\b(\w+) *(?:[({=;[]|$)", line) for line in lines)
    constants = (name for line in lines for name in re.findall(r"\bk[A-Z]\w*(?= *[={[])", line))
    return frozenset(constants) | {first[1] for first in firsts if first}


def is_test(path: Path) -> bool:
    return "\nTEST_CASE(" in text(path)


def go_together(a: Path, b: Path) -> bool:
    if LONELY.search(text(a) + "\n" + text(b)):
        return False
    return (is_test(a) and is_test(b)) or not (declared(a) & words(b) or declared(b) & words(a))


def batches(paths: Iterable[Path]) -> list[list[Path]]:
    made: list[list[Path]] = []
    for path in paths:
        for batch in made:
            if len(batch) < LARGEST and all(go_together(path, other) for other in batch):
                batch.append(path)
                break
        else:
            made.append([path])
    return made


def as_one(batch: list[Path]) -> str:
    """A text that includes the files of a batch; tests, which share no names, each in a namespace of its own."""
    lines = []
    if any(map(is_test, batch)):
        ours = {f'#include "{file}"' for path in batch for file in includes(path).values() if file}
        lines += [*sorted({line for path in batch for line, file in includes(path).items() if not file}), *sorted(ours)]
    for number, path in enumerate(batch):
        include = f'#include "{path}"'
        lines += [f"namespace batched_{number} {{", include, "}"] if is_test(path) else [include]
    return "\n".join(lines) + "\n"


def look(batch: list[Path], flags: Flags) -> dict[Path, str]:
    """What clang-tidy complains of in each file of a batch; empty where there is nothing."""
    # The Python module was built with headers that pip kept in a folder of its own and removed again.
    headers = ["-isystem", nanobind.include_dir()]
    foreign = "-Wno-unknown-warning-option"  # gcc's options, which clang does not know
    KEPT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=KEPT) as folder:  # within the checkout, where clang-tidy finds the rules
        file = batch[0]
        if len(batch) > 1:
            file = Path(folder, "batch.cpp")
            file.write_text(as_one(batch), encoding="utf-8")
        # Told where the rules lie, it would hold all that is included to them, and take twice as long.
        command = ["clang-tidy", "--quiet", str(file)]
        done = subprocess.run([*command, "--", *flags, *headers, foreign], capture_output=True, text=True, cwd=ROOT)
    if done.returncode and len(batch) > 1:
        return {path: complaint for alone in batch for path, complaint in look([alone], flags).items()}
    return dict.fromkeys(batch, done.stdout + done.stderr if done.returncode else "")


def flags_of(command: str) -> Flags:
    """The options of a command that compiles a file, without the compiler and the files' names."""
    parts = shlex.split(command)[1:]
    for option in ("-o", "-c"):
        if option in parts:
            del parts[parts.index(option) : parts.index(option) + 2]
    return tuple(parts)


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
            alike.setdefault(compiled[path], []).append(path)
    jobs = [(batch, flags) for flags, paths in alike.items() for batch in batches(paths)]
    jobs.sort(key=lambda job: -len(job[0]))
    complaints: dict[Path, str] = {}
    with ThreadPoolExecutor(int(os.environ.get("JOBS", 0)) or os.cpu_count()) as pool:
        for found in pool.map(lambda job: look(*job), jobs):
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
