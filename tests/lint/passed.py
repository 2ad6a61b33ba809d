"""What has passed, kept as digests of all that decided it, so that `make check` need not try it again.

usage: passed.py NAME INPUT... -- COMMAND...

Runs the command, unless it passed before with the same words and the same contents of the input files and folders. What
passed is kept in build/lint; `make test` asks for everything anew.
"""

import functools
import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/lint"


@functools.cache
def digest_of_file(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def digest(inputs: Iterable[Path], *words: str) -> str:
    """Of the contents of files and folders, with their names, and of words."""
    files = [file for path in inputs for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    parts = [word.encode() for word in words]
    for file in files:
        if file.is_file():
            parts += [str(file).encode(), digest_of_file(file)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def main() -> int:
    name, *rest = sys.argv[1:]
    inputs, command = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    kept, now = KEPT / f"{name}.passed", digest(map(Path, inputs), *command)
    if kept.is_file() and kept.read_text() == now:
        print(f"{name}: passed before, and nothing that it reads has changed")
        return 0
    code = subprocess.run(command).returncode
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(now) if code == 0 else kept.unlink(missing_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
