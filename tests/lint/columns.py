"""Names every line of more than 120 characters; exit code 1 if there is one.

Left alone: rows of Markdown tables, lines that are too long only by an address (https://…), and files that nobody
writes line by line (Pd patches, JSON, whatever is not text).
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 120
UNWRITTEN = {".pd", ".ddsp", ".json"}
SCHEMAS = "libtorch_2_5_operators.txt"  # as PyTorch spells them
NOT_OURS = {"__pycache__", "build", "corpus", "dist", "lightning_logs", "out"}  # and hidden folders


def too_long(line: str, markdown: bool) -> bool:
    """Whether the line breaks the rule."""
    if markdown and line.lstrip().startswith("|"):
        return False
    return len(re.sub(r"https?://[^\s)>\"]+", "", line)) > LONGEST


def written_files() -> Iterator[tuple[Path, str]]:
    """The files of the project that somebody writes, and their text."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and (name == ".ci" or name[0] != "."))
        for path in (Path(folder) / name for name in sorted(files)):
            try:
                if path.suffix not in UNWRITTEN and path.name != SCHEMAS and path.is_file():
                    yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def main() -> int:
    found = 0
    for path, text in written_files():
        for number, line in enumerate(text.splitlines(), 1):
            if too_long(line, path.suffix == ".md"):
                print(f"{path}:{number}: {len(line)} characters; at most {LONGEST}")
                found += 1
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
