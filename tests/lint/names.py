"""Checks the names in the C++ code by clang-tidy (.clang-tidy says how they are spelt).

usage: names.py COMPILE_COMMANDS...

A file is not looked at again when it passed before with the same text, in itself and in all that it includes of ours,
compiled in the same way: what passed is kept, as digests, in build/lint/names.json.
"""

import functools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nanobind
from passed import digest

ROOT = Path(__file__).parents[2]
PASSED = ROOT / "build/lint/names.json"
OURS = ["engine", "pd", "plugin", "src"]
INCLUDED_FROM = ["engine", "engine/tests", "pd/src", "plugin/source", "src/ddsp_rt"]


@functools.cache
def included(path: Path) -> frozenset[Path]:
    """Every file of ours that `path` includes, by itself or through others."""
    found: set[Path] = set()
    for name in re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        for folder in [path.parent, *(ROOT / folder for folder in INCLUDED_FROM)]:
            inner = (folder / name).resolve()
            if inner.is_file() and inner != path:
                found |= {inner} | included(inner)
                break
    return frozenset(found)


def check(job: tuple[Path, Path]) -> str:
    """What clang-tidy complains of in one file; empty when there is nothing."""
    path, database = job
    # The Python module was built with headers that pip kept in a folder of its own and removed again.
    headers = f"--extra-arg=-isystem{nanobind.include_dir()}"
    foreign = "--extra-arg=-Wno-unknown-warning-option"  # gcc's options, which clang does not know
    command = ["clang-tidy", "--quiet", "-p", str(database.parent), headers, foreign, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    jobs: dict[Path, Path] = {}
    digests: dict[Path, str] = {}
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    for database in map(Path, sys.argv[1:]):
        for entry in json.loads(database.read_text()):
            path = Path(entry["file"])
            if path.is_file() and path not in jobs and any(path.is_relative_to(ROOT / folder) for folder in OURS):
                jobs[path] = database
                digests[path] = digest([ROOT / ".clang-tidy", path, *sorted(included(path))], version, entry["command"])
    passed = json.loads(PASSED.read_text()) if PASSED.is_file() else {}
    todo = [(path, database) for path, database in jobs.items() if passed.get(str(path)) != digests[path]]
    with ThreadPoolExecutor(int(os.environ.get("JOBS", 0)) or os.cpu_count()) as pool:
        complaints = dict(zip([path for path, _ in todo], pool.map(check, todo)))
    passed = {str(path): digests[path] for path in jobs if not complaints.get(path)}
    PASSED.parent.mkdir(parents=True, exist_ok=True)
    PASSED.write_text(json.dumps(passed, indent=1))
    shown = {line for text in complaints.values() for line in text.splitlines() if ": error: " in line}
    for line in sorted(shown):
        print(line.replace(f"{ROOT}/", ""))
    return 1 if any(complaints.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
