"""What is printed: results on standard output, everything else on standard error; no name and no console breaks it.

A file name is bytes, a console may know only Latin letters, and either stream may be closed or full.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import re
import shutil
import sys
import unicodedata
from typing import Any

from ddsp_rt.errors import DataError

QUIET, NORMAL, VERBOSE = -1, 0, 1
PLAIN = {
    "–": "-",
    "—": "-",
    "…": "...",
    "−": "-",
    "•": "*",
    "█": "#",
    "\u2019": "'",
    "“": '"',
    "”": '"',
    "×": "x",
    "→": "->",
}
verbosity = NORMAL


def prepare() -> None:
    """Make the streams fit for anything: called once, when the command starts."""
    for descriptor in (0, 1, 2):  # a file opened later must not take the place of a closed stream
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error("ddsp_rt", _nearest)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ddsp_rt")


def _nearest(error: UnicodeError) -> tuple[str | bytes, int]:
    """For what an encoding lacks: a file name's byte as it is, a letter without its accent, else a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":
        return bytes([ord(letter) - 0xDC00]), error.start + 1
    plain = PLAIN.get(letter) or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or "?", error.start + 1


def result(text: str) -> None:
    """What was asked for, on standard output, whatever the verbosity."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DataError(f"standard output: {(error.strerror or str(error)).lower()}") from None


def say(line: str) -> None:
    """What was done, on standard output; not when quiet."""
    if verbosity > QUIET:
        result(line)


def note(line: str) -> None:
    """What the user should know, on standard error; not when quiet."""
    if verbosity > QUIET:
        error(f"note: {line}")


def detail(line: str) -> None:
    """What only the curious want to know, on standard error."""
    if verbosity >= VERBOSE:
        error(line)


def error(line: str) -> None:
    """A line on standard error. Where that is closed or full nobody can be told, and the work goes on."""
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        # What is left in the stream would be tried again at the end, and change the exit code.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def counted(number: int, noun: str) -> str:
    """ "1 note", "2 notes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def as_json(data: Any, indent: int = 2) -> str:
    """JSON text that any console can show and any reader take: a file name's odd bytes are escaped."""
    text = json.dumps(data, indent=indent, ensure_ascii=not is_unicode(), allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def as_text(name: str | bytes | os.PathLike) -> str:
    """A file name fit for a line of text."""
    from ddsp_rt.sound_files.source import shown

    return shown(os.fsdecode(name))


def is_unicode() -> bool:
    """Whether standard output can show more than plain letters."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def width() -> int:
    """Columns to fill: $COLUMNS, else the terminal's, else 80."""
    return shutil.get_terminal_size((80, 24)).columns


def tables():
    """A rich console for tables on standard output. Names in cells are to be given as `cell` makes them."""
    from rich.console import Console

    return Console(file=sys.stdout, width=width(), highlight=False, emoji=False)


def table(title: str | None = None, **more: Any):
    """A rich table with few rules, so that 80 columns hold its words. Titles may hold markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(title=title, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), **more)


def cell(text: object):
    """Text as it is, brackets included."""
    from rich.text import Text

    from ddsp_rt.sound_files.source import shown

    return Text(shown(str(text)))
